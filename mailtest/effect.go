package mailtest

// The effect of a rule on its turn. This file reads all fields that are not conditions: those for the wire, the
// lines of EHLO, the handshake, and the fate of the message.

import (
	"crypto/tls"
	"math"
	"slices"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// effect is the effect of the rule that decides a turn. The zero value has no effect.
type effect struct {
	action     wire.Action
	hide, add  []string // lines of the EHLO reply
	keep, lose bool     // the message
	loseTo     string   // the recipients for whom the message is lost, if not for all
}

// effectOf returns the effect of a rule on a turn that it matches. It returns an error if the certificate that the
// rule asks for can't be made.
func (s *Server) effectOf(state *ruleState, a *Attempt) (effect, error) {
	r := &state.Rule
	e := effect{
		action: wire.Action{
			Endless: r.Endless, Lie: r.Lie, Delay: r.Delay, Pace: r.Pace,
			Drop: wire.Drop(r.Drop), After: r.AfterBytes, Rule: state.Number,
		},
		hide: r.Hide, add: r.Add, keep: r.Keep, lose: r.Lose, loseTo: r.To,
	}
	if r.AfterReply && r.AfterBytes == 0 {
		e.action.After = math.MaxInt64
	}
	if r.Reply != "" {
		e.action.Reply = r.literal(r.Reply)
	}
	if r.ReplyFunc != nil {
		if reply := r.ReplyFunc(a); reply != "" {
			e.action.Reply = r.literal(reply)
		}
	}
	var err error
	if r.changesTLS() {
		e.action.TLS, err = r.tlsConfig(s)
	}
	return e, err
}

// waits reports whether the rule acts in the middle of a message, if the message gets that far.
func (r *Rule) waits() bool { return r.At == Body && r.AfterBytes > 0 }

// edit changes the lines of an EHLO reply.
func (e *effect) edit(lines []string) []string {
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return slices.ContainsFunc(e.hide, func(hide string) bool { return strings.EqualFold(hide, firstWord(line)) })
	})
	for _, add := range e.add {
		same := func(line string) bool { return strings.EqualFold(firstWord(line), firstWord(add)) }
		if i := slices.IndexFunc(lines, same); i >= 0 {
			lines[i] = add
		} else {
			lines = append(lines, add)
		}
	}
	return lines
}

// accepts reports whether the message is kept, for the recipient of this turn if there is one, and whether the
// client is told so.
func (e *effect) accepts(t *wire.Turn) (keep, told bool) {
	positive := len(t.Reply) > 0 && t.Reply[0] == '2'
	keep = t.Accepted && positive || e.keep && t.Cut == 0
	if t.Recipient > 0 && e.lose {
		keep = false
	}
	act := &t.Action
	return keep, positive && (act.Drop == wire.NoDrop || act.After == 0 || act.After >= int64(len(t.Reply)))
}

// remaining returns a transaction without the recipients for whom the message is lost.
func (e *effect) remaining(tx *transaction) *transaction {
	left := *tx
	left.to = slices.DeleteFunc(slices.Clone(tx.to), func(rcpt Recipient) bool {
		return e.loseTo == "" || matchAddress(e.loseTo, rcpt.Address)
	})
	return &left
}

// The ways to end a connection, and to treat a bare LF, have the same numbers here and in internal/wire.
var (
	_ = [1]int{}[uint8(Close)^uint8(wire.Close)|uint8(Cut)^uint8(wire.Cut)|uint8(Reset)^uint8(wire.Reset)|uint8(Silence)^uint8(wire.Hang)]
	_ = [1]int{}[uint8(KeepLF)^uint8(wire.KeepLF)|uint8(RefuseLF)^uint8(wire.RefuseLF)|uint8(EndLF)^uint8(wire.EndLF)]
)

// literal returns a reply as the bytes that go over the wire.
func (r *Rule) literal(reply string) []byte {
	if r.Raw {
		return []byte(reply)
	}
	return literal(reply)
}

// literal returns a text with "\n" as the bytes that go over the wire.
func literal(reply string) []byte {
	reply = strings.ReplaceAll(strings.TrimSuffix(reply, "\n"), "\r\n", "\n")
	return []byte(strings.ReplaceAll(reply, "\n", "\r\n") + "\r\n")
}

// changesTLS reports whether the rule changes the handshake.
func (r *Rule) changesTLS() bool {
	return r.Certificate != 0 || r.MaxTLS != 0 || r.ClientCertificate
}

// tlsConfig returns the configuration for a handshake that the rule changes.
func (r *Rule) tlsConfig(s *Server) (*tls.Config, error) {
	cfg, err := s.serverTLS()
	if err != nil {
		return nil, err
	}
	special := testca.Handshake{Fault: testca.Fault(r.Certificate), MaxTLS: r.MaxTLS, ClientCertificate: r.ClientCertificate}
	return special.Config(cfg), nil
}
