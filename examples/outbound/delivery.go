package outbound

// The delivery to the hosts of one domain, one after the other, until every recipient has an outcome (RFC 5321
// §5.1).

import (
	"context"
	"net"
	"net/netip"
	"slices"
)

// mail has the data that is the same for all recipients.
type mail struct {
	from      string // the reverse-path, empty for "<>"
	needsUTF8 bool   // some address cannot go without SMTPUTF8
	payload   payload
}

// recipient is one mailbox and, in the end, its outcome.
type recipient struct {
	mailbox mailbox
	outcome *Error // with Delivered too; nil while undecided
}

// delivery is one message on its way to the recipients of one domain.
type delivery struct {
	mail
	pending []*recipient // undecided
}

// settle removes the recipients with an outcome from pending.
func (d *delivery) settle() {
	d.pending = slices.DeleteFunc(d.pending, func(r *recipient) bool { return r.outcome != nil })
}

// run tries one address after the other. If all were passed over, the outcome is the last temporary failure, or
// else the last permanent one: as long as one host may take the mail later, it is too early to give up.
func (d *delivery) run(ctx context.Context, s *Sender) {
	var verdict *Error
	passOver := func(e *Error) {
		s.logger().InfoContext(ctx, "passed over", "host", e.Host, "addr", e.Addr,
			"status", e.Status, "stage", e.Stage, "code", e.Code, "text", e.Text)
		if verdict == nil || verdict.Status == Permanent || e.Status == Temporary {
			verdict = e
		}
	}
	hosts, err := s.hosts(ctx, d.pending[0].mailbox)
	if err != nil {
		passOver(err)
	}
	visited := make(map[netip.Addr]bool)
	attempts := orDefault(s.MaxAttempts, 10)
	for _, h := range hosts {
		if attempts == 0 {
			break
		}
		addrs, err := s.addresses(ctx, h)
		if err != nil {
			attempts--
			passOver(err)
			continue
		}
		for _, addr := range addrs {
			if attempts == 0 || visited[addr] {
				continue
			}
			attempts--
			visited[addr] = true
			err := d.visit(ctx, s, h, addr)
			if len(d.pending) == 0 {
				return
			}
			passOver(err)
			if ctx.Err() != nil {
				attempts = 0
			}
		}
	}
	for _, r := range d.pending {
		r.outcome = verdict
	}
	d.settle()
}

// visit delivers to one address as much as it takes. If the handshake failed, it connects again without TLS. It
// also connects again if the connection ended after some recipients were decided. The recipients that remain
// pending were not refused; the error says why the host was passed over.
func (d *delivery) visit(ctx context.Context, s *Sender, h host, addr netip.Addr) *Error {
	for plain := false; ; {
		before := len(d.pending)
		err := d.session(ctx, s, h, net.JoinHostPort(addr.String(), "25"), plain)
		d.settle()
		switch {
		case len(d.pending) == 0:
			return nil
		case len(d.pending) < before && (err == nil || err.Code == 0):
		case err.Stage == StartTLS && err.Code == 0 && !plain:
			plain = true
		default:
			return err
		}
	}
}
