package mailauth

// This file holds the one question that the package answers, and the shape of its answer.

import (
	"context"
	"net"
	"net/netip"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Result is the outcome of one method, in the words of RFC 8601 §2.7.
type Result string

// The outcomes. Not every method knows all of them.
const (
	// None: there is nothing to check, such as no SPF record, no signature, no DMARC record.
	None Result = "none"

	// Pass: the domain stands for the message.
	Pass Result = "pass"

	// Fail: the domain disowns the message (SPF, DMARC), or the signature does not match it (DKIM).
	Fail Result = "fail"

	// SoftFail: the domain thinks that it does not stand for the client (SPF only).
	SoftFail Result = "softfail"

	// Neutral: the domain says nothing about the client (SPF), or the signature is one that
	// no verifier can read (DKIM).
	Neutral Result = "neutral"

	// Policy: the signature may match, but verifiers must not count it: SHA-1, or a key
	// that is too short (RFC 8301). DKIM only.
	Policy Result = "policy"

	// TempError: the DNS did not answer. Trying again later may help.
	TempError Result = "temperror"

	// PermError: what the domain has published is wrong, and stays wrong.
	PermError Result = "permerror"
)

// Verdict is what a receiver would think of a message, in one word for each method. It is
// comparable, so a test can say which verdict it wants.
type Verdict struct {
	// SPF is the result for the MAIL FROM identity: [Report.SPF].
	SPF Result

	// DKIM is [Pass] if any signature passes. Otherwise it is the result that speaks most
	// for the message: of [TempError], [Fail], [Policy], [PermError] and [Neutral] the first
	// that a signature has, and [None] without signatures.
	DKIM Result

	// DMARC is the result for the domain of the From field: [DMARC.Result].
	DMARC Result
}

// Report is why a [Verdict] is what it is. It is plain data.
type Report struct {
	// SPF is the check of the MAIL FROM identity (RFC 7208 §2.4): the one that counts.
	SPF SPF

	// Helo is the check of the HELO identity (RFC 7208 §2.3). Many receivers do it
	// too, but it has no part in the verdict.
	Helo SPF

	// Signatures is the DKIM signatures from the top of the message down, at most [MaxSignatures].
	Signatures []Signature

	// Skipped is how many signatures there are beyond these.
	Skipped int

	// DMARC is the check of the domain of the From field.
	DMARC DMARC
}

// Resolver is the DNS as a receiver sees it. [*net.Resolver] is one, and so is what
// mxmock.Internet.Resolver returns. All names are asked for with a final dot, so that no search
// list applies. A name that does not exist or has no such records must give a [*net.DNSError] with
// IsNotFound, or no error and no records; any other error counts as temporary.
//
// Mind that a *net.Resolver looks into /etc/hosts before it asks for addresses.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// Check reports whether a receiver would trust the message, as it would be on arrival: with the
// client's address, its HELO name and the sender from msg.Envelope, and the rest from msg.Raw, the
// only fields of msg that matter. A message that did not come by SMTP has no client address, and so
// its SPF result is [None].
//
// The verdict is always set, and the report explains it. If ctx ends early, what is not yet known
// becomes [TempError]. The time, for expired signatures, is time.Now. The DNS is asked by the
// goroutine that called Check, one question after the other, and hardly any question is asked
// twice. A nil r is [net.DefaultResolver]. Calls may run at the same time.
//
// A client on the loopback interface is 127.0.0.1, for which no domain stands. To see what a
// receiver would think of the machine that the program will run on, change the client in a copy of
// the message:
//
//	m := *msg
//	m.Envelope.Client = "203.0.113.7:25"
func Check(ctx context.Context, msg *mailtest.Message, r Resolver) (Verdict, Report) {
	if r == nil {
		r = net.DefaultResolver
	}
	dns := newLookup(ctx, r)
	fields, body := split(msg.Raw)

	var why Report
	why.SPF, why.Helo = checkSPF(dns, &msg.Envelope)
	why.Signatures, why.Skipped = verify(dns, fields, body)
	why.DMARC = checkDMARC(dns, fields, &why)
	return Verdict{SPF: why.SPF.Result, DKIM: summary(why.Signatures), DMARC: why.DMARC.Result}, why
}

// summary is the result for all signatures together.
func summary(sigs []Signature) Result {
	for _, result := range []Result{Pass, TempError, Fail, Policy, PermError, Neutral} {
		for _, s := range sigs {
			if s.Result == result {
				return result
			}
		}
	}
	return None
}
