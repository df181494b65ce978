package lint

// This file holds the table of all rules.
//
// To add a rule: name it in the constants and describe it in the table, report it where the message
// or the session is looked at, and put a good and a bad example into testdata under its name. The
// tests say what is missing.

// RuleInfo describes a rule.
type RuleInfo struct {
	// Name is the name of the rule in findings and in a [Linter], such as "date-missing".
	Name string

	// Group is "format", "transport" or "deliverability".
	Group string

	// Severity is the severity of all findings of the rule.
	Severity Severity

	// Section is the source of the rule: sections of RFCs, or the name of whoever follows that practice.
	Section string

	// Text says what the rule finds, in one sentence.
	Text string

	// Fix says what to do about it.
	Fix string
}

// Rules returns all rules, in the order in which findings on the same line are sorted. The caller
// may change the result.
func Rules() []RuleInfo { return append([]RuleInfo(nil), rules[:]...) }

// rule is an index of rules.
type rule int

const (
	headerMissing rule = iota
	blankLineMissing
	headerInBody
	fieldName
	dateMissing
	fromMissing
	messageIDMissing
	fieldTwice
	controlCharacter
	headerNotASCII
	headerNotUTF8
	headerRawUTF8
	foldBlank
	headerLineLength
	lineLength
	bareCR
	bareLF
	dateSyntax
	dateOff
	fromEmpty
	fromMany
	addressSyntax
	bccLeaked
	messageIDSyntax
	messageIDDomain
	messageIDTwice
	referencesSyntax
	returnPath
	wordSyntax
	wordLength
	wordPlace
	wordParameter
	wordCharset
	wordSplit
	mimeVersion
	mimeSyntax
	boundaryParameter
	boundaryNotFound
	multipartUnclosed
	textAfterEnd
	dispositionUnknown
	transferEncoding
	multipartEncoding
	base64LineLength
	base64Syntax
	qpLineLength
	qpSyntax
	bodyNotASCII
	charsetUnknown
	charsetWrong
	contentIDSyntax
	contentIDUnknown
	undecodable

	pipelining
	commandOrder
	commandUnknown
	commandLineEnd
	heloSyntax
	heloName
	heloOld
	pathSpace
	pathBrackets
	pathSyntax
	parameterNotOffered
	parameterCase
	authClear
	sizeWrong
	dotUndoubled
	endSmuggled
	body8Bit
	messageCut
	quitMissing

	subjectMissing
	recipientMissing
	fromDomain
	nameSpoofed
	templateUnfilled
	encodedTwice
	textMissing
	alternativeOrder
	htmlEmpty
	linkSpoofed
	altSpoofed
	linkRelative
	unsubscribeMissing
	oneClick
	attachmentType
	messageSize

	numRules
)

