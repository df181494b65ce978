package mxmock_test

// Tests of DNS rules for one of the networks.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// TestRulesOverTCP has rules for the questions that a resolver asks over TCP after a truncated answer, as where a firewall
// blocks TCP.
func TestRulesOverTCP(t *testing.T) {
	t.Parallel()
	long := "@ TXT \"a" + strings.Repeat("\" \"a", 1000) + "\""
	answer := mxmock.DNSRule{Question: "txt qq.com", Answer: "@ TXT short"}
	overTCP := mxmock.DNSRule{Question: "txt qq.com", Network: "tcp", Fault: mxmock.ServFail}
	overUDP := mxmock.DNSRule{Question: "txt qq.com", Network: "udp", Fault: mxmock.Truncate}
	once := func(r mxmock.DNSRule) mxmock.DNSRule { r.Times = 1; return r }
	skipping := func(r mxmock.DNSRule) mxmock.DNSRule { r.Skip = 1; return r }
	for _, test := range []struct {
		name  string
		rules []mxmock.DNSRule
		want  string // of three look-ups
	}{
		{"no rule", nil, "long long long"},
		{"TCP", []mxmock.DNSRule{overTCP}, "error error error"},
		{"TCP once", []mxmock.DNSRule{once(overTCP)}, "error long long"},
		{"TCP after the first", []mxmock.DNSRule{skipping(once(overTCP))}, "long error long"},
		{"UDP and then TCP", []mxmock.DNSRule{overUDP, once(overTCP)}, "error long long"},
		{"TCP and then UDP", []mxmock.DNSRule{once(overTCP), overUDP}, "error long long"},
		{"UDP once, and TCP", []mxmock.DNSRule{once(overUDP), overTCP}, "error error error"},
		{"both, before TCP", []mxmock.DNSRule{once(answer), overTCP}, "short error error"},
		{"both, before TCP, with TC", []mxmock.DNSRule{{Question: "txt qq.com", Times: 1, Fault: mxmock.Truncate}, overTCP}, "long error error"},
		{"both, after TCP", []mxmock.DNSRule{once(overTCP), skipping(answer)}, "error short short"},
	} {
		inet := mxmock.New(t)
		zoneOf(t, inet, "$ORIGIN qq.com.\n"+long)
		inet.AddDNSRules(test.rules...)
		var got []string
		for range 3 {
			texts, err := inet.Resolver().LookupTXT(t.Context(), "qq.com")
			switch {
			case err != nil:
				got = append(got, "error")
			case len(texts) != 1 || texts[0] != "short" && len(texts[0]) != 1001:
				got = append(got, fmt.Sprintf("%.20q", texts))
			case texts[0] == "short":
				got = append(got, "short")
			default:
				got = append(got, "long")
			}
		}
		if diff := cmp.Diff(strings.Join(got, " "), test.want); diff != "" {
			t.Errorf("%s: got, want differ:\n%s\n%v", test.name, diff, inet.Journal())
		}
	}
}
