package provider

// The conditions of the policies, each met in more than one way, and each narrowly missed.

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// try is an attempt to be refused by a policy, or to escape it: a client that does everything else right.
type try struct {
	*world
	t       *testing.T
	pol     *policy
	service *service
	stage   string
	domain  string // the provider's first
	mail    *mail  // the one that counts

	limit  int           // of a policy that counts
	before []*mail       // what comes first
	kept   bool          // all on one connection
	leaves bool          // the client quits after each
	pause  time.Duration // before the last
}

// way is one way to meet a condition, or to miss it.
type way struct {
	name string
	set  func(*try)
}

// ways are those to meet a condition, in which "as in TestPolicies" is one more, and those to miss it narrowly.
type ways struct{ hits, misses []way }

// address returns one of the sender's own addresses, of the family that is used.
func (y *try) address() string {
	if y.mail.network == "tcp6" {
		return y.sender.Addrs()[1]
	}
	return y.sender.Addrs()[0]
}

// zone adds records.
func (y *try) zone(text string) {
	y.t.Helper()
	if err := y.inet.AddZone(text); err != nil {
		y.t.Fatal(err)
	}
}

// listed puts an IPv4 address on a list, with the code of an answer.
func (y *try) listed(list, addr, code string) {
	ip := strings.Split(addr, ".")
	slices.Reverse(ip)
	y.zone(fmt.Sprintf("%s.%s. A %s", strings.Join(ip, "."), list, code))
}

// spf gives the domain of the sender another SPF record.
func (y *try) spf(record string) {
	domain := domainOf(strings.Trim(y.mail.from, "<>"))
	y.inet.RemoveRecords("txt " + domain)
	if record != "" {
		y.zone(fmt.Sprintf("%s. TXT %q", domain, "v=spf1 "+record))
	}
}

// again lets the same mail come before, as often as the limit allows.
func (y *try) again(n int) {
	y.limit = n
	for range n {
		y.before = append(y.before, y.mail)
	}
}

// other makes a copy of the mail that differs.
func (y *try) other(edit func(*mail)) *mail {
	m := *y.mail
	edit(&m)
	return &m
}

// stranger connects from another host.
func (y *try) stranger(m *mail) {
	host := y.inet.Host("mail2.shop.example", "0.0.0.0", "::")
	m.client = host.DialContext
}

var (
	enough = []way{
		{"the third of two", func(y *try) { y.again(2) }},
	}
	inLimit   = way{"the second of two", func(y *try) { y.again(1); y.limit = 2 }}
	afterward = way{"after the time", func(y *try) { y.again(1); y.pause = time.Hour }}
	stranger  = way{"another client", func(y *try) { y.again(1); y.mail = y.other(y.stranger) }}
	colleague = way{"another sender", func(y *try) {
		y.again(1)
		y.mail = y.other(func(m *mail) { m.from = "carol@" + domainOf(m.from) })
	}}
	rightHelo = []way{
		{"its name in capitals", func(y *try) { y.mail.helo = "EHLO MAIL.Shop.Example" }},
		{"its address", func(y *try) { y.mail.helo = "EHLO [" + y.address() + "]" }},
	}
	rightMailbox = []way{
		{"a good one", func(y *try) { y.p.Mailbox(y.mail.to[0], Good) }},
		{"in capitals", func(y *try) {
			y.p.Mailbox(y.mail.to[0], Good)
			y.mail.to = []string{strings.ToUpper(y.mail.to[0])}
		}},
		{"another", func(y *try) {
			for _, s := range []State{Full, Disabled, Unknown} {
				y.p.Mailbox(fmt.Sprintf("no%d@%s", s, y.domain), s)
			}
			y.p.Mailbox(y.mail.to[0], Good)
		}},
	}
	loggedIn = []way{
		{"right", func(y *try) {
			y.p.Account("alice@"+y.domain, "code")
			y.mail.user, y.mail.code = "alice@"+y.domain, "code"
		}},
		{"anything goes", func(y *try) { y.mail.user, y.mail.code = "alice@"+y.domain, "anything" }},
	}
	wellFormed = []way{
		{"as always", func(*try) {}},
		{"in lower case", func(y *try) { y.mail.helo = "ehlo" + strings.TrimPrefix(y.mail.helo, "EHLO") }},
	}
)

