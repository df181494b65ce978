package mailauth

// This file holds Check, and the types of its results.

import (
	"context"
	"net"
	"net/netip"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Result is the outcome of one method, in the words of RFC 8601 §2.7.
type Result string

// The outcomes. Not every method has all of them.
const (
	// None: there is nothing to check: no SPF record, no signature, or no DMARC record.
	None Result = "none"

	// Pass: the domain vouches for the message.
	Pass Result = "pass"

	// Fail: the domain disowns the message (SPF, DMARC), or the signature does not match it (DKIM).
	Fail Result = "fail"

	// SoftFail: the domain states that the client is probably not authorized (SPF only).
	SoftFail Result = "softfail"

	// Neutral: the domain says nothing about the client (SPF), or the signature is one that
	// no verifier can read (DKIM).
	Neutral Result = "neutral"

	// Policy: the signature may match, but verifiers must not accept it, because of SHA-1 or a
	// short key (RFC 8301). DKIM only.
	Policy Result = "policy"

	// TempError: the DNS did not answer. Trying again later may help.
	TempError Result = "temperror"

	// PermError: what the domain has published is wrong, and trying again does not help.
	PermError Result = "permerror"
)

// Verdict is what a receiver would think of a message, in one word for each method. It is
// comparable, so a test can state the verdict that it wants.
type Verdict struct {
	// SPF is the result for the MAIL FROM identity: [Report.SPF].
	SPF Result

	// DKIM is [Pass] if any signature passes. Otherwise it is the first of [TempError], [Fail],
	// [Policy], [PermError] and [Neutral] that a signature has, or [None] if there are no
	// signatures.
	DKIM Result

	// DMARC is the result for the domain of the From field: [DMARC.Result].
	DMARC Result
}

// Report explains a [Verdict]. It is plain data.
type Report struct {
	// SPF is the check of the MAIL FROM identity (RFC 7208 §2.4), which decides the verdict.
	SPF SPF

	// Helo is the check of the HELO identity (RFC 7208 §2.3). Many receivers check it too, but it
	// does not affect the verdict.
	Helo SPF

	// Signatures are the DKIM signatures from the top of the message down, at most [MaxSignatures].
	Signatures []Signature

	// Skipped is the number of further signatures, which were not checked.
	Skipped int

	// DMARC is the check of the domain of the From field.
	DMARC DMARC
}

// Resolver is the DNS as a receiver sees it. [*net.Resolver] implements it, including the one
// returned by mxmock.Internet.Resolver. All names are looked up with a final dot, so no search list
// applies. For a name that does not exist or has no such records, a Resolver must return a
// [*net.DNSError] with IsNotFound, or no error and no records; any other error counts as temporary.
//
// Note that a *net.Resolver consults /etc/hosts before it asks for addresses.
type Resolver interface {
	// All methods are as those of [*net.Resolver].
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
// The verdict is always set, and the report explains it. If ctx ends early, whatever is not yet
// known becomes [TempError]. Signatures are checked for expiry against time.Now. Check asks the DNS
// from its own goroutine, one question after the other. If r is nil, [net.DefaultResolver] is used.
// Check may be called from several goroutines at once.
//
// A client on the loopback interface has the address 127.0.0.1, which no domain authorizes. To
// check the address of the machine on which the program will run, change the client in a copy of
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
