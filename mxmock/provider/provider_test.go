package provider

// What a test can change about a provider.

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/examples/outbound"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// good is a mail that every provider takes.
func (w *world) good(to ...string) *mail {
	return &mail{client: w.sender.DialContext, helo: "EHLO mail.shop.example", from: "jb@shop.example", to: to}
}

// codes sends a mail and returns what each recipient was answered.
func (w *world) codes(t *testing.T, m *mail) []int {
	t.Helper()
	var codes []int
	for _, r := range w.send(t, m) {
		codes = append(codes, r.Code)
	}
	return codes
}

func TestMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "strict.example")
	to := []string{"a@strict.example", "b@strict.example", "postmaster@strict.example"}
	for _, step := range []struct {
		what string
		do   func()
		want []int
	}{
		{"nothing said", func() {}, []int{250, 250, 250}},
		{"b is unknown", func() { w.p.Mailbox(to[1], Unknown) }, []int{250, 550, 250}},
		{"b is full", func() { w.p.Mailbox(to[1], Full) }, []int{550, 452, 250}},
		{"b is emptied", func() { w.p.Mailbox("B@strict.example", Good) }, []int{550, 250, 250}},
		{"a is disabled", func() { w.p.Mailbox(to[0], Disabled) }, []int{550, 250, 250}},
		{"a is there", func() { w.p.Mailbox(to[0], Good) }, []int{250, 250, 250}},
		{"postmaster is full", func() { w.p.Mailbox(to[2], Full) }, []int{250, 250, 452}},
	} {
		step.do()
		if diff := cmp.Diff(step.want, w.codes(t, w.good(to...))); diff != "" {
			t.Errorf("%s: codes (-want +got):\n%s", step.what, diff)
		}
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "strict.example")
	m := w.good("bob@strict.example")
	for _, what := range []string{w.sender.Addrs()[0], "::ffff:" + w.sender.Addrs()[0], "192.0.2.0/24", "jb@shop.example", "shop.example", "SHOP.example"} {
		w.p.Block("203.0.113.1", what)
		if got := w.codes(t, m)[0]; got < 500 {
			t.Errorf("blocked %s: %d, want a refusal", what, got)
		}
		w.p.Unblock(what)
		if got := w.codes(t, m)[0]; got != 250 {
			t.Errorf("unblocked %s: %d, want 250", what, got)
		}
	}
}

// TestForeignSender: the domain of a sender may be written with U-labels (RFC 6531 §3.3), and is looked
// up by its A-labels.
func TestForeignSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "strict.example")
	w.inet.MX("例子.example", "mail.shop.example")
	for from, want := range map[string]string{"jb@例子.example": "250", "jb@没有.example": "550"} {
		m := w.good("bob@strict.example")
		m.network, m.from, m.params = "tcp", from, " SMTPUTF8"
		c, _ := w.connect(t, m, w.p.MX[0].Name(), 25)
		w.deliver(t, c, m, "", false)
		if got := strings.Join(c.replies["mail"], "\n"); !strings.HasPrefix(got, want) {
			t.Errorf("MAIL FROM:<%s>: %q, want %s", from, got, want)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "qq.com")
		m := w.good("bob@qq.com")
		send := func(want ...int) {
			t.Helper()
			for i, want := range want {
				if got := w.send(t, m)[0]; got.Code != want {
					t.Errorf("mail %d: %d %s, want %d", i+1, got.Code, got.Text, want)
				}
			}
		}
		send(250, 250, 250)
		w.p.Limit(2, time.Hour, "ip-rate")
		send(250, 250, 550, 550) // 550, though it is not for ever
		time.Sleep(59 * time.Minute)
		send(550)
		time.Sleep(time.Minute)
		send(250, 250, 550)
		w.p.Limit(1, time.Hour)
		send(250, 550)
		w.p.Off("rate")
		send(250, 250)
	})
}

func TestGreylist(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "university.example")
		m := w.good("bob@university.example")
		send := func(want int) {
			t.Helper()
			if got := w.codes(t, m)[0]; got != want {
				t.Errorf("code = %d, want %d", got, want)
			}
		}
		send(450)
		w.p.MX[0].Break(mxmock.Refused)
		time.Sleep(4 * time.Minute)
		send(450) // the second host knows what the first has seen
		time.Sleep(time.Minute)
		send(250)
		m.from = "else@shop.example"
		send(450)
	})
}

