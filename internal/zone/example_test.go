package zone_test

import (
	"fmt"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/zone"
)

// A domain with two mail hosts, as the resolver of this machine answers for it.
func Example() {
	rrs, err := zone.Parse(`
@    MX  10 mx1
@    MX  20 mx2
mx1  A   192.0.2.1
mx2  A   192.0.2.2
`, "qq.com.", "qq.com.zone")
	if err != nil {
		fmt.Println(err)
		return
	}
	var db zone.DB
	if err := db.Replace("qq.com.", rrs...); err != nil {
		fmt.Println(err)
		return
	}
	r := db.Answer(new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX), zone.Recursive)
	for _, rr := range append(r.Answer, r.Extra...) {
		fmt.Println(rr)
	}
	r = db.Answer(new(dns.Msg).SetQuestion("unknown.example.", dns.TypeMX), zone.Recursive)
	fmt.Println(dns.RcodeToString[r.Rcode])
	// Output:
	// qq.com.	300	IN	MX	10 mx1.qq.com.
	// qq.com.	300	IN	MX	20 mx2.qq.com.
	// mx1.qq.com.	300	IN	A	192.0.2.1
	// mx2.qq.com.	300	IN	A	192.0.2.2
	// NXDOMAIN
}

func ExampleParse_error() {
	_, err := zone.Parse("@  MX 10 mx1\nmx1  A  192.0.2.256\n", "qq.com.", "qq.com.zone")
	fmt.Println(err)
	// Output: qq.com.zone:2:9: bad A record, want an IPv4 address: "192.0.2.256"
}
