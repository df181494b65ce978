// Package mailtest tests programs that send mail. [New] starts a real SMTP server inside the test, on a
// random loopback port. The server accepts what comes, and the test reads it.
//
//	func TestRegister(t *testing.T) {
//		srv := mailtest.New(t)
//		newShop(srv.Addr()).Register("bob@qq.com")
//		msg := srv.Next(t)
//		if msg.Subject != "Welcome" || msg.Text != "Hello Bob\n" {
//			t.Errorf("subject = %q, text = %q", msg.Subject, msg.Text)
//		}
//	}
//
// # Terms
//
// A session is one connection, from its start to its ending. A turn is one thing that the client does in a
// session, usually a command, together with the reply of the server. The stage of a turn is what the client has
// done: for example [Mail], [Rcpt], or [Dot] for a complete message. A rule makes the server do something else
// at a stage than it would do by itself. The inbox holds the messages that were accepted.
//
// # Messages
//
// A [Message] is plain data. It has the [Envelope] as it was said in the session, the raw bytes, and everything
// decoded: the subject, the addresses, the text and the HTML in UTF-8, the attachments, and the tree of parts.
// Whatever can't be decoded stays in raw form, and Problems says why. Tests compare messages with their own if,
// or with go-cmp, which needs no option for that.
//
// The waits of an [Inbox] (Next, WaitFor, WaitN, WaitOnly) are woken by the message itself, so that tests
// neither poll nor sleep. A wait that lasts too long ends the test. Its text says which messages did arrive, and
// how far the other sessions came.
//
// # Faults
//
// A [Rule] says what the server does wrong: any reply at any stage, a delay, a connection that ends in one of
// several ways, capabilities that lie, a certificate that has expired, a message whose acknowledgement is lost.
// Rules that are often needed have names.
//
//	srv.AddRules(
//		mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Try again later"},
//		mailtest.Greylist(5*time.Minute),
//	)
//
// # Transcripts
//
// A [Session] is the transcript of a connection: a list of [Turn] values, which are exact pairs of command and
// reply even if the client pipelines. When a test fails, the server writes its transcripts to the log of the
// test. Credentials are replaced in them. Package dialogue replays a transcript.
//
// # Encryption and AUTH
//
// By default every client gets through: the server offers AUTH and takes any credentials, and it does not offer
// STARTTLS. [Server.StartTLS], [Server.TLSAddr] and [Server.ClientTLS] are for tests of TLS; the certificates are
// those of a test CA that lives in this process. [Server.Users] makes AUTH necessary.
//
// # Virtual time
//
// Inside a [testing/synctest] bubble, hours of retries and time-outs pass in no time. Connections must then be
// made by [Server.Dial] or by package mxmock.
package mailtest
