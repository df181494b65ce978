package inspect_test

import (
	"fmt"
	"io"
	"net/http"
	"net/smtp"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// A page for a server that lives longer than a test.
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

// Both a server and an internet can be looked at.
func ExampleSource() {
	var source inspect.Source = &mailtest.Server{}
	fmt.Println(len(source.Messages()))
	// Output: 0
}
