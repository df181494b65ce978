// Package dialogue plays SMTP conversations that are written as text, from either side: as the client, it
// finds out whether a server keeps to its part; as the server, it says to a client exactly what some server
// has said. [Of] writes down what was said on a connection of a [mailtest.Server], so that it can be played
// again.
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
// A script has one thing a line. Each is done by c, the client, or s, the server: whoever plays that side
// does it, and whoever plays the other side wants it done.
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
// A "*" in a line stands for any bytes, also none, of the side that is not played. Of the lines that are
// sent, those of the client have a star there, and those of the server have nothing. Of "any number of
// lines" only the last is sent.
//
// Bytes are written as in Go strings: \r, \n, \t, \\, \x00; \x2a is a star that stands for itself. What
// one side sends between two lines of the other is sent at once.
//
// "c !! starttls" begins TLS: as the first line before the greeting, else after the reply to STARTTLS.
package dialogue
