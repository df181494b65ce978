package outbound_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/examples/outbound"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// Tests of the sender in the simulated internet, with look-ups by a net.Resolver and real servers.

// scenario is a situation, numbered as in the package comment, and what must come of it.
type scenario struct {
	name string
	make func(t *testing.T, inet *mxmock.Internet)
	to   string        // bob@qq.com where it is empty
	msg  string        // the usual message where it is empty
	want string        // status, enhanced code, host
	took time.Duration // in virtual time; -1: it does not matter

	// dials are the hosts that were dialed, in order, or "nobody"; where it is empty, it does not matter.
	dials string
}

// mx makes qq.com with mx1 and mx2, and rules for the first.
func mx(rules ...mailtest.Rule) func(*testing.T, *mxmock.Internet) {
	return func(_ *testing.T, inet *mxmock.Internet) {
		inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")[0].AddRules(rules...)
	}
}

// broken makes qq.com with mx1 and mx2, the first one broken.
func broken(f mxmock.Fault) func(*testing.T, *mxmock.Internet) {
	return func(_ *testing.T, inet *mxmock.Internet) {
		inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")[0].Break(f)
	}
}

// questions makes qq.com with mx1 and mx2, and breaks questions.
func questions(f mxmock.Fault, what ...string) func(*testing.T, *mxmock.Internet) {
	return func(_ *testing.T, inet *mxmock.Internet) {
		inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		for _, q := range what {
			inet.Break(q, f)
		}
	}
}

// records makes an internet of a master file, and mail servers on hosts.
func records(text string, hosts ...string) func(*testing.T, *mxmock.Internet) {
	return func(t *testing.T, inet *mxmock.Internet) {
		if err := inet.AddZone("$ORIGIN qq.com.\n" + text); err != nil {
			t.Fatal(err)
		}
		for _, h := range hosts {
			inet.Host(h).Server(25)
		}
	}
}

// numbered returns n names, made by a format, with the numbers from 1.
func numbered(format string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(format, i+1)
	}
	return names
}

// dialed returns the hosts that were dialed, in order, or "nobody".
func dialed(inet *mxmock.Internet) string {
	var names []string
	for _, e := range inet.Journal() {
		if what, ok := strings.CutPrefix(e.What, "dial "); ok {
			name, _, _ := strings.Cut(what, ":")
			names = append(names, name)
		}
	}
	if names == nil {
		return "nobody"
	}
	return strings.Join(names, " ")
}

// withTLS makes qq.com with mx1, which offers STARTTLS, and rules for it.
func withTLS(rules ...mailtest.Rule) func(*testing.T, *mxmock.Internet) {
	return func(_ *testing.T, inet *mxmock.Internet) {
		h := inet.MX("qq.com", "mx1.qq.com")[0]
		h.Server(25).StartTLS = true
		h.AddRules(rules...)
	}
}

