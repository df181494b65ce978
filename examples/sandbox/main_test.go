package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFlags has all that can be wrong with flags: one line, and exit code 2.
func TestFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ended, end := context.WithCancel(t.Context())
	end() // so that a sandbox that finds nothing wrong does not stay
	zone := file("bad.zone", "qq.com. MX 10 mx1.qq.com.\nqq.com. MX ten mx2.qq.com.\n")
	rules := file("rules.txt", "# rules\nAt: Rcpt, Reply: \"451 4.7.1 Later\"\nAt: Rcpt, Rply: \"451\"\n")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-nonsense"}, "flag provided but not defined: -nonsense"},
		{[]string{"word"}, `"word" is not a flag`},
		{[]string{"-run"}, "a command must follow"},
		{[]string{"-socks", "127.0.0.1:0", "-run", "true"}, "-run goes without -dns, -socks and -hosts-on-loopback"},
		{[]string{"-smtp", "1025"}, "-smtp 1025: want an address"},
		{[]string{"-smtp", "127.0.0.1:smtp"}, `"smtp" is not a port`},
		{[]string{"-smtp", "127.0.0.1:70000"}, `"70000" is not a port`},
		{[]string{"-pop3", "1110"}, "-pop3 1110: want an address such as"},
		{[]string{"-imap", "0.0.0.0:1143"}, "-imap 0.0.0.0:1143: this is beyond the loopback interface"},
		{[]string{"-submission", "mail.example:587"}, `"mail.example" is not an IP address`},
		{[]string{"-http", ":8025"}, "-open allows that"},
		{[]string{"-dns", "0.0.0.0:53"}, "-open allows that"},
		{[]string{"-socks", "192.0.2.1:1080"}, "-open allows that"},
		{[]string{"-smtp", taken.Addr().String()}, "address already in use"},
		{[]string{"-http", taken.Addr().String()}, "address already in use"},
		{[]string{"-dns", taken.Addr().String()}, "address already in use"},
		{[]string{"-socks", taken.Addr().String()}, "address already in use"},
		{[]string{"-zone", filepath.Join(dir, "none")}, "no such file"},
		{[]string{"-zone", zone}, "bad.zone: "},
		{[]string{"-providers", "qq.com,nobody.example"}, "there are "},
		{[]string{"-providers", "qq.com,"}, "empty name"},
		{[]string{"-providers", "qq.com, QQ.com"}, "QQ.com is twice in the list"},
		{[]string{"-host", ""}, `-host "": want a name without a port`},
		{[]string{"-host", "inbox:8025"}, `-host "inbox:8025": want a name without a port`},
		{[]string{"-host", "http://inbox"}, `-host "http://inbox": want a name without a port`},
		{[]string{"-tls=maybe"}, "invalid boolean value"},
		{[]string{"-rules", filepath.Join(dir, "none")}, "no such file"},
		{[]string{"-rules", rules}, "rules.txt:3:11: "},
		{[]string{"-rules", file("place.txt", `  mx9.qq.com At: Rcpt, Reply: "451 4.7.1 Later"`)}, "place.txt:1:3: there is no host mx9.qq.com"},
		{[]string{"-rules", file("domain.txt", `qq.com At: Rcpt, Reply: "451 4.7.1 Later"`)}, "domain.txt:1:1: there is no host qq.com; the hosts for its mail are mx3.qq.com, mx2.qq.com, mx1.qq.com"},
		{[]string{"-zone", file("null.zone", "null.example. MX 0 .\n"), "-rules", file("null.txt", `null.example At: Rcpt, Reply: "451 4.7.1 Later"`)},
			"there is no host null.example; -providers and -zone make hosts"},
		{[]string{"-rules", file("port.txt", `mx1.qq.com:smtp At: Rcpt, Reply: "451 4.7.1 Later"`)}, `"smtp" is not a port`},
		{[]string{"-rules", file("code.txt", `At: Rcpt, Reply: "45x Later"`)}, "code.txt:1:1: "},
		{[]string{"-users", filepath.Join(dir, "none")}, "no such file"},
		{[]string{"-users", file("users.txt", "alice:secret\n\nbob\n")}, "users.txt:3: want name:password"},
		{[]string{"-hosts-on-loopback", "70000"}, "there is no such port"},
		{[]string{"-hosts-on-loopback", "x"}, "invalid value"},
		{[]string{"-save", file("file", "")}, "-save: "},
		{[]string{"-max", "-1"}, "want a number of messages"},
		{[]string{"-max", "many"}, "invalid value"},
		{[]string{"-relay", "127.0.0.1:25"}, "go together"},
		{[]string{"-relay-to", "*"}, "go together"},
		{[]string{"-relay", "127.0.0.1", "-relay-to", "*"}, "want a host and a port"},
		{[]string{"-relay", ":25", "-relay-to", "*"}, "want a host and a port"},
		{[]string{"-relay", "mail.example:70000", "-relay-to", "*"}, `"70000" is not a port`},
		{[]string{"-relay", "mail.example:0", "-relay-to", "*"}, `"0" is not a port`},
		{[]string{"-relay", "127.0.0.1:25", "-relay-to", "[a"}, "syntax error in pattern"},
	} {
		var out, errors bytes.Buffer
		code := run(ended, append(append([]string{}, free...), tt.args...), &out, &errors)
		said := errors.String()
		if code != 2 || out.Len() > 0 || !strings.Contains(said, tt.want) || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "sandbox: ") {
			t.Errorf("%q: exit code %d, %q, %q, want one line with %q", tt.args, code, out.String(), said, tt.want)
		}
		if strings.Count(said, "there are") > 1 {
			t.Errorf("%q: the choices are there twice: %q", tt.args, said)
		}
		if strings.Contains(said, "secret") {
			t.Errorf("%q: a password is in %q", tt.args, said)
		}
	}
	for _, args := range [][]string{{"-h"}, {"-help"}, {"-version"}} {
		var out, errors bytes.Buffer
		if code := run(t.Context(), args, &out, &errors); code != 0 || errors.Len() > 0 || out.Len() == 0 {
			t.Errorf("%q: exit code %d, %q", args, code, errors.String())
		}
	}
}

