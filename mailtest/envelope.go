package mailtest

// Envelope is what the client said about a message in the SMTP dialogue, before
// the message itself: the sender and recipients that decide where it goes, with
// their parameters, and who the client claimed and proved to be (RFC 5321 §3.3).
//
// The zero value is the envelope of a message that did not come by SMTP, such as
// one made by [ParseMessage].
type Envelope struct {
	// From is the reverse-path of MAIL FROM, without angle brackets and without
	// a source route. It is empty for the null sender "<>" (RFC 5321 §4.5.5).
	From string

	// To is the forward-paths of the accepted RCPT TO commands, in order.
	To []Recipient

	// Helo is the name that the client gave in the last HELO or EHLO.
	Helo string

	// ESMTP is true if the client greeted with EHLO (or LHLO) and not with HELO.
	ESMTP bool

	// Client and Server are the two ends of the connection, as "address:port".
	Client string
	Server string

	// User is the authenticated identity, empty without AUTH; Mechanism is the
	// SASL mechanism by which it was proved, such as "PLAIN" (RFC 4954).
	User      string
	Mechanism string

	// TLS describes the encryption of the connection; nil means plain text.
	TLS *TLSState

	// Body is the BODY parameter of MAIL in upper case: "7BIT", "8BITMIME", "BINARYMIME", or empty if there was
	// none (RFC 6152, RFC 3030).
	Body string

	// Size is the SIZE parameter of MAIL in bytes, or 0 if there was none (RFC 1870).
	Size int64

	// SMTPUTF8 and RequireTLS report whether MAIL had these parameters (RFC 6531, RFC 8689).
	SMTPUTF8   bool
	RequireTLS bool

	// Return and EnvelopeID are the RET ("FULL" or "HDRS") and the decoded ENVID
	// parameter of MAIL (RFC 3461 §4.3, §4.4).
	Return     string
	EnvelopeID string

	// Auth is the decoded AUTH parameter of MAIL, "<>" for the empty one (RFC 4954 §5).
	Auth string

	// Chunking is true if the message came by BDAT and not by DATA (RFC 3030).
	Chunking bool
}

// Recipient is one accepted RCPT TO command.
type Recipient struct {
	// Address is the forward-path, without angle brackets and without a source
	// route, for example "bob@qq.com" or "postmaster".
	Address string

	// Notify is the NOTIFY parameter: "NEVER", or some of "SUCCESS", "FAILURE" and "DELAY", in the client's
	// order (RFC 3461 §4.1). It is nil if there was none.
	Notify []string

	// OriginalType and Original are the two halves of the decoded ORCPT parameter, such as "RFC822" and
	// "bob@qq.com" (RFC 3461 §4.2). The types RFC822 and UTF-8 are in capitals; any other type is as the client
	// wrote it.
	OriginalType string
	Original     string
}

// TLSState describes an encrypted connection. It is plain data, unlike tls.ConnectionState.
type TLSState struct {
	// Version is the protocol, such as "TLS 1.3", and Cipher the cipher suite.
	Version string
	Cipher  string

	// ServerName is the name that the client asked for (SNI), in lower case as
	// sent, or empty where it asked for none.
	ServerName string

	// ALPN is the negotiated application protocol, or empty.
	ALPN string

	// Implicit is true where TLS came before the greeting (RFC 8314 §3.3),
	// and false where it came by STARTTLS (RFC 3207).
	Implicit bool

	// ClientCertificates are the certificates of the client in DER, leaf first.
	ClientCertificates [][]byte
}
