package provider

// A real sender delivers to every provider, and is told no by each policy where, and as, the
// provider says it.

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/examples/outbound"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// send sends a mail as a real sender does.
func (w *world) send(t *testing.T, m *mail) []outbound.Result {
	t.Helper()
	s := outbound.Sender{
		Resolver: w.inet.Resolver(), DialContext: m.client, Hostname: strings.TrimPrefix(m.helo, "EHLO "),
		TLSConfig: w.clientTLS(), Shuffle: func(int, func(i, j int)) {},
	}
	results, err := s.Send(t.Context(), strings.Trim(m.from, "<>"), m.to, m.message(w))
	if len(results) == 0 {
		t.Fatal(err)
	}
	return results
}

// TestGoodMailbox: a sender who does everything right gets through to every provider with all its policies.
func TestGoodMailbox(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		for i := range domainsOf(name) {
			t.Run(domainsOf(name)[i], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, name)
					domain := w.p.Domains[i]
					to := "bob@" + domain
					w.p.Mailbox(to, Good)
					m := &mail{client: w.sender.DialContext, helo: "EHLO mail.shop.example", from: "jb@shop.example", to: []string{to}}
					got := w.send(t, m)[0]
					if len(w.p.MX) == 0 {
						if got.Status != outbound.Permanent || got.Enhanced != "5.1.10" {
							t.Errorf("to a null MX: %s %s, want permanent 5.1.10", got.Status, got.Enhanced)
						}
						return
					}
					for _, pol := range w.p.def.policies {
						if on, _ := w.p.isOn(pol); on && pol.answersTo("new") && pol.on == "mx" {
							if got.Status != outbound.Temporary {
								t.Errorf("the first attempt: %s, want temporary", got.Status)
							}
							time.Sleep(6 * time.Minute)
							got = w.send(t, m)[0]
						}
					}
					if got.Status != outbound.Delivered {
						t.Fatalf("result = %+v, want delivered", got)
					}
					arrived := w.inet.Messages()
					if len(arrived) != 1 || arrived[0].Envelope.To[0].Address != to || arrived[0].Text != "Hello Bob\n" {
						t.Errorf("arrived: %d messages, want the one", len(arrived))
					}
				})
			})
		}
	}
}

// domainsOf returns the domains of a provider, as newWorld makes it.
func domainsOf(name string) []string {
	if customers := customersOf(name); customers != nil {
		return customers
	}
	var domains []string
	for _, dom := range builtin()[name].domains {
		if dom.names[0] != "*" {
			domains = append(domains, dom.names...)
		}
	}
	return domains
}

// TestSenderIsRefused: each policy of MX hosts refuses a real sender, as far as one can do what it refuses.
func TestSenderIsRefused(t *testing.T) {
	t.Parallel()
	correct := []string{"syntax", "sequence", "unknown-command", "commands"} // a correct sender never does that
	others := []string{"messages", "concurrent", "recipients", "domains", "helo", "client"}
	stages := map[string]outbound.Stage{
		"connect": outbound.Greeting, "helo": outbound.Hello, "mail": outbound.Mail, "rcpt": outbound.Rcpt, "dot": outbound.Dot,
	}
	tested := 0
	for _, d := range builtin() {
		for _, pol := range d.policies {
			skip := func(c test) bool { return slices.Contains(correct, c.name) || slices.Contains(others, c.name) }
			i := slices.IndexFunc(d.services, pol.serves)
			if d.services[i].name != "mx" || slices.ContainsFunc(pol.when, skip) {
				continue
			}
			stage := stageName(pol.at[0])
			tested++
			t.Run(d.name+"/"+pol.name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, d.name)
				w.p.Only(pol.name)
				m := w.provoke(t, pol, d.services[i], stage)
				if slices.ContainsFunc(pol.when, func(c test) bool { return c.counts }) {
					w.p.Limit(1, time.Hour, pol.name)
					if got := w.send(t, m)[0]; got.Status != outbound.Delivered {
						t.Fatalf("the first: %+v, want delivered", got)
					}
				}
				got := w.send(t, m)[0]
				code, _ := strconv.Atoi(pol.reply[:3])
				status := outbound.Permanent
				if code < 500 || code == 552 && stage == "rcpt" { // RFC 5321 §4.5.3.1.10 about 552 of old servers
					status = outbound.Temporary
				}
				if got.Status != status || got.Stage != stages[stage] || got.Code != code {
					t.Errorf("result = %+v, want %s at %s with %d", got, status, stage, code)
				}
				refused := func(turn mailtest.Turn) bool { return turn.Code() >= 400 }
				sessions := slices.DeleteFunc(w.inet.Sessions(), func(s *mailtest.Session) bool { return !slices.ContainsFunc(s.Turns, refused) })
				if len(sessions) == 0 {
					t.Fatal("nothing was refused")
				}
				turns := sessions[0].Turns
				j := slices.IndexFunc(turns, refused)
				reply := strings.ReplaceAll(strings.TrimSuffix(turns[j].Reply, "\r\n"), "\r\n", "\n")
				if pol.charset != nil {
					reply = fromGBK(t, reply)
				}
				if !w.pattern(d.services[i], pol.reply).MatchString(reply) {
					t.Errorf("reply = %q, want %q", reply, pol.reply)
				}
			})
		}
	}
	if tested < 150 {
		t.Errorf("%d policies were tested, want 150 or more", tested)
	}
}