// waysOf are the ways for each condition, by its name and first argument, or its name alone.
var waysOf = map[string]ways{
	"always": {hits: []way{{"from somebody else", func(y *try) { y.mail.from = "carol@" + domainOf(y.mail.from) }}}},

	"blocked client": {
		[]way{{"a prefix", func(y *try) { y.p.Block(y.address() + "/24") }}},
		[]way{
			{"another address", func(y *try) { y.p.Block(y.address() + "9") }},
			{"a domain", func(y *try) { y.p.Block("mail.shop.example") }},
		},
	},
	"blocked sender": {
		[]way{{"an address", func(y *try) { y.p.Block(strings.ToUpper(y.mail.from)) }}},
		[]way{
			{"a colleague", func(y *try) { y.p.Block("carol@" + domainOf(y.mail.from)) }},
			{"a domain that ends alike", func(y *try) { y.p.Block("my" + domainOf(y.mail.from)) }},
		},
	},
	"client ipv6": {[]way{{"another", func(y *try) { y.inet.Host(y.service.hosts[0], "::"); y.mail.network = "tcp6" }}}, []way{
		{"IPv4", func(y *try) { y.mail.network = "tcp4" }},
		{"IPv4 of another", func(y *try) { y.mail.network = "tcp4"; y.stranger(y.mail) }},
	}},
	"client plain": {[]way{{"in capitals", func(y *try) { y.mail.tls, y.mail.helo = false, "EHLO MAIL.Shop.Example" }}}, []way{
		{"TLS", func(y *try) { y.mail.tls = true }},
		{"TLS, to itself in capitals", func(y *try) { y.mail.tls, y.mail.helo = true, "EHLO MAIL.Shop.Example" }},
	}},
	"dnsbl": {
		[]way{{"with another code", func(y *try) { y.listed("zen.spamhaus.org", y.address(), "127.0.0.10") }}},
		[]way{
			{"another address", func(y *try) { y.listed("zen.spamhaus.org", "192.0.2.250", "127.0.0.2") }},
			{"the question was not allowed", func(y *try) { y.listed("zen.spamhaus.org", y.address(), "127.255.255.254") }},
			{"an answer that means nothing", func(y *try) { y.listed("zen.spamhaus.org", y.address(), "192.0.2.1") }},
		},
	},
	"ptr": {
		[]way{{"a name that leads elsewhere", func(y *try) {
			name := reverse(y.t, y.address())
			y.inet.RemoveRecords("ptr " + name)
			y.zone(name + " PTR nospf.example.\nnospf.example. A 192.0.2.250")
		}}},
		[]way{
			{"its name", func(*try) {}},
			{"one name of two", func(y *try) { y.zone(reverse(y.t, y.address()) + " PTR nowhere.example.") }},
		},
	},

	"helo empty":       {[]way{{"HELO", func(y *try) { y.mail.helo = "HELO" }}}, rightHelo},
	"helo invalid":     {[]way{{"two dots", func(y *try) { y.mail.helo = "HELO mail..example" }}}, rightHelo},
	"helo unqualified": {[]way{{"HELO", func(y *try) { y.mail.helo = "HELO mail" }}}, rightHelo},
	"helo unknown":     {[]way{{"HELO", func(y *try) { y.mail.helo = "HELO no.shop.example" }}}, rightHelo},

	"concurrent": {enough, []way{inLimit, {"after another", func(y *try) { y.again(1); y.leaves = true }}}},
	"messages":   {enough, []way{inLimit, {"on another connection", func(y *try) { y.again(1); y.kept = false }}}},
	"commands": {
		[]way{{"the third of two", func(y *try) { y.limit, y.mail.extra = 2, []string{"XYZZY", "XYZZY", "XYZZY"} }}},
		[]way{
			{"the second of two", func(y *try) { y.limit, y.mail.extra = 2, []string{"XYZZY", "XYZZY"} }},
			{"known ones", func(y *try) { y.limit, y.mail.extra = 1, []string{"NOOP", "RSET", "NOOP"} }},
		},
	},
	"recipients message": {
		[]way{{"the third of two", func(y *try) { y.limit, y.mail.to = 2, y.some(3) }}},
		[]way{
			{"the second of two", func(y *try) { y.limit, y.mail.to = 2, y.some(2) }},
			{"of the next message", func(y *try) { y.again(1); y.kept = true }},
		},
	},
	"recipients connection": {
		[]way{{"of the next message", func(y *try) { y.again(1); y.kept = true }}},
		[]way{
			{"the second of two", func(y *try) { y.limit, y.mail.to = 2, y.some(2) }},
			{"on another connection", func(y *try) { y.again(1) }},
		},
	},
	"rate client":     {enough, []way{inLimit, afterward, stranger}},
	"rate connection": {enough, []way{inLimit, afterward, stranger}},
	"rate sender":     {enough, []way{inLimit, afterward, colleague}},
	"rate domain": {enough, []way{inLimit, afterward, {"another domain", func(y *try) {
		y.again(1)
		y.mail = y.other(func(m *mail) { m.from = "jb@nospf.example" })
	}}}},
	"rate recipient": {enough, []way{inLimit, afterward, {"another recipient", func(y *try) {
		y.again(1)
		y.mail = y.other(func(m *mail) { m.to = []string{"carol@" + y.domain} })
	}}}},
	"new": {
		[]way{{"too early", func(y *try) { y.again(1); y.pause = time.Minute }}},
		[]way{
			{"later", func(y *try) { y.again(1); y.pause = 5 * time.Minute }},
			{"much later, in capitals", func(y *try) {
				y.again(1)
				y.pause = 3 * time.Hour
				y.mail = y.other(func(m *mail) { m.to = []string{strings.ToUpper(m.to[0])} })
			}},
		},
	},

	"sender null": {
		[]way{{"to postmaster", func(y *try) { y.mail.from, y.mail.to = "<>", []string{"postmaster@" + y.domain} }}},
		[]way{{"somebody", func(*try) {}}, {"another", func(y *try) { y.mail.from = "postmaster@shop.example" }}},
	},
	"sender local": {
		[]way{{"in capitals", func(y *try) { y.mail.from = "ALICE@" + strings.ToUpper(y.domain) }}},
		[]way{
			{"a domain that ends alike", func(y *try) { y.mail.from = "alice@not" + y.domain }},
			{"a domain beneath", func(y *try) { y.mail.from = "alice@mail." + y.domain }},
		},
	},
	"sender foreign": {
		[]way{{"a domain beneath", func(y *try) { y.mail.from = "alice@mail." + y.domain }}},
		[]way{
			{"the user", func(y *try) { y.mail.from = "alice@" + y.domain }},
			{"the user in capitals", func(y *try) { y.mail.from = "ALICE@" + strings.ToUpper(y.domain) }},
		},
	},
	"sender unresolvable": {
		[]way{{"a null MX", func(y *try) { y.zone("null.example. MX 0 ."); y.mail.from = "jb@null.example" }}},
		[]way{
			{"only an address", func(y *try) { y.zone("plain.example. A 192.0.2.250"); y.mail.from = "jb@plain.example" }},
			{"nobody", func(y *try) { y.mail.from = "<>" }},
		},
	},
	"sender not-user": {
		[]way{{"elsewhere", func(y *try) { y.mail.from = "carol@shop.example" }}},
		[]way{
			{"the user", func(y *try) { y.mail.from = y.mail.user }},
			{"the user in capitals", func(y *try) { y.mail.from = strings.ToUpper(y.mail.user) }},
		},
	},
	"sender not-from": {
		[]way{{"a colleague", func(y *try) { y.mail.headerFrom = "carol@" + domainOf(y.mail.from) }}},
		[]way{
			{"the same", func(*try) {}},
			{"in capitals", func(y *try) { y.mail.headerFrom = strings.ToUpper(y.mail.from) }},
		},
	},
	"recipient": {
		[]way{{"a domain beneath", func(y *try) { y.mail.to = []string{"bob@elsewhere." + y.domain} }}},
		[]way{
			{"its own", func(*try) {}},
			{"its own in capitals", func(y *try) { y.mail.to = []string{"bob@" + strings.ToUpper(y.domain)} }},
			{"postmaster", func(y *try) { y.mail.to = []string{"postmaster"} }},
		},
	},
	"domains": {
		[]way{{"the other way round", func(y *try) { y.mail.to = []string{"bob@" + y.p.Domains[1], "bob@" + y.domain} }}},
		[]way{
			{"one domain", func(y *try) { y.mail.to = y.some(2) }},
			{"one domain in capitals", func(y *try) { y.mail.to = []string{"bob@" + y.domain, "carol@" + strings.ToUpper(y.domain)} }},
		},
	},
	"mailbox unknown": {
		[]way{{"one that was", func(y *try) { y.p.Mailbox(y.mail.to[0], Good); y.p.Mailbox(y.mail.to[0], Unknown) }}},
		rightMailbox,
	},
	"mailbox full": {
		[]way{{"in capitals", func(y *try) { y.p.Mailbox(strings.ToUpper(y.mail.to[0]), Full) }}},
		rightMailbox,
	},
	"mailbox disabled": {
		[]way{{"in capitals", func(y *try) { y.p.Mailbox(strings.ToUpper(y.mail.to[0]), Disabled) }}},
		rightMailbox,
	},

	"size": {
		[]way{{"by one", func(y *try) {
			n := int64(len(y.mail.message(y.world)))
			y.p.MaxSize(n - 1)
			if y.stage == "mail" {
				y.mail.params = fmt.Sprintf(" SIZE=%d", n)
			}
		}}},
		[]way{
			{"just not", func(y *try) {
				n := int64(len(y.mail.message(y.world)))
				y.p.MaxSize(n)
				y.mail.params = fmt.Sprintf(" SIZE=%d", n)
			}},
			{"by far not", func(*try) {}},
		},
	},
	"content": {
		[]way{{"in the subject", func(y *try) {
			y.mail.header = fmt.Sprintf("From: <%s>\r\nSubject: %s\r\n", y.mail.from, y.words())
		}}},
		[]way{
			{"a part of it", func(y *try) { y.mail.body = strings.ReplaceAll(y.words(), "-ANTI-", "-") + "\r\n" }},
			{"in a field that nobody reads", func(y *try) {
				y.mail.header = fmt.Sprintf("From: <%s>\r\nSubject: Hello\r\nX-Test: %s\r\n", y.mail.from, y.words())
			}},
		},
	},

	"unauthenticated": {
		[]way{{"a false signature", func(y *try) { y.mail.from, y.mail.signed = "jb@nospf.example", true }}},
		[]way{
			{"by its address", func(*try) {}},
			{"by its signature", func(y *try) { y.mail.from, y.mail.sealed = "jb@nospf.example", true }},
		},
	},
	"unaligned": {
		[]way{{"another author", func(y *try) { y.mail.headerFrom = "jb@nospf.example" }}},
		[]way{
			{"by its signature", func(y *try) {
				y.mail.from, y.mail.headerFrom, y.mail.sealed = "jb@nospf.example", "jb@shop.example", true
				y.zone(`_dmarc.shop.example. TXT "v=DMARC1; p=none"`)
			}},
			{"by its address", func(y *try) { y.zone(`_dmarc.shop.example. TXT "v=DMARC1; p=none"`) }},
		},
	},
	"dkim none": {
		[]way{{"a false one", func(y *try) { y.mail.signed = true }}},
		[]way{
			{"a good one", func(y *try) { y.mail.sealed = true }},
			{"two good ones", func(y *try) { y.mail.sealed, y.mail.twice = true, true }},
		},
	},
	"dkim fail": {[]way{{"the key is not there", func(y *try) {
		key, err := y.signer.Zone()
		if err != nil {
			y.t.Fatal(err)
		}
		y.mail.sealed = true
		y.inet.RemoveRecords("txt " + strings.Fields(key)[0])
	}}}, []way{
		{"a good one", func(y *try) { y.mail.sealed = true }},
		{"none", func(*try) {}},
	}},
	"dmarc": {
		[]way{{"a domain beneath", func(y *try) { y.mail.headerFrom = "jb@news.dmarc-reject.example" }}},
		[]way{
			{"another policy", func(y *try) {
				y.zone(`_dmarc.nospf.example. TXT "v=DMARC1; p=none"`)
				y.mail.headerFrom = "jb@nospf.example"
			}},
			{"aligned", func(y *try) {
				y.zone("dmarc-reject.example. TXT \"v=spf1 mx -all\"")
				y.mail.from = "jb@dmarc-reject.example"
			}},
		},
	},

	"login missing":   {[]way{{"another sender", func(y *try) { y.mail.user, y.mail.from = "", "carol@"+y.domain }}}, loggedIn},
	"login clear":     {[]way{{"by LOGIN", func(y *try) { y.mail.tls, y.mail.login = false, true }}}, []way{{"TLS", func(y *try) { y.mail.tls = true }}}},
	"login wrong":     {[]way{{"nobody", func(y *try) { y.p.Account("carol@"+y.domain, "code") }}}, loggedIn},
	"login off":       {[]way{{"beside one that may", func(y *try) { y.p.Account("carol@"+y.domain, "code"); y.p.Account(y.mail.user, "") }}}, append([]way{{"a wrong code", func(y *try) { y.p.Account(y.mail.user, "another") }}}, loggedIn...)},
	"login malformed": {[]way{{"too few parts", func(y *try) { y.mail.credentials = "YWxpY2U=" }}}, loggedIn},

	"syntax":   {[]way{{"a bracket is missing", func(y *try) { y.mail.breakSyntax, y.mail.path = y.stage, "<jb@shop.example" }}}, wellFormed},
	"sequence": {[]way{{"after RSET", func(y *try) { y.mail.breakSequence, y.mail.reset = y.stage, true }}}, wellFormed},
	"unknown-command": {
		[]way{{"of three letters", func(y *try) { y.mail.extra = []string{"FOO bar"} }}},
		[]way{
			{"NOOP", func(y *try) { y.mail.extra = []string{"NOOP"} }},
			{"RSET", func(y *try) { y.mail.extra = []string{"RSET"} }},
		},
	},
}