func scenarios() []scenario {
	return []scenario{
		{name: "1 one MX", make: func(_ *testing.T, inet *mxmock.Internet) { inet.MX("qq.com", "mx1.qq.com") }, want: "delivered 2.0.0 mx1.qq.com"},
		{name: "2 no MX but an address", make: records("@ A 203.0.113.9", "qq.com"), want: "delivered 2.0.0 qq.com"},
		{name: "3 NXDOMAIN", make: func(*testing.T, *mxmock.Internet) {}, want: "permanent 5.1.2 qq.com", dials: "nobody"},
		{name: "3 NODATA and no address", make: records("@ TXT x"), want: "permanent 5.1.2 qq.com", dials: "nobody"},
		{name: "4 SERVFAIL", make: questions(mxmock.ServFail, "mx qq.com"), want: "temporary 4.4.3 ", took: -1},
		{name: "5 silence", make: questions(mxmock.Silent, "mx qq.com"), want: "temporary 4.4.3 ", took: -1},
		{name: "6 REFUSED", make: questions(mxmock.Refused, "mx qq.com"), want: "temporary 4.4.3 ", took: -1},
		{name: "7 null MX", make: func(_ *testing.T, inet *mxmock.Internet) { inet.MX("qq.com", "0 .") }, want: "permanent 5.1.10 ", dials: "nobody"},
		{name: "8 null MX beside others", make: func(_ *testing.T, inet *mxmock.Internet) { inet.MX("qq.com", "0 .", "10 mx1.qq.com") },
			want: "delivered 2.0.0 mx1.qq.com", dials: "mx1.qq.com"},
		{name: "9 a null MX with a preference", make: func(_ *testing.T, inet *mxmock.Internet) { inet.MX("qq.com", "10 .") },
			want: "permanent 5.1.10 ", dials: "nobody"},
		{name: "10 the domain is a CNAME", make: func(t *testing.T, inet *mxmock.Internet) {
			inet.MX("mail.example", "mx.mail.example")
			records("alias CNAME mail.example.")(t, inet)
		}, to: "bob@alias.qq.com", want: "delivered 2.0.0 mx.mail.example"},
		{name: "11 a CNAME loop", make: records("a CNAME b\nb CNAME a"), to: "bob@a.qq.com", want: "temporary 4.4.3 ", took: -1},
		{name: "12 the host is a CNAME", make: func(t *testing.T, inet *mxmock.Internet) {
			records("@ MX 10 alias\nalias CNAME mx1\nmx1 A 203.0.113.9", "mx1.qq.com")(t, inet)
		}, want: "delivered 2.0.0 alias.qq.com"},
		{name: "13 a host without address", make: records("@ MX 10 gone\n@ MX 20 mx2\n@ A 203.0.113.8\nmx2 A 203.0.113.9", "mx2.qq.com", "qq.com"),
			want: "delivered 2.0.0 mx2.qq.com", dials: "mx2.qq.com"},
		{name: "13 no host has one", make: records("@ MX 10 gone\n@ A 203.0.113.8", "qq.com"), want: "permanent 5.4.4 gone.qq.com", dials: "nobody"},
		{name: "14 a malformed record", make: records(`@ MX 5 not\032a\032name`+"\n@ MX 10 mx1\nmx1 A 203.0.113.9", "mx1.qq.com"),
			want: "delivered 2.0.0 mx1.qq.com", dials: "mx1.qq.com"},
		{name: "15 an address in place of a name", make: func(_ *testing.T, inet *mxmock.Internet) { inet.MX("qq.com", "10 203.0.113.8", "20 mx2.qq.com") },
			want: "delivered 2.0.0 mx2.qq.com", dials: "mx2.qq.com"},
		{name: "15 nothing but addresses", make: records("@ MX 10 203.0.113.8."), want: "permanent 5.4.4 ", dials: "nobody"},
		{name: "16 truncated over UDP", make: questions(mxmock.Truncate, "any qq.com", "any mx1.qq.com"), want: "delivered 2.0.0 mx1.qq.com"},
		{name: "16 too large for UDP", make: func(_ *testing.T, inet *mxmock.Internet) { inet.MX("qq.com", numbered("mx%d.qq.com", 100)...) },
			want: "delivered 2.0.0 mx1.qq.com"},
		{name: "16 too large, and TCP is blocked", make: func(_ *testing.T, inet *mxmock.Internet) {
			inet.MX("qq.com", numbered("mx%d.qq.com", 100)...)
			inet.AddDNSRules(mxmock.DNSRule{Network: "tcp", Fault: mxmock.Silent})
		}, want: "temporary 4.4.3 ", took: -1, dials: "nobody"},
		{name: "17 AAAA fails", make: questions(mxmock.ServFail, "aaaa mx1.qq.com"), want: "delivered 2.0.0 mx1.qq.com", took: -1},
		{name: "18 an international domain", make: func(_ *testing.T, inet *mxmock.Internet) { inet.MX("例子.com", "mx1.qq.com") },
			to: "bob@例子.com", want: "delivered 2.0.0 mx1.qq.com"},
		{name: "19 mixed case", make: mx(), to: "bob@Qq.CoM", want: "delivered 2.0.0 mx1.qq.com"},
		{name: "20 a wildcard MX", make: func(t *testing.T, inet *mxmock.Internet) {
			records("* MX 10 mx1\nmx1 A 203.0.113.9", "mx1.qq.com")(t, inet)
		}, to: "bob@any.thing.qq.com", want: "delivered 2.0.0 mx1.qq.com"},
		{name: "22 a lame server", make: questions(mxmock.Lame, "mx qq.com"), want: "temporary 4.4.3 ", took: -1, dials: "nobody"},
		{name: "23 ascending preference", make: func(_ *testing.T, inet *mxmock.Internet) {
			for _, h := range inet.MX("qq.com", "30 mx3.qq.com", "10 mx1.qq.com", "20 mx2.qq.com")[1:] {
				h.Break(mxmock.Refused)
			}
		}, want: "delivered 2.0.0 mx3.qq.com", dials: "mx1.qq.com mx2.qq.com mx3.qq.com"},
		{name: "25 the same host twice", make: func(_ *testing.T, inet *mxmock.Internet) {
			inet.MX("qq.com", "10 mx1.qq.com", "20 mx1.qq.com")[0].Break(mxmock.Refused)
		}, want: "temporary 4.4.1 mx1.qq.com", dials: "mx1.qq.com"},
		{name: "25 the same address twice", make: func(t *testing.T, inet *mxmock.Internet) {
			records("@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 203.0.113.9\nmx2 A 203.0.113.9", "mx1.qq.com")(t, inet)
			inet.Host("mx1.qq.com").Break(mxmock.Refused)
		}, want: "temporary 4.4.1 mx1.qq.com", dials: "mx1.qq.com"},
		{name: "26 several addresses", make: func(_ *testing.T, inet *mxmock.Internet) {
			inet.Host("mx1.qq.com", "203.0.113.8", "203.0.113.9")
			inet.MX("qq.com", "mx1.qq.com")
			inet.Break("203.0.113.8", mxmock.Refused)
		}, want: "delivered 2.0.0 mx1.qq.com", dials: "mx1.qq.com mx1.qq.com"},
		{name: "27 a bound for attempts", make: func(_ *testing.T, inet *mxmock.Internet) {
			for _, h := range inet.MX("qq.com", numbered("mx%d.qq.com", 20)...) {
				h.Break(mxmock.Refused)
			}
		}, want: "temporary 4.4.1 mx10.qq.com", dials: strings.Join(numbered("mx%d.qq.com", 10), " ")},
		{name: "28 the sender is in the list", make: func(_ *testing.T, inet *mxmock.Internet) {
			inet.MX("qq.com", "10 mx1.qq.com", "20 app.example.com", "30 mx2.qq.com")[0].Break(mxmock.Refused)
		}, want: "temporary 4.4.1 mx1.qq.com", dials: "mx1.qq.com"},
		{name: "28 and is the best", make: func(_ *testing.T, inet *mxmock.Internet) {
			inet.MX("qq.com", "10 app.example.com", "30 mx2.qq.com")
		}, want: "permanent 5.4.6 ", dials: "nobody"},
		{name: "29 an address literal", make: func(_ *testing.T, inet *mxmock.Internet) { inet.Host("mx1.qq.com", "203.0.113.9").Server(25) },
			to: "bob@[203.0.113.9]", want: "delivered 2.0.0 [203.0.113.9]"},
		{name: "30 a loopback address", make: records("@ MX 10 mx1\nmx1 A 127.0.0.1", "mx1.qq.com"), want: "permanent 5.4.4 mx1.qq.com", dials: "nobody"},
		{name: "30 a private address", make: records("@ MX 10 mx1\nmx1 A 10.1.2.3", "mx1.qq.com"), want: "delivered 2.0.0 mx1.qq.com"},
		{name: "31 IPv6 only", make: func(_ *testing.T, inet *mxmock.Internet) {
			inet.Host("mx1.qq.com", "::")
			inet.MX("qq.com", "mx1.qq.com")
		}, want: "delivered 2.0.0 mx1.qq.com"},
		{name: "32 broken IPv6", make: func(_ *testing.T, inet *mxmock.Internet) {
			inet.Host("mx1.qq.com", "2001:db8::9", "203.0.113.9")
			inet.MX("qq.com", "mx1.qq.com")
			inet.Break("2001:db8::9", mxmock.Unreachable)
		}, want: "delivered 2.0.0 mx1.qq.com"},
		{name: "34 refused", make: broken(mxmock.Refused), want: "delivered 2.0.0 mx2.qq.com"},
		{name: "35 silent", make: broken(mxmock.Silent), want: "delivered 2.0.0 mx2.qq.com", took: -1},
		{name: "35 unreachable", make: broken(mxmock.Unreachable), want: "delivered 2.0.0 mx2.qq.com"},
		{name: "36 reset before the greeting", make: broken(mxmock.Aborted), want: "delivered 2.0.0 mx2.qq.com"},
		{name: "36 closed before the greeting", make: mx(mailtest.Rule{At: mailtest.Greeting, Drop: mailtest.Close}),
			want: "delivered 2.0.0 mx2.qq.com"},
		{name: "37 a greeting after 4:59", make: mx(mailtest.Rule{At: mailtest.Greeting, Delay: 4*time.Minute + 59*time.Second}),
			want: "delivered 2.0.0 mx1.qq.com", took: 4*time.Minute + 59*time.Second},
		{name: "37 a greeting after 5:01", make: mx(mailtest.Rule{At: mailtest.Greeting, Delay: 5*time.Minute + time.Second}),
			want: "delivered 2.0.0 mx2.qq.com", took: 5 * time.Minute},
		{name: "38 garbage", make: mx(mailtest.Rule{At: mailtest.Greeting, Reply: "SSH-2.0-OpenSSH_9.9\r\n", Raw: true}),
			want: "delivered 2.0.0 mx2.qq.com", took: -1},
		{name: "39 421", make: mx(mailtest.Maintenance(0)), want: "delivered 2.0.0 mx2.qq.com"},
		{name: "40 554", make: mx(mailtest.Rule{At: mailtest.Greeting, Reply: "554 No mail here"}), want: "delivered 2.0.0 mx2.qq.com"},
		{name: "41 EHLO refused", make: mx(mailtest.Rule{At: mailtest.Helo, Command: "EHLO", Reply: "502 5.5.1 What?"}),
			want: "delivered 2.0.0 mx1.qq.com"},
		{name: "42 codes that differ", make: mx(mailtest.Rule{At: mailtest.Mail, Reply: "250-one\r\n450 two\r\n", Raw: true}),
			want: "delivered 2.0.0 mx2.qq.com", took: -1},
		{name: "43 a stall in the message", make: mx(mailtest.Rule{At: mailtest.Body, AfterBytes: 1000, Delay: 10 * time.Minute}),
			msg: usual + strings.Repeat("a line of the message\r\n", 1<<16), want: "delivered 2.0.0 mx2.qq.com", took: 3*time.Minute + time.Second}, // the second is for a reply, if there is one
		{name: "44 the last reply after 9 minutes", make: mx(mailtest.Rule{At: mailtest.Dot, Delay: 9 * time.Minute}),
			want: "delivered 2.0.0 mx1.qq.com", took: 9 * time.Minute},
		{name: "45 lost behind the dot", make: mx(mailtest.Rule{At: mailtest.Dot, Drop: mailtest.Reset, Keep: true}),
			want: "unknown 4.4.2 mx1.qq.com"},
		{name: "46 an error at QUIT", make: mx(mailtest.Rule{At: mailtest.Quit, Reply: "421 4.0.0 x", Drop: mailtest.Reset}),
			want: "delivered 2.0.0 mx1.qq.com"},
		{name: "47 4xx to MAIL", make: mx(mailtest.Rule{At: mailtest.Mail, Reply: "451 4.3.0 later"}), want: "delivered 2.0.0 mx2.qq.com"},
		{name: "48 5xx to MAIL", make: mx(mailtest.Blocklisted("192.0.2.1")), want: "permanent 5.7.1 mx1.qq.com"},
		{name: "50 the recipient is unknown", make: mx(mailtest.UnknownMailbox("bob@qq.com")), want: "permanent 5.1.1 mx1.qq.com"},
		{name: "50 and a 354 all the same", make: mx(mailtest.UnknownMailbox(""), mailtest.Rule{At: mailtest.Data, Reply: "354 Go on", Lie: true}),
			want: "permanent 5.1.1 mx1.qq.com"},
		{name: "51 452", make: mx(mailtest.FullMailbox("@qq.com")), want: "temporary 4.2.2 mx1.qq.com"},
		{name: "52 552 to RCPT", make: mx(mailtest.Rule{At: mailtest.Rcpt, Reply: "552 5.2.2 full"}), want: "temporary 4.2.2 mx1.qq.com"},
		{name: "54 5xx behind the dot", make: mx(mailtest.SizeLimit(10)), want: "permanent 5.3.4 mx1.qq.com"},
		{name: "55 550, and the end", make: mx(mailtest.Rule{At: mailtest.Rcpt, Reply: "550 5.1.1 no such user", Drop: mailtest.Close}),
			want: "permanent 5.1.1 mx1.qq.com", dials: "mx1.qq.com"},
		{name: "56 no PIPELINING", make: mx(mailtest.Rule{At: mailtest.Helo, Hide: []string{"PIPELINING"}}), want: "delivered 2.0.0 mx1.qq.com"},
		{name: "57 421 in mid-session", make: mx(mailtest.Rule{At: mailtest.Rcpt, Reply: "421 4.3.2 Bye", Drop: mailtest.Close}),
			want: "delivered 2.0.0 mx2.qq.com"},
		{name: "58 the enhanced code contradicts", make: mx(mailtest.Rule{At: mailtest.Rcpt, Reply: "451 5.1.1 no such user"}),
			want: "temporary 4.0.0 mx1.qq.com"},
		{name: "59 endless lines", make: mx(mailtest.Rule{At: mailtest.Mail, Reply: "250-and more", Endless: true}),
			want: "delivered 2.0.0 mx2.qq.com", took: -1},
		{name: "62 self-signed", make: withTLS(mailtest.Rule{At: mailtest.Handshake, Certificate: mailtest.SelfSigned}),
			want: "delivered 2.0.0 mx1.qq.com TLS 1.3"},
		{name: "62 expired", make: withTLS(mailtest.Rule{At: mailtest.Handshake, Certificate: mailtest.Expired}),
			want: "delivered 2.0.0 mx1.qq.com TLS 1.3"},
		{name: "63 the handshake is garbage", make: withTLS(mailtest.Rule{At: mailtest.Handshake, Reply: "no TLS here"}),
			want: "delivered 2.0.0 mx1.qq.com", took: -1},
		{name: "64 STARTTLS refused", make: withTLS(mailtest.Rule{At: mailtest.StartTLS, Reply: "454 4.7.0 not now"}),
			want: "delivered 2.0.0 mx1.qq.com"},
		{name: "65 capabilities change", make: withTLS(mailtest.Rule{At: mailtest.Helo, Plain: true, Add: []string{"SIZE 10"}}),
			want: "delivered 2.0.0 mx1.qq.com TLS 1.3"},
		{name: "66 plain text after the 220", make: withTLS(mailtest.Rule{At: mailtest.StartTLS, Reply: "220 Go on\r\n250-mx1.qq.com\r\n250 SIZE 10\r\n", Raw: true}),
			want: "delivered 2.0.0 mx1.qq.com TLS 1.3"},
		{name: "90 too large for the first", make: mx(mailtest.Rule{At: mailtest.Helo, Add: []string{"SIZE 10"}}),
			want: "delivered 2.0.0 mx2.qq.com"},
		{name: "91 8-bit, and no 8BITMIME", make: mx(mailtest.Rule{At: mailtest.Helo, Hide: []string{"8BITMIME"}}),
			msg: "Subject: x\r\n\r\n你好\r\n", want: "delivered 2.0.0 mx2.qq.com"},
		{name: "92 a local part in UTF-8", make: mx(mailtest.Rule{At: mailtest.Helo, Hide: []string{"SMTPUTF8"}}),
			to: "小明@qq.com", want: "delivered 2.0.0 mx2.qq.com"},
		{name: "93 dots", make: mx(), msg: "Subject: x\r\n\r\n.\r\n..\r\n", want: "delivered 2.0.0 mx1.qq.com"},
		{name: "94 a bare LF around a dot", make: mx(), msg: "Subject: x\r\n\r\nend\n.\nMAIL FROM:<evil@qq.com>\n", want: "delivered 2.0.0 mx1.qq.com"},
	}
}

