package provider

// Every policy of every provider is provoked, alone, and has to answer at its stage with its own
// words; and these have to be those that were observed.

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// provoke makes a mail that draws the refusal of a policy at a stage, and the world around it so.
func (w *world) provoke(t *testing.T, pol *policy, s *service, stage string) *mail {
	t.Helper()
	domain := w.p.Domains[0]
	m := &mail{
		client: w.sender.DialContext, network: "tcp4", helo: "EHLO mail.shop.example",
		from: "jb@shop.example", to: []string{"bob@" + domain},
	}
	submission := strings.HasPrefix(s.name, "submission")
	if submission {
		m.user, m.code, m.from = "alice@"+domain, "code", "alice@"+domain
		m.tls = s.offers("STARTTLS")
		m.login = !slices.Contains(s.mechanisms(), "PLAIN")
	}
	for _, c := range pol.when {
		arg := ""
		if len(c.args) > 0 {
			arg = c.args[0]
		}
		switch c.name + " " + arg {
		case "always ":
		case "blocked client":
			w.p.Block(w.sender.Addrs()[0])
		case "blocked sender":
			w.p.Block("shop.example")
		case "client ipv6":
			w.inet.Host(s.hosts[0], "::")
			m.network = "tcp6"
		case "client plain":
			m.tls = false
			if stage == "mail" {
				m.user = ""
			}
		case "dnsbl zen.spamhaus.org":
			ip := strings.Split(w.sender.Addrs()[0], ".")
			slices.Reverse(ip)
			if err := w.inet.AddZone(strings.Join(ip, ".") + ".zen.spamhaus.org. A 127.0.0.2"); err != nil {
				t.Fatal(err)
			}
		case "ptr ":
			if m.network == "tcp6" {
				w.inet.RemoveRecords("ptr " + reverse(t, w.sender.Addrs()[1]))
			} else {
				m.client = w.inet.DialContext
			}
		case "helo empty":
			m.helo = "EHLO"
		case "helo invalid":
			m.helo = "EHLO mail_(shop).example"
		case "helo unqualified":
			m.helo = "EHLO localhost"
		case "helo unknown":
			m.helo = "EHLO nowhere.example"
		case "concurrent ", "messages ", "rate client", "rate connection", "rate sender", "rate domain", "rate recipient":
		case "commands ":
			m.extra = []string{"XYZZY", "XYZZY"}
		case "recipients message", "recipients connection":
			m.to = append(m.to, "carol@"+domain)
		case "new 2m", "new 5m":
		case "sender null":
			m.from = "<>"
		case "sender local":
			m.from = "alice@" + domain
		case "sender foreign":
			m.from = "jb@shop.example"
		case "sender unresolvable":
			m.from = "jb@nowhere.example"
		case "sender not-user":
			m.from = "carol@" + domain
		case "sender not-from":
			m.headerFrom = "someone@else.example"
		case "recipient foreign":
			m.to = []string{"bob@elsewhere.example"} // whose MX record names the wrong host
			if err := w.inet.AddZone("elsewhere.example. MX 10 " + s.hosts[0] + "."); err != nil {
				t.Fatal(err)
			}
		case "domains ":
			m.to = append(m.to, "bob@"+w.p.Domains[1])
		case "mailbox unknown":
			w.p.Mailbox("carol@"+domain, Good)
		case "mailbox full":
			w.p.Mailbox(m.to[0], Full)
		case "mailbox disabled":
			w.p.Mailbox(m.to[0], Disabled)
		case "size ":
			w.p.MaxSize(100)
			if stage == "mail" {
				m.params = " SIZE=1000"
			}
		case "lint from-missing", "lint error":
			m.header = "To: <bob@qq.com>\r\nDate: " + time.Now().Format(time.RFC1123Z) + "\r\n"
		case "lint field-twice":
			m.header = "From: <jb@shop.example>\r\nSubject: one\r\nSubject: two\r\n"
		case "lint header-missing":
			m.header = "hello\r\n"
		case "lint message-id-missing":
			m.header = "From: <jb@shop.example>\r\n"
		case "lint attachment-type":
			m.header = "From: <jb@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n" +
				"Content-Disposition: attachment; filename=setup.exe\r\n"
		case "from missing":
			m.header = "To: <bob@qq.com>\r\nDate: " + time.Now().Format(time.RFC1123Z) + "\r\n"
		case "from several":
			m.header = "From: <jb@shop.example>, <carol@shop.example>\r\nSender: <jb@shop.example>\r\n"
		case "spf fail":
			m.from = "jb@spf-fail.example"
			if pol.when[0].name == "sender" {
				m.from = "alice@" + domain // forged
			}
		case "spf none", "unauthenticated ", "unaligned ":
			m.from = "jb@nospf.example"
		case "dkim fail":
			m.signed = true
		case "dkim none":
		case "dmarc reject":
			m.headerFrom = "jb@dmarc-reject.example"
		case "login missing":
			if submission {
				m.user = ""
			}
		case "login clear":
			m.tls = false
		case "login wrong":
			w.p.Account(m.user, "another code")
		case "login off":
			w.p.Account(m.user, "")
		case "login malformed":
			m.credentials = "!!!"
		case "syntax ":
			m.breakSyntax = stage
		case "sequence ":
			m.breakSequence = stage
		case "unknown-command ":
			m.extra = []string{"XYZZY"}
		default:
			if c.name != "content" {
				t.Fatalf("the test does not know how to provoke %s %q", c.name, c.args)
			}
			m.body = strings.Join(c.args, " ") + "\r\n"
		}
	}
	return m
}

