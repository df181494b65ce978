// Package mailtest tests programs that send mail. [New] starts a real SMTP server inside the test, on a
// random loopback port. The server accepts whatever mail it is sent, and the test reads that mail.
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
// A session is one connection, from its start to its end. A turn is one thing that the client does in a
// session, usually a command, together with the reply of the server. The stage of a turn says what the client
// has done: for example [Mail], [Rcpt], or [Dot] for a complete message. A rule makes the server act
// differently at a stage than it would by itself. The transcript of a session is the list of its turns. The
// inbox holds the messages that were accepted.
//
// # Messages
//
// A [Message] is plain data. It has the [Envelope] that the client gave in the session, the raw bytes, and
// everything decoded: the subject, the addresses, the text and the HTML in UTF-8, the attachments, and the tree
// of parts. Content that can't be decoded stays in raw form, and Problems says why. Tests compare fields with
// ==, and whole messages with go-cmp, which needs no options for that.
//
// The waits of an [Inbox] (Next, WaitFor, WaitN, WaitOnly) return as soon as the message arrives, so tests
// neither poll nor sleep. A wait that lasts too long ends the test. The failure message says which messages did
// arrive, and how far the other sessions got.
//
// # Faults
//
// A [Rule] says what the server does wrong: any reply at any stage, a delay, a connection that ends in one of
// several ways, capabilities that lie, a certificate that has expired, a message whose acknowledgement is lost.
// Functions such as [Greylist] return the rules that are needed most often.
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
// test, with credentials replaced by "***". Package dialogue replays a transcript.
//
// # Encryption and AUTH
//
// By default every client can send mail: the server offers AUTH and accepts any credentials, and it does not
// offer STARTTLS. [Server.StartTLS], [Server.TLSAddr] and [Server.ClientTLS] are for tests of TLS; the
// certificates are those of a test CA that lives in this process. If [Server.Users] is set, the server requires
// AUTH.
//
// # Virtual time
//
// Inside a [testing/synctest] bubble, hours of retries and timeouts take no real time. Connections must then
// be made by [Server.Dial] or through package mxmock.
package mailtest
