package outbound

// The Sender: its settings, and the division of recipients into domains.

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
)

// Resolver is the part of a [net.Resolver] that a Sender needs.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Sender delivers messages to the hosts that the DNS names for their recipients.
// Its zero value is ready to use, on a machine that may connect to port 25 of the
// world. The fields must not change while Send runs; Send itself may run many
// times at once.
type Sender struct {
	// Resolver answers for the DNS. Nil means [net.DefaultResolver].
	Resolver Resolver

	// DialContext connects to an "address:25". Nil means that of a [net.Dialer].
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Hostname is the name of this host for EHLO, a domain or an address literal. Receivers expect that the PTR
	// record of the address of this host leads to this name. An MX host of that name is this host. Empty means
	// [os.Hostname], or "localhost" if that is not a domain.
	Hostname string

	// TLSConfig is the base of the configuration for STARTTLS. Its RootCAs decide what [Result] calls verified. The
	// result reports whether the certificate is valid, but delivery does not depend on it, so ServerName and
	// InsecureSkipVerify have no effect. If the handshake fails, even because of VerifyConnection, the mail is sent
	// in plain text. A zero MinVersion means TLS 1.0, since the alternative is no encryption at all.
	TLSConfig *tls.Config

	// Allow reports whether to connect to an address. Nil means [netip.Addr.IsGlobalUnicast], which allows private
	// networks. It does not allow loopback, link-local and multicast addresses, to which the DNS of strangers should
	// not direct a sender.
	Allow func(netip.Addr) bool

	// MaxAttempts bounds the hosts without address and the addresses that are tried
	// for one domain in one Send. Zero means 10; RFC 5321 §5.1 asks for at least 2.
	MaxAttempts int

	// MaxDomains bounds the domains that one Send serves at the same time. Zero means 10.
	MaxDomains int

	// Timeouts bound every step. The zero value means those of RFC 5321 §4.5.3.2.
	Timeouts Timeouts

	// Shuffle puts hosts of equal preference into random order. Several goroutines may call it at once. Nil means
	// [rand.Shuffle].
	Shuffle func(n int, swap func(i, j int))

	// Logger gets one record for every host or address that was passed over, of
	// level Info. Nil means none.
	Logger *slog.Logger
}

// Timeouts are the times to wait. A zero field means the time in its comment.
type Timeouts struct {
	Lookup   time.Duration // one DNS look-up: 1 minute
	Connect  time.Duration // one connection: 30 seconds
	Greeting time.Duration // the greeting: 5 minutes (§4.5.3.2.1)
	Command  time.Duration // EHLO, STARTTLS with handshake, MAIL, RCPT, RSET: 5 minutes (§4.5.3.2.2, .3)
	Data     time.Duration // the reply to DATA: 2 minutes (§4.5.3.2.4)
	Block    time.Duration // each block of the message, of 16 KiB: 3 minutes (§4.5.3.2.5)
	Dot      time.Duration // the reply to the final dot: 10 minutes (§4.5.3.2.6)
	Quit     time.Duration // the reply to QUIT, which changes nothing any more: 10 seconds
}

