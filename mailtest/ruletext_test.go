package mailtest_test

// Rules as text: what is written is read back, and what is wrong has its place.

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestRuleText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		rule mailtest.Rule
	}{
		{
			`At: Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"`,
			mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"},
		},
		{`At: Greeting, Delay: 6m0s`, mailtest.Rule{At: mailtest.Greeting, Delay: 6 * time.Minute}},
		{
			`At: Helo, Hide: ["SIZE"], Add: ["X-A 1", "X-B"]`,
			mailtest.Rule{At: mailtest.Helo, Hide: []string{"SIZE"}, Add: []string{"X-A 1", "X-B"}},
		},
		{
			`At: Handshake, Certificate: Expired, MaxTLS: VersionTLS11`,
			mailtest.Rule{At: mailtest.Handshake, MaxTLS: tls.VersionTLS11, Certificate: mailtest.Expired},
		},
		{
			`At: Body, Plain: true, Drop: Reset, AfterBytes: 4096`,
			mailtest.Rule{At: mailtest.Body, AfterBytes: 4096, Drop: mailtest.Reset, Plain: true},
		},
		{
			`At: Dot, Header: "Subject: 你好", Reply: "550-no\n550 more \xff"`,
			mailtest.Rule{At: mailtest.Dot, Header: "Subject: 你好", Reply: "550-no\n550 more \xff"},
		},
	}
	for _, tt := range tests {
		text, err := tt.rule.MarshalText()
		if err != nil || string(text) != tt.text {
			t.Errorf("text = %s, want %s (%v)", text, tt.text, err)
		}
		var got mailtest.Rule
		if err := got.UnmarshalText([]byte(tt.text)); err != nil || !cmp.Equal(got, tt.rule) {
			t.Errorf("%s is %+v (%v)", tt.text, got, err)
		}
	}
}

// TestRuleTextFields looks whether each field of a rule can be written, other than funcs.
func TestRuleTextFields(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"At": "Rcpt", "Client": `"192.0.2.0/24"`, "Drop": "Silence", "Certificate": "UnknownCA", "MaxTLS": "VersionTLS10",
		"Reply": `"450 no"`, "Header": `"Subject: x"`, "Hide": `["SIZE"]`, "Add": `["X"]`,
	}
	kinds := map[reflect.Kind]string{reflect.String: `"x"`, reflect.Bool: "true", reflect.Int: "7", reflect.Int64: "1"}
	fits := map[string]string{
		"Encrypted": "", "Plain": "", "Header": "At: Dot, Drop: Close", "Content": "At: Dot, Drop: Close", "Keep": "At: Dot, Drop: Close", "Lose": "At: Dot",
		"Hide": "At: Helo", "Add": "At: Helo", "Certificate": "At: Handshake", "MaxTLS": "At: Handshake",
		"ClientCertificate": "At: Handshake", "Raw": `At: Rcpt, Reply: "x"`, "Lie": `At: Rcpt, Reply: "250 x"`,
		"Endless": `At: Rcpt, Reply: "450-x"`, "AfterReply": "At: Rcpt, Drop: Close", "AfterBytes": "At: Body, Drop: Close",
		"Drop": "At: Rcpt", "Reply": "At: Rcpt", "Delay": "At: Rcpt", "Pace": "At: Rcpt", "At": `Delay: 1s`,
	}
	typ := reflect.TypeFor[mailtest.Rule]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Type.Kind() == reflect.Func {
			continue
		}
		value := values[f.Name]
		if value == "" {
			value = kinds[f.Type.Kind()]
		}
		if f.Type == reflect.TypeFor[time.Duration]() {
			value = "1m0s"
		}
		others := fits[f.Name]
		if others == "" {
			others = "At: Rcpt, Drop: Close"
		}
		var rule mailtest.Rule
		text := fmt.Sprintf("%s, %s: %s", others, f.Name, value)
		if err := rule.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if reflect.ValueOf(rule).Field(i).IsZero() {
			t.Errorf("%s: %s is zero", text, f.Name)
		}
		if back, err := rule.MarshalText(); err != nil || !strings.Contains(string(back), f.Name+": "+value) {
			t.Errorf("%s: written as %s (%v)", text, back, err)
		}
	}
}

