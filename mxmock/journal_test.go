package mxmock_test

// Tests of the journal.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// TestJournal has a whole delivery in order, where all happens at the same instant, on two hosts.
func TestJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		mx[0].Break(mxmock.Unreachable)
		inet.Break("aaaa mx2.qq.com", mxmock.ServFail)
		mxs, err := inet.Resolver().LookupMX(t.Context(), "qq.com.")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mxs {
			conn, err := inet.DialContext(t.Context(), "tcp4", strings.TrimSuffix(m.Host, ".")+".:25")
			if err != nil {
				continue
			}
			c, err := smtp.NewClient(conn, m.Host)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.Hello("a.example.com"), c.Mail("alice@a.example.com"), c.Rcpt("bob@qq.com"), c.Rcpt("carol@qq.com")); err != nil {
				t.Fatal(err)
			}
			w, err := c.Data()
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, "Subject: Hello\r\n\r\nHello\r\n")
			if err := errors.Join(w.Close(), c.Quit()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := inet.DialContext(t.Context(), "tcp", "[2001:db8::99]:25"); err == nil {
			t.Error("connected to nobody")
		}
		j := inet.Journal()
		var got []string
		for _, e := range j {
			got = append(got, e.String())
		}
		want := []string{
			"ask mx qq.com → NOERROR 10 mx1.qq.com.; 20 mx2.qq.com.",
			"ask a mx1.qq.com → NOERROR 192.0.2.2",
			"dial mx1.qq.com:25 → connect: no route to host",
			"ask a mx2.qq.com → NOERROR 192.0.2.3",
			"dial mx2.qq.com:25 → connected",
			"smtp mx2.qq.com:25 (greeting) → 220 mx2.qq.com ESMTP ready",
			"smtp mx2.qq.com:25 EHLO a.example.com → 250-mx2.qq.com",
			"smtp mx2.qq.com:25 MAIL FROM:<alice@a.example.com> BODY=8BITMIME SMTPUTF8 → 250 2.1.0 Sender OK",
			"smtp mx2.qq.com:25 RCPT TO:<bob@qq.com> → 250 2.1.5 Recipient OK",
			"smtp mx2.qq.com:25 RCPT TO:<carol@qq.com> → 250 2.1.5 Recipient OK",
			"smtp mx2.qq.com:25 DATA → 354 End data with <CR><LF>.<CR><LF>",
			"smtp mx2.qq.com:25 (dot) → 250 2.0.0 Message accepted",
			"mail mx2.qq.com:25 bob@qq.com → from <alice@a.example.com>: Hello",
			"mail mx2.qq.com:25 carol@qq.com → from <alice@a.example.com>: Hello",
			"smtp mx2.qq.com:25 QUIT → 221 2.0.0 Bye",
			"dial [2001:db8::99]:25 → connect: no route to host",
		}
		// The look-up of an address asks for the other family too in some versions of package net.
		kept := got[:0]
		for _, line := range got {
			if !strings.HasPrefix(line, "ask aaaa") {
				kept = append(kept, line)
			}
		}
		if diff := cmp.Diff(kept, want); diff != "" {
			t.Errorf("got, want differ:\n%s", diff)
		}
		for what, want := range map[string]int{
			"ask mx qq.com": 1, "ASK MX QQ.com": 1, "ask txt": 0, "dial": 3, "dial mx1.qq.com": 1, "dial mx1.qq.com:26": 0, "dial mx": 0,
			"smtp mx2.qq.com RCPT": 2, "smtp mx2.qq.com:25 rcpt to:<carol@qq.com>": 1, "mail mx2.qq.com": 2, "mail": 2, "mail mx2.qq.com bob@qq.com": 1,
		} {
			if got := j.Count(what); got != want {
				t.Errorf("Count(%q) = %d, want %d", what, got, want)
			}
		}
		if err := j.Order("ask mx", "dial mx1.qq.com", "ask a mx2.qq.com", "smtp mx2.qq.com MAIL", "mail"); err != nil {
			t.Error(err)
		}
		for _, bad := range [][]string{{"ask txt qq.com"}, {"dial mx2.qq.com", "dial mx1.qq.com"}, {"mail", "mail", "mail"}} {
			err := j.Order(bad...)
			if want := fmt.Sprintf("mxmock: there is no %q", bad[len(bad)-1]); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("Order(%q) = %v, want %s…", bad, err, want)
			}
		}
		synctest.Wait() // until the session has ended
		mx[1].Server(25).Reset()
		if n := inet.Journal().Count("smtp"); n != 0 {
			t.Errorf("%d turns of sessions that were forgotten, want 0", n)
		}
		if s := (mxmock.Journal)(nil).String(); s != "" {
			t.Errorf("an empty journal is %q, want nothing", s)
		}
	})
}

