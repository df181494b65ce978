package provider

// Every service says its own words from the greeting to the farewell, and they are those that were
// observed.

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestServices(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	live := make(map[string][]string) // replies by the name of the provider
	t.Run("all", func(t *testing.T) {
		for _, d := range builtin() {
			for _, s := range d.services {
				for _, host := range s.hosts {
					for _, port := range s.ports {
						t.Run(fmt.Sprintf("%s/%s:%d", d.name, host, port), func(t *testing.T) {
							t.Parallel()
							w := newWorld(t, d.name)
							w.p.Off()
							said := w.converse(t, s, host, port)
							mu.Lock()
							defer mu.Unlock()
							live[d.name] = append(live[d.name], said...)
						})
					}
				}
			}
		}
	})
	t.Run("observed", func(t *testing.T) { checkObservedServices(t, live) })
}

// converse has a whole dialogue with a service, compares each reply with its words, and returns all
// of them.
func (w *world) converse(t *testing.T, s *service, host string, port int) []string {
	m := &mail{client: w.sender.DialContext, network: "tcp4"}
	c, _ := w.connect(t, m, host, port)
	domain := w.p.Domains[0]
	encode := base64.StdEncoding.EncodeToString
	want := func(key, command string) {
		t.Helper()
		if command != "" {
			c.say(t, key, command)
		} else if key != "greeting" {
			c.read(t, key)
		}
		at := key
		if key == "greeting" {
			at = "connect"
		}
		got := c.replies[at][len(c.replies[at])-1]
		text := s.words[key]
		_, encrypted := c.conn.(*tls.Conn)
		switch {
		case key == "ehlo" && encrypted && s.words["ehlo-tls"] != "":
			text = s.words["ehlo-tls"]
		case key == "ehlo" && encrypted:
			text = without(text, "STARTTLS")
		}
		if text == "" {
			if got[0] != '2' && got[0] != '3' {
				t.Errorf("%s is answered by %q", command, got)
			}
			if !strings.Contains(s.words["ehlo"], "ENHANCED") && regexp.MustCompile(`^\d{3} \d\.\d\.\d`).MatchString(got) {
				t.Errorf("%s is answered by %q, and this server has no enhanced codes", command, got)
			}
			return
		}
		if pattern := w.pattern(s, text); !pattern.MatchString(got) {
			t.Errorf("%s: reply to %q = %q, want %q", key, command, got, text)
		}
	}
	want("greeting", "")
	want("helo", "HELO mail.shop.example")
	want("ehlo", "EHLO mail.shop.example")
	if s.offers("STARTTLS") && port != 465 {
		want("starttls", "STARTTLS")
		cfg := w.clientTLS()
		cfg.ServerName = host
		c.conn = tls.Client(c.conn, cfg)
		c.r.Reset(c.conn)
		want("ehlo", "EHLO mail.shop.example")
	}
	if slices.Contains(s.mechanisms(), "LOGIN") {
		want("prompt-user", "AUTH LOGIN")
		want("prompt-password", encode([]byte("alice@"+domain)))
		want("auth", encode([]byte("code")))
	}
	want("noop", "NOOP")
	want("mail", "MAIL FROM:<alice@shop.example>")
	want("rset", "RSET")
	want("mail", "MAIL FROM:<alice@shop.example>")
	want("rcpt", "RCPT TO:<bob@"+domain+">")
	want("data", "DATA")
	want("dot", "Subject: Hello\r\n\r\nHello\r\n.")
	want("quit", "QUIT")
	var said []string
	for _, replies := range c.replies {
		said = append(said, replies...)
	}
	return said
}

// unlike are the observations of services that are not what our providers say, each with the reason.
var unlike = map[string]string{
	"older": "of years ago", "mx_2014": "of years ago", "mx_2015": "of years ago", "mx_2019": "of years ago", "mx_older": "of years ago",
	"submission_older": "of years ago", "mx_variant": "one of two", "AUTH ok (variant)": "one of two",
	"submission_caps_seen": "keywords, not lines", "refusal": "a refusal, among the policies", "source": "no reply",
}

// checkObservedServices compares what was observed in the world with what our services have just said.
func checkObservedServices(t *testing.T, live map[string][]string) {
	text, err := os.ReadFile("testdata/observed.json")
	if err != nil {
		t.Fatal(err)
	}
	var observed []struct {
		Provider                string
		Greeting, Ehlo, Success any
	}
	if err := json.Unmarshal(text, &observed); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, o := range observed {
		name, _, _ := strings.Cut(o.Provider, " ")
		compare := func(path, text string) {
			text, _, _ = strings.Cut(text, " (app comment") // remarks behind texts
			text, _, _ = strings.Cut(text, " (seen only")
			text = strings.TrimSuffix(text, "queued ...")
			pattern, last := "^", 0
			for _, at := range serviceSpecimens.FindAllStringIndex(text, -1) {
				words := strings.Count(text[at[0]:at[1]], " ")
				pattern += regexp.QuoteMeta(text[last:at[0]]) + fmt.Sprintf(`[^ \n]+( [^ \n]+){%d}`, words)
				last = at[1]
			}
			pattern += regexp.QuoteMeta(text[last:])
			if !strings.HasSuffix(text, "Ok: ") {
				pattern += "$"
			}
			if !slices.ContainsFunc(live[name], regexp.MustCompile(pattern).MatchString) {
				t.Errorf("%s, %s: nobody says %q", o.Provider, path, text)
			}
			compared++
		}
		var walk func(path, key string, v any)
		walk = func(path, key string, v any) {
			if unlike[key] != "" {
				return
			}
			switch v := v.(type) {
			case string:
				compare(path, v)
			case map[string]any:
				for key, sub := range v {
					walk(path+"."+key, key, sub)
				}
			case []any:
				lines := make([]string, len(v))
				for i, line := range v {
					lines[i] = line.(string)
				}
				if strings.HasSuffix(path, "prompts") {
					for _, line := range lines {
						compare(path, line)
					}
					return
				}
				compare(path, strings.Join(lines, "\n"))
			}
		}
		walk("greeting", "", o.Greeting)
		walk("ehlo", "", o.Ehlo)
		walk("success", "", o.Success)
	}
	if compared < 60 {
		t.Errorf("%d texts were compared, want 60 or more", compared)
	}
}

// serviceSpecimens are the parts of observed texts that differ from one reply to the next.
var serviceSpecimens = regexp.MustCompile(strings.Join([]string{
	`\{ip\}`, `\{addr\}`, `<token>`, `<id>`, `\{token\} 1[0-9]{9}`, `[A-Za-z0-9+_]{22}--\.[0-9]+S2 1[0-9]{9}`, `\b1[0-9]{9}\b`,
	`[0-9a-f]{13}-[0-9a-f]{11}s[im][0-9]+[ab]3?a?\.[0-9]+`, `Sun, 22 Jun 2025 05:58:00 \+0000`, `08DDB07650EC6878`, `3x3fd25ZGgzHr0hc`,
}, "|"))