var rules = [numRules]RuleInfo{
	headerMissing: {"header-missing", "format", Error, "RFC 5322 §3.5",
		"The message does not begin with a header field.",
		"begin the message with its header fields, one a line, and only then an empty line and the text"},
	blankLineMissing: {"blank-line-missing", "format", Error, "RFC 5322 §2.1",
		"There is no empty line between the header and the body.",
		"end the header with an empty line"},
	headerInBody: {"header-in-body", "format", Warning, "RFC 5322 §2.1",
		"A line of the body looks like a header field that the header lacks, as if an empty line had come too early.",
		"write the empty line after the last field, and no line ends from user input into a field"},
	fieldName: {"field-name", "format", Error, "RFC 5322 §2.2",
		"The name of a header field has a space or another character in it that a name must not have.",
		"write the name of the field without spaces and directly before the colon; what was said as an SMTP command does not belong here"},
	dateMissing: {"date-missing", "format", Error, "RFC 5322 §3.6",
		"There is no Date field.",
		"add a Date field with the time at which the message was written"},
	fromMissing: {"from-missing", "format", Error, "RFC 5322 §3.6",
		"There is no From field.",
		"add a From field with the address of the author; MAIL FROM in the dialogue is something else"},
	messageIDMissing: {"message-id-missing", "format", Warning, "RFC 5322 §3.6.4",
		"There is no Message-ID field.",
		"add a Message-ID that no other message has, such as <random@your.domain>"},
	fieldTwice: {"field-twice", "format", Error, "RFC 5322 §3.6, RFC 2045 §3",
		"A field that may occur only once occurs again.",
		"write the field once; several addresses go into one field, with commas"},
	controlCharacter: {"control-character", "format", Error, "RFC 5322 §2.2, RFC 2045 §2.8",
		"A header has a control character in it, or a NUL is anywhere in the message.",
		"leave the character out, or encode the text or part that it belongs to"},
	headerNotASCII: {"header-not-ascii", "format", Error, "RFC 5322 §2.2, RFC 6532 §3",
		"A header has bytes beyond ASCII though the message was not sent with SMTPUTF8.",
		"write the text as encoded words (RFC 2047), and parameters as RFC 2231 has it"},
	headerNotUTF8: {"header-not-utf8", "format", Error, "RFC 6532 §3.1",
		"A header of a message that was sent with SMTPUTF8 is not UTF-8.",
		"convert the header to UTF-8, or write encoded words"},
	headerRawUTF8: {"header-raw-utf8", "format", Note, "RFC 6532 §3, RFC 2047, RFC 2231",
		"A header has text in UTF-8 as it is, in a message with SMTPUTF8 whose addresses do not need that: most servers cannot pass it on.",
		"write the text as encoded words and parameters as filename*=; net/smtp says SMTPUTF8 by itself wherever a server offers it"},
	foldBlank: {"fold-blank", "format", Error, "RFC 5322 §3.2.2",
		"A line of a folded header field has nothing but white space.",
		"fold the field so that every line has some text"},
	headerLineLength: {"header-line-length", "format", Warning, "RFC 5322 §2.1.1",
		"A line of the header has more than 78 characters and could be folded.",
		"fold the field: break the line before a space"},
	lineLength: {"line-length", "format", Error, "RFC 5322 §2.1.1",
		"A line has more than 998 bytes.",
		"fold header fields, and send the text as quoted-printable or base64"},
	bareCR: {"bare-cr", "format", Error, "RFC 5322 §2.3",
		"A CR is not followed by LF.",
		"end lines with CRLF and encode other CRs"},
	bareLF: {"bare-lf", "format", Error, "RFC 5322 §2.3",
		"An LF does not follow CR.",
		"end every line with CRLF"},
	dateSyntax: {"date-syntax", "format", Error, "RFC 5322 §3.3",
		"The Date says no time, or the wrong day of the week.",
		`write the Date like "Tue, 09 Dec 2014 11:20:55 +0800"`},
	dateOff: {"date-off", "format", Warning, "RFC 5322 §3.6.1",
		"The Date is far from the time at which the message came.",
		"set the clock and the offset from UTC, and write the Date when the message is sent"},
	fromEmpty: {"from-empty", "format", Error, "RFC 5322 §3.6.2",
		"The From field has no address.",
		"write the address of the author into the From field"},
	fromMany: {"from-many", "format", Error, "RFC 5322 §3.6.2",
		"There are several authors and no Sender, or the Sender is not one address.",
		"name the one who sends the message in a Sender field"},
	addressSyntax: {"address-syntax", "format", Error, "RFC 5322 §3.4",
		"An address field cannot be read as a list of addresses.",
		`write "Name <user@domain>", with the name in quotes if it has dots, commas or other special characters`},
	bccLeaked: {"bcc-leaked", "format", Error, "RFC 5322 §3.6.3",
		"The Bcc field shows the hidden recipients.",
		"take the Bcc field out before the message is sent; RCPT TO has its addresses"},
	messageIDSyntax: {"message-id-syntax", "format", Error, "RFC 5322 §3.6.4",
		"The Message-ID is not one identifier of the form <left@right>.",
		"write it like <random@your.domain>, without spaces"},
	messageIDDomain: {"message-id-domain", "format", Warning, "RFC 5322 §3.6.4",
		"What is after the at sign of the Message-ID is not a domain of the internet.",
		"use a domain of the sender's after the at sign"},
	messageIDTwice: {"message-id-twice", "format", Error, "RFC 5322 §3.6.4",
		"Two different messages have the same Message-ID.",
		"make a new Message-ID for every message"},
	referencesSyntax: {"references-syntax", "format", Error, "RFC 5322 §3.6.4",
		"In-Reply-To or References is not a list of identifiers.",
		"write the Message-IDs of other messages, with their angle brackets and with spaces between them"},
	returnPath: {"return-path", "format", Warning, "RFC 5321 §4.4",
		"The message has a Return-Path field, which only the final delivery adds.",
		"leave it out; the sender of the envelope is said in MAIL FROM"},
	wordSyntax: {"word-syntax", "format", Error, "RFC 2047 §2, §4",
		"An encoded word is malformed.",
		"encode the text anew: =?utf-8?B?…?= with base64, or =?utf-8?Q?…?= with _ for spaces"},
	wordLength: {"word-length", "format", Error, "RFC 2047 §2",
		"An encoded word has more than 75 characters.",
		"cut the text into several encoded words with a space, or a fold, between them"},
	wordPlace: {"word-place", "format", Error, "RFC 2047 §5",
		"An encoded word is where none may be: in quotes, an address or a Received field, or glued to other text.",
		"take the quotes away and put a space on both sides"},
	wordParameter: {"word-parameter", "format", Warning, "RFC 2047 §5, RFC 2231 §4",
		"An encoded word is in a parameter such as a file name, where many mailers write it and not all read it.",
		"encode the parameter as RFC 2231 has it: filename*=utf-8''%E5%8F%91.pdf"},
	wordCharset: {"word-charset", "format", Error, "RFC 2047 §2, §3",
		"The charset of an encoded word is unknown, or its text is not in it.",
		"convert the text to UTF-8 and name that charset"},
	wordSplit: {"word-split", "format", Error, "RFC 2047 §5",
		"A character begins in one encoded word and ends in the next.",
		"cut the text between characters, not between bytes"},
	mimeVersion: {"mime-version", "format", Error, "RFC 2045 §4",
		"There are MIME fields but no MIME-Version, or another one than 1.0.",
		`add "MIME-Version: 1.0" to the header of the message`},
	mimeSyntax: {"mime-syntax", "format", Error, "RFC 2045 §5.1, RFC 2183 §2",
		"A Content-Type or Content-Disposition is malformed.",
		"write type/subtype; name=value, with quotes around values that have special characters"},
	boundaryParameter: {"boundary-parameter", "format", Error, "RFC 2046 §5.1.1",
		"A multipart has no boundary, or one that none can be.",
		"give the multipart a boundary of 1 to 70 letters, digits and '()+_,-./:=? characters, unlike those around it"},
	boundaryNotFound: {"boundary-not-found", "format", Error, "RFC 2046 §5.1.1",
		"A multipart has no line with its boundary, and so no parts.",
		"begin every part with a line of two hyphens and the boundary, exactly as in the Content-Type"},
	multipartUnclosed: {"multipart-unclosed", "format", Error, "RFC 2046 §5.1.1",
		"The end of a multipart is missing.",
		"end the multipart with a line of two hyphens, the boundary, and two hyphens again"},
	textAfterEnd: {"text-after-end", "format", Warning, "RFC 2046 §5.1.1",
		"There is text after the end of a multipart, which nobody will see.",
		"move the text into a part, or leave it out"},
	dispositionUnknown: {"disposition-unknown", "format", Warning, "RFC 2183 §2.8",
		"The Content-Disposition is unknown, and counts as attachment.",
		"write attachment or inline"},
	transferEncoding: {"transfer-encoding", "format", Error, "RFC 2045 §6.1",
		"The Content-Transfer-Encoding is unknown.",
		"use 7bit, 8bit, quoted-printable or base64"},
	multipartEncoding: {"multipart-encoding", "format", Error, "RFC 2045 §6.4, RFC 2046 §5.2.1",
		"A multipart or a message inside the message has a transfer encoding.",
		"encode the parts, and leave the field out here"},
	base64LineLength: {"base64-line-length", "format", Error, "RFC 2045 §6.8",
		"A line of base64 has more than 76 characters.",
		"break the base64 into lines of 76 characters"},
	base64Syntax: {"base64-syntax", "format", Error, "RFC 2045 §6.8",
		"Base64 has characters outside of its alphabet, wrong padding, or text after its end.",
		"encode the content in one piece, with padding, and put nothing else into the part"},
	qpLineLength: {"qp-line-length", "format", Error, "RFC 2045 §6.7",
		"A line of quoted-printable has more than 76 characters.",
		"break the line with a = at its end"},
	qpSyntax: {"qp-syntax", "format", Error, "RFC 2045 §6.7",
		"Quoted-printable has a = without two upper-case hexadecimal digits, a byte that must be encoded, or a space at the end of a line.",
		"encode = as =3D, bytes beyond ASCII as =XX, and a space at the end of a line as =20"},
	bodyNotASCII: {"body-not-ascii", "format", Error, "RFC 2045 §6.2",
		"A part has bytes beyond ASCII though its transfer encoding is 7bit, as it is if none is named.",
		"send the part as quoted-printable or base64, or say 8bit"},
	charsetUnknown: {"charset-unknown", "format", Error, "RFC 2046 §4.1.2",
		"The charset of a text is unknown.",
		"convert the text to UTF-8 and write charset=utf-8"},
	charsetWrong: {"charset-wrong", "format", Error, "RFC 2046 §4.1.2",
		"A text is not in the charset that it names, or has bytes beyond ASCII and names none.",
		"name the charset that the text really is in; UTF-8 is the best"},
	contentIDSyntax: {"content-id-syntax", "format", Error, "RFC 2045 §7",
		"A Content-ID is not of the form <left@right>.",
		"write it like <image1@your.domain>"},
	contentIDUnknown: {"content-id-unknown", "format", Error, "RFC 2392 §2",
		"HTML refers to a part that is not there.",
		"add the part with that Content-ID, in a multipart/related with the HTML"},
	undecodable: {"undecodable", "format", Error, "RFC 2045 §3",
		"The message could not be decoded as it is labelled, for a reason that no other rule names.",
		"see what the text says"},

	pipelining: {"pipelining", "transport", Error, "RFC 2920 §3.1, RFC 3207 §4, RFC 5321 §4.3.1",
		"The client did not wait for the reply where it must.",
		"wait for the greeting, and for the replies to EHLO, DATA, AUTH, STARTTLS, NOOP, VRFY and QUIT; for all without PIPELINING"},
	commandOrder: {"command-order", "transport", Error, "RFC 5321 §4.1.4",
		"A command came before another one that it needs, or twice.",
		"say EHLO first, then MAIL, RCPT and DATA for each message"},
	commandUnknown: {"command-unknown", "transport", Error, "RFC 5321 §4.1.1",
		"A line is not a command of SMTP.",
		"send commands only; the text of a message goes between the 354 and the final dot"},
	commandLineEnd: {"command-line-end", "transport", Error, "RFC 5321 §2.3.8",
		"A command line has a bare LF or a bare CR.",
		"end every line with CRLF"},
	heloSyntax: {"helo-syntax", "transport", Error, "RFC 5321 §4.1.1.1, §4.1.3",
		"The name in EHLO or HELO is neither a domain nor an address literal.",
		"give the full name of the host, or its address like [192.0.2.1] or [IPv6:2001:db8::1]"},
	heloName: {"helo-name", "transport", Warning, "RFC 5321 §2.3.5",
		"The name in EHLO or HELO is not a full domain name.",
		"give the name under which DNS knows the host, not localhost"},
	heloOld: {"helo-old", "transport", Note, "RFC 5321 §2.2.1",
		"The client says HELO without having tried EHLO.",
		"say EHLO first, and HELO only if that is refused"},
	pathSpace: {"path-space", "transport", Error, "RFC 5321 §3.3",
		"There is a space around the colon of MAIL FROM: or RCPT TO:.",
		"write MAIL FROM:<address> and RCPT TO:<address> without a space"},
	pathBrackets: {"path-brackets", "transport", Error, "RFC 5321 §4.1.2",
		"The address in MAIL or RCPT has no angle brackets.",
		"write the address in angle brackets"},
	pathSyntax: {"path-syntax", "transport", Error, "RFC 5321 §4.1.2",
		"The address in MAIL or RCPT is malformed.",
		"write user@domain, or nothing for the sender of a report"},
	parameterNotOffered: {"parameter-not-offered", "transport", Error, "RFC 5321 §4.1.1.11",
		"MAIL or RCPT has a parameter of an extension that the server did not offer.",
		"use a parameter only if EHLO's reply names its extension"},
	parameterCase: {"parameter-case", "transport", Warning, "RFC 3461 §4, RFC 6533 §3",
		"ENVID or ORCPT is encoded with hexadecimal digits in small letters.",
		"write A to F in capitals"},
	authClear: {"auth-clear", "transport", Error, "RFC 4954 §4, RFC 8314 §3",
		"The client sent a password or token without encryption.",
		"use implicit TLS or STARTTLS before AUTH"},
	sizeWrong: {"size-wrong", "transport", Warning, "RFC 1870 §6.3",
		"The message is larger than SIZE said, or far smaller.",
		"count the bytes of the message with its line ends, before dots are doubled"},
	dotUndoubled: {"dot-undoubled", "transport", Error, "RFC 5321 §4.5.2",
		"A line of the message begins with a dot that was not doubled, so the dot is lost.",
		"put another dot before every line that begins with one"},
	endSmuggled: {"end-smuggled", "transport", Error, "RFC 5321 §2.3.8, §4.1.1.4",
		"The message has a dot between line ends that are not CRLF, which some servers take for its end.",
		"end every line with CRLF, and double every dot at the beginning of a line"},
	body8Bit: {"body-8bit", "transport", Error, "RFC 6152 §3",
		"The message has bytes beyond ASCII and MAIL did not say BODY=8BITMIME.",
		"say BODY=8BITMIME if the server offers it, or encode the message"},
	messageCut: {"message-cut", "transport", Error, "RFC 5321 §4.1.1.4",
		"The client went away in the middle of the message.",
		"end the message with a line that is a single dot"},
	quitMissing: {"quit-missing", "transport", Warning, "RFC 5321 §4.1.1.10",
		"The client closed the connection without QUIT.",
		"say QUIT and wait for the reply"},

	subjectMissing: {"subject-missing", "deliverability", Warning, "SpamAssassin MISSING_SUBJECT",
		"There is no subject, or an empty one.",
		"write a subject"},
	recipientMissing: {"recipient-missing", "deliverability", Warning, "SpamAssassin MISSING_HEADERS",
		"The header names no recipient.",
		`add a To field; "undisclosed-recipients:;" if nobody is to be named`},
	fromDomain: {"from-domain", "deliverability", Warning, "RFC 5321 §2.3.5",
		"The domain of the author's address cannot be one of the internet.",
		"use an address to which an answer can be sent"},
	nameSpoofed: {"name-spoofed", "deliverability", Error, "RFC 9989 §11.4",
		"The name of the author is another address than his own.",
		"write a name that has no address in it"},
	templateUnfilled: {"template-unfilled", "deliverability", Warning, "SpamAssassin UNRESOLVED_TEMPLATE, Go text/template, fmt",
		"A placeholder of a template, such as {{.Name}}, %%name%% or *|NAME|*, is left in the header or in a text, or what a template or fmt writes for a value that is missing.",
		"give the template all of its values, and check the error that it returns"},
	encodedTwice: {"encoded-twice", "deliverability", Warning, "RFC 2045 §6, RFC 2047 §2",
		"After decoding, an encoding is left in the header or in a text: an encoded word, base64, quoted-printable, UTF-8 that was taken for another charset, or HTML in plain text.",
		"encode once, as the last step, and let one library do it"},
	textMissing: {"text-missing", "deliverability", Warning, "SpamAssassin MIME_HTML_ONLY",
		"There is HTML and no plain text.",
		"send multipart/alternative, with text/plain first and text/html after it"},
	alternativeOrder: {"alternative-order", "deliverability", Warning, "RFC 2046 §5.1.4",
		"Plain text comes after HTML in a multipart/alternative, so that it is what is shown.",
		"put text/plain first: the last alternative is the best"},
	htmlEmpty: {"html-empty", "deliverability", Warning, "SpamAssassin HTML_IMAGE_ONLY_04",
		"The HTML shows images and no text.",
		"say in text what the images say"},
	linkSpoofed: {"link-spoofed", "deliverability", Error, "Google email sender guidelines",
		"The text of a link is the address of another site than the one it leads to.",
		"write words as the text of the link, or the address to which it leads"},
	altSpoofed: {"alt-spoofed", "deliverability", Warning, "rspamd PHISHING, Thunderbird's phishing detector",
		"The text of a link with the alternative text of its images, as filters read it and people do if images are off, is the address of another site than the one it leads to.",
		"write words as the alternative text, such as the name of the shop"},
	linkRelative: {"link-relative", "deliverability", Warning, "RFC 3986 §5.1, RFC 2557 §5",
		"The address of a link or an image in HTML is relative, and the message does not say to what; it may be a placeholder that was not filled in.",
		"write the whole address, with https:// and the host"},
	unsubscribeMissing: {"unsubscribe-missing", "deliverability", Warning, "RFC 2369 §3.2, Google email sender guidelines",
		"Bulk mail has no List-Unsubscribe field, or one without a URI in angle brackets.",
		"add List-Unsubscribe: <https://…>, <mailto:…>"},
	oneClick: {"one-click", "deliverability", Warning, "RFC 8058 §3.1, §4",
		"Bulk mail cannot be unsubscribed from with one click.",
		`add an https URI to List-Unsubscribe, "List-Unsubscribe-Post: List-Unsubscribe=One-Click", and sign both fields with DKIM`},
	attachmentType: {"attachment-type", "deliverability", Error, "Gmail's list of blocked file types",
		"A file, or a file in a zip archive, is of a kind that receivers refuse.",
		"send a link to the file in its place"},
	messageSize: {"message-size", "deliverability", Warning, "sizes that providers announce (RFC 1870 §4)",
		"The message is larger than large providers take.",
		"send a link to the large files in their place; base64 adds a third to their size"},
}