// TestEventsByName names events in every form that they have, and such that can't occur.
func TestEventsByName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("例子.中国", "邮件.例子.中国")
		inet.MX("qq.com", "mx1.qq.com")
		inet.Host("mx1.qq.com", "2001:db8::9").AddNames("shop.example", "商店.例子.中国")
		app := newApp(inet.Resolver(), inet.DialContext)
		if err := app.Send(t.Context(), "bob@xn--fsqu00a.xn--fiqs8s"); err != nil {
			t.Fatal(err)
		}
		conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "EHLO a.example\r\nMAIL FROM:<a@a.example> SMTPUTF8\r\nRCPT TO:<bob@例子.中国>\r\nXFORWARD NAME=x\r\nRCTP TO:<x>\r\nQUIT\r\n")
		io.Copy(io.Discard, conn)
		conn.Close()
		inet.DialContext(t.Context(), "tcp", "[2001:db8::99]:25")
		j := inet.Journal()
		for what, want := range map[string]int{
			"":                               len(j),
			"ask mx 例子.中国":                   1,
			"ask mx xn--fsqu00a.xn--fiqs8s":  1,
			"ASK MX XN--FSQU00A.xn--fiqs8s.": 1,
			"ask any 例子.中国":                  1,
			"ask mx *.中国":                    1,
			"ask mx *":                       1,
			"ask mx":                         1,
			"ask txt":                        0,
			"dial 邮件.例子.中国":                  1,
			"dial 邮件.例子.中国.:25":              1,
			"dial xn--5nq051n.xn--fsqu00a.xn--fiqs8s":              1,
			"dial mx1.qq.com:25 2001:db8::9":                       1,
			"dial mx1.qq.com 2001:db8::8":                          0,
			"dial mx1.qq.com:587":                                  0,
			"ask ptr 192.0.2.1":                                    0,
			"dial 2001:db8::99":                                    1,
			"dial 2001:DB8:0::99":                                  1,
			"dial [2001:db8:0:0::99]":                              1,
			"dial [2001:DB8::0:99]:0025":                           1,
			"dial 2001:db8::9":                                     0,
			"dial mx1.qq.com 2001:0db8::9":                         1,
			"dial shop.example:25":                                 1,
			"dial Shop.Example. 2001:db8::9":                       1,
			"dial shop.example:26":                                 0,
			"dial shop":                                            0,
			"smtp 商店.例子.中国 XFORWARD":                               1,
			"smtp shop.example:25 (greeting)":                      1,
			"smtp mx1.qq.com (authstep)":                           0,
			"smtp mx1.qq.com (handshake)":                          0,
			"mail shop.example":                                    0,
			"mail shop.example postmaster":                         0,
			"mail mx1.qq.com bob@[192.0.2.1]":                      0,
			"dial [2001:db8::99]":                                  1,
			"dial [2001:db8::99]:25":                               1,
			"smtp 邮件.例子.中国 rcpt":                                   1,
			"smtp 邮件.例子.中国 RCPT TO:<bob@例子.中国>":                    1,
			"smtp mx1.qq.com RCPT TO:<bob@例子.中国>":                  1,
			"smtp mx1.qq.com RCPT TO:<bob@xn--fsqu00a.xn--fiqs8s>": 1,
			"smtp mx1.qq.com XFORWARD":                             1,
			"smtp mx1.qq.com (greeting)":                           1,
			"smtp mx1.qq.com (unknown)":                            2,
			"smtp mx1.qq.com (dot)":                                0,
			"mail 邮件.例子.中国 bob@例子.中国":                              1,
			"mail 邮件.例子.中国 bob@xn--fsqu00a.xn--fiqs8s":             1,
			"mail mx1.qq.com":                                      0,
		} {
			if got := j.Count(what); got != want {
				t.Errorf("Count(%q) = %d, want %d", what, got, want)
			}
			if err := j.Order(what); (err == nil) != (want > 0) {
				t.Errorf("Order(%q) = %v, want %d", what, err, want)
			}
		}
		if t.Failed() {
			t.Log(j)
		}
		for _, bad := range []string{
			"dail mx1.qq.com", "questions", "ask mxx qq.com", "ask qq.com", "ask mx qq.com again", "ask mx a..b",
			"dial mx1.qq.com:0", "dial mx1.qq.com:smtp", "dial a..b:25", "dial mx1.qq.com:25 somewhere", "dial mx1.qq.com 192.0.2.1 x",
			"dial mx1.qq.com:", "dial [2001:db8::99", "dial mx1.qq.com:25:25", "dial bob@qq.com", "dial <mx1.qq.com>",
			"smtp RCPT", "smtp rcpt TO:<bob@qq.com>", "smtp (dot)", "smtp mx1.qq.com (dot", "smtp mx1.qq.com (rcpt)", "smtp mx1.qq.com (quit)",
			"mail bob@qq.com", "mail mx1.qq.com bob", "mail mx1.qq.com <bob@qq.com>", "mail mx1.qq.com @qq.com", "mail mx1.qq.com bob@a..b",
			"smtp mx1.qq.com RCTP", "smtp mx1.qq.com (dott)", "smtp mx1.qq.com 250", "mail mx1.qq.com bob@qq.com twice",
		} {
			mustPanic(t, bad, func() { j.Count(bad) })
			mustPanic(t, bad, func() { (mxmock.Journal)(nil).Order("mail", bad) })
		}
	})
}