// TestGreylistAtDot: one refusal makes all the recipients of a message known.
func TestGreylistAtDot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "139.com")
		m := w.good("bob@139.com", "eve@139.com")
		for _, want := range []int{450, 250} {
			if got := w.codes(t, m); !slices.Equal(got, []int{want, want}) {
				t.Errorf("codes = %d, want %d for both", got, want)
			}
			time.Sleep(3 * time.Minute)
		}
	})
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "gmail.com")
	m := w.good("bob@gmail.com")
	m.from, m.client = "jb@spf-fail.example", w.inet.DialContext // neither SPF nor PTR
	m.header = "Subject: no From\r\n"
	for _, step := range []struct {
		what string
		do   func()
		want string // enhanced code
	}{
		{"all", func() {}, "5.7.1"},
		{"without lint", func() { w.p.Off("lint", "from") }, "5.7.25"},
		{"without PTR", func() { w.p.Off("ptr") }, "5.7.26"},
		{"without SPF", func() { w.p.Off("spf-fail") }, "5.7.26"},
		{"without authentication", func() { w.p.Off("neither-spf-nor-dkim") }, "2.0.0"},
		{"temporary trouble", func() { w.p.On("temporary") }, "4.3.0"},
		{"PTR only", func() { w.p.Only("no-ptr") }, "5.7.25"},
		{"nothing", func() { w.p.Only() }, "2.0.0"},
		{"all again", func() { w.p.Defaults() }, "5.7.1"},
		{"nothing again", func() { w.p.Off() }, "2.0.0"},
	} {
		step.do()
		if got := w.send(t, m)[0]; got.Enhanced != step.want {
			t.Errorf("%s: %d %s %s, want %s", step.what, got.Code, got.Enhanced, got.Text, step.want)
		}
	}
}

func TestBanAndMaxSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "163.com")
	m := w.good("bob@163.com")
	m.body = "代开发票\r\n"
	if got := w.codes(t, m)[0]; got != 250 {
		t.Errorf("before Ban: %d, want 250", got)
	}
	w.p.Ban("开发票")
	if got := w.codes(t, m)[0]; got != 554 {
		t.Errorf("after Ban: %d, want 554", got)
	}
	m.body = strings.Repeat("hello\r\n", 100)
	w.p.MaxSize(500)
	if got := w.codes(t, m)[0]; got != 552 {
		t.Errorf("above MaxSize: %d, want 552", got)
	}
	w.p.MaxSize(0)
	if got := w.codes(t, m)[0]; got != 250 {
		t.Errorf("with MaxSize 0: %d, want 250", got)
	}
}

// TestSizes: what is too large is refused in the words of the provider, however large it is, and not
// at all if the test says so.
func TestSizes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "strict.example")
	m := w.good("bob@strict.example")
	m.network = "tcp"
	large := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 11<<20/72) // its limit is 10 MiB
	try := func() string {
		t.Helper()
		m.body = large
		c, _ := w.connect(t, m, w.p.MX[0].Name(), 25)
		w.deliver(t, c, m, "", false)
		return strings.Join(c.replies["dot"], "\n")
	}
	w.p.Only("size")
	if got, want := try(), "552 5.3.4 The message is larger than the limit of 10485760 bytes"; got != want {
		t.Errorf("too large: %q, want %q", got, want)
	}
	w.p.MaxSize(20 << 20)
	if got := try(); !strings.HasPrefix(got, "250") {
		t.Errorf("below MaxSize: %q, want 250", got)
	}
	w.p.MaxSize(0)
	w.p.Off()
	if got := try(); !strings.HasPrefix(got, "250") {
		t.Errorf("with all policies off: %q, want 250", got)
	}
}

