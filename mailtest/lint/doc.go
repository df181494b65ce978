// Package lint reports what is wrong with a captured message, and with the session that delivered
// it: which rule is broken, where, which RFC says so, and what to do about it.
//
// A program whose mail is malformed in small ways works with lenient receivers and is refused by
// others, often days later and without notice. Its tests can find the mistakes first:
//
//	srv := mailtest.New(t)
//	newShop(srv.Addr()).Register("bob@qq.com")
//	for _, f := range lint.Check(srv.Next(t)) {
//		t.Error(f)
//	}
//
// A finding prints as a line like a compiler's, with the number of the line in the message:
//
//	message 1:3: error: the field "subject" has bytes beyond ASCII: "你好" [header-not-ascii, RFC 5322 §2.2, RFC 6532 §3]
//
// [Check] checks messages: their format, and whether they are likely to reach people instead of a
// spam folder. [CheckSession] checks a transcript, as returned by [mailtest.Server.Sessions]. A
// [Linter] has fields to switch off rules and groups, and to set bounds. All of them accept any
// input, however broken, and take time proportional to its size.
//
// # Severity
//
// An [Error] violates a requirement of a standard, or is refused by receivers. A [Warning] violates
// a recommendation, or costs trust. A [Note] is allowed but out of date. A test that wants only
// errors compares the field:
//
//	if f.Severity == lint.Error { … }
//
// # Rules
//
// A rule of this package is one check, and not a [mailtest.Rule].
//
// These are the rules, by group. [Rules] returns the same table, with advice on how to fix each.
//
// format:
//
//	header-missing         error    RFC 5322 §3.5
//	    The message does not begin with a header field.
//	blank-line-missing     error    RFC 5322 §2.1
//	    There is no empty line between the header and the body.
//	header-in-body         warning  RFC 5322 §2.1
//	    A line of the body looks like a header field that the header lacks, as if an empty line
//	    had come too early.
//	field-name             error    RFC 5322 §2.2
//	    The name of a header field has a space or another character in it that a name must not
//	    have.
//	date-missing           error    RFC 5322 §3.6
//	    There is no Date field.
//	from-missing           error    RFC 5322 §3.6
//	    There is no From field.
//	message-id-missing     warning  RFC 5322 §3.6.4
//	    There is no Message-ID field.
//	field-twice            error    RFC 5322 §3.6, RFC 2045 §3
//	    A field that may occur only once occurs again.
//	control-character      error    RFC 5322 §2.2, RFC 2045 §2.8
//	    A header has a control character in it, or a NUL is anywhere in the message.
//	header-not-ascii       error    RFC 5322 §2.2, RFC 6532 §3
//	    A header has bytes beyond ASCII though the message was not sent with SMTPUTF8.
//	header-not-utf8        error    RFC 6532 §3.1
//	    A header of a message that was sent with SMTPUTF8 is not UTF-8.
//	header-raw-utf8        note     RFC 6532 §3, RFC 2047, RFC 2231
//	    A header has text in UTF-8 as it is, in a message with SMTPUTF8 whose addresses do not
//	    need that: most servers cannot pass it on.
//	fold-blank             error    RFC 5322 §3.2.2
//	    A line of a folded header field has nothing but white space.
//	header-line-length     warning  RFC 5322 §2.1.1
//	    A line of the header has more than 78 characters and could be folded.
//	line-length            error    RFC 5322 §2.1.1
//	    A line has more than 998 bytes.
//	bare-cr                error    RFC 5322 §2.3
//	    A CR is not followed by LF.
//	bare-lf                error    RFC 5322 §2.3
//	    An LF does not follow CR.
//	date-syntax            error    RFC 5322 §3.3
//	    The Date says no time, or the wrong day of the week.
//	date-off               warning  RFC 5322 §3.6.1
//	    The Date is far from the time at which the message came.
//	from-empty             error    RFC 5322 §3.6.2
//	    The From field has no address.
//	from-many              error    RFC 5322 §3.6.2
//	    There are several authors and no Sender, or the Sender is not one address.
//	address-syntax         error    RFC 5322 §3.4
//	    An address field cannot be read as a list of addresses.
//	bcc-leaked             error    RFC 5322 §3.6.3
//	    The Bcc field shows the hidden recipients.
//	message-id-syntax      error    RFC 5322 §3.6.4
//	    The Message-ID is not one identifier of the form <left@right>.
//	message-id-domain      warning  RFC 5322 §3.6.4
//	    What is after the at sign of the Message-ID is not a domain of the internet.
//	message-id-twice       error    RFC 5322 §3.6.4
//	    Two different messages have the same Message-ID.
//	references-syntax      error    RFC 5322 §3.6.4
//	    In-Reply-To or References is not a list of identifiers.
//	return-path            warning  RFC 5321 §4.4
//	    The message has a Return-Path field, which only the final delivery adds.
//	word-syntax            error    RFC 2047 §2, §4
//	    An encoded word is malformed.
//	word-length            error    RFC 2047 §2
//	    An encoded word has more than 75 characters.
//	word-place             error    RFC 2047 §5
//	    An encoded word is where none may be: in quotes, an address or a Received field, or
//	    glued to other text.
//	word-parameter         warning  RFC 2047 §5, RFC 2231 §4
//	    An encoded word is in a parameter such as a file name, where many mailers write it and
//	    not all read it.
//	word-charset           error    RFC 2047 §2, §3
//	    The charset of an encoded word is unknown, or its text is not in it.
//	word-split             error    RFC 2047 §5
//	    A character begins in one encoded word and ends in the next.
//	mime-version           error    RFC 2045 §4
//	    There are MIME fields but no MIME-Version, or another one than 1.0.
//	mime-syntax            error    RFC 2045 §5.1, RFC 2183 §2
//	    A Content-Type or Content-Disposition is malformed.
//	boundary-parameter     error    RFC 2046 §5.1.1
//	    A multipart has no boundary, or one that none can be.
//	boundary-not-found     error    RFC 2046 §5.1.1
//	    A multipart has no line with its boundary, and so no parts.
//	multipart-unclosed     error    RFC 2046 §5.1.1
//	    The end of a multipart is missing.
//	text-after-end         warning  RFC 2046 §5.1.1
//	    There is text after the end of a multipart, which nobody will see.
//	disposition-unknown    warning  RFC 2183 §2.8
//	    The Content-Disposition is unknown, and counts as attachment.
//	transfer-encoding      error    RFC 2045 §6.1
//	    The Content-Transfer-Encoding is unknown.
//	multipart-encoding     error    RFC 2045 §6.4, RFC 2046 §5.2.1
//	    A multipart or a message inside the message has a transfer encoding.
//	base64-line-length     error    RFC 2045 §6.8
//	    A line of base64 has more than 76 characters.
//	base64-syntax          error    RFC 2045 §6.8
//	    Base64 has characters outside of its alphabet, wrong padding, or text after its end.
//	qp-line-length         error    RFC 2045 §6.7
//	    A line of quoted-printable has more than 76 characters.
//	qp-syntax              error    RFC 2045 §6.7
//	    Quoted-printable has a = without two upper-case hexadecimal digits, a byte that must be
//	    encoded, or a space at the end of a line.
//	body-not-ascii         error    RFC 2045 §6.2
//	    A part has bytes beyond ASCII though its transfer encoding is 7bit, as it is if none is
//	    named.
//	charset-unknown        error    RFC 2046 §4.1.2
//	    The charset of a text is unknown.
//	charset-wrong          error    RFC 2046 §4.1.2
//	    A text is not in the charset that it names, or has bytes beyond ASCII and names none.
//	content-id-syntax      error    RFC 2045 §7
//	    A Content-ID is not of the form <left@right>.
//	content-id-unknown     error    RFC 2392 §2
//	    HTML refers to a part that is not there.
//	undecodable            error    RFC 2045 §3
//	    The message could not be decoded as it is labelled, for a reason that no other rule
//	    names.
//
// transport:
//
//	pipelining             error    RFC 2920 §3.1, RFC 3207 §4, RFC 5321 §4.3.1
//	    The client did not wait for the reply where it must.
//	command-order          error    RFC 5321 §4.1.4
//	    A command came before another one that it needs, or twice.
//	command-unknown        error    RFC 5321 §4.1.1
//	    A line is not a command of SMTP.
//	command-line-end       error    RFC 5321 §2.3.8
//	    A command line has a bare LF or a bare CR.
//	helo-syntax            error    RFC 5321 §4.1.1.1, §4.1.3
//	    The name in EHLO or HELO is neither a domain nor an address literal.
//	helo-name              warning  RFC 5321 §2.3.5
//	    The name in EHLO or HELO is not a full domain name.
//	helo-old               note     RFC 5321 §2.2.1
//	    The client says HELO without having tried EHLO.
//	path-space             error    RFC 5321 §3.3
//	    There is a space around the colon of MAIL FROM: or RCPT TO:.
//	path-brackets          error    RFC 5321 §4.1.2
//	    The address in MAIL or RCPT has no angle brackets.
//	path-syntax            error    RFC 5321 §4.1.2
//	    The address in MAIL or RCPT is malformed.
//	parameter-not-offered  error    RFC 5321 §4.1.1.11
//	    MAIL or RCPT has a parameter of an extension that the server did not offer.
//	parameter-case         warning  RFC 3461 §4, RFC 6533 §3
//	    ENVID or ORCPT is encoded with hexadecimal digits in small letters.
//	auth-clear             error    RFC 4954 §4, RFC 8314 §3
//	    The client sent a password or token without encryption.
//	size-wrong             warning  RFC 1870 §6.3
//	    The message is larger than SIZE said, or far smaller.
//	dot-undoubled          error    RFC 5321 §4.5.2
//	    A line of the message begins with a dot that was not doubled, so the dot is lost.
//	end-smuggled           error    RFC 5321 §2.3.8, §4.1.1.4
//	    The message has a dot between line ends that are not CRLF, which some servers take for
//	    its end.
//	body-8bit              error    RFC 6152 §3
//	    The message has bytes beyond ASCII and MAIL did not say BODY=8BITMIME.
//	message-cut            error    RFC 5321 §4.1.1.4
//	    The client went away in the middle of the message.
//	quit-missing           warning  RFC 5321 §4.1.1.10
//	    The client closed the connection without QUIT.
//
// deliverability:
//
//	subject-missing        warning  SpamAssassin MISSING_SUBJECT
//	    There is no subject, or an empty one.
//	recipient-missing      warning  SpamAssassin MISSING_HEADERS
//	    The header names no recipient.
//	from-domain            warning  RFC 5321 §2.3.5
//	    The domain of the author's address cannot be one of the internet.
//	name-spoofed           error    RFC 9989 §11.4
//	    The name of the author is another address than his own.
//	template-unfilled      warning  SpamAssassin UNRESOLVED_TEMPLATE, Go text/template, fmt
//	    A placeholder of a template, such as {{.Name}}, %%name%% or *|NAME|*, is left in the
//	    header or in a text, or what a template or fmt writes for a value that is missing.
//	encoded-twice          warning  RFC 2045 §6, RFC 2047 §2
//	    After decoding, an encoding is left in the header or in a text: an encoded word, base64,
//	    quoted-printable, UTF-8 that was taken for another charset, or HTML in plain text.
//	text-missing           warning  SpamAssassin MIME_HTML_ONLY
//	    There is HTML and no plain text.
//	alternative-order      warning  RFC 2046 §5.1.4
//	    Plain text comes after HTML in a multipart/alternative, so that it is what is shown.
//	html-empty             warning  SpamAssassin HTML_IMAGE_ONLY_04
//	    The HTML shows images and no text.
//	link-spoofed           error    Google email sender guidelines
//	    The text of a link is the address of another site than the one it leads to.
//	alt-spoofed            warning  rspamd PHISHING, Thunderbird's phishing detector
//	    The text of a link with the alternative text of its images, as filters read it and
//	    people do if images are off, is the address of another site than the one it leads to.
//	link-relative          warning  RFC 3986 §5.1, RFC 2557 §5
//	    The address of a link or an image in HTML is relative, and the message does not say to
//	    what; it may be a placeholder that was not filled in.
//	unsubscribe-missing    warning  RFC 2369 §3.2, Google email sender guidelines
//	    Bulk mail has no List-Unsubscribe field, or one without a URI in angle brackets.
//	one-click              warning  RFC 8058 §3.1, §4
//	    Bulk mail cannot be unsubscribed from with one click.
//	attachment-type        error    Gmail's list of blocked file types
//	    A file, or a file in a zip archive, is of a kind that receivers refuse.
//	message-size           warning  sizes that providers announce (RFC 1870 §4)
//	    The message is larger than large providers take.
package lint
