// Package mailtest tests programs that send mail: [New] starts a real SMTP server inside the test,
// on a random loopback port; it takes what comes, and the test reads it.
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
// # Messages
//
// A [Message] is plain data: the [Envelope] as it was said in the dialogue, the raw bytes, and
// everything decoded: subject, addresses, text and HTML in UTF-8 whatever they were encoded in,
// attachments, the tree of parts. What can't be decoded is there in raw form, and Problems says
// why. Comparisons are the test's own if, or go-cmp: no option is needed.
//
// The waits of an [Inbox] (Next, WaitFor, WaitN, WaitOnly) are woken by the message itself; there
// is nothing to poll and nothing to sleep for. A wait that lasts too long ends the test, and says
// what did arrive and how far the others came.
//
// # Faults
//
// A [Rule] says what the server does wrong: any reply at any stage, delays, connections that end in
// any way, capabilities that lie, certificates that have expired, messages whose acknowledgement is
// lost. Many that are often needed have names.
//
//	srv.AddRules(
//		mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Try again later"},
//		mailtest.Greylist(5*time.Minute),
//	)
//
// # Transcripts
//
// Each connection is a [Session], each command with its reply a [Turn] of it, in exact pairs under
// pipelining too. When a test fails, the server writes them to its log. Credentials are not in
// them.
//
// # Encryption and AUTH
//
// By default any client gets through: AUTH is offered and takes any credentials, STARTTLS is not
// offered. [Server.StartTLS], [Server.TLSAddr] and [Server.ClientTLS] are for tests of TLS, with
// certificates of a test CA that lives in this process; [Server.Users] makes AUTH necessary.
//
// # Virtual time
//
// Inside a [testing/synctest] bubble, with connections made by [Server.Dial] or package mxmock,
// hours of retries and time-outs pass in no time.
package mailtest
