package dialogue_test

import (
	"context"
	"fmt"
	"net"
	"net/smtp"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// A script is played with a server, here with one that misbehaves.
func ExamplePlay() {
	var srv mailtest.Server
	defer srv.Close()
	srv.AddRules(mailtest.Rule{At: mailtest.Noop, Reply: "500 5.5.1 Do something useful"})
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	err = dialogue.Play(conn, `
s <- 220 * ready
c -> EHLO client.example
s <~ 250 *
c -> NOOP
s <- 250 *
`)
	fmt.Println(err)
	// Output: dialogue: line 6: s <- 250 *: got "500 5.5.1 Do something useful"
}

// A client gets exactly the replies that a server has sent.
func ExampleServer() {
	srv := dialogue.Server{Scripts: []string{`
s <- 220 newxmmxszc23-0.qq.com MX QQ Mail Server.
c -> EHLO *
s <- 250 newxmmxszc23-0.qq.com
c -> MAIL FROM:<*>
s <- 550 Ip frequency limited
s !! close
`}}
	err := smtp.SendMail(srv.Addr(), nil, "shop@example.com", []string{"bob@qq.com"}, []byte("Subject: Hi\r\n\r\nHello\r\n"))
	fmt.Println(err)
	fmt.Println(srv.Close())
	// Output:
	// 550 "Ip frequency limited"
	// <nil>
}

// A player has settings. This one records the replies of the server.
func ExamplePlayer() {
	var srv mailtest.Server
	defer srv.Close()
	conn, err := srv.Dial(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	var heard log
	p := dialogue.Player{Conn: conn, Heard: &heard}
	err = p.Play("s <- 220 *\nc -> HELO client.example\ns <- 250 *\nc -> QUIT\ns <- 221 *\ns !! close\n")
	fmt.Println(len(heard), err)
	// Output: 3 <nil>
}

// log has a line for each.
type log []string

func (l *log) Write(p []byte) (int, error) {
	if len(p) > 0 {
		*l = append(*l, string(p))
	}
	return len(p), nil
}

// A conversation is recorded once, and replayed in each test of the client.
func ExampleOf() {
	var srv mailtest.Server
	srv.AddRules(mailtest.UnknownMailbox("bob@qq.com"))
	smtp.SendMail(srv.Addr(), nil, "shop@example.com", []string{"bob@qq.com"}, []byte("Subject: Hi\r\n\r\nHello\r\n"))
	srv.Close()
	recorded := dialogue.Of(srv.Sessions()[0])

	again := dialogue.Server{Scripts: []string{recorded}}
	fmt.Println(smtp.SendMail(again.Addr(), nil, "shop@example.com", []string{"bob@qq.com"}, []byte("Subject: Hi\r\n\r\nHello\r\n")))
	fmt.Println(again.Close())
	// Output:
	// 550 "5.1.1 No such user here"
	// <nil>
}