// some returns n recipients.
func (y *try) some(n int) []string {
	to := make([]string, n)
	for i := range to {
		to[i] = fmt.Sprintf("bob%d@%s", i, y.domain)
	}
	return to
}

// words are what a policy looks for in a message.
func (y *try) words() string {
	i := slices.IndexFunc(y.pol.when, func(c test) bool { return c.name == "content" })
	return y.pol.when[i].args[0]
}

// waysTo returns the ways for one condition of a policy. Those about the form of a message are in
// testdata/forms.txt.
func waysTo(c test) (ways, bool) {
	switch c.name {
	case "lint", "from":
		return ways{misses: wellFormed}, true
	case "spf":
		return waysOfSPF(c.args), true
	}
	w, ok := waysOf[strings.Join(append([]string{c.name}, c.args...)[:min(2, 1+len(c.args))], " ")]
	if !ok {
		w, ok = waysOf[c.name]
	}
	return w, ok
}

// waysOfSPF returns a way for each result of SPF.
func waysOfSPF(args []string) ways {
	var w ways
	for _, r := range []struct{ result, record string }{
		{"fail", "ip4:192.0.2.250 -all"}, {"softfail", "~all"}, {"none", ""}, {"neutral", "?all"}, {"permerror", "bogus:"},
		{"pass", "+all"}, {"pass", "ip4:0.0.0.0/0 -all"},
	} {
		way := way{r.result + " " + r.record, func(y *try) { y.spf(r.record) }}
		if slices.Contains(args, r.result) {
			w.hits = append(w.hits, way)
		} else {
			w.misses = append(w.misses, way)
		}
	}
	return w
}