// Send delivers msg, which is a message in the format of RFC 5322, from a sender to recipients. An empty from is
// the null sender "<>" of bounces (RFC 5321 §4.5.5).
//
// It makes one attempt, which ends when every recipient has a result, and
// returns one [Result] for each, in the order of to. The error is nil if all are
// [Delivered]; otherwise it joins an [*Error] for each of the others. A recipient
// that occurs twice is sent to once, and both have the same result.
//
// When ctx is done, Send closes its connections. The results that are not yet decided become [Temporary], or
// [Unknown] if only the last reply is missing.
func (s *Sender) Send(ctx context.Context, from string, to []string, msg []byte) ([]Result, error) {
	if len(to) == 0 {
		return nil, errors.New("outbound: no recipients")
	}
	mail := mail{payload: newPayload(msg)}
	refusal := s.checkHostname()
	if from != "" && refusal == nil {
		box, err := parseMailbox(from)
		if err != nil {
			refusal = failure(Permanent, Address, "5.1.7", err)
		} else {
			mail.from, mail.needsUTF8 = box.String(), box.utf8()
		}
	}

	recipients := make([]*recipient, len(to))
	known := make(map[string]*recipient)
	routes := make(map[route]*delivery)
	var deliveries []*delivery
	for i, address := range to {
		box, err := parseMailbox(address)
		switch {
		case refusal != nil:
			recipients[i] = &recipient{outcome: refusal}
		case err != nil:
			recipients[i] = &recipient{outcome: failure(Permanent, Address, "5.1.3", err)}
		case known[box.String()] != nil:
			recipients[i] = known[box.String()]
		default:
			recipients[i] = &recipient{mailbox: box}
			known[box.String()] = recipients[i]
			key := route{box.domain, mail.needsUTF8 || box.utf8()}
			d := routes[key]
			if d == nil {
				d = &delivery{mail: mail}
				d.needsUTF8 = key.utf8
				routes[key] = d
				deliveries = append(deliveries, d)
			}
			d.pending = append(d.pending, recipients[i])
		}
	}

	var wg sync.WaitGroup
	slots := make(chan struct{}, orDefault(s.MaxDomains, 10))
	for _, d := range deliveries {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			d.run(ctx, s)
		})
	}
	wg.Wait()

	results := make([]Result, len(to))
	var errs []error
	for i, r := range recipients {
		e := *r.outcome
		e.To = to[i]
		results[i] = e.Result
		if e.Status != Delivered {
			errs = append(errs, &e)
		}
	}
	return results, errors.Join(errs...)
}

// route has the values that recipients must share to be in one transaction. Recipients that need SMTPUTF8 are kept
// apart, so a host that does not offer it can still take the mail for the others.
type route struct {
	domain string
	utf8   bool
}

func (s *Sender) resolver() Resolver {
	if s.Resolver != nil {
		return s.Resolver
	}
	return net.DefaultResolver
}

func (s *Sender) dial(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeouts().Connect)
	defer cancel()
	if s.DialContext != nil {
		return s.DialContext(ctx, "tcp", addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

func (s *Sender) hostname() string {
	if s.Hostname != "" {
		return s.Hostname
	}
	if name, err := os.Hostname(); err == nil {
		if name, err = parseDomain(name); err == nil {
			return name
		}
	}
	return "localhost"
}

// checkHostname returns an error if no server would understand Hostname.
func (s *Sender) checkHostname() *Error {
	name := s.hostname()
	_, err := parseDomain(name)
	if strings.HasPrefix(name, "[") {
		_, _, err = parseLiteral(name)
	}
	if err != nil || !isASCII(name) {
		return failure(Temporary, Hello, "4.3.5", errors.New("the own Hostname is neither a domain in ASCII nor an address literal"))
	}
	return nil
}

func (s *Sender) allow(addr netip.Addr) bool {
	if s.Allow != nil {
		return s.Allow(addr)
	}
	return addr.IsGlobalUnicast()
}

func (s *Sender) shuffle(n int, swap func(i, j int)) {
	if s.Shuffle != nil {
		s.Shuffle(n, swap)
	} else {
		rand.Shuffle(n, swap)
	}
}

func (s *Sender) logger() *slog.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return slog.New(slog.DiscardHandler)
}

func (s *Sender) timeouts() Timeouts {
	t := s.Timeouts
	return Timeouts{
		Lookup:   orDefault(t.Lookup, time.Minute),
		Connect:  orDefault(t.Connect, 30*time.Second),
		Greeting: orDefault(t.Greeting, 5*time.Minute),
		Command:  orDefault(t.Command, 5*time.Minute),
		Data:     orDefault(t.Data, 2*time.Minute),
		Block:    orDefault(t.Block, 3*time.Minute),
		Dot:      orDefault(t.Dot, 10*time.Minute),
		Quit:     orDefault(t.Quit, 10*time.Second),
	}
}

// orDefault returns v if it is positive, and the default otherwise.
func orDefault[T ~int | ~int64](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
