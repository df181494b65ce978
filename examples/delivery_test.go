package examples

// Recipes for code that delivers mail itself, and decides about TLS and bounces.

import (
	"context"
	"errors"
	"net/http"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/examples/outbound"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/provider"
)

// TestStrippedTLS has the policy that a careful sender finds, and the server without TLS that it must not use.
func TestStrippedTLS(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	mx.Server(25).StartTLS = true
	inet.Publish("qq.com", mxmock.Records{MTASTS: "enforce", DANE: true})
	inet.Secure("qq.com")
	mx.AddRules(mailtest.Rule{At: mailtest.Helo, Hide: []string{"STARTTLS"}}) // somebody in between

	client := &http.Client{Transport: &http.Transport{DialContext: inet.DialContext, TLSClientConfig: inet.ClientTLS()}}
	defer client.CloseIdleConnections()
	policy, err := client.Get("https://mta-sts.qq.com/.well-known/mta-sts.txt")
	if err != nil || policy.StatusCode != http.StatusOK {
		t.Fatalf("policy: %v, %v", policy, err)
	}
	policy.Body.Close()
	if err := newApp(inet.Resolver(), inet.DialContext).Send(t.Context(), "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	if msg := mx.Next(t); msg.Envelope.TLS != nil {
		t.Errorf("the message came by TLS: %+v", msg.Envelope.TLS)
	}
}

// TestOtherResolver asks by another DNS package, in virtual time too.
func TestOtherResolver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		inet.Secure("qq.com")
		inet.Publish("qq.com", mxmock.Records{DANE: true})

		conn, err := inet.DialContext(t.Context(), "udp", "192.0.2.53:53")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		query := new(dns.Msg).SetQuestion("_25._tcp.mx1.qq.com.", dns.TypeTLSA).SetEdns0(1232, true)
		answer, _, err := new(dns.Client).ExchangeWithConn(query, &dns.Conn{Conn: conn})
		if err != nil || !answer.AuthenticatedData {
			t.Errorf("answer = %v, %v, want a secure one", answer, err)
		}
	})
}

// TestBounce has the sender of a message learn that it was not delivered.
func TestBounce(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")[0].AddRules(mailtest.UnknownMailbox(""))
	shop := inet.Sender("shop.example")
	if err := relay(t.Context(), newApp(inet.Resolver(), shop.DialContext), "jb@shop.example", "bob@qq.com"); err != nil {
		t.Fatal(err)
	}

	bounce := shop.Next(t)
	for _, status := range bounce.DeliveryStatus() {
		if status.Recipient != "bob@qq.com" || status.Status != "5.1.1" || bounce.Envelope.From != "" {
			t.Errorf("bounce from <%s>: %+v", bounce.Envelope.From, status)
		}
	}
}

// relay sends a message once, and tells its sender who does not get it (RFC 3464).
func relay(ctx context.Context, a *app, from, to string) error {
	results, _ := a.Sender.Send(ctx, from, []string{to}, []byte("From: "+from+"\r\n\r\nHello\r\n")) // results has the errors
	for _, r := range results {
		if r.Status != outbound.Permanent {
			continue
		}
		bounce := "From: mailer-daemon@shop.example\r\nTo: " + from + "\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNot delivered.\r\n" +
			"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.shop.example\r\n\r\n" +
			"Final-Recipient: rfc822; " + r.To + "\r\nAction: failed\r\nStatus: " + r.Enhanced + "\r\n\r\n--b--\r\n"
		if _, err := a.Sender.Send(ctx, "", []string{from}, []byte(bounce)); err != nil {
			return err
		}
	}
	return nil
}

