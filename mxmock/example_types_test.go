package mxmock_test

// Examples of the smaller types.

import (
	"context"
	"fmt"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// A resolver that validates gets no answer from a bogus domain, but one from a domain that is
// merely insecure.
func ExampleDNSSEC() {
	var inet mxmock.Internet
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com")
	for _, how := range []mxmock.DNSSEC{mxmock.NSEC3, mxmock.BadSignatures, mxmock.WrongDS, mxmock.NoDS} {
		inet.Secure("qq.com", how)
		_, err := inet.Resolver().LookupMX(context.Background(), "qq.com")
		fmt.Println(how, err == nil)
	}
	// Output:
	// NSEC3 true
	// BadSignatures false
	// WrongDS false
	// NoDS true
}

// Events are data. These are the attempts of the sender to connect to the host that is down.
func ExampleEvent() {
	var inet mxmock.Internet
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")[0].Break(mxmock.Refused)
	newApp(inet.Resolver(), inet.DialContext).Send(context.Background(), "bob@qq.com")

	for _, e := range inet.Journal() {
		switch e.What {
		case "dial mx1.qq.com:25", "dial mx2.qq.com:25", "mail mx2.qq.com:25 bob@qq.com":
			fmt.Printf("%s: %s\n", e.What, e.Result)
		}
	}
	// Output:
	// dial mx1.qq.com:25: connect: connection refused
	// dial mx2.qq.com:25: connected
	// mail mx2.qq.com:25 bob@qq.com: from <alice@example.com>: Hello
}

// The records that a domain publishes about its mail are in the DNS, as the RFCs require.
func ExampleRecords() {
	var inet mxmock.Internet
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com")
	inet.Publish("qq.com", mxmock.Records{SPF: "mx -all", DMARC: "p=reject", TLSRPT: "mailto:tls@qq.com"})

	for _, name := range []string{"qq.com", "_dmarc.qq.com", "_smtp._tls.qq.com"} {
		txt, err := inet.Resolver().LookupTXT(context.Background(), name)
		fmt.Println(name, txt, err)
	}
	// Output:
	// qq.com [v=spf1 mx -all] <nil>
	// _dmarc.qq.com [v=DMARC1; p=reject] <nil>
	// _smtp._tls.qq.com [v=TLSRPTv1; rua=mailto:tls@qq.com] <nil>
}