// TestRulesOfTheTest: what a test wants goes before what the provider is, and Reset takes only the
// first away.
func TestRulesOfTheTest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "qq.com")
	w.p.Mailbox("bob@qq.com", Good)
	w.p.MX[0].AddRules(mailtest.Rule{At: mailtest.Rcpt, Reply: "451 4.7.1 Greylisted, try later"})
	m := w.good("carol@qq.com")
	if got := w.codes(t, m)[0]; got != 451 {
		t.Errorf("with a rule: %d, want 451", got)
	}
	w.inet.Reset()
	if got := w.codes(t, m)[0]; got != 550 {
		t.Errorf("after Reset: %d, want 550", got)
	}
}

// TestSubmission: an account with its authorization code can send, and one without is told so in GBK.
func TestSubmission(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "163.com")
	w.p.Account("alice@163.com", "code")
	w.p.Account("carol@163.com", "")
	for _, c := range []struct{ user, code, want string }{
		{"alice@163.com", "code", "235 Authentication successful"},
		{"alice@163.com", "guess", "535 Error: authentication failed"},
		{"carol@163.com", "code", "550 用户无权登陆"},
		{"nobody@163.com", "code", "535 Error: authentication failed"},
	} {
		m := &mail{client: w.sender.DialContext, network: "tcp4", tls: true, helo: "EHLO mail.shop.example", user: c.user, code: c.code,
			from: c.user, to: []string{"bob@gmail.com"}}
		conv, _ := w.connect(t, m, "smtp.163.com", 25)
		w.deliver(t, conv, m, "smtp.163.com", false)
		got := conv.replies["auth"][0]
		if strings.HasPrefix(c.want, "550") {
			got = fromGBK(t, got)
		}
		if got != c.want {
			t.Errorf("%s with %q: %q, want %q", c.user, c.code, got, c.want)
		}
		if sent, want := conv.replies["dot"] != nil, c.want[0] == '2'; sent != want {
			t.Errorf("%s with %q: sent %v, want %v", c.user, c.code, sent, want)
		}
	}
}

func TestMTASTS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "gmail.com")
	records, err := w.inet.Resolver().LookupTXT(t.Context(), "_mta-sts.gmail.com")
	if want := []string{"v=STSv1; id=20190429T010101;"}; err != nil || !cmp.Equal(records, want) {
		t.Errorf("record = %q, %v, want %q", records, err, want)
	}
	transport := &http.Transport{DialContext: w.inet.DialContext, TLSClientConfig: w.inet.ClientTLS()}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("https://mta-sts.gmail.com/.well-known/mta-sts.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	want := "version: STSv1\r\nmode: enforce\r\nmx: gmail-smtp-in.l.google.com\r\nmx: *.gmail-smtp-in.l.google.com\r\nmax_age: 86400\r\n"
	if string(got) != want || err != nil {
		t.Errorf("policy = %q, %v, want %q", got, err, want)
	}
}

// TestRecords: every record that a definition names is in the DNS, and the provider's own hosts
// pass its SPF.
func TestRecords(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, name)
			r := w.inet.Resolver()
			for _, dom := range builtin()[name].domains {
				for _, domain := range dom.names {
					if domain == "*" {
						continue
					}
					mxs, _ := r.LookupMX(t.Context(), domain)
					var got []string
					for _, mx := range mxs {
						host := strings.TrimSuffix(mx.Host, ".")
						if host == "" {
							host = "."
						}
						got = append(got, fmt.Sprintf("%d %s", mx.Pref, host))
					}
					if diff := cmp.Diff(slices.Sorted(slices.Values(dom.mx)), slices.Sorted(slices.Values(got))); diff != "" {
						t.Errorf("MX of %s (-want +got):\n%s", domain, diff)
					}
					for record, want := range map[string]string{domain: dom.spf, "_dmarc." + domain: dom.dmarc} {
						texts, _ := r.LookupTXT(t.Context(), record)
						if want != "" && (len(texts) != 1 || texts[0] != want) {
							t.Errorf("TXT of %s = %q, want %q", record, texts, want)
						}
					}
				}
			}
			if name == "nomail.example" || name == "vanity.example" {
				return
			}
			strict := Add(w.inet, other(name))
			strict.Only("spf")
			s := outbound.Sender{Resolver: r, DialContext: w.p.MX[0].DialContext, Hostname: w.p.MX[0].Name(), TLSConfig: w.clientTLS()}
			m := &mail{from: "alice@" + w.p.Domains[0], to: []string{"bob@" + strict.Domains[0]}}
			if results, err := s.Send(t.Context(), m.from, m.to, m.message(w)); err != nil {
				t.Errorf("mail from its own host: %+v, want delivered", results[0])
			}
		})
	}
}

