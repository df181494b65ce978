package mailtest

// Rules that make no sense are refused when they are given, with a text that says what to write instead.

import (
	"errors"
	"fmt"
)

// check returns what is wrong with a rule, or nil.
func (r *Rule) check() error {
	where := r.At.String()
	onlyAt := func(set bool, field string, stages ...Stage) error {
		if !set {
			return nil
		}
		for _, s := range stages {
			if r.At == s {
				return nil
			}
		}
		return fmt.Errorf("%s is for At: %v, not %s", field, stages, where)
	}
	if r.At == 0 || r.At > lastStage {
		return fmt.Errorf("At is %s; say at which stage the rule acts, such as mailtest.Rcpt", where)
	}
	return errors.Join(
		r.checkNumbers(),
		r.checkReply(),
		onlyAt(r.From != "", "From", Mail, Rcpt, Data, Body, Dot, Bdat),
		onlyAt(r.To != "", "To", Rcpt, Data, Body, Dot, Bdat),
		onlyAt(r.Header != "", "Header", Dot),
		onlyAt(r.Content != "", "Content", Dot),
		onlyAt(r.Keep, "Keep", Dot),
		onlyAt(r.Lose, "Lose", Dot),
		onlyAt(r.Hide != nil, "Hide", Helo),
		onlyAt(r.Add != nil, "Add", Helo),
		onlyAt(r.Certificate != 0, "Certificate", Handshake),
		onlyAt(r.MaxTLS != 0, "MaxTLS", Handshake),
		onlyAt(r.ClientCertificate, "ClientCertificate", Handshake),
	)
}

func (r *Rule) checkNumbers() error {
	switch {
	case r.Drop > Silence:
		return fmt.Errorf("Drop is %d; use Close, Cut, Reset or Silence", r.Drop)
	case r.Certificate > UnknownCA:
		return fmt.Errorf("Certificate is %d; use Expired, NotYetValid, SelfSigned, OtherName or UnknownCA", r.Certificate)
	case r.Skip < 0 || r.Times < 0 || r.Session < 0 || r.Nth < 0 || r.After < 0 || r.Delay < 0 || r.Pace < 0 || r.For < 0:
		return fmt.Errorf("a number is negative: Session %d, Nth %d, Skip %d, Times %d, After %d, Delay %v, Pace %v, For %v",
			r.Session, r.Nth, r.Skip, r.Times, r.After, r.Delay, r.Pace, r.For)
	case r.Plain && r.Encrypted:
		return errors.New("Plain and Encrypted contradict each other; leave both out for all connections")
	case r.Keep && r.Lose:
		return errors.New("Keep and Lose contradict each other")
	}
	if r.Client != "" {
		if _, err := parsePrefix(r.Client); err != nil {
			return fmt.Errorf("Client %q is neither an address nor a prefix such as \"192.0.2.0/24\"", r.Client)
		}
	}
	return nil
}

func (r *Rule) checkReply() error {
	replies := r.Reply != "" || r.Answer != nil
	switch {
	case r.Reply != "" && r.Answer != nil:
		return errors.New("Reply and Answer are both set; keep one")
	case r.Raw && !replies:
		return errors.New("Raw without a Reply: write the bytes to send")
	case r.Lie && !replies:
		return errors.New("Lie without a Reply: write the reply to send")
	case r.Endless && !replies:
		return errors.New("Endless without a Reply: write the line to repeat, such as \"250-and more\"")
	case r.Endless && (r.Drop != 0 || r.After != 0):
		return errors.New("Endless never comes to Drop or After; leave them out")
	case r.At == Handshake && r.Reply != "" && r.Drop == Silence:
		return errors.New("a Reply at Handshake ends the connection; leave Drop out")
	case r.At == Idle && r.Delay == 0:
		return errors.New("Idle needs a Delay: how long the client has to be silent")
	case r.At == Idle && !replies && r.Drop == 0:
		return errors.New("Idle needs a Reply or a Drop")
	case r.After > 0 && r.At != Body && r.Drop == 0:
		return fmt.Errorf("After at %v counts the bytes of the reply before a Drop, and there is no Drop", r.At)
	case r.After == WholeReply && r.At == Body:
		return errors.New("After: WholeReply is not for Body; write At: mailtest.Dot")
	case !replies && r.Drop == 0 && r.Delay == 0 && r.Pace == 0 && !r.Keep && !r.Lose && r.Hide == nil && r.Add == nil &&
		r.Certificate == 0 && r.MaxTLS == 0 && !r.ClientCertificate:
		return fmt.Errorf("the rule at %v does nothing; set Reply, Delay, Drop or another field that says what happens", r.At)
	}
	return nil
}