func TestRuleTextMistakes(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{``, "mailtest: rule: At is not a stage"},
		{`At: Rcpt`, "mailtest: rule: the rule at Rcpt does nothing"},
		{`At: Recipient, Drop: Close`, `mailtest: rule: column 5: At: mailtest: stage "Recipient": there is none of that name; want one of Greeting`},
		{`At: Rcpt, Rply: "450 x"`, `mailtest: rule: column 11: there is no field "Rply"; want one of At, Session,`},
		{`At: Rcpt, When: nil`, `mailtest: rule: column 17: When: a func can't be written as text`},
		{`At: Rcpt, Reply: "no"`, `mailtest: rule: Reply "no" does not begin with a code`},
	}
	for _, tt := range tests {
		rule := mailtest.Rule{Times: 7}
		if err := rule.UnmarshalText([]byte(tt.text)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %s", tt.text, err, tt.want)
		}
		if rule.Times != 7 {
			t.Errorf("%s: the rule has changed", tt.text)
		}
	}
	when := mailtest.Rule{At: mailtest.Rcpt, Drop: mailtest.Close, When: func(*mailtest.Attempt) bool { return true }}
	for want, rule := range map[string]mailtest.Rule{
		"mailtest: rule as text: When: a func can't be written as text": when,
		"mailtest: rule as text: At is not a stage":                     {},
	} {
		if text, err := rule.MarshalText(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("text = %s, error = %v, want %s", text, err, want)
		}
	}
}

func TestRuleJSON(t *testing.T) {
	t.Parallel()
	type scenario struct {
		Host  string
		Rules []mailtest.Rule
	}
	want := scenario{"mx1.qq.com", []mailtest.Rule{{At: mailtest.Rcpt, Reply: "450 <b>\n"}, {At: mailtest.Idle, Delay: time.Second, Drop: mailtest.Cut}}}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got scenario
	if err := json.Unmarshal(b, &got); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%s is %+v, want %+v (%v)", b, got, want, err)
	}
	if err := json.Unmarshal([]byte(`{"Rules":["At: Rcpt, Drop: Clse"]}`), &got); err == nil || !strings.Contains(err.Error(), "column 17") {
		t.Errorf("error = %v, want one about column 17", err)
	}
}

func ExampleRule_UnmarshalText() {
	var rule mailtest.Rule
	err := rule.UnmarshalText([]byte(`At: Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"`))
	fmt.Println(rule.At, rule.Times, rule.Reply, err)

	err = rule.UnmarshalText([]byte(`At: Rcpt, Delay: 6`))
	fmt.Println(err)
	// Output:
	// Rcpt 2 451 4.7.1 Greylisted, try later <nil>
	// mailtest: rule: column 18: Delay: "6" is not a duration; want one as in 90s, 1h30m or 6 * time.Minute
}

// FuzzRuleText looks whether any rule that can be read is written so that it is read back.
func FuzzRuleText(f *testing.F) {
	for _, seed := range []string{
		`At: Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"`,
		`{At: mailtest.Greeting, Delay: 6 * time.Minute, Must: true}, # slow`,
		`At: Helo, Hide: ["SIZE"], Add: []string{"A", "B"}`,
		`At: Handshake, MaxTLS: "1.1", Certificate: expired`,
		"At: Body, Raw: true, Reply: `\\r`, AfterBytes: 0x10, Drop: Reset",
		`At: Dot, Lose: true, Header: "Subject: \xff\u4f60"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var rule, back mailtest.Rule
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
		if strings.ContainsAny(string(written), "\r\n") {
			t.Fatalf("%q is more than one line", written)
		}
	})
}