// refused provokes a policy and returns the reply, which is what comes at the stage once all before
// it went well.
func (w *world) refused(t *testing.T, pol *policy, s *service, stage string) string {
	t.Helper()
	w.p.Only(pol.name)
	m := w.provoke(t, pol, s, stage)
	host, port := s.hosts[0], s.ports[0]
	if port == 465 && len(s.ports) > 1 {
		port = s.ports[1] // where the client begins without TLS
	}
	counts := slices.ContainsFunc(pol.when, func(c test) bool { return c.counts })
	if counts {
		w.p.Limit(1, time.Hour, pol.name)
	}
	var before *conversation
	kind := pol.when[len(pol.when)-1].name
	if counts && (kind == "concurrent" || kind == "messages" || kind == "rate") {
		c, ok := w.connect(t, m, host, port)
		if ok && stage != "connect" {
			w.deliver(t, c, m, host, false)
		}
		for name, replies := range c.replies {
			if code := replies[len(replies)-1][0]; code != '2' && code != '3' {
				t.Fatalf("the first time, within the limit, %s was answered by %q", name, replies)
			}
		}
		if kind == "rate" {
			c.conn.Close()
		}
		before = c
	}
	c, ok := before, true
	if kind != "messages" {
		c, ok = w.connect(t, m, host, port)
	}
	if ok {
		w.deliver(t, c, m, host, kind == "messages")
	}
	for name, replies := range c.replies {
		for i, reply := range replies {
			last := name == stage && i == len(replies)-1
			if positive := reply[0] == '2' || reply[0] == '3'; positive == last && name != "command" {
				t.Errorf("at %s the reply is %q; want a refusal at %s only", name, reply, stage)
			}
		}
	}
	replies := c.replies[stage]
	if len(replies) == 0 {
		t.Fatalf("the dialogue did not come to %s: %q", stage, c.replies)
	}
	if got := c.ended(t); got != pol.closes {
		t.Errorf("the server ends the connection after %q: %v, want %v", replies, got, pol.closes)
	}
	return replies[len(replies)-1]
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	live := make(map[string][]string) // replies by the name of the provider
	t.Run("all", func(t *testing.T) {
		for _, d := range builtin() {
			for _, pol := range d.policies {
				for _, stage := range pol.at {
					name := stageName(stage)
					t.Run(d.name+"/"+pol.name+"/"+name, func(t *testing.T) {
						t.Parallel()
						w := newWorld(t, d.name)
						s := d.services[slices.IndexFunc(d.services, pol.serves)]
						got := w.refused(t, pol, s, name)
						if pol.charset != nil {
							got = fromGBK(t, got)
						}
						if pattern := w.pattern(s, pol.reply); !pattern.MatchString(got) {
							t.Errorf("reply = %q, want %q", got, pol.reply)
						}
						mu.Lock()
						defer mu.Unlock()
						live[d.name] = append(live[d.name], got)
					})
				}
			}
		}
	})
	t.Run("observed", func(t *testing.T) { checkObserved(t, live) })
}

// observation is a provider as testdata/observed.json has it.
type observation struct {
	Provider string
	Replies  []struct {
		When     string
		Code     int
		Enhanced string
		Text     string
	}
}