// TestEvents streams the journal while it is written, and goes on where another stream has ended.
func TestEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		mx[0].Break(mxmock.Silent)
		app := newApp(inet.Resolver(), func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			return inet.DialContext(ctx, network, address)
		})
		type seen struct {
			position int
			event    string
			at       time.Duration
		}
		start := time.Now()
		live := make(chan []seen)
		go func() {
			var all []seen
			for position, e := range inet.Events(context.Background(), 0) {
				all = append(all, seen{position, e.String(), time.Since(start)})
			}
			live <- all
		}()
		done, cancel := context.WithCancel(t.Context())
		cancel()
		collect := func(position int) (events []string) {
			for _, e := range inet.Events(done, position) {
				events = append(events, e.String())
			}
			return events
		}
		if got := collect(0); got != nil {
			t.Errorf("events before anything has happened: %q", got)
		}
		if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := collect(0)
		journal := inet.Journal()
		var want []string
		for _, e := range journal {
			want = append(want, e.String())
		}
		slices.Sort(want)
		got := slices.Sorted(slices.Values(before))
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("events of the stream, of the journal differ:\n%s", diff)
		}
		if err := app.Send(t.Context(), "carol@qq.com"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		whole := collect(0)
		inet.Close()
		all := <-live
		if len(all) != len(whole) {
			t.Errorf("%d events were seen live, want %d", len(all), len(whole))
		}
		for i, s := range all {
			if s.event != whole[i] {
				t.Errorf("event %d live: %q, want %q", i, s.event, whole[i])
			}
			whole := whole
			if i > 0 && all[i-1].position == s.position { // the end of a message, and the message
				whole = slices.Insert(slices.Clone(whole), i+1, whole[i])
			}
			if rest := collect(s.position); !slices.Equal(rest, whole[i+1:]) {
				t.Errorf("after position %d: %q, want %q", s.position, rest, whole[i+1:])
			}
			if strings.HasPrefix(s.event, "dial mx1.qq.com:25") && s.at%time.Minute != 0 {
				t.Errorf("an attempt to connect that takes a minute is seen after %v", s.at)
			}
		}
		if got := collect(all[len(all)-1].position); got != nil {
			t.Errorf("after the end: %q", got)
		}
	})
}

