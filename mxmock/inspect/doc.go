// Package inspect shows the messages, the sessions and the journal that a mail server or a simulated internet of a
// test has recorded. People look at a [Page], and programs in any language use its JSON API.
//
//	inet := mxmock.New(t)
//	page := inspect.New(t, inet)
//	t.Log(page.URL())
//
// # When a test has failed
//
// Any import of this package in the tests of a package, even as _, has two effects on a test that fails. The test
// leaves a report.html beside its other artifacts (go test -artifacts). If the environment variable
// MAILTEST_INSPECT is 1, the test keeps its servers open, writes the address of their page to standard error, and
// continues after an interrupt or shortly before its deadline. Inside a synctest bubble it writes a report into a
// temporary file instead, and names the file in its log. Run go test -v for one package, because otherwise go test
// shows what a test writes only after its end.
//
// # Looking changes nothing
//
// A page takes no message from the waits of the test. Its questions to the DNS are not in the journal, and rules do
// not count them. Only requests that delete messages or change rules have an effect.
//
// # The JSON API
//
// /api/ and /api/openapi.yaml describe the API. Its requests are:
//
//	GET    /api/messages?q=&limit=&before=      the messages that match a query, newest first
//	DELETE /api/messages?q=                     deletes the messages that match
//	GET    /api/messages/{id}                   one message, decoded
//	DELETE /api/messages/{id}                   deletes it
//	GET    /api/messages/{id}/raw               its bytes, as received
//	GET    /api/messages/{id}/parts/{path}      the content of a part, such as an attachment
//	GET    /api/messages/{id}/findings          the findings of package lint
//	GET    /api/messages/{id}/verdict           the verdict of package mailauth on SPF, DKIM and DMARC
//	GET    /api/wait?q=&after=&timeout=         waits for a message that matches
//	GET    /api/sessions                        the connections
//	GET    /api/sessions/{host}/{number}        one connection, turn by turn
//	GET    /api/sessions/{host}/{number}/findings   the findings of package lint on it
//	GET    /api/journal?after=&since=&limit=    the events of the internet, in order
//	GET    /api/rules                           the rules that were added by the API
//	POST   /api/rules                           adds rules, one on a line
//	DELETE /api/rules                           removes all rules, those of the test included
//
// Pages show at most 1,000 events, 500 sessions, 1,000 turns of a session, a picture of 5,000 events, and 500 parts, links
// or recipients of a message. They say so, and lead to the rest. The answers of the API have everything.
//
// # Queries
//
// A query is a list of words, all of which must match. A word is looked for, in any letter case, in the subject,
// the addresses, the text, the HTML as a person sees it (the first 256 KiB of both), and the names of attachments.
// Words in quotation marks, such as "two words", count as one. A minus sign before a word excludes the messages
// that match it. These prefixes restrict a word:
//
//	from:jb@shop.example     sender, of the envelope or the header
//	to:bob@qq.com            recipient, of the envelope or the header
//	subject:welcome          subject
//	host:mx1.qq.com          host that accepted the message
//	has:attachment           also has:html, has:text, has:calendar, has:problem
//	after:10m                accepted within the last ten minutes; also a date, after:2026-11-27T13:00
//	before:2026-11-27        accepted before
//
// # Security
//
// Mail is hostile. The page shows HTML only after it was sanitized, in a frame without scripts, under a
// Content-Security-Policy that allows no request. A page listens on the loopback interface only. It refuses
// requests whose Host header is not an address, localhost, or one of [Page.Hosts], so no website can reach it by
// DNS rebinding. It refuses requests from a website of another origin if they would change something.
package inspect