// TestRetries measures when a sender tries again, hours of it.
func TestRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com")[0]
		app := newApp(inet.Resolver(), inet.DialContext)

		mx.AddRules(mailtest.Rule{At: mailtest.Rcpt, For: 3 * time.Hour, Reply: "451 4.3.0 Try again later"})
		start := time.Now()
		if err := retry(t.Context(), app, "bob@qq.com"); err != nil {
			t.Fatal(err)
		}
		var attempts []time.Duration
		for _, s := range mx.Sessions() {
			attempts = append(attempts, s.Start.Sub(start))
		}
		want := []time.Duration{0, 30 * time.Minute, 90 * time.Minute, 210 * time.Minute}
		if !slices.Equal(attempts, want) {
			t.Errorf("attempts after %v, want %v", attempts, want)
		}
		mx.WaitOnly(t, 1, 5*24*time.Hour) // one mail, and no second one

		mx.Break(mxmock.Refused)
		if err := retry(t.Context(), app, "bob@qq.com"); err == nil || time.Since(start) < 9*24*time.Hour {
			t.Errorf("gave up after %v: %v, want four days", time.Since(start), err)
		}
	})
}

// retry sends a message, again after half an hour, and then after twice the time, for four days (RFC 5321 §4.5.4.1).
func retry(ctx context.Context, a *app, to string) (err error) {
	start := time.Now()
	for wait := 30 * time.Minute; time.Since(start) < 4*24*time.Hour; wait *= 2 {
		if err = a.Send(ctx, to); err == nil {
			return nil
		}
		time.Sleep(wait)
	}
	return err
}

// TestConversation looks for mistakes of the client in the session.
func TestConversation(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	shop := newShop(srv.Addr())
	srv.AddRules(mailtest.Rule{At: mailtest.Helo, Hide: []string{"8BITMIME", "SMTPUTF8"}})
	if err := shop.Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	for _, finding := range lint.CheckSession(srv.Sessions()[0]) {
		if finding.Severity == lint.Error {
			t.Error(finding)
		}
	}
}

// TestLimit has a server that ends the connection of a client that sends too much.
func TestLimit(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	limit := mailtest.RateLimit(1, time.Hour)
	limit.Reply, limit.Drop = "421 4.7.0 Too many messages, slow down", mailtest.Close
	srv.AddRules(limit)
	shop := newShop(srv.Addr())
	if err := shop.Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	if err := shop.Register("eve@qq.com"); err == nil || !strings.Contains(err.Error(), "421") {
		t.Errorf("got %v, want a refusal with 421", err)
	}
	srv.WaitOnly(t, 1, 10*time.Millisecond)
}

// TestBadAddress has providers look up the address of the sender.
func TestBadAddress(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	provider.Add(inet, "163.com")
	provider.Add(inet, "gmail.com")
	shop := inet.Sender("shop.example")
	inet.Blocklist("zen.spamhaus.org", shop.Addrs()[0])
	inet.AddDNSRules(mxmock.DNSRule{Question: "ptr " + shop.Addrs()[0], Answer: "@ PTR host-7.isp.example."})
	app := newApp(inet.Resolver(), shop.DialContext)
	for to, want := range map[string]string{"bob@163.com": "DT:RBL", "bob@gmail.com": "5.7.25"} {
		if err := app.Send(t.Context(), to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a refusal with %s", to, err, want)
		}
	}
}

// TestReplyInPieces has a reply of several lines that no single read returns.
func TestReplyInPieces(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Helo, Pace: time.Millisecond})
	if err := newShop(srv.Addr()).Register("bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	srv.Next(t)
}

// TestBlockedPort has a network that lets nothing out to port 25, as those of many cloud providers.
func TestBlockedPort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		inet.Break(":25", mxmock.Silent)
		app := newApp(inet.Resolver(), inet.DialContext)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := app.Send(ctx, "bob@qq.com"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the time", err)
		}
	})
}

// TestSubmissionHost delivers to the host of a provider's users, which is not one of its MX hosts.
func TestSubmissionHost(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	provider.Add(inet, "qq.com")
	conn, err := inet.DialContext(t.Context(), "tcp", "smtp.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	client, err := smtp.NewClient(conn, "smtp.qq.com")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Mail("app@example.com"); err == nil || !strings.HasPrefix(err.Error(), "503") {
		t.Errorf("got %v, want a refusal with 503: a login is needed", err)
	}
}
