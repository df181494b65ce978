package mailtest_test

// The faults that belong to one stage, and for whom and how often a rule acts. The dialogues are as
// in fault_test.go.

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

func TestRules(t *testing.T) {
	t.Parallel()
	again := func(n int, what string) string { return strings.Repeat(what, n) }
	const (
		noop  = "c -> NOOP\ns <- 250 *\n"
		rset  = "c -> RSET\ns <- 250 *\n"
		bob   = "c -> RCPT TO:<bob@qq.com>\n"
		carol = "c -> RCPT TO:<carol@163.com>\n"
		ok    = "s <- 250 *\n"
		no    = "s <- 550 No\n"
		mail  = "c -> MAIL FROM:<a@b.example>\ns <- 250 *\n"
		text  = "c -> DATA\ns <- 354 *\nc -> Subject: =?utf-8?B?5L2g5aW9?=\nc -> Content-Type: text/html\nc -> \nc -> <b>Win=</b>\nc -> .\n"
		lmtp  = "server LMTP\n@connect\nc -> LHLO a\ns <~ 250 *\n" + mail + bob + ok + carol + ok
	)
	ehlo := func(lines ...string) string { // the whole reply
		return "@connect\nc -> EHLO client.example\ns <- 250-localhost\n" + strings.Join(lines, "\n") + "\n"
	}
	rcpt := func(r mailtest.Rule) []mailtest.Rule {
		r.At, r.Reply = mailtest.Rcpt, "550 No"
		return []mailtest.Rule{r}
	}
	dot := func(r mailtest.Rule) []mailtest.Rule {
		r.At, r.Reply = mailtest.Dot, "550 No"
		return []mailtest.Rule{r}
	}
	tests := []struct {
		name  string
		rules []mailtest.Rule
		text  string
	}{
		// The message on its way.
		{"body: reset after 10 bytes", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 10, Drop: mailtest.Reset}}, "@data\nc => 0123456789\ns !! reset\n"},
		{"body: not before", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 10, Drop: mailtest.Close}}, "@data\nc => 012345678\ns .. 1m\nc => 9\ns !! close\n"},
		{"body: close in the middle", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 4, Drop: mailtest.Close}}, "@data\nc -> Subject: a long one\ns !! close\n"},
		{"body: cut in the middle", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 4, Drop: mailtest.Cut}}, "@data\nc => abcd\ns !! cut\n"},
		{"body: silence in the middle", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 4, Drop: mailtest.Silence}}, "@text\ns .. 5m\nc -> .\ns .. 5m\nc !! close\n"},
		{"body: delay in the middle", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 4, Delay: 5 * time.Minute}}, "@text\nc -> .\ns .. 5m\ns <- 250 *\n= message*\n"},
		{"body: reply in the middle", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 7, Reply: "552 5.3.4 Too big already"}},
			"@data\nc => Subject\ns <- 552 5.3.4 Too big already\nc -> : x\nc -> \nc -> .\n" + noop},
		{"body: reply and close in the middle", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 7, Reply: "421 4.3.2 Enough", Drop: mailtest.Close}},
			"@data\nc => Subject\ns <- 421 4.3.2 Enough\ns !! close\n"},
		{"body: at once", []mailtest.Rule{{At: mailtest.Body, Drop: mailtest.Reset}}, "@data\ns !! reset\n"},
		{"body: in a chunk", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 10, Drop: mailtest.Reset}}, "@rcpt\nc => BDAT 6\\r\\n012345\ns <- 250 *\nc => BDAT 6\\r\\n6789\ns !! reset\n"},
		{"body: at the end of a chunk", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 6, Drop: mailtest.Close}}, "@rcpt\nc => BDAT 6\\r\\n01234\ns .. 1m\nc => 5\ns !! close\n"},
		{"body: before the chunk", []mailtest.Rule{{At: mailtest.Body, Drop: mailtest.Cut}}, "@rcpt\nc => BDAT 6\\r\\n\ns !! cut\n"},
		{"body: delay in a chunk", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 4, Delay: 5 * time.Minute}}, "@rcpt\nc => BDAT 6\\r\\n012345\ns .. 5m\ns <- 250 *\nc => BDAT 0 LAST\\r\\n\ns <- 250 *\n= message* chunking*\n"},
		{"body: reply in a chunk", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 4, Reply: "552 5.3.4 Too big already"}},
			"@rcpt\nc => BDAT 6 LAST\\r\\n0123\ns <- 552 5.3.4 Too big already\nc => 45NOOP\\r\\n\ns <- 250 *\nc -> RCPT TO:<c@d.example>\ns <- 503 *\n"},
		{"body: behind the chunks", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 100, Drop: mailtest.Reset}}, "@rcpt\nc => BDAT 6 LAST\\r\\n012345\ns <- 250 *\n= message* chunking*\n= unused Body*\n"},
		{"body: chunks taken back", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 100, Drop: mailtest.Reset}}, "@rcpt\nc => BDAT 6\\r\\n012345\ns <- 250 *\n" + rset + "= unused Body*\n"},
		{"body: chunks taken back, once", []mailtest.Rule{{At: mailtest.Body, AfterBytes: 10, Times: 1, Reply: "451 4.3.0 No"}},
			"@rcpt\nc => BDAT 5\\r\\n01234\ns <- 250 *\n" + rset + mail + bob + ok + "c => BDAT 10 LAST\\r\\n0123456789\ns <- 451 4.3.0 No\n" + mail + bob + ok + "c => BDAT 10 LAST\\r\\n0123456789\ns <- 250 *\n= message*\n"},
		{"body: before a rule at Bdat", []mailtest.Rule{{At: mailtest.Body, Times: 1, Reply: "451 4.3.0 No"}, {At: mailtest.Bdat, Times: 1, Reply: "452 4.3.1 Disk full"}},
			"@rcpt\nc => BDAT 5 LAST\\r\\n01234\ns <- 451 4.3.0 No\n" + mail + bob + ok + "c => BDAT 5 LAST\\r\\n01234\ns <- 452 4.3.1 Disk full\n"},
		{"body: a chunk to which it has replied counts", []mailtest.Rule{{At: mailtest.Body, Times: 1, Reply: "451 4.3.0 No"}, {At: mailtest.Bdat, Nth: 2, Reply: "452 4.3.1 Disk full"}},
			"@rcpt\nc => BDAT 5 LAST\\r\\n01234\ns <- 451 4.3.0 No\n" + mail + bob + ok + "c => BDAT 5 LAST\\r\\n01234\ns <- 452 4.3.1 Disk full\n"},
		{"body: not of a refused chunk", []mailtest.Rule{{At: mailtest.Body, Drop: mailtest.Reset}}, "@mail\nc => BDAT 6 LAST\\r\\n012345\ns <- 503 *\n= unused Body*\n"},
		{"body: from a sender", []mailtest.Rule{{At: mailtest.Body, From: "a@b.example", To: "@d.example", Drop: mailtest.Close}}, "@data\ns !! close\n"},

		// After the final dot.
		{"dot: lost acknowledgement", []mailtest.Rule{{At: mailtest.Dot, Keep: true, Drop: mailtest.Close}}, "@text\nc -> .\ns !! close\n= message* unacked*\n"},
		{"dot: lost acknowledgement by RST", []mailtest.Rule{{At: mailtest.Dot, Keep: true, Drop: mailtest.Reset}}, "@text\nc -> .\ns !! reset\n= message* unacked*\n"},
		{"dot: kept and refused", []mailtest.Rule{{At: mailtest.Dot, Keep: true, Reply: "451 4.3.0 Sorry"}}, "@text\nc -> .\ns <- 451 4.3.0 Sorry\n= message* unacked*\n"},
		{"dot: kept without recipients", []mailtest.Rule{{At: mailtest.Rcpt, Reply: "550 No"}, {At: mailtest.Data, Lie: true, Reply: "354 Go on"}, {At: mailtest.Dot, Keep: true, Reply: "451 4.3.0 Sorry"}},
			"@mail\n" + bob + no + text + "s <- 451 4.3.0 Sorry\n= message* unacked*\n"},
		{"dot: lost message", []mailtest.Rule{{At: mailtest.Dot, Lose: true}}, "@text\nc -> .\ns <- 250 *\n" + noop},
		{"dot: lost message, another text", []mailtest.Rule{{At: mailtest.Dot, Lose: true, Reply: "250 2.0.0 Ok: queued as 4XyZ"}}, "@text\nc -> .\ns <- 250 2.0.0 Ok: queued as 4XyZ\n"},
		{"dot: queued as", []mailtest.Rule{{At: mailtest.Dot, Reply: "250 2.0.0 Ok: queued as 4XyZ"}}, "@text\nc -> .\ns <- 250 2.0.0 Ok: queued as 4XyZ\n= message*\n"},
		{"dot: header", dot(mailtest.Rule{Header: "subject: 你好"}), "@rcpt\n" + text + no},
		{"dot: not that header", append(dot(mailtest.Rule{Header: "Subject: 再见"}), mailtest.Rule{At: mailtest.Dot, Reply: "550 Other"}), "@rcpt\n" + text + "s <- 550 Other\n= unused Dot*\n"},
		{"dot: content", dot(mailtest.Rule{Content: "<b>Win"}), "@rcpt\n" + text + no},
		{"dot: chunks", dot(mailtest.Rule{}), "@rcpt\nc => BDAT 3\\r\\nabc\ns <- 250 *\nc => BDAT 0 LAST\\r\\n\n" + no + noop},
		{"dot: after chunks, accepted", []mailtest.Rule{{At: mailtest.Dot, Delay: time.Minute}}, "@rcpt\nc => BDAT 3 LAST\\r\\nabc\ns .. 1m\ns <- 250 *\n= message* chunking*\n"},
		{"dot: lost after chunks", []mailtest.Rule{{At: mailtest.Dot, Lose: true}}, "@rcpt\nc => BDAT 3 LAST\\r\\nabc\ns <- 250 *\n"},
		{"bdat: second chunk", []mailtest.Rule{{At: mailtest.Bdat, Nth: 2, Reply: "452 4.3.1 Disk full"}}, "@rcpt\nc => BDAT 3\\r\\nabc\ns <- 250 *\nc => BDAT 3\\r\\nabc\ns <- 452 4.3.1 Disk full\nc => BDAT 0 LAST\\r\\n\ns <- 503 *\n"},
		{"bdat: the last chunk decides", []mailtest.Rule{{At: mailtest.Bdat, Delay: time.Minute}, {At: mailtest.Dot, Reply: "451 4.3.0 No"}},
			"@rcpt\nc => BDAT 3 LAST\\r\\nabc\ns .. 1m\ns <- 250 *\n= message* chunking*\n= unused Dot*\n"},
		{"bdat: the last chunk, with LMTP", []mailtest.Rule{{At: mailtest.Bdat, Delay: time.Minute, Reply: "250 2.0.0 Fine"}},
			lmtp + "c => BDAT 3 LAST\\r\\nabc\ns .. 1m\ns <- 250 2.0.0 Fine\ns <- 250 2.0.0 Fine\n= message* chunking*\n"},
		{"bdat: the last chunk refused, with LMTP", []mailtest.Rule{{At: mailtest.Bdat, Reply: "452 4.3.1 Disk full"}},
			lmtp + "c => BDAT 3 LAST\\r\\nabc\ns <- 452 4.3.1 Disk full\nc -> NOOP\ns <- 250 *\n"},
		{"bdat: the last chunk, one of two and then gone, with LMTP", []mailtest.Rule{{At: mailtest.Bdat, Reply: "250 2.0.0 Fine", Drop: mailtest.Close}},
			lmtp + "c => BDAT 3 LAST\\r\\nabc\ns <- 250 2.0.0 Fine\ns !! close\n= message* chunking*\n"},
		{"bdat: a line without end", rcpt(mailtest.Rule{Times: 1}), "@mail\n" + bob + no + "c => BDAT 1\nc !! close\n"},
		{"bdat: close before the chunk", []mailtest.Rule{{At: mailtest.Bdat, Drop: mailtest.Close}}, "@rcpt\nc => BDAT 1000\\r\\n\ns !! close\n"},

		// The lines of EHLO.
		{"ehlo: hidden", []mailtest.Rule{{At: mailtest.Helo, Hide: []string{"pipelining", "CHUNKING", "AUTH"}}},
			ehlo("s <- 250-8BITMIME", "s <- 250-SMTPUTF8", "s <- 250-ENHANCEDSTATUSCODES", "s <- 250-BINARYMIME", "s <- 250-DSN", "s <~ 250 *")},
		{"ehlo: all hidden", []mailtest.Rule{{At: mailtest.Helo, Hide: []string{"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "DSN", "SIZE", "REQUIRETLS", "AUTH"}}},
			"@connect\nc -> EHLO client.example\ns <- 250 localhost\n"},
		{"ehlo: changed and added", []mailtest.Rule{{At: mailtest.Helo, Hide: []string{"REQUIRETLS"}, Add: []string{"SIZE 1000", "LIMITS RCPTMAX=2 MAILMAX=1", "AUTH=LOGIN"}}},
			ehlo("s <- 250-PIPELINING", "s <- 250-8BITMIME", "s <- 250-SMTPUTF8", "s <- 250-ENHANCEDSTATUSCODES", "s <- 250-CHUNKING", "s <- 250-BINARYMIME",
				"s <- 250-DSN", "s <- 250-SIZE 1000", "s <- 250-AUTH *", "s <- 250-LIMITS RCPTMAX=2 MAILMAX=1", "s <- 250 AUTH=LOGIN")},
		{"ehlo: in another order", []mailtest.Rule{{At: mailtest.Helo, Reply: "250-localhost\n250-SIZE\n250 PIPELINING"}}, ehlo("s <- 250-SIZE", "s <- 250 PIPELINING") + noop},
		{"ehlo: refused, HELO works", []mailtest.Rule{{At: mailtest.Helo, Command: "ehlo", Reply: "502 5.5.1 What?"}},
			"@connect\nc -> EHLO client.example\ns <- 502 5.5.1 What?\nc -> HELO client.example\ns <- 250 localhost\n" + mail},
		{"ehlo: other mechanisms the second time", []mailtest.Rule{{At: mailtest.Helo, Skip: 1, Add: []string{"AUTH NTLM"}}},
			"@connect\nc -> EHLO a\ns <~ 250 AUTH PLAIN *\nc -> EHLO a\ns <~ 250 AUTH NTLM\n"},
		{"ehlo: without TLS", []mailtest.Rule{{At: mailtest.Helo, Plain: true, Hide: []string{"AUTH"}}}, "server plain\n@connect\nc -> EHLO a\ns <~ 250 SIZE *\n"},
		{"ehlo: with TLS", []mailtest.Rule{{At: mailtest.Helo, Encrypted: true, Hide: []string{"AUTH"}}}, "server encrypted\n@connect\nc -> EHLO a\ns <~ 250 REQUIRETLS\n"},
		{"ehlo: other lines after TLS", []mailtest.Rule{{At: mailtest.Helo, Plain: true, Hide: []string{"AUTH"}}, {At: mailtest.Helo, Encrypted: true, Add: []string{"AUTH LOGIN"}}},
			"server StartTLS\nserver plain\n@connect\nc -> EHLO a\ns <~ 250 STARTTLS\nc -> STARTTLS\ns <- 220 *\nc !! starttls\nc -> EHLO a\ns <~ 250 AUTH LOGIN\n"},
		{"ehlo: STARTTLS hidden", []mailtest.Rule{{At: mailtest.Helo, Hide: []string{"STARTTLS"}}}, "server StartTLS\nserver plain\nserver Mechanisms=\n@connect\nc -> EHLO a\ns <~ 250 SIZE *\n"},

		// TLS.
		{"starttls: refused", []mailtest.Rule{{At: mailtest.StartTLS, Reply: "454 4.7.0 TLS not available"}}, "server StartTLS\nserver plain\n@ehlo\nc -> STARTTLS\ns <- 454 4.7.0 TLS not available\n" + mail},
		{"starttls: plaintext injected", []mailtest.Rule{{At: mailtest.StartTLS, Raw: true, Reply: "220 Go\r\n250 injected\r\n"}},
			"server StartTLS\nserver plain\n@ehlo\nc -> STARTTLS\ns <- 220 Go\ns <- 250 injected\nc !! starttls\n" + noop},
		{"handshake: garbage", []mailtest.Rule{{At: mailtest.Handshake, Reply: "500 What?"}}, "server StartTLS\nserver plain\n@ehlo\nc -> STARTTLS\ns <- 220 *\ns <- 500 What?\ns !! close\n"},
		{"handshake: bytes", []mailtest.Rule{{At: mailtest.Handshake, Raw: true, Reply: "\x16\x03\x01\xff", Drop: mailtest.Reset}}, "server StartTLS\nserver plain\n@ehlo\nc -> STARTTLS\ns <- 220 *\ns <= \\x16\\x03\\x01\\xff\ns !! reset\n"},
		{"handshake: closed", []mailtest.Rule{{At: mailtest.Handshake, Drop: mailtest.Close}}, "server StartTLS\nserver plain\n@ehlo\nc -> STARTTLS\ns <- 220 *\ns !! close\n"},
		{"handshake: reset", []mailtest.Rule{{At: mailtest.Handshake, Drop: mailtest.Reset, Delay: time.Minute}}, "server StartTLS\nserver plain\n@ehlo\nc -> STARTTLS\ns <- 220 *\ns .. 1m\ns !! reset\n"},
		{"handshake: stalled", []mailtest.Rule{{At: mailtest.Handshake, Drop: mailtest.Silence}}, "server StartTLS\nserver plain\n@ehlo\nc -> STARTTLS\ns <- 220 *\nc => \\x16\\x03\\x01\ns .. 10m\nc !! close\n"},

		// AUTH.
		{"auth: 534", []mailtest.Rule{{At: mailtest.Auth, Command: "AUTH PLAIN", Reply: "534 5.7.9 Too weak"}}, "@ehlo\nc -> AUTH PLAIN AGJvYgBwdw==\ns <- 534 5.7.9 Too weak\nc -> AUTH LOGIN Ym9i\ns <- 334 *\nc -> cHc=\ns <- 235 *\n"},
		{"auth: 538", []mailtest.Rule{{At: mailtest.Auth, Plain: true, Reply: "538 5.7.11 Encryption required"}}, "server plain\n@ehlo\nc -> AUTH PLAIN AGJvYgBwdw==\ns <- 538 5.7.11 Encryption required\n"},
		{"auth: the second step", []mailtest.Rule{{At: mailtest.AuthStep, Nth: 2, Reply: "454 4.7.0 Temporary failure"}}, "@ehlo\nc -> AUTH LOGIN\ns <- 334 *\nc -> Ym9i\ns <- 334 *\nc -> cHc=\ns <- 454 4.7.0 Temporary failure\n" + noop},
		{"auth: another challenge", []mailtest.Rule{{At: mailtest.Auth, Reply: "334 SGVsbG8="}}, "@ehlo\nc -> AUTH LOGIN\ns <- 334 SGVsbG8=\nc -> Ym9i\ns <- 334 *\n"},
		{"user", rcpt(mailtest.Rule{User: "BOB"}), "@mail\n" + bob + ok + rset + "c -> AUTH PLAIN AGJvYgBwdw==\ns <- 235 *\n" + mail + bob + no},

		// For whom.
		{"sender", rcpt(mailtest.Rule{From: "A@B.example"}), "@mail\n" + bob + no + rset + "c -> MAIL FROM:<other@b.example>\ns <- 250 *\n" + bob + ok},
		{"sender's domain", rcpt(mailtest.Rule{From: "@B.example"}), "@mail\n" + bob + no},
		{"null sender", []mailtest.Rule{{At: mailtest.Mail, From: "<>", Reply: "550 No"}}, "@mail\n" + rset + "c -> MAIL FROM:<>\n" + no},
		{"recipient", rcpt(mailtest.Rule{To: "Bob@QQ.com"}), "@mail\n" + bob + no + carol + ok},
		{"recipient's domain", rcpt(mailtest.Rule{To: "@qq.com"}), "@mail\n" + bob + no + carol + ok + "c -> RCPT TO:<@relay:x@QQ.COM>\n" + no},
		{"a recipient among those accepted", dot(mailtest.Rule{To: "bob@qq.com"}), "@mail\n" + carol + ok + bob + ok + text + no},
		{"third recipient", rcpt(mailtest.Rule{Nth: 3}), "@mail\n" + again(2, bob+ok) + bob + no + bob + ok + rset + mail + again(2, bob+ok) + bob + no},
		{"helo", rcpt(mailtest.Rule{Helo: "CLIENT.example"}), "@mail\n" + bob + no + "c -> EHLO other\ns <~ 250 *\n" + mail + bob + ok},
		{"client", rcpt(mailtest.Rule{Client: "127.0.0.1"}), "@mail\n" + bob + no},
		{"client's network", rcpt(mailtest.Rule{Client: "127.0.0.0/8"}), "@mail\n" + bob + no},
		{"another client", append(rcpt(mailtest.Rule{Client: "192.0.2.0/24"}), mailtest.Rule{At: mailtest.Rcpt, Reply: "551 Other"}), "@mail\n" + bob + "s <- 551 Other\n= unused Rcpt*\n"},
		{"an unknown verb", []mailtest.Rule{{At: mailtest.Unknown, Command: "XFORWARD", Reply: "250 2.0.0 Forwarded", Lie: true}}, "@ehlo\nc -> xforward ADDR=192.0.2.1\ns <- 250 2.0.0 Forwarded\nc -> XYZZY\ns <- 500 *\n"},
		{"any func", []mailtest.Rule{{At: mailtest.Rcpt, When: func(a *mailtest.Attempt) bool { return len(a.Recipients) == 2 && a.HasFrom }, Reply: "452 4.5.3 Two are enough"}}, "@mail\n" + again(2, bob+ok) + bob + "s <- 452 4.5.3 Two are enough\n"},
		{"a handler", []mailtest.Rule{{At: mailtest.Rcpt, ReplyFunc: func(a *mailtest.Attempt) string {
			if strings.HasSuffix(a.To, "@qq.com") {
				return "550 5.1.1 <" + a.To + "> unknown"
			}
			return ""
		}}}, "@mail\n" + bob + "s <- 550 5.1.1 <bob@qq.com> unknown\n" + carol + "s <- 250 2.1.5 Recipient OK\n"},

		// How often.
		{"twice", rcpt(mailtest.Rule{Times: 2}), "@mail\n" + again(2, bob+no) + again(2, bob+ok)},
		{"not the first two", rcpt(mailtest.Rule{Skip: 2}), "@mail\n" + again(2, bob+ok) + again(2, bob+no)},
		{"only the third", rcpt(mailtest.Rule{Skip: 2, Times: 1}), "@mail\n" + again(2, bob+ok) + bob + no + bob + ok},
		{"for a while", rcpt(mailtest.Rule{For: 10 * time.Minute}), "server virtual\n@mail\n" + bob + no + "c .. 10m\n" + bob + ok},
		{"the first that fits", append(rcpt(mailtest.Rule{Times: 1}), mailtest.Rule{At: mailtest.Rcpt, Times: 1, Reply: "551 Two"}, mailtest.Rule{At: mailtest.Rcpt, Times: 1, Reply: "552 Three"}), "@mail\n" + bob + no + bob + "s <- 551 Two\n" + bob + "s <- 552 Three\n" + bob + ok},

		// Silence of the client.
		{"idle: 421", []mailtest.Rule{{At: mailtest.Idle, Delay: 5 * time.Minute, Reply: "421 4.4.2 Idle for too long", Drop: mailtest.Close}}, "server virtual\n@ehlo\nc .. 4m\n" + noop + "s .. 5m\ns <- 421 4.4.2 Idle for too long\ns !! close\n"},
		{"idle: before the greeting is over", []mailtest.Rule{{At: mailtest.Idle, Delay: time.Minute, Drop: mailtest.Reset}}, "server virtual\n@connect\ns .. 1m\ns !! reset\n"},
		{"idle: two of them", []mailtest.Rule{{At: mailtest.Idle, Delay: 3 * time.Minute, Drop: mailtest.Close}, {At: mailtest.Idle, Delay: time.Minute, Times: 1, Reply: "250-Still there?\n250 Hello?"}},
			"server virtual\n@ehlo\ns .. 1m\ns <- 250-Still there?\ns <- 250 Hello?\ns .. 3m\ns !! close\n"},
		{"idle: for a sender", []mailtest.Rule{{At: mailtest.Idle, From: "a@b.example", Delay: time.Minute, Drop: mailtest.Close}}, "server virtual\n@ehlo\nc .. 2m\n" + mail + "s .. 1m\ns !! close\n"},
		{"idle: in the middle of AUTH", []mailtest.Rule{{At: mailtest.Idle, Delay: time.Minute, Drop: mailtest.Close}}, "server virtual\n@ehlo\nc -> AUTH PLAIN\ns <- 334 *\ns .. 1m\ns !! close\n"},
	}
	for _, test := range tests {
		text, settings := test.text, "server QuickTLS\n"
		for strings.HasPrefix(text, "server ") {
			var line string
			line, text, _ = strings.Cut(text, "\n")
			settings += line + "\n"
		}
		d := parseDialog(settings + begun(text))
		for _, c := range connections {
			t.Run(test.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				play(t, d, c, test.rules...)
			})
		}
	}
}

