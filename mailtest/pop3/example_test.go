package pop3_test

import (
	"context"
	"fmt"
	"net/smtp"
	"net/textproto"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// A program fetches what another has sent.
func ExampleServer() {
	srv := &mailtest.Server{}
	defer srv.Close()
	message := "Subject: Printer on fire\r\n\r\nPlease help.\r\n"
	if err := smtp.SendMail(srv.Addr(), nil, "ann@shop.example", []string{"support@shop.example"}, []byte(message)); err != nil {
		fmt.Println(err)
	}

	pop := &pop3.Server{Source: srv}
	defer pop.Close()
	pop.AddRules(mailtest.Rule{At: pop3.Pass, Times: 1, Reply: "-ERR [IN-USE] Mailbox is locked"})
	conn, err := pop.Dial(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	client := textproto.NewConn(conn)
	defer client.Close()
	client.ReadLine()
	for _, command := range []string{"USER support@shop.example", "PASS secret", "USER support@shop.example", "PASS secret", "RETR 1"} {
		client.PrintfLine("%s", command)
		reply, _ := client.ReadLine()
		fmt.Println(reply)
	}
	text, _ := client.ReadDotBytes()
	fmt.Printf("%s", text)
	// Output:
	// +OK Now the password
	// -ERR [IN-USE] Mailbox is locked
	// +OK Now the password
	// +OK 1 messages
	// +OK 42 bytes
	// Subject: Printer on fire
	//
	// Please help.
}