// other is a provider that refuses mail that SPF does not pass.
func other(name string) string {
	if name == "sohu.com" {
		return "aliyun.com"
	}
	return "sohu.com"
}

// TestMistakes: a name that means nothing is refused with what there is.
func TestMistakes(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	qq := Add(inet, "foxmail.com")
	if qq.Name != "qq.com" {
		t.Errorf("foxmail.com is of %s, want qq.com", qq.Name)
	}
	for _, c := range []struct {
		want string
		do   func()
	}{
		{`provider: there is no "qq.cn"; there are 139.com, 163.com, `, func() { Add(inet, "qq.cn") }},
		{`provider: qq.com: mx3.qq.com:25 is that of a provider that was added before; each can be added once`, func() { Add(inet, "qq.com") }},
		{`provider: exmail.qq.com: it serves the domains of customers; name at least one`, func() { Add(inet, "exmail.qq.com") }},
		{`provider: gmail.com: it has no customers with domains of their own, and so not shop.example`, func() { Add(inet, "gmail.com", "shop.example") }},
		{`provider: exmail.qq.com: "shop" is not a domain name`, func() { Add(inet, "exmail.qq.com", "shop") }},
		{`provider: qq.com has no policy "SPF"; it has connection-denied, `, func() { qq.Off("SPF") }},
		{`provider: qq.com has no mailbox "bob@163.com" that could be Full; its domains are qq.com, vip.qq.com, foxmail.com`, func() { qq.Mailbox("bob@163.com", Full) }},
		{`provider: qq.com has no mailbox "bob@qq.com" that could be State(9)`, func() { qq.Mailbox("bob@qq.com", 9) }},
		{`provider: -1 for each 1h0m0s is not a limit`, func() { qq.Limit(-1, time.Hour) }},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, c.want) {
					t.Errorf("panic = %q, want %q…", got, c.want)
				}
			}()
			c.do()
		}()
	}
	if _, err := Load(inet, minimal, "shop.example"); err == nil {
		t.Error("Load with a customer where there are none: no error")
	}
}

// TestHostileClient: what a client says can't break a reply.
func TestHostileClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sohu.com")
	conn, err := w.sender.DialContext(t.Context(), "tcp", "sohumx1.sohu.com:25")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, "EHLO a\x01\rb{ip}\r\nMAIL FROM:<\"{token}\x07\"@nospf.example>\r\nQUIT\r\n")
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			break
		}
		if text := strings.TrimSuffix(line, "\r\n"); strings.ContainsAny(text, "\r\n\x01\x07") || len(text) < 4 {
			t.Errorf("a line of a reply is %q", line)
		}
	}
}

// Names and addresses are the same with U-labels and A-labels, and in any letter case.
func TestInternationalNames(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	p := Add(inet, "ExMail.qq.com", "例子.测试")
	if want := []string{"xn--fsqu00a.xn--0zwm56d"}; !slices.Equal(p.Domains, want) {
		t.Errorf("domains = %q, want %q", p.Domains, want)
	}
	p.Mailbox("bob@例子.测试", Full)
	if got := p.state("BOB@xn--fsqu00a.XN--0ZWM56D"); got != Full {
		t.Errorf("the mailbox is %v, want full", got)
	}
	if got := p.state(`"x@y"@例子.测试`); got != Unknown {
		t.Errorf("a mailbox with an at sign in quotes is %v, want unknown", got)
	}
	p.Block("商店.example", "bob@书.example")
	for what, want := range map[string]bool{
		"xn--czrs0t.example": true, "商店.EXAMPLE": true, "Bob@xn--x9q.example": false, "bob@书.example": true, "ann@书.example": false,
	} {
		if got := p.blocks(what); got != want {
			t.Errorf("blocks(%s) = %v, want %v", what, got, want)
		}
	}
	p.Unblock("xn--czrs0t.example")
	if p.blocks("商店.example") {
		t.Error("what was taken back is still blocked")
	}
}
