package lint_test

// Examples of the types.

import (
	"fmt"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

// careless is a message in which a lot is missing.
var careless = []byte("From: shop@example.com\r\nTo: bob@qq.com\r\nBcc: eve@qq.com\r\nSubject: \r\n\r\nHello\r\n")

// A finding says where to look, what is wrong, who says so, and what to do.
func ExampleFinding() {
	for _, f := range lint.Check(mailtest.ParseMessage(careless)) {
		if f.Line > 0 {
			fmt.Printf("line %d, %s (%s): %s\n", f.Line, f.Rule, f.Section, f.Fix)
		}
	}
	// Output:
	// line 3, bcc-leaked (RFC 5322 §3.6.3): take the Bcc field out before the message is sent; RCPT TO has its addresses
	// line 4, subject-missing (SpamAssassin MISSING_SUBJECT): write a subject
}

// A linter without what a program leaves to its mail server, which adds Date and Message-ID.
func ExampleLinter() {
	linter := lint.Linter{Only: []string{"format"}, Off: []string{"date-missing", "message-id-missing"}}
	for _, f := range linter.Check(mailtest.ParseMessage(careless)) {
		fmt.Println(f)
	}
	// Output: message:3: error: everybody can see Bcc: "eve@qq.com" [bcc-leaked, RFC 5322 §3.6.3]
}

// The rules are data, to list them or to look one up.
func ExampleRuleInfo() {
	for _, r := range lint.Rules() {
		if r.Group == "transport" && r.Severity < lint.Error {
			fmt.Printf("%s: %s\n", r.Name, r.Text)
		}
	}
	// Output:
	// helo-name: The name in EHLO or HELO is not a full domain name.
	// helo-old: The client says HELO without having tried EHLO.
	// parameter-case: ENVID or ORCPT is encoded with hexadecimal digits in small letters.
	// size-wrong: The message is larger than SIZE said, or far smaller.
	// quit-missing: The client closed the connection without QUIT.
}

// Severities can be compared. This test passes unless something is worse than a warning.
func ExampleSeverity() {
	for _, f := range lint.Check(mailtest.ParseMessage(careless)) {
		if f.Severity > lint.Warning {
			fmt.Println(f.Severity, f.Rule)
		}
	}
	// Output:
	// error date-missing
	// error bcc-leaked
}