// TestLimitJournal forgets what is old.
func TestLimitJournal(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	look := func() {
		if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err != nil {
			t.Fatal(err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		look()
	}
	inet.LimitJournal(3)
	if n := len(inet.Journal()); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
	for range 5 {
		look()
	}
	if n, m := len(inet.Journal()), len(inet.Queries()); n != 3 || m != 3 {
		t.Errorf("%d events and %d queries, want 3 and 3", n, m)
	}
	var positions []int
	for position := range inet.Events(done, 2) {
		positions = append(positions, position)
	}
	if want := []int{8, 9, 10}; !slices.Equal(positions, want) {
		t.Errorf("positions = %v, want %v", positions, want)
	}
	inet.Reset()
	look()
	inet.LimitJournal(0)
	for range 5 {
		look()
	}
	positions = nil
	for position := range inet.Events(done, 0) {
		positions = append(positions, position)
	}
	if want := []int{11, 12, 13, 14, 15, 16}; !slices.Equal(positions, want) {
		t.Errorf("positions after Reset = %v, want %v", positions, want)
	}
}

// TestTimesInJournal has an attempt to connect at its beginning, and before it is over.
func TestTimesInJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.Host("mx1.qq.com", "203.0.113.7").Break(mxmock.Silent)
		dial := func() {
			if conn, err := inet.DialContext(t.Context(), "tcp", "203.0.113.7:25"); err == nil {
				conn.Close()
			}
		}
		dial()
		time.Sleep(time.Minute)
		go dial()
		synctest.Wait()
		want := "" +
			"          0s dial mx1.qq.com:25 → connect: connection timed out\n" +
			"        3m7s dial mx1.qq.com:25 → (no answer yet)\n"
		if got := inet.Journal().String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		time.Sleep(127 * time.Second)
	})
}

// TestRandomPackets sends a hundred thousand packets that have been questions before something
// happened to them.
func TestRandomPackets(t *testing.T) {
	t.Parallel()
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	random := rand.New(rand.NewPCG(1, 2))
	q := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX)
	q.SetEdns0(4096, true)
	whole, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	conn := dialDNS(t, inet, "udp")
	defer conn.Close()
	for range n {
		packet := append([]byte(nil), whole[:random.IntN(len(whole)+1)]...)
		for range random.IntN(4) {
			if len(packet) > 0 {
				packet[random.IntN(len(packet))] = byte(random.IntN(256))
			}
		}
		if random.IntN(4) == 0 {
			packet = append(packet, whole[random.IntN(len(whole)):]...)
		}
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := mxOf(t, inet.Resolver(), "qq.com."), "10 mx1.qq.com.;"; got != want {
		t.Errorf("after all that: MX %s, want %s", got, want)
	}
}

