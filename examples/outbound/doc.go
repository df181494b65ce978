// Package outbound sends mail to the world: it looks up where the mail of a domain goes,
// connects to port 25 of the best host there, talks SMTP, and says for every recipient what
// became of the message. It is one attempt at delivery. A queue above it keeps the message and
// calls [Sender.Send] again for those whose [Result] is temporary or unknown.
//
//	s := &outbound.Sender{Hostname: "mail.example.org"}
//	results, err := s.Send(ctx, "alice@example.org", []string{"bob@qq.com"}, msg)
//
// # What it decides
//
// The numbers are those of the situations that every sender meets; the tests name them too.
//
// DNS. (1, 23, 24) Hosts are tried by ascending preference, those of equal preference in random
// order. (2) A domain without MX records is its own host. (3) [net.Resolver] does not tell NXDOMAIN
// from "no such record", so the look-up of addresses decides: neither MX nor address is permanent,
// 5.1.2. (4, 5, 6, 11, 22) Any other failure of the DNS is temporary: SERVFAIL, timeout, REFUSED,
// loops, lame referrals, whether or not the error calls itself temporary. (7, 9) A lone "." is a
// null MX, with any preference: permanent, 5.1.10, and nothing more is asked. (8) Beside others it
// is skipped. (10, 12) A domain or a host that is a CNAME is followed, as the resolver does; the
// second is forbidden, and common. (13) A host without address is passed over; the domain's own
// address is never tried instead; if no host has one, permanent, 5.4.4. (14) Malformed records are
// left out; if there are no others, temporary. (15) Records that hold an address are left out; if
// there are no others, permanent, 5.4.4. (17, 31) Either family of addresses is enough, and "not
// found" is believed only if both say so. (16, 20) TCP after truncation and wildcards are the
// resolver's business. (18, 19) Domains are asked for by their A-labels in lower case, and with a
// last dot, so that no search list applies. (21) Nothing is remembered from one Send to the next.
//
// Hosts. (25) A host or an address that comes twice is tried once. (26, 32) All addresses of a host
// are tried in the resolver's order, IPv6 and IPv4 alike. (27) At most Sender.MaxAttempts in all.
// (28) Where Sender.Hostname is in the list, its preference and all beyond are dropped; if none is
// left, permanent, 5.4.6. The host knows itself by name only. (29) Address literals need no DNS.
// (30) Addresses that are not global unicast are not dialled; private networks are; Sender.Allow
// can say otherwise.
//
// Passing over. A host that cannot be reached, that is silent, closes, talks nonsense, or answers
// 4xx or 5xx to the greeting, EHLO or HELO, is passed over, and the next address is tried (34-36,
// 38-40). So is one that answers 4xx to MAIL (47), 421 before the final dot (57), loses the
// connection before it (43), or does not have what the message needs (90-92). If the last one is
// passed over, the outcome is temporary if any of them was temporary, else permanent. All other
// replies are an outcome: a 5xx to MAIL (48), and any reply to RCPT, DATA or the final dot (49,
// 54), so that a greylisted recipient is not carried from host to host.
//
// Replies. (37, 43, 44) Timeouts are those of RFC 5321 §4.5.3.2. (41) EHLO that draws 500 or 502 is
// followed by HELO. (42, 59) Replies whose codes differ, and those above 64 KiB, end the session:
// temporary. (45) No reply to the final dot means unknown, and no other host is tried: a second
// copy is for the queue to risk. (46) What happens at QUIT, for which there are 10 seconds, changes
// nothing. (50, 55, 56) MAIL, RCPT and DATA go in one write where PIPELINING is offered; a reply
// that came before the end of the connection counts; a 354 for no recipient is answered by a lone
// dot. (51, 52) 452 and 552 to RCPT are temporary, and where others were accepted, those recipients
// are offered again in a next transaction, until one accepts nobody. (53) RCPTMAX and MAILMAX of
// LIMITS are kept; a transaction has no more than 100 recipients anyhow. (58) The basic code
// decides; an enhanced code of another class is dropped. (60) RSET comes between a failed
// transaction and the next. (61) If a connection ends after a transaction, the same address is
// dialled again for the rest. (102) Recipients of one domain share a transaction, except that those
// whose local part is in UTF-8 have their own.
//
// TLS. (62) Where STARTTLS is offered it is used, with any certificate; whether it was valid is in
// the result. (63) If the handshake fails, the same address is dialled again without TLS. (64) If
// STARTTLS is refused, the session goes on without. (65, 66) After the handshake, EHLO is said
// again, and all that was heard before is forgotten.
//
// The message. (90) Too large for what SIZE says: not sent, 5.3.4. (91) 8-bit octets, and no
// 8BITMIME: not sent, 5.6.3; nothing is ever converted, for that would break signatures. (92) A
// local part in UTF-8, and no SMTPUTF8: not sent, 5.6.7; a domain goes as A-label. A header in
// UTF-8 asks for SMTPUTF8 where it is offered and goes as 8-bit text where it is not: this is not
// what RFC 6531 wants, but what receivers have long put up with. (93, 94) Dots are doubled and bare
// CR and LF become CRLF; otherwise the message goes as it is, long lines and NUL included. (95) DSN
// parameters are never sent. (96) An empty sender is "<>".
//
// # What it leaves to others
//
// Whatever needs a memory is for the queue: retries and their limits, bounces, the other address
// family next time (33), a host that used to have TLS (67), connections kept for the next message.
// Policies that insist on TLS (MTA-STS, DANE, REQUIRETLS) are not here yet; their place is between
// the list of hosts and the session, where STARTTLS is now a matter of opportunity.
//
// # Why it has its own SMTP client
//
// The client of github.com/emersion/go-smtp v0.25.1 makes STARTTLS an all-or-nothing constructor
// that says EHLO as "localhost", so that a refusal cannot be followed by plain text; takes replies
// without end, and lines of other codes inside of one; refuses a reply that is a bare code; has no
// deadline while it writes a message; does not pipeline; and loses a reply that came before the
// connection broke. TestClientOfGoSMTP shows each of these. What is needed here is small: smtp.go has
// the syntax, session.go the order of things. A program that submits its mail to a server of its own
// meets none of this, and is better off with go-smtp: see examples/offline.
package outbound