const usual = "From: app@example.com\r\nSubject: Hello\r\n\r\nHello\r\n"

// newSender returns the code under test, in a simulated internet.
func newSender(inet *mxmock.Internet) *outbound.Sender {
	return &outbound.Sender{Resolver: inet.Resolver(), DialContext: inet.DialContext, Hostname: "app.example.com"}
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				inet := mxmock.New(t)
				sc.make(t, inet)
				to, msg := sc.to, sc.msg
				if to == "" {
					to = "bob@qq.com"
				}
				if msg == "" {
					msg = usual
				}
				start := time.Now()
				results, err := newSender(inet).Send(t.Context(), "app@example.com", []string{to}, []byte(msg))
				r := results[0]
				got := fmt.Sprintf("%s %s %s", r.Status, r.Enhanced, r.Host)
				if r.TLS != "" {
					got += " " + r.TLS
				}
				if got != sc.want {
					t.Errorf("got %q, want %q; %v", got, sc.want, err)
				}
				if took := time.Since(start); sc.took >= 0 && took != sc.took {
					t.Errorf("it took %v, want %v", took, sc.took)
				}
				if dials := dialed(inet); sc.dials != "" && dials != sc.dials {
					t.Errorf("dialed %s, want %s", dials, sc.dials)
				}
				delivered := len(inet.Messages())
				if want := map[outbound.Status]int{outbound.Delivered: 1, outbound.Unknown: 1}[r.Status]; delivered != want {
					t.Errorf("%d messages have arrived, want %d", delivered, want)
				}
				if delivered == 1 {
					if got, want := string(inet.Messages()[0].Raw), strings.ReplaceAll(strings.ReplaceAll(msg, "\r\n", "\n"), "\n", "\r\n"); got != want {
						t.Errorf("the message is %q, want %q", got, want)
					}
				}
			})
		})
	}
}

