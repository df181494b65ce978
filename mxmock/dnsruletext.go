package mxmock

// DNS rules as text: for files, flags and JSON.

import (
	"fmt"

	"github.com/seed078e9d8c/maillab/internal/ruletext"
)

// MarshalText returns the rule on one line, as [mailtest.Rule.MarshalText] does.
//
//	Question: "mx qq.com", Times: 1, Fault: ServFail
//
// The error says that the rule makes no sense, as [Internet.AddDNSRules] would by a panic.
func (r DNSRule) MarshalText() ([]byte, error) {
	_, err := newDNSRuleState(r)
	var text []byte
	if err == nil {
		text, err = ruletext.Marshal(r)
	}
	if err != nil {
		return nil, fmt.Errorf("mxmock: DNS rule as text: %w", err)
	}
	return text, nil
}

// UnmarshalText reads a rule as MarshalText writes it, or as Go code has it, as [mailtest.Rule.UnmarshalText] does. The error
// names the column, in characters from 1, or says why the rule makes no sense. The rule is then as it was.
func (r *DNSRule) UnmarshalText(text []byte) error {
	var read DNSRule
	err := ruletext.Unmarshal(text, &read)
	if err == nil {
		_, err = newDNSRuleState(read)
	}
	if err != nil {
		return fmt.Errorf("mxmock: DNS rule: %w", err)
	}
	*r = read
	return nil
}