// attempt makes the attempt, and returns the replies to the mail that counts.
func (y *try) attempt() map[string][]string {
	host, port := y.service.hosts[0], y.service.ports[0]
	if port == 465 && len(y.service.ports) > 1 {
		port = y.service.ports[1]
	}
	if y.limit > 0 {
		y.p.Limit(y.limit, time.Hour, y.pol.name)
	}
	var c *conversation
	mails := append(slices.Clone(y.before), y.mail)
	for i, m := range mails {
		if i == len(mails)-1 {
			time.Sleep(y.pause)
		}
		again := c != nil && y.kept
		if again {
			c.replies = make(map[string][]string)
		} else {
			var ok bool
			if c, ok = y.connect(y.t, m, host, port); !ok {
				continue
			}
		}
		if i == len(mails)-1 || y.stage != "connect" {
			y.deliver(y.t, c, m, host, again)
		}
		if y.leaves && i < len(mails)-1 {
			c.say(y.t, "quit", "QUIT")
			c.conn.Close()
			synctest.Wait()
		}
	}
	return c.replies
}

// eachWay calls f for each way to meet or to miss a condition of a policy of a provider.
func eachWay(t *testing.T, f func(t *testing.T, y *try, hit bool)) {
	for _, d := range builtin() {
		for _, pol := range d.policies {
			for i, c := range pol.when {
				all, ok := waysTo(c)
				if !ok {
					t.Errorf("%s: nobody knows how to be refused because of %s %q", pol.name, c.name, c.args)
				}
				if len(all.hits) == 0 && c.name != "lint" && c.name != "from" {
					t.Errorf("%s: no other way to be refused because of %s %q", pol.name, c.name, c.args)
				}
				if len(all.misses) < 2 && c.name != "always" && c.name+c.args[0] != "loginclear" {
					t.Errorf("%s: %d ways to be not refused because of %s %q, want 2", pol.name, len(all.misses), c.name, c.args)
				}
				for j, w := range slices.Concat(all.hits, all.misses) {
					stage := stageName(pol.at[len(pol.at)-1])
					hit := j < len(all.hits)
					t.Run(fmt.Sprintf("%s/%s/%s/%v %s", d.name, pol.name, c.name, hit, w.name), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							y := &try{t: t, world: newWorld(t, d.name), pol: pol, stage: stage, limit: 1}
							y.service, y.domain = d.services[slices.IndexFunc(d.services, pol.serves)], y.world.p.Domains[0]
							y.p.Only(pol.name)
							others := *pol
							others.when = slices.Delete(slices.Clone(pol.when), i, i+1)
							y.mail = y.provoke(t, &others, y.service, stage)
							y.kept = c.name == "messages"
							if !c.counts {
								y.limit = 0
							}
							w.set(y)
							f(t, y, hit)
						})
					})
				}
			}
		}
	}
}

// TestPoliciesNarrowly: each condition of each policy decides, and nothing that only looks like it.
func TestPoliciesNarrowly(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, y *try, hit bool) {
		replies := y.attempt()
		pattern := y.pattern(y.service, y.pol.reply)
		refused := false
		for _, r := range slices.Concat(replies[y.stage], replies["connect"]) {
			if y.pol.charset != nil && !utf8.ValidString(r) {
				r = fromGBK(t, r)
			}
			refused = refused || pattern.MatchString(r)
		}
		if refused != hit {
			t.Errorf("refused with %q: %v, want %v; the replies were %q", y.pol.reply, refused, hit, replies)
		}
		if !hit && len(replies[y.stage]) == 0 {
			t.Errorf("the dialogue did not come to %s: %q", y.stage, replies)
		}
	})
}
