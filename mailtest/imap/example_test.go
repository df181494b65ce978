package imap_test

import (
	"context"
	"fmt"
	"mime"
	"net/smtp"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/net/html/charset"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
)

// A program fetches what another has sent.
func ExampleServer() {
	srv := &mailtest.Server{}
	defer srv.Close()
	message := "From: ann@shop.example\r\nSubject: =?GBK?B?xOO6ww==?=\r\n\r\nPlease help.\r\n"
	if err := smtp.SendMail(srv.Addr(), nil, "ann@shop.example", []string{"support@shop.example"}, []byte(message)); err != nil {
		fmt.Println(err)
	}

	im := &imap.Server{Source: srv}
	defer im.Close()
	im.AddRules(mailtest.Rule{At: imap.Login, Times: 1, Reply: "NO [UNAVAILABLE] Try again later"})
	conn, err := im.Dial(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := imapclient.New(conn, &imapclient.Options{WordDecoder: &mime.WordDecoder{CharsetReader: charset.NewReaderLabel}})
	defer client.Close()
	fmt.Println(client.Login("support@shop.example", "secret").Wait())
	fmt.Println(client.Login("support@shop.example", "secret").Wait())
	box, err := client.Select("INBOX", nil).Wait()
	if err != nil {
		fmt.Println(err)
		return
	}
	messages, err := client.Fetch(goimap.SeqSetNum(box.NumMessages), &goimap.FetchOptions{Envelope: true}).Collect()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(messages[0].Envelope.Subject)
	// Output:
	// imap: NO [UNAVAILABLE] Try again later
	// <nil>
	// 你好
}