// A rule at Body that waits for its byte has not acted: a message whose byte comes first meets it, and then it is used up. Another
// message, which has waited for it too, meets the next rule.
func TestBodyRuleCounts(t *testing.T) {
	t.Parallel()
	const data, chunk = "@data\nc => 01234\n", "@rcpt\nc => BDAT 10 LAST\\r\\n01234\n"
	const dot, rest = "c => 56789\\r\\n.\\r\\n\n", "c => 56789\n"
	big := func(after int64) []mailtest.Rule {
		return []mailtest.Rule{{At: mailtest.Body, AfterBytes: after, Reply: "552 5.3.4 Too big"}}
	}
	for _, test := range []struct {
		name, before, after string
		next                []mailtest.Rule
		end                 string
	}{
		{"data", data, dot, nil, "s <- 250 *\n"},
		{"chunks", chunk, rest, nil, "s <- 250 *\n"},
		{"data, next rule", data, dot, big(3), "s <- 552 *\n"},
		{"chunks, next rule", chunk, rest, big(8), "s <- 552 *\n"},
		{"next rule of a later byte", data, dot, big(9), "s <- 250 *\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				srv.AddRules(mailtest.Rule{At: mailtest.Body, AfterBytes: 8, Times: 1, Reply: "451 4.3.0 No", Must: true})
				srv.AddRules(test.next...)
				play := func(conn net.Conn, script string) {
					t.Helper()
					if err := dialogue.Play(conn, script); err != nil {
						t.Error(err)
					}
				}
				var conns [2]net.Conn
				for i := range conns {
					conn, err := srv.Dial(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					conns[i] = conn
					play(conn, begun(test.before))
				}
				synctest.Wait()
				if srv.CheckRules() == nil {
					t.Error("a rule has acted before its byte came")
				}
				play(conns[1], test.after+"s <- 451 4.3.0 No\n")
				if err := srv.CheckRules(); err != nil {
					t.Error(err)
				}
				play(conns[0], test.after+test.end)
			})
		})
	}
}