// TestTaken has ports that are taken and that nobody has asked for: others are, and the guide says so.
func TestTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	at := taken.Addr().String()
	var out bytes.Buffer
	s, err := start(&options{smtp: at, submission: at, pop3: at, imap: at, http: at, dns: at}, &out)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.guide(&out)
	for flag, address := range s.at {
		if address == at {
			t.Errorf("-%s: it listens at %s, which is taken", flag, address)
		}
		if !strings.Contains(out.String(), address+"   (the usual port is taken)") {
			t.Errorf("-%s: the guide does not say that %s is not the usual port:\n%s", flag, address, &out)
		}
	}
	if len(s.at) != 6 {
		t.Errorf("%d ports are open, want 6: %v", len(s.at), s.at)
	}
}

// TestMail sends mail to both servers, by rules, users and a provider, and looks at the page.
func TestMail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules, users := filepath.Join(dir, "rules"), filepath.Join(dir, "users")
	os.WriteFile(rules, []byte("At: Rcpt, To: \"later@qq.com\", Reply: \"451 4.7.1 Later\"\ndns Question: \"mx 163.com\", Fault: ServFail\n"), 0o600)
	os.WriteFile(users, []byte("alice:secret\n"), 0o600)
	out := begin(t, "-rules", rules, "-users", users, "-providers", "qq.com,163.com", "-socks", "127.0.0.1:0")
	at, login, page := out.address(t, "SMTP"), out.address(t, "Submission"), out.address(t, "Page")
	const message = "Subject: Hello\r\n\r\nHello Bob\r\n"
	if err := smtp.SendMail(at, nil, "a@shop.example", []string{"bob@qq.com"}, []byte(message)); err != nil {
		t.Error(err)
	}
	if err := smtp.SendMail(at, nil, "a@shop.example", []string{"later@qq.com"}, []byte(message)); err == nil || !strings.Contains(err.Error(), "451") {
		t.Errorf("a rule is not in force: %v", err)
	}
	auth := func(password string) smtp.Auth { return smtp.PlainAuth("", "alice", password, "127.0.0.1") }
	if err := smtp.SendMail(login, auth("secret"), "a@shop.example", []string{"carol@qq.com"}, []byte(message)); err != nil {
		t.Error(err)
	}
	if err := smtp.SendMail(login, auth("wrong"), "a@shop.example", []string{"carol@qq.com"}, []byte(message)); err == nil || !strings.Contains(err.Error(), "535") {
		t.Errorf("a wrong password: %v", err)
	}
	out.await(t, `mail from <a@shop.example> to <bob@qq.com>: "Hello"`)
	out.await(t, `mail from <a@shop.example> to <carol@qq.com>: "Hello"`)
	out.await(t, `  smtp sandbox.test:1025 RCPT TO:<later@qq.com> → 451 4.7.1 Later`)
	out.await(t, `  smtp sandbox.test:587 AUTH PLAIN \*\*\* → 535 `)
	var list struct{ Total int }
	if err := json.Unmarshal([]byte(get(t, "http://"+page+"/api/messages")), &list); err != nil || list.Total != 2 {
		t.Errorf("the page has %d messages, %v, want 2", list.Total, err)
	}
	if strings.Contains(out.String(), "secret") {
		t.Error("a password is in the output")
	}
}