// TestTies counts who gets the mail where two hosts are equal (24).
func TestTies(t *testing.T) {
	t.Parallel()
	const n = 200
	inet := mxmock.New(t)
	hosts := inet.MX("qq.com", "10 mx1.qq.com", "10 mx2.qq.com")
	s := newSender(inet)
	s.Shuffle = rand.New(rand.NewPCG(1, 2)).Shuffle
	for range n {
		if _, err := s.Send(t.Context(), "", []string{"bob@qq.com"}, []byte(usual)); err != nil {
			t.Fatal(err)
		}
	}
	first, second := len(hosts[0].Messages()), len(hosts[1].Messages())
	if first+second != n || first < n/3 || second < n/3 {
		t.Errorf("%d and %d messages, want about %d each", first, second, n/2)
	}
}

// TestMixedRecipients has one message for three recipients come to three ends (49, 102), and asks
// for everything once.
func TestMixedRecipients(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	host := inet.MX("qq.com", "mx1.qq.com")[0]
	inet.MX("163.com", "mx.163.com")
	host.AddRules(
		mailtest.UnknownMailbox("eve@qq.com"),
		mailtest.Rule{At: mailtest.Rcpt, To: "carol@qq.com", Reply: "451 4.7.1 later"},
	)
	to := []string{"bob@qq.com", "eve@qq.com", "dave@163.com", "carol@qq.com"}
	results, _ := newSender(inet).Send(t.Context(), "app@example.com", to, []byte(usual))
	want := []outbound.Status{outbound.Delivered, outbound.Permanent, outbound.Delivered, outbound.Temporary}
	for i, r := range results {
		if r.Status != want[i] {
			t.Errorf("%s: %s %s, want %s", r.To, r.Status, r.Text, want[i])
		}
	}
	if got := len(host.Sessions()); got != 1 {
		t.Errorf("%d connections to %s, want 1", got, host.Name())
	}
	if got := host.Next(t).Envelope.To; len(got) != 1 || got[0].Address != "bob@qq.com" {
		t.Errorf("recipients = %v, want bob@qq.com alone", got)
	}
}

