package mailauth_test

// This file runs the open test suites of SPF through the DNS of mxmock, beside a second implementation.

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"blitiri.com.ar/go/spf"
	"gopkg.in/yaml.v3"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// suite is one document of a test suite: some zones, and questions about them.
type suite struct {
	Description string
	Tests       map[string]struct {
		Helo, Host, MailFrom string
		Result               texts
		Explanation          string
	}
	ZoneData map[string][]map[string]yaml.Node `yaml:"zonedata"`
}

// texts is a string or a list of strings.
type texts []string

func (t *texts) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*t = texts{node.Value}
		return nil
	}
	return node.Decode((*[]string)(t))
}

// suites reads a file that comes with the module blitiri.com.ar/go/spf.
func suites(t *testing.T, name string) []suite {
	t.Helper()
	file, _ := runtime.FuncForPC(reflect.ValueOf(spf.CheckHostWithSender).Pointer()).FileLine(reflect.ValueOf(spf.CheckHostWithSender).Pointer())
	f, err := os.Open(filepath.Join(filepath.Dir(file), "testdata", name))
	if err != nil {
		t.Skipf("the test suite is not there (it comes with the source of blitiri.com.ar/go/spf): %v", err)
	}
	defer f.Close()
	var all []suite
	for dec := yaml.NewDecoder(f); ; {
		var s suite
		switch err := dec.Decode(&s); err {
		case nil:
			all = append(all, s)
		case io.EOF:
			return all
		default:
			t.Fatal(err)
		}
	}
}

// escape writes bytes that mean something in a master file as \DDD.
func escape(s string, dots bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c > ' ' && c <= '~' && !strings.ContainsRune(`"\;()@$`, rune(c)) && (dots || c != '.') {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return b.String()
}

// world builds the zones of a suite.
func (s *suite) world(t *testing.T) *mxmock.Internet {
	t.Helper()
	inet := mxmock.New(t)
	for name, records := range s.ZoneData {
		owner := escape(name, true) + "."
		if !legal(name) {
			continue
		}
		present := make(map[string]bool)
		silent := false
		var lines []string
		hasTXT := slices.ContainsFunc(records, func(r map[string]yaml.Node) bool { _, ok := r["TXT"]; return ok })
		for _, record := range records {
			for typ, node := range record {
				var values texts
				if typ != "MX" {
					if err := node.Decode(&values); err != nil {
						t.Fatal(err)
					}
				}
				if len(values) == 0 {
					values = texts{""}
				}
				if typ != "TXT" {
					present[typ] = true
				}
				switch typ {
				case "SPF", "TXT":
					if typ == "SPF" && hasTXT || values[0] == "NONE" {
						continue
					}
					line := owner + " TXT"
					for _, v := range values {
						for len(v) > 255 {
							line += ` "` + escape(v[:255], true) + `"`
							v = v[255:]
						}
						line += ` "` + escape(v, true) + `"`
					}
					lines = append(lines, line)
					present["TXT"] = true
				case "A", "AAAA", "PTR", "CNAME":
					for _, v := range values {
						if typ == "PTR" || typ == "CNAME" {
							v = escape(v, true) + "."
							v = strings.ReplaceAll(v, "..", ".")
						}
						lines = append(lines, owner+" "+typ+" "+v)
					}
				case "MX":
					var mx []string
					if err := node.Decode(&mx); err != nil {
						t.Fatal(err)
					}
					lines = append(lines, fmt.Sprintf("%s MX %s %s", owner, mx[0], escape(strings.TrimSuffix(mx[1], "."), true)+"."))
				case "TIMEOUT", "SERVFAIL":
					silent = true
				case "CNAMELOOP":
					lines = append(lines, owner+" CNAME loop."+owner, "loop."+owner+" CNAME "+owner)
				default:
					t.Fatalf("%s: unknown type %q", name, typ)
				}
			}
		}
		for _, line := range lines {
			if err := inet.AddZone(line + "\n"); err != nil {
				t.Logf("%s: %v", name, err)
			}
		}
		if silent {
			for _, typ := range []string{"A", "AAAA", "MX", "TXT", "PTR"} {
				if !present[typ] {
					inet.Break(typ+" "+name, mxmock.Silent)
				}
			}
		}
	}
	return inet
}

// legal reports whether a name can be in the DNS at all.
func legal(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return true
}

// refused are the cases that a *net.Resolver can't pass, with the reason. TestOddNames covers them
// with a resolver that can.
func refused(name string) string {
	return map[string]string{
		"a-colon-domain":            "net.Resolver does not ask for names with a colon or a slash",
		"a-colon-domain-ip4mapped":  "net.Resolver does not ask for names with a colon or a slash",
		"mx-colon-domain":           "net.Resolver does not ask for names with a colon or a slash",
		"mx-colon-domain-ip4mapped": "net.Resolver does not ask for names with a colon or a slash",
		"macro-mania-in-domain":     "net.Resolver does not ask for names with a space or a percent sign",
	}[name]
}

func TestSuites(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rfc7208-tests.yml", "rfc4408-tests.yml"} {
		t.Run(name, func(t *testing.T) {
			total := 0
			for _, s := range suites(t, name) {
				t.Run(s.Description, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						inet := s.world(t)
						for name, test := range s.Tests {
							if refused(name) != "" {
								continue
							}
							total++
							msg := &mailtest.Message{Envelope: mailtest.Envelope{
								Helo: test.Helo, From: test.MailFrom, Client: net.JoinHostPort(test.Host, "1025"),
							}}
							v, why := mailauth.Check(t.Context(), msg, inet.Resolver())
							if !slices.Contains(test.Result, string(v.SPF)) {
								t.Errorf("%s: spf = %s, want %s\n%v", name, v.SPF, test.Result, why)
							}
							if e := test.Explanation; e != "" && e != "DEFAULT" && !strings.EqualFold(why.SPF.Explanation, e) {
								t.Errorf("%s: explanation = %q, want %q\n%v", name, why.SPF.Explanation, e, why)
							}
						}
					})
				})
			}
			t.Logf("%d cases", total)
		})
	}
}
