package mxmock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// qq.com with two MX hosts, the first one down.
func TestFirstHostDown(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	mx[0].Break(mxmock.Refused)
	app := newApp(inet.Resolver(), inet.DialContext)
	if err := app.Send(t.Context(), "bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	mx[1].Next(t)
}

// Greylisting needs four hours of retries, in virtual time.
func TestGreylisting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com")[0]
		mx.AddRules(mailtest.Greylist(5 * time.Minute))
		app := newApp(inet.Resolver(), inet.DialContext)
		start := time.Now()
		for wait := 30 * time.Second; app.Send(t.Context(), "bob@qq.com") != nil; wait *= 2 {
			time.Sleep(wait)
		}
		mx.Next(t)
		if got, want := time.Since(start), 7*time.Minute+30*time.Second; got != want {
			t.Errorf("delivered after %v, want %v", got, want)
		}
	})
}

func ExampleInternet() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	mx[0].Break(mxmock.Refused)

	app := newApp(inet.Resolver(), inet.DialContext)
	if err := app.Send(context.Background(), "bob@qq.com"); err != nil {
		fmt.Println(err)
	}
	for _, m := range mx[1].Messages() {
		fmt.Printf("%s for %s: %q\n", m.Subject, m.Envelope.To[0].Address, m.Text)
	}
	// Output: Hello for bob@qq.com: "Hello Bob\n"
}

func ExampleInternet_AddZone() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	err := inet.AddZone(`
		$ORIGIN example.com.
		@     MX   10 mail
		mail  A    203.0.113.25
		@     TXT  "v=spf1 mx -all"
	`)
	if err != nil {
		fmt.Println(err)
	}
	txt, err := inet.Resolver().LookupTXT(context.Background(), "example.com")
	fmt.Println(txt, err)

	fmt.Println(inet.AddZone("mail.example.com. A 203.0.113.256"))
	// Output:
	// [v=spf1 mx -all] <nil>
	// mxmock: zone:1:21: bad A record, want an IPv4 address: "203.0.113.256"
}

func ExampleHost() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	host := inet.Host("smtp.qq.com", "203.0.113.7")
	host.Server(587).Users = map[string]string{"bob": "secret"}

	conn, err := inet.DialContext(context.Background(), "tcp", "smtp.qq.com:587")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println(conn.LocalAddr().(*net.TCPAddr).IP, "→", conn.RemoteAddr())
	_, err = inet.DialContext(context.Background(), "tcp", "smtp.qq.com:25")
	fmt.Println(err, errors.Is(err, syscall.ECONNREFUSED))
	// Output:
	// 192.0.2.1 → 203.0.113.7:587
	// dial tcp 203.0.113.7:25: connect: connection refused true
}

func ExampleHost_Listen() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	host := inet.Host("mta-sts.qq.com")
	l, err := host.Listen(443)
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &http.Server{TLSConfig: host.TLSConfig(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello from %s to %s", r.Host, r.RemoteAddr[:len("192.0.2.1")])
	})}
	go server.ServeTLS(l, "", "")
	defer server.Close()

	client := &http.Client{Transport: &http.Transport{DialContext: inet.DialContext, TLSClientConfig: inet.ClientTLS()}}
	defer client.CloseIdleConnections()
	response, err := client.Get("https://mta-sts.qq.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	io.Copy(stdout{}, response.Body)
	// Output: Hello from mta-sts.qq.com to 192.0.2.1
}

// stdout is what an Example prints to.
type stdout struct{}

func (stdout) Write(p []byte) (int, error) { return fmt.Print(string(p)) }

func ExampleFault() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com")
	inet.Break("mx qq.com", mxmock.ServFail)
	inet.Break("any 163.com", mxmock.NXDomain)
	inet.Break("203.0.113.99", mxmock.Unreachable)

	for _, domain := range []string{"qq.com.", "163.com."} {
		_, err := inet.Resolver().LookupMX(context.Background(), domain)
		var d *net.DNSError
		if errors.As(err, &d) {
			fmt.Printf("%s temporary: %v, not found: %v\n", d.Name, d.IsTemporary, d.IsNotFound)
		}
	}
	_, err := inet.DialContext(context.Background(), "tcp", "203.0.113.99:25")
	fmt.Println(err)

	inet.Mend("mx qq.com")
	_, err = inet.Resolver().LookupMX(context.Background(), "qq.com.")
	fmt.Println(err)
	// Output:
	// qq.com. temporary: true, not found: false
	// 163.com. temporary: false, not found: true
	// dial tcp 203.0.113.99:25: connect: no route to host
	// <nil>
}

func ExampleDNSRule() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com")
	inet.AddDNSRules(
		mxmock.DNSRule{Question: "mx qq.com", Times: 1, Fault: mxmock.ServFail},
		mxmock.DNSRule{Question: "mx qq.com", Skip: 1, Answer: "@ MX 5 mx9.qq.com."},
	)
	for range 3 {
		mxs, err := inet.Resolver().LookupMX(context.Background(), "qq.com.")
		var d *net.DNSError
		if errors.As(err, &d) {
			fmt.Println("temporary:", d.IsTemporary)
			continue
		}
		fmt.Println(mxs[0].Host)
	}
	// Output:
	// temporary: true
	// mx1.qq.com.
	// mx9.qq.com.
}

func ExampleJournal() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	mx[0].Break(mxmock.Refused)
	app := newApp(inet.Resolver(), inet.DialContext)
	if err := app.Send(context.Background(), "bob@qq.com"); err != nil {
		fmt.Println(err)
	}

	j := inet.Journal()
	fmt.Println(j.Count("ask mx qq.com"), j.Count("ask txt qq.com"))
	fmt.Println(j.Order("ask mx qq.com", "dial mx1.qq.com", "dial mx2.qq.com", "smtp mx2.qq.com RCPT", "mail mx2.qq.com"))
	for _, e := range j[len(j)-3:] {
		fmt.Println(e)
	}
	// Output:
	// 1 0
	// <nil>
	// smtp mx2.qq.com:25 (dot) → 250 2.0.0 Message accepted
	// mail mx2.qq.com:25 bob@qq.com → from <alice@example.com>: Hello
	// smtp mx2.qq.com:25 QUIT → 221 2.0.0 Bye
}

func ExampleQuery() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	inet.MX("qq.com", "10 mx1.qq.com", "20 mx2.qq.com")
	if _, err := inet.Resolver().LookupMX(context.Background(), "qq.com."); err != nil {
		fmt.Println(err)
	}
	for _, q := range inet.Queries() {
		fmt.Println(q)
	}
	// Output: udp MX qq.com. NOERROR 10 mx1.qq.com.; 20 mx2.qq.com.
}
