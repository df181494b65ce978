// Package outbound sends mail to the world. It looks up the hosts for the mail of a domain, connects to port 25
// of the best one, speaks SMTP, and returns a [Result] for every recipient. It makes one attempt at delivery. A
// queue above it keeps the message, and calls [Sender.Send] again for recipients whose result is temporary or
// unknown.
//
//	s := &outbound.Sender{Hostname: "mail.example.org"}
//	results, err := s.Send(ctx, "alice@example.org", []string{"bob@qq.com"}, msg)
//
// # What it decides
//
// The numbers are those of the situations that every sender meets; the tests name them too. To pass over a host
// means to try the next address.
//
// The DNS:
//   - Hosts are tried by ascending preference, and those of equal preference in random order (1, 23, 24).
//   - A domain without MX records is its own host (2). [net.Resolver] does not distinguish NXDOMAIN from "no such
//     record", so the look-up of addresses decides. If there is neither an MX record nor an address, the failure
//     is permanent, 5.1.2 (3).
//   - Any other failure of the DNS is temporary: SERVFAIL, timeout, REFUSED, loops and lame referrals, whether
//     or not the error calls itself temporary (4, 5, 6, 11, 22).
//   - A lone "." is a null MX, with any preference. It is a permanent failure, 5.1.10, and no further question is
//     asked (7, 9). Beside other records it is skipped (8).
//   - A domain or a host that is a CNAME is followed, as the resolver does (10, 12). A host that is one is
//     forbidden, and common.
//   - A host without an address is passed over, and the domain's own address is never tried instead. If no host
//     has an address, the failure is permanent, 5.4.4 (13).
//   - Malformed records are left out; if there are no others, the failure is temporary (14). Records that hold an
//     address are left out; if there are no others, the failure is permanent, 5.4.4 (15).
//   - Either family of addresses is enough, and "not found" counts only if it holds for both (17, 31).
//   - The resolver handles TCP after truncation, and wildcards (16, 20).
//   - Questions have A-labels in lower case and a final dot, so no search list applies (18, 19).
//   - Nothing is remembered from one Send to the next (21).
//
// Hosts:
//   - A repeated host or address is tried once (25).
//   - All addresses of a host are tried in the resolver's order, both IPv6 and IPv4 (26, 32), but at most
//     Sender.MaxAttempts in all (27).
//   - If Sender.Hostname is in the list, its preference and all greater ones are dropped. If no host is left, the
//     failure is permanent, 5.4.6 (28). The sender knows itself by its name only.
//   - Address literals need no DNS (29).
//   - Addresses that are not global unicast are not dialed. Private networks are, and Sender.Allow can change
//     both (30).
//
// Passing over:
//   - A host is passed over if it cannot be reached, is silent, closes the connection, sends nonsense, or answers
//     4xx or 5xx to the greeting, EHLO or HELO (34-36, 38-40).
//   - A host is also passed over if it answers 4xx to MAIL (47), answers 421 before the final dot (57), loses the
//     connection before it (43), or lacks an extension that the message needs (90-92).
//   - If all are passed over, the failure is temporary if that of any host was, and otherwise permanent.
//   - All other replies decide: a 5xx to MAIL (48), and any reply to RCPT, DATA or the final dot (49, 54). A
//     greylisted recipient is therefore not tried at further hosts.
//
// Replies:
//   - Timeouts are those of RFC 5321 §4.5.3.2 (37, 43, 44).
//   - If the reply to EHLO is 500 or 502, HELO follows (41).
//   - A reply with different codes, or of more than 64 KiB, ends the session with a temporary failure (42, 59).
//   - If there is no reply to the final dot, the result is unknown, and no other host is tried, because only the
//     queue may risk a second copy (45).
//   - The reply to QUIT, which has 10 seconds, changes nothing (46).
//   - If the host offers PIPELINING, MAIL, RCPT and DATA go in one write. Replies that came before the end of the
//     connection count. A 354 without recipients is answered by a lone dot (50, 55, 56).
//   - 452 and 552 to RCPT are temporary. If other recipients were accepted, the refused ones are in the next
//     transaction, until one accepts nobody (51, 52).
//   - RCPTMAX and MAILMAX of LIMITS are obeyed. A transaction never has more than 100 recipients (53).
//   - The basic code decides. An enhanced code of another class is dropped (58).
//   - RSET separates a failed transaction from the next (60). If a connection ends after a transaction, the same
//     address is dialed again for the rest (61).
//   - Recipients of one domain share a transaction, except that recipients whose local part is in UTF-8 have
//     transactions of their own (102).
//
// TLS:
//   - If the host offers STARTTLS, it is used, with any certificate. The result says whether the certificate was
//     valid (62).
//   - If the handshake fails, the same address is dialed again without TLS (63). If STARTTLS is refused, the
//     session continues without it (64).
//   - After the handshake, EHLO is sent again, and everything that came before is forgotten (65, 66).
//
// The message:
//   - A message that is larger than SIZE allows is not sent, 5.3.4 (90).
//   - A message with 8-bit octets is not sent without 8BITMIME, 5.6.3 (91). It is never converted, since that
//     would break signatures.
//   - A local part in UTF-8 is not sent without SMTPUTF8, 5.6.7; a domain is sent with A-labels (92). If the header
//     is in UTF-8, SMTPUTF8 is requested from hosts that offer it, and other hosts get 8-bit text. RFC 6531 does
//     not allow that, but receivers have long accepted it.
//   - Dots are doubled, and bare CR and LF become CRLF. Otherwise the message is sent unchanged, including long
//     lines and NUL (93, 94).
//   - DSN parameters are never sent (95). An empty sender is "<>" (96).
//
// # What it leaves to others
//
// Everything that needs a memory is for the queue: retries and their limits, bounces, the other address family
// the next time (33), a host that used to have TLS (67), and connections that are kept for the next message.
// Policies that require TLS (MTA-STS, DANE, REQUIRETLS) are not implemented. Their place is between the list of
// hosts and the session, which uses TLS only if the host offers it.
//
// # Why it has its own SMTP client
//
// The client of github.com/emersion/go-smtp v0.25.1 has several limits, which TestClientOfGoSMTP shows. STARTTLS
// is a constructor that either succeeds or fails, and that sends "localhost" in EHLO, so a refusal cannot be
// followed by plain text. The client accepts replies without end and lines of different codes in one reply, and
// refuses a reply that is a bare code. It has no deadline while it writes a message, does not pipeline, and loses a
// reply that came before the connection broke. This package needs only a small client: smtp.go has the syntax, and
// session.go the sequence. A program that submits mail to its own server meets none of these limits, and should use
// go-smtp; see examples/offline.
package outbound