// Of a host with several addresses the journal says which one was dialled.
func TestJournalAddresses(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	host := inet.Host("mx1.qq.com", "0.0.0.0", "::")
	inet.MX("qq.com", "mx1.qq.com")
	inet.Break(host.Addrs()[1], mxmock.Unreachable)
	conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	j := inet.Journal()
	if err := j.Order("dial mx1.qq.com:25 "+host.Addrs()[1], "dial mx1.qq.com "+host.Addrs()[0]); err != nil {
		t.Error(err)
	}
	if got := j.Count("dial mx1.qq.com"); got != 2 {
		t.Errorf("%d attempts to connect, want 2:\n%v", got, j)
	}

	inet.Reset() // a host with IPv4 alone has no use for the first
	conn, err = inet.Host("out.example.com").DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if j := inet.Journal(); j.Count("dial") != 1 || j.Count("dial mx1.qq.com:25 "+host.Addrs()[0]) != 1 {
		t.Errorf("want one attempt to connect, to %s:\n%v", host.Addrs()[0], j)
	}
}

// Times of a journal don't run backwards, although a turn begins long before it is over, and others happen
// meanwhile.
func TestTimesOfJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		mx[0].AddRules(mailtest.Rule{At: mailtest.Greeting, Delay: time.Minute}, mailtest.Rule{At: mailtest.Dot, Delay: time.Minute})
		inet.AddDNSRules(mxmock.DNSRule{Question: "mx 163.com", Delay: 3 * time.Second})
		inet.MX("163.com", "mx1.163.com")
		done := make(chan error)
		for _, to := range []string{"bob@qq.com", "bob@163.com"} {
			go func() { done <- newApp(inet.Resolver(), inet.DialContext).Send(t.Context(), to) }()
			time.Sleep(20 * time.Second)
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		last := time.Time{}
		for _, e := range inet.Journal() {
			if e.Time.Before(last) {
				t.Errorf("%v: %v is %v before the event before it", e.Time, e, last.Sub(e.Time))
			}
			last = e.Time
		}
	})
}

// TestJournalPart has parts of a journal, which together are the whole, also after turns and events were forgotten.
func TestJournalPart(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0].Server(25)
	whole := func(part int) (all mxmock.Journal) {
		_, first, last := inet.JournalPart(0, 0)
		for after := first - 1; after < last; after += part {
			events, f, l := inet.JournalPart(after, part)
			if f != first || l != last {
				t.Errorf("the journal is from %d to %d, want %d to %d", f, l, first, last)
			}
			for _, e := range events {
				if e.Number <= after || e.Number > after+part {
					t.Errorf("event %d is among the %d after %d", e.Number, part, after)
				}
			}
			all = append(all, events...)
		}
		return all
	}
	check := func() {
		t.Helper()
		for _, part := range []int{1, 7, 100_000} {
			if diff := cmp.Diff(whole(part), inet.Journal()); diff != "" {
				t.Errorf("in parts of %d, as a whole:\n%s", part, diff)
			}
		}
	}
	if part, first, last := inet.JournalPart(0, 10); len(part) != 0 || first != 1 || last != 0 {
		t.Errorf("the empty journal has %d events from %d to %d", len(part), first, last)
	}
	app := newApp(inet.Resolver(), inet.DialContext)
	for _, to := range []string{"bob@qq.com", "carol@qq.com"} {
		if err := app.Send(t.Context(), to); err != nil {
			t.Fatal(err)
		}
	}
	check()
	for _, tt := range []struct{ after, most, want int }{{-5, 3, 3}, {0, -1, 0}, {1000, 3, 0}} {
		if part, _, _ := inet.JournalPart(tt.after, tt.most); len(part) != tt.want {
			t.Errorf("%d after %d: %d events, want %d", tt.most, tt.after, len(part), tt.want)
		}
	}
	mx.LimitSessions(1)
	conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, "EHLO a.example.com\r\n"+strings.Repeat("NOOP\r\n", 20_000)+"QUIT\r\n")
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatal(err)
	}
	check()
	inet.LimitJournal(15_000)
	check()
	session := mx.Sessions()[0]
	for _, e := range inet.Journal() {
		turn := session.Turn(e.Turn)
		if turn == nil || "smtp mx1.qq.com:25 "+turn.Command != e.What {
			t.Fatalf("event %d, %v, is of turn %d, which is\n%v", e.Number, e, e.Turn, turn)
		}
	}
}

