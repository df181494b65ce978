package mxmock_test

// DNS rules as text: what is written is read back, and what is wrong has its place.

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mxmock"
)

func TestDNSRuleText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		rule mxmock.DNSRule
	}{
		{
			`Question: "mx qq.com", Network: "udp", Client: "192.0.2.0/24", Skip: 1, Times: 2, After: 1s, For: 4h0m0s, Must: true, Delay: 1m0s, Fault: ServFail`,
			mxmock.DNSRule{
				Question: "mx qq.com", Network: "udp", Client: "192.0.2.0/24", Skip: 1, Times: 2, After: time.Second, For: 4 * time.Hour,
				Must: true, Delay: time.Minute, Fault: mxmock.ServFail,
			},
		},
		{`Question: "mx qq.com", Answer: "@ MX 10 mx3.qq.com."`, mxmock.DNSRule{Question: "mx qq.com", Answer: "@ MX 10 mx3.qq.com."}},
		{`Fault: Silent`, mxmock.DNSRule{Fault: mxmock.Silent}},
	}
	for _, tt := range tests {
		text, err := json.Marshal(tt.rule) // by MarshalText
		want, _ := json.Marshal(tt.text)
		if err != nil || string(text) != string(want) {
			t.Errorf("text = %s, want %s (%v)", text, want, err)
		}
		var got mxmock.DNSRule
		if err := json.Unmarshal(want, &got); err != nil || !cmp.Equal(got, tt.rule) {
			t.Errorf("%s is %+v (%v)", tt.text, got, err)
		}
	}
}

func TestDNSRuleTextMistakes(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{``, "mxmock: DNS rule: the rule for \"any *\" does nothing"},
		{`Question: "m qq.com", Fault: ServFail`, "mxmock: DNS rule: "},
		{`Fault: Mute`, "mxmock: DNS rule: Mute does not apply to a question"},
		{`Fault: Broken`, `mxmock: DNS rule: column 8: Fault: mxmock: fault "Broken": there is none of that name`},
		{`At: Rcpt`, `mxmock: DNS rule: column 1: there is no field "At"; want one of Question, Network,`},
	}
	for _, tt := range tests {
		rule := mxmock.DNSRule{Times: 7}
		if err := rule.UnmarshalText([]byte(tt.text)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %s", tt.text, err, tt.want)
		}
		if rule.Times != 7 {
			t.Errorf("%s: the rule has changed", tt.text)
		}
	}
	if text, err := (mxmock.DNSRule{}).MarshalText(); err == nil {
		t.Errorf("text of a rule that does nothing = %s, want an error", text)
	}
}

func ExampleDNSRule_UnmarshalText() {
	var rule mxmock.DNSRule
	err := rule.UnmarshalText([]byte(`Question: "mx qq.com", Times: 1, Fault: ServFail`))
	fmt.Println(rule.Question, rule.Times, rule.Fault, err)
	// Output: mx qq.com 1 ServFail <nil>
}

// FuzzDNSRuleText looks whether any rule that can be read is written so that it is read back.
func FuzzDNSRuleText(f *testing.F) {
	f.Add(`Question: "mx qq.com", Times: 1, Fault: ServFail`)
	f.Add(`{Question: "any *.qq.com", After: 24 * time.Hour, Answer: "@ MX 10 mx3.qq.com."}, # moved`)
	f.Add("mxmock.DNSRule{Network: `tcp`, Client: \"2001:db8::/32\", Delay: 1m, Must: true}")
	f.Fuzz(func(t *testing.T, text string) {
		var rule, back mxmock.DNSRule
		if rule.UnmarshalText([]byte(text)) != nil {
			return
		}
		written, err := rule.MarshalText()
		if err != nil {
			t.Fatalf("%s was read, and can't be written: %v", text, err)
		}
		if err := back.UnmarshalText(written); err != nil || !cmp.Equal(back, rule) {
			t.Fatalf("%s was written as %s, which is %+v, want %+v (%v)", text, written, back, rule, err)
		}
	})
}