// differ are the observations that are not the wording of one reply, each with what was made of it.
var differ = map[string]string{
	"is a deactivated mailbox":        "a piece of a reply: an address stands before it",
	"451 HL:MEP; 554 HL:ICC":          "a list of codes",
	"421 RP-00n (rate)":               "a list of codes",
	"[TS01] [TS02] [TS03]":            "a list of tags",
	"Recipient address has a null MX": "what a sender says to its own user; the receiver has no host that could",
	"The email account that you tried to reach is over quota. Please direct": "the collection has left out the token before \"- gsmtp\"",
	"Your message exceeded Google's message size limits.":                    "several versions; and the token is left out",
	"Authentication Required. (5.5.1 in older)":                              "with a remark; and the token is left out",
	"Username and Password not accepted. (5.7.1 in older)":                   "with a remark",
	"The recipient has exceeded their limit":                                 "with an elided code",
	"... USER_NOTFOUND_ERR":                                                  "the beginning is not known",
	"Suspected bounce attacks [...]":                                         "the token is elided",
	"Unfortunately, messages from":                                           "the name of the machine is elided",
	"Service unavailable, MailFrom domain":                                   "the name of the machine is elided",
	"PFA agent busy":                                                         "the name of the machine is elided",
	"Access denied, sending domain NYAAAAN":                                  "the end is elided",
	"[HCM1] Your mail from x.y.z.a":                                          "the address is elided",
	"cannot decode AUTH parameter":                                           "the server does not repeat credentials",
}

// specimens are the parts of observed texts that differ from one reply to the next, and what they
// stand for.
var specimens = regexp.MustCompile(strings.Join([]string{
	`\{ip\}`, `\{addr\}`, `\{token\}`, `<id>`, `x\.xx\.xx\.xx`, `mail4?\.example\.com`, `relay3\.example\.com`, `example\.org`, `DF\.EXAMPLE\.JP`,
	`example\.yahoo\.com`, `\b[0-9a-z]{5,}(-[0-9a-z]+)?si[0-9]+[a-z]+[0-9]*\.[0-9]+`, `p22nn000202cat\.22`,
	`[A-Za-z0-9+_]{22}--\.[0-9]+S2`, `\b1[0-9]{9}\b`, `20[0-9-]{8} ?T[0-9:.]+Z`, `\b[0-9A-F]{16}\b`, `GLXTWVLGZHZNHVXY`, `aGVsbG8uCg==`,
	`delist@microsoft\.com`,
}, "|"))

// checkObserved compares what was observed in the world with what our providers have just said.
func checkObserved(t *testing.T, live map[string][]string) {
	text, err := os.ReadFile("testdata/observed.json")
	if err != nil {
		t.Fatal(err)
	}
	var observed []observation
	if err := json.Unmarshal(text, &observed); err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, o := range observed {
		name, _, _ := strings.Cut(o.Provider, " ")
		replies := live[name]
		if name == "163.com" {
			replies = append(replies, live["qiye.163.com"]...)
		}
	next:
		for _, r := range o.Replies {
			for piece := range differ {
				if strings.HasPrefix(r.Text, piece) {
					used[piece] = true
					continue next
				}
			}
			text := r.Text
			if !strings.HasPrefix(text, strconv.Itoa(r.Code)) {
				if r.Enhanced != "" {
					text = r.Enhanced + " " + text
				}
				text = fmt.Sprintf("%d %s", r.Code, text)
			}
			pattern := "^"
			last := 0
			for _, at := range specimens.FindAllStringIndex(text, -1) {
				pattern += regexp.QuoteMeta(text[last:at[0]]) + `[^ ]+`
				last = at[1]
			}
			// What NetEase documents are beginnings, which the captured replies go on from as in tail.
			const tail = `( 163 [^ ]+ [0-9]+,please see [^ ]+)?$`
			re := regexp.MustCompile(pattern + regexp.QuoteMeta(text[last:]) + tail)
			if !slices.ContainsFunc(replies, re.MatchString) {
				t.Errorf("%s, %s: nobody says %q", o.Provider, r.When, text)
			}
		}
	}
	for piece := range differ {
		if !used[piece] {
			t.Errorf("no observation begins with %q any more", piece)
		}
	}
}

// reverse is the name of the PTR record of an address.
func reverse(t *testing.T, addr string) string {
	t.Helper()
	name, err := dns.ReverseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	return name
}