// TestNotesInJournal: an answer that has come whole only by TCP, and connections that a fault has accepted, look
// different from ordinary ones.
func TestNotesInJournal(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", manyHosts(60)...)
	if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err != nil {
		t.Fatal(err)
	}
	for i, fault := range []mxmock.Fault{mxmock.Aborted, mxmock.Mute, mxmock.BadCertificate, mxmock.Refused} {
		inet.Host(fmt.Sprintf("mx%d.qq.com", i+1)).Break(fault)
	}
	for i := range 5 {
		if conn, err := inet.DialContext(t.Context(), "tcp", inet.Hosts()[i].Addrs()[0]+":25"); err == nil {
			conn.Close()
		}
	}
	for event, want := range map[string]string{
		"dial mx1.qq.com": "connected (Aborted)", "dial mx2.qq.com": "connected (Mute)", "dial mx3.qq.com": "connected (BadCertificate)",
		"dial mx4.qq.com": "connect: connection refused", "dial mx5.qq.com": "connected",
	} {
		i := slices.IndexFunc(inet.Journal(), func(e mxmock.Event) bool { return e.What == event+":25" })
		if i < 0 || inet.Journal()[i].Result != want {
			t.Errorf("%s: got event %d of\n%v, want %q", event, i, inet.Journal(), want)
		}
	}
	if got := inet.Journal()[0]; got.What != "ask mx qq.com" || got.Result != "NOERROR (truncated)" {
		t.Errorf("over UDP: got %v, want a truncated answer", got)
	}
	i := slices.IndexFunc(inet.Journal(), func(e mxmock.Event) bool { return strings.HasSuffix(e.Result, "mx60.qq.com. (tcp)") })
	if i < 0 {
		t.Errorf("no answer by TCP in\n%v", inet.Journal())
	}
}

// manyHosts returns the names mx1.qq.com to mxN.qq.com.
func manyHosts(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("mx%d.qq.com", i+1)
	}
	return names
}

// An event is one line of text, and does nothing to the terminal that shows it.
func TestEventPrintable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		event mxmock.Event
		want  string
	}{
		{mxmock.Event{What: "ask mx qq.com"}, "ask mx qq.com"},
		{mxmock.Event{What: "mail mx1.qq.com:25 bob@qq.com", Result: `<a@b.example> "你好"`}, `mail mx1.qq.com:25 bob@qq.com → <a@b.example> "你好"`},
		{mxmock.Event{What: "smtp mx1.qq.com:25 DATA\r", Result: "500 \"no\"\x1b[31m\xff"}, `smtp mx1.qq.com:25 DATA\r → 500 "no"\x1b[31m\xff`},
		{mxmock.Event{What: strings.Repeat("x", 1000)}, strings.Repeat("x", 1000)},
		{mxmock.Event{What: strings.Repeat("x", 999) + "你好"}, strings.Repeat("x", 999) + "… (1005 bytes)"},
		{mxmock.Event{What: strings.Repeat("\xbf", 2000)}, strings.Repeat(`\xbf`, 996) + "… (2000 bytes)"},
	} {
		if got := tt.event.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// The events until the context is done are delivered, also if they come while an earlier one is looked at.
func TestEventsUntilDone(t *testing.T) {
	t.Parallel()
	for range 20 {
		inet := mxmock.New(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		inet.Resolver().LookupMX(ctx, "qq.com.")
		var got []string
		for _, e := range inet.Events(ctx, 0) {
			if len(got) == 0 {
				inet.Resolver().LookupMX(ctx, "163.com.")
				cancel()
			}
			got = append(got, e.String())
		}
		if want := []string{"ask mx qq.com → NXDOMAIN", "ask mx 163.com → NXDOMAIN"}; !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}
