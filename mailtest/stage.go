package mailtest

// Stages and attempts: the points of a dialogue at which a rule can act, and what a client is doing there.

import (
	"slices"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/wire"
	"github.com/seed078e9d8c/maillab/mailtest/internal/stage"
)

// Stage is a point of the SMTP dialogue: what the client has just done. The zero Stage is none. Packages pop3 and imap
// have further stages, at which only rules of their servers can act.
type Stage uint8

// The stages of a dialogue, in the order in which they usually come.
const (
	Greeting  Stage = iota + 1 // the client has connected; the reply is the greeting
	Handshake                  // the TLS handshake is about to begin, before the greeting or after STARTTLS; it has no reply
	Helo                       // HELO, EHLO or LHLO
	StartTLS                   // STARTTLS
	Auth                       // AUTH, with or without an initial response
	AuthStep                   // an answer to a challenge of the server's
	Mail                       // MAIL
	Rcpt                       // RCPT
	Data                       // DATA, before the 354
	Body                       // the message is on its way: after the 354, or the chunks after BDAT
	Dot                        // the message is complete: after the final dot, or after BDAT LAST unless a rule at Bdat has decided that
	Bdat                       // BDAT, with its chunk
	Rset                       // RSET
	Noop                       // NOOP
	Vrfy                       // VRFY or EXPN
	Help                       // HELP
	Quit                       // QUIT
	XClient                    // XCLIENT
	Idle                       // no line has come from the client for the Delay of the rule; in the middle of a message it may be silent
	Unknown                    // anything else
)

// lastStage is the number of stages of SMTP.
const lastStage = Unknown

// stageNames are the names of the stages, by stage, those of POP3 and IMAP included.
var stageNames = func() enum.Names {
	names := slices.Clone(stage.Names)
	copy(names, smtpStages)
	return names
}()

// smtpStages are the names of those of SMTP.
var smtpStages = enum.Names{
	Greeting: "Greeting", Handshake: "Handshake", Helo: "Helo", StartTLS: "StartTLS", Auth: "Auth", AuthStep: "AuthStep",
	Mail: "Mail", Rcpt: "Rcpt", Data: "Data", Body: "Body", Dot: "Dot", Bdat: "Bdat", Rset: "Rset", Noop: "Noop",
	Vrfy: "Vrfy", Help: "Help", Quit: "Quit", XClient: "XClient", Idle: "Idle", Unknown: "Unknown",
}

// String returns the name of the stage as it is in this package.
func (s Stage) String() string { return stageNames.String("Stage", "no stage", uint8(s)) }

// MarshalText returns the name of the stage, and nothing for the zero Stage. The error says that
// there is no such stage.
func (s Stage) MarshalText() ([]byte, error) { return stageNames.Marshal("mailtest: stage", uint8(s)) }

// UnmarshalText reads what MarshalText returns, in any letter case. The error says which names there
// are.
func (s *Stage) UnmarshalText(text []byte) error {
	return stageNames.Unmarshal("mailtest: stage", text, (*uint8)(s))
}

// stageOf returns the stage of a turn.
func stageOf(t *wire.Turn) Stage {
	switch t.Kind {
	case wire.Connect:
		return Greeting
	case wire.Handshake:
		return Handshake
	case wire.AuthStep:
		return AuthStep
	case wire.Body:
		return Body
	case wire.End:
		return Dot
	case wire.Idle:
		return Idle
	}
	switch t.Verb {
	case "HELO", "EHLO", "LHLO":
		return Helo
	case "STARTTLS":
		return StartTLS
	case "AUTH":
		return Auth
	case "MAIL":
		return Mail
	case "RCPT":
		return Rcpt
	case "DATA":
		return Data
	case "BDAT":
		return Bdat
	case "RSET":
		return Rset
	case "NOOP":
		return Noop
	case "VRFY", "EXPN":
		return Vrfy
	case "HELP":
		return Help
	case "QUIT":
		return Quit
	case "XCLIENT":
		return XClient
	}
	return Unknown
}
