package zone

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestParse checks what texts mean: each want is the records, one a line.
func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"remarks", "; a\n\n   \n\t; b", ""},
		{"relative names", "@ MX 10 mx\nmx A 192.0.2.1\n", "qq.com. 300 MX 10 mx.qq.com.\nmx.qq.com. 300 A 192.0.2.1"},
		{"owner repeated", "a A 192.0.2.1\n  TXT x\n\tMX 1 @", "a.qq.com. 300 A 192.0.2.1\na.qq.com. 300 TXT \"x\"\na.qq.com. 300 MX 1 qq.com."},
		{"$ORIGIN", "$ORIGIN sub\na A 192.0.2.1\n$origin qq.com.\na A 192.0.2.2", "a.sub.qq.com. 300 A 192.0.2.1\na.qq.com. 300 A 192.0.2.2"},
		{"$TTL", "$TTL 1h30m\na A 192.0.2.1\nb 60 A 192.0.2.1\nc A 192.0.2.1", "a.qq.com. 5400 A 192.0.2.1\nb.qq.com. 60 A 192.0.2.1\nc.qq.com. 5400 A 192.0.2.1"},
		{"last TTL (RFC 1035 §5.1)", "a 60 A 192.0.2.1\nb A 192.0.2.1", "a.qq.com. 60 A 192.0.2.1\nb.qq.com. 60 A 192.0.2.1"},
		{"TTL and class", "a 60 IN A 192.0.2.1\nb in 70 A 192.0.2.1\nc CLASS1 A 192.0.2.1", "a.qq.com. 60 A 192.0.2.1\nb.qq.com. 70 A 192.0.2.1\nc.qq.com. 70 A 192.0.2.1"},
		{"owners like types", "a a 192.0.2.1\nmx mx 1 mx\nin in txt in\n60 60 txt 60", "a.qq.com. 300 A 192.0.2.1\nmx.qq.com. 300 MX 1 mx.qq.com.\nin.qq.com. 300 TXT \"in\"\n60.qq.com. 60 TXT \"60\""},
		{"parentheses", "@ SOA ns hostmaster ( 1 ; serial\n 2 3\n\t4 5 ) ; end\n@ (MX) 10 (mx)", "qq.com. 300 SOA ns.qq.com. hostmaster.qq.com. 1 2 3 4 5\nqq.com. 300 MX 10 mx.qq.com."},
		{"carriage returns", "a A 192.0.2.1\r\nb A 192.0.2.2\r\n", "a.qq.com. 300 A 192.0.2.1\nb.qq.com. 300 A 192.0.2.2"},
		{"strings", `a TXT "one two" three "" "semi;colon (" "q\"q" \100 "ü"`, `a.qq.com. 300 TXT "one two" "three" "" "semi;colon (" "q\"q" "d" "\195\188"`},
		{"escapes in names", `a\.b A 192.0.2.1` + "\n" + `\097 A 192.0.2.2` + "\n" + `x\032y A 192.0.2.3`, "a\\.b.qq.com. 300 A 192.0.2.1\na.qq.com. 300 A 192.0.2.2\nx\\ y.qq.com. 300 A 192.0.2.3"},
		{"unknown type (RFC 3597)", `a TYPE65300 \# 3 ( 01 02 03 )` + "\n" + `a TYPE65301 \# 0` + "\n" + `a MX \# 5 000a 016d 00`, ""},
		{"quoted parameters", `a HTTPS 1 . alpn="h2,h3"`, `a.qq.com. 300 HTTPS 1 . alpn="h2,h3"`},
		{"$GENERATE", "$TTL 7\n$GENERATE 8-12/2 h${-8,3,d}.$ A 192.0.2.$\n$GENERATE 10-11 $ CNAME $$${0,0,x}\\$", "h000.8.qq.com. 7 A 192.0.2.8\nh002.10.qq.com. 7 A 192.0.2.10\nh004.12.qq.com. 7 A 192.0.2.12\n10.qq.com. 7 CNAME \\$a\\$.qq.com.\n11.qq.com. 7 CNAME \\$b\\$.qq.com."},
		{"duplicates", "a A 192.0.2.1\nA A 192.0.2.1", "a.qq.com. 300 A 192.0.2.1\nA.qq.com. 300 A 192.0.2.1"},
		{"the longest label", strings.Repeat("a", 63) + " A 192.0.2.1", strings.Repeat("a", 63) + ".qq.com. 300 A 192.0.2.1"},
		{"255 bytes", `a TXT "` + strings.Repeat(`\065`, 255) + `"`, `a.qq.com. 300 TXT "` + strings.Repeat("A", 255) + `"`},
		{"indented as a whole", "\n\t\t$ORIGIN sub\n\t\ta A 192.0.2.1\n\n\t\t  TXT x ; a's\n\t\tb MX (\n\t\t\t10 a )\r\n\t\t; end\n\t", "a.sub.qq.com. 300 A 192.0.2.1\na.sub.qq.com. 300 TXT \"x\"\nb.sub.qq.com. 300 MX 10 a.sub.qq.com."},
		{"one line, indented", "  a A 192.0.2.1", "a.qq.com. 300 A 192.0.2.1"},
		{"indented with tabs and spaces", "\t a A 192.0.2.1\n\t \tTXT x\n\t b A 192.0.2.2", "a.qq.com. 300 A 192.0.2.1\na.qq.com. 300 TXT \"x\"\nb.qq.com. 300 A 192.0.2.2"},
		{"no newline at the end", "a A 192.0.2.1", "a.qq.com. 300 A 192.0.2.1"},
	}
	for _, tt := range tests {
		rrs, err := Parse(tt.text, "qq.com", "zone")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var lines []string
		for _, rr := range rrs {
			lines = append(lines, strings.ReplaceAll(strings.ReplaceAll(rr.String(), "\tIN\t", "\t"), "\t", " "))
		}
		got := strings.Join(lines, "\n")
		if strings.HasPrefix(tt.name, "unknown type") {
			got, tt.want = fmt.Sprint(len(rrs), rrs[2]), "3 a.qq.com.\t300\tIN\tMX\t10 m."
		}
		if got != strings.ReplaceAll(tt.want, `\$`, `$`) {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestParseError checks where errors are said to be, and that the text in question is shown. In each
// text the error is at the mark «, which is taken out.
func TestParseError(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, token, want string }{
		{"a A «192.0.2.256", "192.0.2.256", "want an IPv4 address"},
		{"a A «192.0.2.1.5 ; x", "192.0.2.1.5", "want an IPv4 address"},
		{"a A 192.0.2.1 «x", "x", "want an IPv4 address"},
		{"a A «::1", "::1", "want an IPv4 address"},
		{"a AAAA «192.0.2.1", "192.0.2.1", "want an IPv6 address"},
		{"a A«", "", "A record without data, want an IPv4 address"},
		{"a A ;none«", "", "A record without data"},
		{"a MX mx«", "", "want preference and host"},
		{"a MX «mx mx", "mx", "want preference and host"},
		{"a MX 10«", "", "want preference and host"},
		{"a MX «70000 mx", "70000", "want preference and host"},
		{"a MX 10 «a..b", "a..b", "want preference and host"},
		{"a MX 10 mx «mx", "mx", "want preference and host"},
		{"a MX (\n 10\n «a..b )", "a..b", "want preference and host"},
		{"@ SOA ns h «x 2 3 4 5", "x", "want primary server, mailbox, serial"},
		{"@ SOA ns h 1 2 «m 4 5", "m", "not a time"},
		{"@ SOA ns h 1 2 3 4«", "", "want primary server, mailbox, serial"},
		{"a SRV 1 2 «70000 x", "70000", "want priority, weight, port and host"},
		{"a «B 192.0.2.1", "B", "unknown type"},
		{"a A 192.0.2.1\n\t«www A 192.0.2.1", "www", "indented, so its owner is that of the record before, a.qq.com."},
		{"a A 192.0.2.1\n\tmx «A 192.0.2.1", "A", "indented, so its owner"},
		{"a «TYPE70000 \\# 0", "TYPE70000", "unknown type"},
		{"a «AXFR x", "AXFR", "no zone holds"},
		{"a «OPT x", "OPT", "no zone holds"},
		{"a TYPE65300 «x", "x", `want \#, length`},
		{"a TYPE65300 \\# 2 «00", "00", `want \#, length`},
		{"a «CH A 192.0.2.1", "CH", "want class IN"},
		{"a 60«", "", "want a type"},
		{"a «99999999999 A 192.0.2.1", "99999999999", "time is more than"},
		{"a «1x A 192.0.2.1", "1x", "not a time"},
		{"a «1hh A 192.0.2.1", "1hh", "not a time"},
		{"$TTL «-1", "-1", "not a time"},
		{"$TTL«", "", "want $TTL and a number"},
		{"$TTL 1 «2", "2", "nothing more"},
		{"$ORIGIN «a..b", "a..b", "not a domain name"},
		{"«$INCLUDE /etc/passwd", "$INCLUDE", "not supported"},
		{"«$FOO x", "$FOO", "unknown directive"},
		{"    «a A 192.0.2.1\n  b A 192.0.2.2", "a", "no owner name"},
		{"$TTL 60\n  «A 192.0.2.1", "A", "no owner name"},
		{"  A «192.0.2.1", "192.0.2.1", "not a time"}, // A is the owner
		{"\t\ta A 192.0.2.1\n\t\tb A «192.0.2.256\n", "192.0.2.256", "want an IPv4 address"},
		{"«a..b A 192.0.2.1", "a..b", "not a domain name"},
		{"«.a A 192.0.2.1", ".a", "not a domain name"},
		{"«\"a\" A 192.0.2.1", `"a"`, "no quotes"},
		{"«" + strings.Repeat("a", 64) + " A 192.0.2.1", strings.Repeat("a", 64), "labels have 1 to 63"},
		{"«" + strings.Repeat("a.", 124) + " A 192.0.2.1", strings.Repeat("a.", 124), "not in the zone"},
		{"«" + strings.Repeat("a.", 124) + "a A 192.0.2.1", strings.Repeat("a.", 124) + "a", "255 at most"},
		{"a CNAME «" + strings.Repeat("a.", 124) + "a", strings.Repeat("a.", 124) + "a", "CNAME"},
		{"«gmail.com. A 192.0.2.1", "gmail.com.", "not in the zone"},
		{"«com. A 192.0.2.1", "com.", "not in the zone"},
		{"a CNAME b\n«a A 192.0.2.1", "a", "RFC 1034 §3.6.2"},
		{"a A 192.0.2.1\n«a CNAME b", "a", "RFC 1034 §3.6.2"},
		{"a CNAME b\n «CNAME c", "CNAME", "another CNAME"},
		{"«@ CNAME b", "@", "RFC 1034 §3.6.2"},
		{"a DNAME b\n«c.a A 192.0.2.1", "c.a", "RFC 6672 §2.4"},
		{"c.a A 192.0.2.1\n«a DNAME b", "a", "RFC 6672 §2.4"},
		{"«*.a NS b", "*.a", "wildcard"},
		{"@ SOA a b 1 2 3 4 5\n«@ SOA a b 1 2 3 4 5", "@", "second SOA"},
		{"«a SOA a b 1 2 3 4 5", "a", "SOA of a.qq.com. in another zone"},
		{"a TXT «\"x", `"`, "no closing quote"},
		{"a TXT «\"x\ny\"", `"`, "no closing quote"},
		{"a TXT «\"" + strings.Repeat("x", 256) + "\"", `"` + strings.Repeat("x", 256) + `"`, "more than 255 bytes"},
		{"a TXT ok «" + strings.Repeat("x", 256), strings.Repeat("x", 256), "more than 255 bytes"},
		{"a HINFO ok «" + strings.Repeat("x", 256), strings.Repeat("x", 256), "more than 255 bytes"},
		{"a TXT a«\\1b", `\1b`, "three digits"},
		{"a TXT a«\\256", `\256`, "three digits"},
		{"a TXT a«\\", `\`, "three digits"},
		{"a TXT «( x", "(", "never closed"},
		{"a TXT x «)", ")", "no parenthesis is open"},
		{"b«ücher A 192.0.2.1", "", "A-labels"},
		{"a TXT x«\x00y", "", "control character"},
		{"a TXT x «\ry", "", "carriage return"},
		{"a DNSKEY «257 3 13 !!!!", "257", "bad DNSKEY record"},
		{"$GENERATE «1 a A 192.0.2.$", "1", "want start-stop"},
		{"$GENERATE «2-1 a A 192.0.2.$", "2-1", "want start-stop"},
		{"$GENERATE «1-2/0 a A 192.0.2.$", "1-2/0", "want start-stop"},
		{"$GENERATE 1-2 a«", "", "want $GENERATE start-stop"},
		{"$GENERATE 1-2 «${1 A 192.0.2.$", "${1", "want ${offset"},
		{"$GENERATE 254-300 a$ A «192.0.2.$", "192.0.2.256", "want an IPv4 address"},
		{"$GENERATE «0-2000000000 a TXT $", "0-2000000000", "too much"},
	}
	for _, tt := range tests {
		before, after, ok := strings.Cut(tt.text, "«")
		if !ok {
			t.Fatalf("%q has no mark", tt.text)
		}
		line := 1 + strings.Count(before, "\n")
		column := len(before) - strings.LastIndex(before, "\n")
		rrs, err := Parse(before+after, "qq.com.", "qq.zone")
		var bad *ParseError
		if !errors.As(err, &bad) {
			t.Errorf("%q: got error %v, want a ParseError", tt.text, err)
			continue
		}
		if rrs != nil {
			t.Errorf("%q: got %d records beside the error, want none", tt.text, len(rrs))
		}
		got := fmt.Sprintf("%s:%d:%d %q", bad.File, bad.Line, bad.Column, bad.Text)
		if want := fmt.Sprintf("qq.zone:%d:%d %q", line, column, tt.token); got != want {
			t.Errorf("%q: got %s, want %s (%v)", tt.text, got, want, err)
		}
		if !strings.Contains(bad.Error(), tt.want) {
			t.Errorf("%q: got %q, want something with %q", tt.text, bad, tt.want)
		}
	}
}

// TestParseAnyZone checks that origin "." admits the records of several zones.
func TestParseAnyZone(t *testing.T) {
	t.Parallel()
	text := "qq.com. SOA a. b. 1 2 3 4 5\n163.com. SOA a. b. 1 2 3 4 5\nqq.com. MX 10 mx.163.com.\n"
	rrs, err := Parse(text, ".", "")
	if err != nil || len(rrs) != 3 {
		t.Errorf("got %d records, %v, want 3", len(rrs), err)
	}
	if _, err := Parse(text+"QQ.com. SOA a. b. 1 2 3 4 5\n", ".", ""); err == nil || err.Error() != `4:1: second SOA record of the zone (RFC 1035 §5.2): "QQ.com."` {
		t.Errorf("second SOA: got %v", err)
	}
	for _, origin := range []string{"", "a..b", strings.Repeat("a", 64)} {
		if _, err := Parse("", origin, ""); err == nil {
			t.Errorf("origin %q: got no error, want one", origin)
		}
	}
}

// TestParseEveryType checks that every type with a form in master files survives Parse, Add and Answer
// in the form in which it prints.
func TestParseEveryType(t *testing.T) {
	t.Parallel()
	for typ, mnemonic := range dns.TypeToString {
		if !storable(typ) || typ == dns.TypeSOA || typ == dns.TypeNS {
			continue
		}
		// A record of data that fits many types is found by trial; RFC 3597 syntax fits all.
		for _, data := range []string{`\# 1 00`, `\# 4 0a000001`, `\# 16 20010db8000000000000000000000001`, `\# 3 000100`, `\# 5 0001026d00`} {
			rrs, err := Parse("x."+strings.ToLower(mnemonic)+" "+mnemonic+" "+data, "qq.com.", "")
			if err != nil {
				continue
			}
			var db DB
			if err := db.Add(rrs...); err != nil {
				t.Errorf("%s %s: %v", mnemonic, data, err)
				continue
			}
			r := db.Answer(new(dns.Msg).SetQuestion(rrs[0].Header().Name, typ), Recursive)
			if len(r.Answer) != 1 || r.Answer[0].String() != rrs[0].String() {
				t.Errorf("%s: got %v, want %v", mnemonic, r.Answer, rrs)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(testZones, ".")
	f.Add("@ SOA ns hostmaster ( 1 ; serial\n 2 3\n\t4 5 )\n$TTL 1h\n a TXT \"x\\\"\" \\097\r\n$ORIGIN b\n@ 5 IN MX 1 @", "qq.com.")
	f.Add("\n\t\t@ A 192.0.2.1\n\t\t\tTXT x\n\n\t\tb MX (\n 10 @ )\n\t", "qq.com")
	f.Add("$GENERATE 1-9/3 h${1,2,x} TXT $$ $\n*.a HTTPS 1 . alpn=\"h2\"\nb TYPE999 \\# 2 0a0b", "a.test")
	f.Add("\\$a A 192.0.2.1", ".")
	f.Fuzz(func(t *testing.T, text, origin string) {
		rrs, err := Parse(text, origin, "f")
		if moved, moveErr := Parse("\t"+strings.ReplaceAll(text, "\n", "\n\t"), origin, "f"); len(moved) != len(rrs) || (moveErr == nil) != (err == nil) {
			t.Errorf("indented: %d records, %v, want %d, %v", len(moved), moveErr, len(rrs), err)
		}
		var bad *ParseError
		switch {
		case err == nil:
		case !errors.As(err, &bad):
			t.Fatalf("got error %T, want a ParseError", err)
		default:
			lines := strings.Split(text, "\n")
			if bad.Line < 1 || bad.Line > len(lines) || bad.Column < 1 || bad.Column > len(lines[bad.Line-1])+1 && bad.Text != origin {
				t.Errorf("error at %d:%d is outside of the text", bad.Line, bad.Column)
			}
			return
		}
		// What was parsed can be added, unless a delegation in it hides another of its records. It can be printed, and parsed again.
		var db DB
		if err := db.Add(rrs...); err != nil && !errors.Is(err, errHidden) {
			t.Fatalf("parsed, but Add: %v", err)
		}
		var again strings.Builder
		for _, rr := range rrs {
			fmt.Fprintln(&again, rr)
		}
		if len(rrs) > 0 && len(rrs) < 1000 {
			if _, err := Parse(again.String(), ".", ""); err != nil && !unprintable(rrs) {
				t.Errorf("printed again it does not parse: %v\n%s", err, again.String())
			}
		}
	})
}

// unprintable reports whether there are records among rrs that miekg/dns does not print as its own parser
// reads them: a "$" at the beginning of a name is not escaped; and only the common types are held to that here.
func unprintable(rrs []dns.RR) bool {
	for _, rr := range rrs {
		if strings.HasPrefix(rr.Header().Name, "$") {
			return true
		}
		switch rr.(type) {
		case *dns.A, *dns.AAAA, *dns.MX, *dns.NS, *dns.CNAME, *dns.DNAME, *dns.PTR, *dns.TXT, *dns.SRV, *dns.SOA:
		default:
			return true
		}
	}
	return false
}
