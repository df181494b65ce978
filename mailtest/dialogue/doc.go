// Package dialogue plays SMTP conversations that are written as text, from either side. As the
// client, it checks that a server says what the text says; as the server, it says to a client
// exactly what some real server has said. Function [Of] returns what was said in a session of a
// [mailtest.Server] as such a text.
//
//	srv := dialogue.NewServer(t, `
//	s <- 220 mx1.qq.com ESMTP
//	c -> EHLO shop.example
//	s <- 250-mx1.qq.com
//	s <- 250 SIZE 73400320
//	c -> MAIL FROM:<*>*
//	s <- 550 Ip frequency limited
//	s !! close
//	`)
//	err := newShop(srv.Addr()).Register("bob@qq.com")
//
// # Scripts
//
// A script has one step on each line. A step belongs to c, the client, or s, the server: a player
// of that side performs it, and a player of the other side expects it.
//
//	# a comment; empty lines mean nothing, too
//	c -> EHLO client.example      the client sends a line, and CRLF
//	c ~> .                        the client sends any number of lines, the last of which is this
//	c => BDAT 3\r\nabc            the client sends just these bytes
//	c x1000 -> NOOP               the client sends a line a thousand times
//	c .. 5m                       the client says nothing for five minutes
//	c !! close                    the client closes the connection; also: closewrite, reset, starttls
//	s <- 250-localhost            the server sends this line, and CRLF
//	s <- 250 *                    the server sends a line that begins like this
//	s <~ 250 *                    the server sends a reply of any number of lines, the last of which is this
//	s <= 250 O                    the server sends just these bytes
//	s .. 5m                       the server says nothing for five minutes, but does what follows then
//	s !! close                    the server closes the connection; also: reset, cut (TLS without a close_notify)
//
// A "*" in an expected line stands for any number of bytes. In a line that is sent, it stands for
// itself if the client sends it, and for nothing if the server does. For a step with "any number of
// lines", the player sends only the last of them.
//
// Bytes are written as in Go strings: \r, \n, \t, \\, \x00; \x2a is a star that stands for itself.
// Consecutive steps of one side are sent in one write.
//
// "c !! starttls" begins TLS: before the greeting if it is the first line, and otherwise after the
// reply to STARTTLS.
package dialogue