// TestRecipientLimit has a host that takes two recipients at a time (51, 53), and ends the connection after the first
// message (61).
func TestRecipientLimit(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	host := inet.MX("qq.com", "mx1.qq.com")[0]
	host.Server(25).MaxRecipients = 2
	host.AddRules(mailtest.Rule{At: mailtest.Dot, Times: 1, AfterReply: true, Drop: mailtest.Close, Must: true})
	to := numbered("user%d@qq.com", 5)
	results, err := newSender(inet).Send(t.Context(), "app@example.com", to, []byte(usual))
	if err != nil {
		t.Error(err)
	}
	var sizes []int
	var got []string
	for _, msg := range host.Messages() {
		sizes = append(sizes, len(msg.Envelope.To))
		for _, rcpt := range msg.Envelope.To {
			got = append(got, rcpt.Address)
		}
	}
	if !slices.Equal(sizes, []int{2, 2, 1}) || !slices.Equal(got, to) || len(results) != len(to) {
		t.Errorf("messages for %v recipients: %v, want 2, 2 and 1: %v", sizes, got, to)
	}
	if n := len(host.Sessions()); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	if n := inet.Journal().Count("smtp mx1.qq.com RCPT"); n != len(to) {
		t.Errorf("%d RCPT, want %d, since the limit is announced", n, len(to))
	}
}

// TestMXChanges has a domain that moves between two attempts (21).
func TestMXChanges(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")[0].Break(mxmock.Refused)
	s := newSender(inet)
	for _, want := range []outbound.Status{outbound.Temporary, outbound.Delivered} {
		results, _ := s.Send(t.Context(), "app@example.com", []string{"bob@qq.com"}, []byte(usual))
		if results[0].Status != want {
			t.Errorf("%s, want %s", results[0].Status, want)
		}
		inet.MX("qq.com", "mx2.qq.com")
	}
	if err := inet.Journal().Order("ask mx qq.com", "dial mx1.qq.com", "ask mx qq.com", "mail mx2.qq.com"); err != nil {
		t.Error(err)
	}
}

func ExampleSender() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")[0].Break(mxmock.Refused)

	s := &outbound.Sender{Resolver: inet.Resolver(), DialContext: inet.DialContext, Hostname: "app.example.com"}
	results, err := s.Send(context.Background(), "app@example.com", []string{"bob@qq.com"}, []byte(usual))
	fmt.Println(results[0].Status, results[0].Host, err)
	// Output: delivered mx2.qq.com <nil>
}
