// Package mailauth reports whether a receiver would trust a message, and why. It gives SPF, DKIM
// and DMARC verdicts on a captured message, using the DNS of the test, and makes good and broken
// DKIM signatures for tests of verifiers.
//
//	v, why := mailauth.Check(t.Context(), msg, inet.Resolver())
//	if want := (mailauth.Verdict{SPF: "pass", DKIM: "pass", DMARC: "pass"}); v != want {
//		t.Errorf("verdict = %+v, want %+v: %v", v, want, why)
//	}
//
// # A provider that does not trust you
//
// A program delivers its own mail for the first time. The domain has an MX record and nothing else,
// the address of the machine was rented yesterday, and the provider answers "550 domain or address
// not trusted", or says 250 and files the mail under junk. The provider found no answer to three
// questions:
//
//   - Did this domain allow this address to send for it? The answer is a TXT record at the domain of MAIL FROM, such
//     as "v=spf1 mx -all" ([SPF], RFC 7208). Without one, the verdict is none: anybody may be the sender.
//   - Did this domain see this text? The answer is a signature in the header, and its key in the
//     DNS ([Signature], RFC 6376). It still holds after forwarding, when SPF does not.
//   - Is this the domain that the reader sees in the From field? The answer is SPF or DKIM for a
//     domain of the same organization, and a record at _dmarc that says what to do with mail that
//     has neither ([DMARC], RFC 9989).
//
// Large providers have required all three since 2024. So the verdict to aim for is pass, pass,
// pass, and a test can check that a program achieves it without sending any real mail.
//
// # What the verdicts mean
//
//	          SPF                        DKIM                       DMARC
//	none      no record                  no signature               no record
//	pass      the client may send        a signature matches        SPF or DKIM, for the author's domain
//	fail      the client may not         body or header changed     neither, for the author's domain
//	softfail  probably may not
//	neutral   nothing is said            not readable
//	policy                               SHA-1 or a short key
//	temperror the DNS failed             the DNS failed             the DNS failed
//	permerror the record is wrong        no key, or expired         no single author's domain
//
// The most frequent surprises are these. A message with the null sender is judged by its HELO name.
// Mail to a list fails DKIM because of the footer. SPF passes for the domain of a mailing service,
// and DMARC fails because the From field has another. A record that needs more than ten look-ups is
// a permerror everywhere.
//
// # How it reads messages
//
// Check reads the bytes of the message, of any charset. A line that ends with LF alone counts as
// one that ends with CRLF, as after passing an MTA; a CR alone is an ordinary byte. The time is
// proportional to the size of the message. Only the first [MaxSignatures] signatures are checked.
//
// # What it follows
//
// SPF by RFC 7208, with macros, explanations and all limits; DKIM by RFC 6376, with ed25519 (RFC
// 8463) and without what RFC 8301 forbids; DMARC by RFC 9989, which replaced RFC 7489 in May 2026:
// no list of public suffixes and no pct=; results and Authentication-Results by RFC 8601. Reports,
// ARC and BIMI are not covered.
package mailauth