// TestMax keeps few messages, whatever comes.
func TestMax(t *testing.T) {
	t.Parallel()
	out := begin(t, "-max", "10")
	at, page := out.address(t, "SMTP"), out.address(t, "Page")
	c, err := smtp.Dial(at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 200 {
		if err := send(c, fmt.Sprintf("Subject: %d\r\n\r\n", i)); err != nil {
			t.Fatal(err)
		}
	}
	out.await(t, `"199"`)
	var list struct {
		Total    int
		Messages []struct{ Subject string }
	}
	if err := json.Unmarshal([]byte(get(t, "http://"+page+"/api/messages")), &list); err != nil || list.Total > 11 || len(list.Messages) == 0 || list.Messages[0].Subject != "199" {
		t.Errorf("the page has %d messages, %v, want 10, and the last first", list.Total, err)
	}
}

// send sends a message on a connection that stays.
func send(c *smtp.Client, message string) error {
	if err := c.Mail("a@shop.example"); err != nil {
		return err
	}
	if err := c.Rcpt("bob@qq.com"); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	io.WriteString(w, message)
	return w.Close()
}

// process runs the sandbox as a process.
func process(t *testing.T, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"="+strings.Join(append(append([]string{}, free...), args...), "\n"))
	return cmd, launch(t, cmd)
}

// launch starts a sandbox that is a program of its own.
func launch(t *testing.T, cmd *exec.Cmd) *output {
	t.Helper()
	out := newOutput()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() // an error if the test has waited already
	})
	return out
}

// TestSignal ends the sandbox by signals, with a client in the middle of a message: what the folder has is whole.
func TestSignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd, out := process(t, "-save", dir)
			c, err := smtp.Dial(out.address(t, "SMTP"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := send(c, "Subject: Whole\r\n\r\nHello\r\n"); err != nil {
				t.Fatal(err)
			}
			out.await(t, `"Whole"`)
			if err := c.Mail("a@shop.example"); err != nil {
				t.Fatal(err)
			}
			if err := c.Rcpt("bob@qq.com"); err != nil {
				t.Fatal(err)
			}
			w, err := c.Data()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(w, "Subject: Half\r\n\r\nHello")
			if err := cmd.Process.Signal(signal); err != nil {
				t.Skip("signals can't be sent here: ", err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("after %v: %v\n%s", signal, err, out)
			}
			for sub, want := range map[string]int{"tmp": 0, "new": 1, "cur": 0} {
				if files, err := os.ReadDir(filepath.Join(dir, sub)); err != nil || len(files) != want {
					t.Errorf("%s has %v, %v, want %d files", sub, files, err, want)
				}
			}
		})
	}
}

// TestRelay releases the mail for some recipients to another sandbox.
func TestRelay(t *testing.T) {
	t.Parallel()
	to := begin(t)
	out := begin(t, "-relay", to.address(t, "SMTP"), "-relay-to", "*@shop.example")
	err := smtp.SendMail(out.address(t, "SMTP"), nil, "a@qq.com", []string{"bob@SHOP.example", "carol@qq.com"}, []byte("Subject: Out\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	to.await(t, `mail from <a@qq.com> to <bob@SHOP.example>: "Out"`)
}

// TestHostsOnLoopback delivers to the address that the DNS has for an MX host.
func TestHostsOnLoopback(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp", "127.80.0.1:0"); err != nil {
		t.Skip("this machine has no 127.80.0.1: ", err)
	} else {
		l.Close()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	zone := filepath.Join(t.TempDir(), "zone")
	os.WriteFile(zone, []byte("shop.example. MX 10 mx.shop.example.\nshop.example. MX 20 203.0.113.9.\n"), 0o600)
	out := begin(t, "-zone", zone, "-providers", "qq.com", "-hosts-on-loopback", port)
	server := out.address(t, "DNS")
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
	mx, err := r.LookupMX(t.Context(), "shop.example.")
	if err != nil {
		t.Fatal(err)
	}
	addrs, err := r.LookupHost(t.Context(), mx[0].Host)
	if err != nil {
		t.Fatal(err)
	}
	if err := smtp.SendMail(net.JoinHostPort(addrs[0], port), nil, "a@qq.com", []string{"bob@shop.example"}, []byte("Subject: In\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	out.await(t, `to <bob@shop.example>: "In"`)
	t.Run("as printed", func(t *testing.T) {
		needs(t, "swaks", "dig")
		shell(t, t.TempDir(), out.await(t, `(?m)^  (swaks --server "\$.*)$`)[1])
		out.await(t, `to <bob@qq.com>: "By an address"`)
	})
}

// TestJSON prints nothing but lines of JSON: where the doors are, and then each message.
func TestJSON(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	out := newOutput()
	done := make(chan int)
	go func() {
		done <- run(ctx, []string{"-json", "-smtp", "127.0.0.1:0", "-submission", "", "-http", "", "-dns", "", "-pop3", "", "-imap", ""}, out, out)
	}()
	at := out.await(t, `"smtp":"([^"]+)"`)[1]
	if err := smtp.SendMail(at, nil, "a@qq.com", []string{"bob@qq.com"}, []byte("Subject: <Two>\r\n\r\n")); err != nil {
		t.Error(err)
	}
	out.await(t, `"<Two>"`)
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}
	var events []string
	for line := range strings.Lines(out.String()) {
		var event struct {
			Event, From string
			To          []string
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		events = append(events, fmt.Sprint(event))
	}
	if got, want := strings.Join(events, " "), "{ready  []} {message a@qq.com [bob@qq.com]}"; got != want {
		t.Errorf("got events %s, want %s", got, want)
	}
}
