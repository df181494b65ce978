package main

// Doors beyond the loopback interface, and the protection of the page: its password, and the names by which it may be asked.

import (
	"net"
	"net/http"
	"net/smtp"
	"strings"
	"testing"
)

// beyond returns an address of this machine beyond the loopback interface, or that of the interface if it has no other.
func beyond(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}

func TestOpen(t *testing.T) {
	t.Parallel()
	const all = "0.0.0.0:0"
	out := begin(t, "-open", "-http", all, "-smtp", all, "-submission", all, "-pop3", all, "-imap", all, "-dns", all, "-socks", all,
		"-password", "sesame", "-host", "mail.internal", "-host", "inbox")
	ip := beyond(t)
	at := func(door string) string {
		_, port, err := net.SplitHostPort(out.address(t, door))
		if err != nil {
			t.Fatal(err)
		}
		return net.JoinHostPort(ip, port)
	}
	for _, door := range []string{"Submission", "POP3", "IMAP", "DNS", "SOCKS5"} {
		conn, err := net.Dial("tcp", at(door))
		if err != nil {
			t.Errorf("%s: %v", door, err)
			continue
		}
		conn.Close()
	}
	if err := smtp.SendMail(at("SMTP"), nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: From afar\r\n\r\n")); err != nil {
		t.Error(err)
	}
	out.await(t, `"From afar"`)
	page := at("Page")
	for _, tt := range []struct {
		host, password string
		want           int
	}{
		{"", "", http.StatusUnauthorized},
		{"", "open", http.StatusUnauthorized},
		{"", "sesame", http.StatusOK},
		{"localhost:8025", "sesame", http.StatusOK},
		{"mail.internal", "sesame", http.StatusOK},
		{"Mail.Internal:8025", "sesame", http.StatusOK},
		{"inbox:8025", "sesame", http.StatusOK},
		{"inbox", "", http.StatusUnauthorized},
		{"evil.example", "sesame", http.StatusForbidden},
		{"evil.mail.internal:8025", "", http.StatusForbidden},
	} {
		for _, path := range []string{"/", "/messages/1", "/style.css", "/api/messages", "/api/messages/1/raw"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+page+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if request.Host = tt.host; tt.host == "" {
				request.Host = page
			}
			if tt.password != "" {
				request.SetBasicAuth("anybody", tt.password)
			}
			resp, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if asks := strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Basic "); resp.StatusCode != tt.want || asks != (tt.want == http.StatusUnauthorized) {
				t.Errorf("%s of %q with the password %q: %s, want %d", path, request.Host, tt.password, resp.Status, tt.want)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if strings.Contains(out.String(), "sesame") {
		t.Error("the password is in the output")
	}
}
