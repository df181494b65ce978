package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestDialogs plays the files of testdata/dialogs, each in its own virtual time.
// A file has
//
//	# comments: the situation, with its number in the list of the package comment
//	from: alice@example.org                  the default; "<>" is the null sender
//	to: a@qq.com, b@qq.com                   the default is bob@qq.com
//	mx: 10 mx1.qq.com, 20 mx2.qq.com         of every domain; the default is 10 mx1.qq.com
//	host mx1.qq.com: 203.0.113.1             the default for mx1, and likewise for mx2
//	message: "Subject: Hi\r\n\r\nHello\r\n"  the default, as a Go string
//	repeat: 1000                             the message so many times over
//	cancel: 5s                               when the context ends
//	trust: mx1.qq.com                        its certificate is a root
//	-- 203.0.113.1 --                        a script of package dialogue for each connection
//	-- 203.0.113.2 refused --                no connection; also: silent. tls=1.0 is an old server
//	-- want --                               the results, and how long it took
func TestDialogs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/dialogs/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d dialogs and %v, want some", len(files), err)
	}
	certificate() // once, outside of all bubbles
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { playDialog(t, string(text)) })
		})
	}
}

func playDialog(t *testing.T, text string) {
	var (
		from    = "alice@example.org"
		to      = []string{"bob@qq.com"}
		message = "Subject: Hi\r\n\r\nHello\r\n"
		records = mxs("10 mx1.qq.com")
		z       = &zone{
			mx:    map[string][]*net.MX{},
			addrs: map[string][]string{"mx1.qq.com": {"203.0.113.1"}, "mx2.qq.com": {"203.0.113.2"}},
		}
		n    = &network{t: t, scripts: map[string][]*script{}}
		ctx  = t.Context()
		s    = &Sender{Resolver: z, DialContext: n.DialContext, Hostname: "client.example"}
		want []string
	)
	section := ""
	var all []*script
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		if name, ok := strings.CutPrefix(line, "-- "); ok {
			section = strings.TrimSuffix(name, " --")
			if section != "want" {
				addr, how, _ := strings.Cut(section, " ")
				all = append(all, &script{line: i + 1, addr: net.JoinHostPort(addr, "25"), how: how})
			}
			continue
		}
		switch section {
		case "":
			key, value, _ := strings.Cut(line, ": ")
			switch key {
			case "from":
				from = strings.Trim(value, "<>")
			case "to":
				to = strings.Split(value, ", ")
			case "mx":
				records = mxs(strings.Split(value, ", ")...)
			case "message":
				var err error
				if message, err = strconv.Unquote(value); err != nil {
					t.Fatalf("line %d: %v", i+1, err)
				}
			case "repeat":
				n, err := strconv.Atoi(value)
				if err != nil {
					t.Fatalf("line %d: %v", i+1, err)
				}
				message = strings.Repeat(message, n)
			case "cancel":
				d, err := time.ParseDuration(value)
				if err != nil {
					t.Fatalf("line %d: %v", i+1, err)
				}
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, d)
				defer cancel()
			case "trust":
				roots := x509.NewCertPool()
				roots.AddCert(certificate().Leaf)
				s.TLSConfig = &tls.Config{RootCAs: roots}
			default:
				name, ok := strings.CutPrefix(key, "host ")
				if !ok {
					t.Fatalf("line %d: unknown setting %q", i+1, line)
				}
				z.addrs[name] = strings.Split(value, ", ")
			}
		case "want":
			want = append(want, line)
		default:
			all[len(all)-1].text += line + "\n"
		}
	}
	for _, sc := range all {
		n.scripts[sc.addr] = append(n.scripts[sc.addr], sc)
	}
	for _, address := range to {
		_, domain, _ := strings.Cut(address, "@")
		z.mx[domain] = records
	}

	start := time.Now()
	results, err := s.Send(ctx, from, to, []byte(message))
	elapsed := time.Since(start).Round(time.Second)
	n.servers.Wait()
	var got []string
	delivered := true
	for _, r := range results {
		got = append(got, describe(r))
		delivered = delivered && r.Status == Delivered
	}
	if elapsed > 0 {
		got = append(got, "elapsed "+elapsed.String())
	}
	if got, want := strings.Join(got, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("results:\n%s\nwant:\n%s", got, want)
	}
	if (err == nil) != delivered {
		t.Errorf("error = %v, want one exactly if a recipient has not got the message", err)
	}
	for _, sc := range all {
		if !sc.used {
			t.Errorf("line %d: no connection to %s", sc.line, sc.addr)
		}
	}
}

// describe is a Result as a line: recipient, status, stage, codes, host, address, TLS, text.
func describe(r Result) string {
	line := fmt.Sprintf("%s %s %s %d %s %s", r.To, r.Status, r.Stage, r.Code, r.Enhanced, cmp.Or(r.Host, "-"))
	if r.Addr != "" {
		line += " " + r.Addr
	}
	if r.TLS != "" {
		line += " " + r.TLS
	}
	if r.Verified {
		line += " verified"
	}
	text := strings.ReplaceAll(r.Text, "\n", " / ")
	if r.Code == 0 { // the rest is not ours
		text, _, _ = strings.Cut(text, ": ")
	}
	return line + ": " + text
}
