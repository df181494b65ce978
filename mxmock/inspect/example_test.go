package inspect_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// A page can show a server that lives longer than a test.
func ExamplePage() {
	srv := &mailtest.Server{}
	defer srv.Close()
	smtp.SendMail(srv.Addr(), nil, "jo@shop.example", []string{"bob@qq.com"}, []byte("Subject: Hello\r\n\r\nHi\r\n"))

	page := &inspect.Page{Source: srv}
	defer page.Close()
	if err := page.Start(); err != nil {
		fmt.Println(err)
		return
	}
	resp, err := http.Get(page.URL() + "/api/messages/1/raw")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	fmt.Println(resp.Status, resp.Header.Get("Content-Type"))
	// Output: 200 OK message/rfc822
}

// The sessions of clients that read the mail are on the page, too.
func ExampleReader() {
	srv := &mailtest.Server{}
	im := &imap.Server{Source: srv}
	defer im.Close()
	var reader inspect.Reader = im
	page := &inspect.Page{Source: srv, Readers: map[string]inspect.Reader{"imap": reader}}
	defer page.Close()
	conn, err := im.Dial(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(conn, "a LOGOUT\r\n")
	io.ReadAll(conn)
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequest("GET", "http://localhost/api/sessions/imap/1", nil))
	fmt.Println(answer.Code, strings.Contains(answer.Body.String(), "a LOGOUT"))
	// Output: 200 true
}

// A page shows a server or an internet.
func ExampleSource() {
	var source inspect.Source = &mailtest.Server{}
	fmt.Println(len(source.Messages()))
	// Output: 0
}
