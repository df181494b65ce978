// Package inspect shows what a mail server of a test, or a whole simulated internet, has seen: captured messages,
// sessions, the journal. People look at a [Page], programs in any language ask its JSON API.
//
//	inet := mxmock.New(t)
//	page := inspect.New(t, inet)
//	t.Log(page.URL())
//
// # When a test has failed
//
// In a package whose tests import this one, be it only by name _, a failed test leaves a report.html beside its other
// artifacts (go test -artifacts). If the environment variable MAILTEST_INSPECT is 1, it keeps its servers open, writes the
// address of their page to standard error, and goes on at an interrupt or shortly before its deadline. Inside a synctest
// bubble it writes a report into a temporary file instead, and names it in its log.
//
// # Looking changes nothing
//
// A page takes no message from the waits of the test, its questions to the DNS are not in the journal, and no rule
// counts them. Only what deletes messages, or changes rules, has an effect, and says so in its name.
//
// # The JSON API
//
// /api/openapi.yaml describes the API; this is what it has:
//
//	GET    /api/messages?q=&limit=&before=      the messages that match a query, newest first
//	DELETE /api/messages?q=                     deletes those that match
//	GET    /api/messages/{id}                   one message, decoded
//	DELETE /api/messages/{id}                   deletes it
//	GET    /api/messages/{id}/raw               its bytes, as received
//	GET    /api/messages/{id}/parts/{path}      the content of a part, such as an attachment
//	GET    /api/messages/{id}/findings          what package lint finds
//	GET    /api/messages/{id}/verdict           what package mailauth says of SPF, DKIM and DMARC
//	GET    /api/wait?q=&after=&timeout=         waits for a message that matches
//	GET    /api/sessions                        the connections
//	GET    /api/sessions/{host}/{number}        one, turn by turn
//	GET    /api/sessions/{host}/{number}/findings
//	GET    /api/journal?after=                  what happened in the internet, in order
//	GET    /api/rules                           the rules that were added here
//	POST   /api/rules                           adds rules, one on a line
//	DELETE /api/rules                           removes all rules, those of the test included
//
// # Queries
//
// A query is a list of words, all of which must match. A word is looked for in the subject, the addresses, the text, the
// HTML as a person sees it (the first 256 KiB of both), and the names of attachments, in any letter case. "Two words" in quotation marks are one. A
// minus sign before a word excludes what matches. These prefixes restrict a word:
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
// Content-Security-Policy that allows no request. A page listens on the loopback interface only, and refuses requests whose
// Host header is not an address, localhost, or one of [Page.Hosts], so that no website can reach it by DNS rebinding. What
// changes something is refused when a website of another origin asks for it.
package inspect
