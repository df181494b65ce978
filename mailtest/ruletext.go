package mailtest

// Rules as text: for files, flags and JSON.

import (
	"fmt"

	"github.com/seed078e9d8c/maillab/internal/ruletext"
)

// MarshalText returns the rule on one line: the fields that are not zero, as they stand in Go but for constants, which
// have no package before them, and durations.
//
//	At: Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"
//	At: Greeting, Delay: 6m0s
//	At: Helo, Hide: ["SIZE", "PIPELINING"]
//	At: Handshake, MaxTLS: VersionTLS11
//
// The error says that the rule makes no sense, as [Server.AddRules] would by a panic, or that it has a func, which can't be
// written.
func (r Rule) MarshalText() ([]byte, error) {
	err := r.check()
	var text []byte
	if err == nil {
		text, err = ruletext.Marshal(r)
	}
	if err != nil {
		return nil, fmt.Errorf("mailtest: rule as text: %w", err)
	}
	return text, nil
}

// UnmarshalText reads a rule as MarshalText writes it, or as Go code has it:
//
//	{At: mailtest.Greeting, Delay: 6 * time.Minute, Must: true},
//
// Names of constants may have their package before them, durations are as for [time.ParseDuration] or a number times a unit,
// a list of strings has brackets or braces, MaxTLS may be "1.1", and what follows a "#" is a comment. The error names the
// column, in characters from 1, or says why the rule makes no sense. The rule is then as it was.
func (r *Rule) UnmarshalText(text []byte) error {
	var read Rule
	err := ruletext.Unmarshal(text, &read)
	if err == nil {
		err = read.check()
	}
	if err != nil {
		return fmt.Errorf("mailtest: rule: %w", err)
	}
	*r = read
	return nil
}
