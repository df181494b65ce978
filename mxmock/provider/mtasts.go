package provider

// MTA-STS: the record, and the policy that a web server serves (RFC 8461).

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// stsPolicy is a policy, and the identifier of its version.
type stsPolicy struct {
	id     string
	mode   string
	maxAge int
	mx     []string
}

// parseSTS reads "id=… mode=… max_age=… mx=… mx=…".
func parseSTS(text string) (*stsPolicy, error) {
	p := &stsPolicy{}
	for field := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "id":
			p.id = value
		case "mode":
			p.mode = value
		case "max_age":
			n, err := strconv.ParseUint(value, 10, 25)
			if err != nil || n > 31557600 { // RFC 8461 §3.2
				return nil, fmt.Errorf("max_age=%s is not a number of seconds up to 31557600", value)
			}
			p.maxAge = int(n)
		case "mx":
			p.mx = append(p.mx, value)
		default:
			return nil, fmt.Errorf("%q is none of id, mode, max_age and mx", key)
		}
	}
	alphanumeric := strings.Trim(strings.ToLower(p.id), "abcdefghijklmnopqrstuvwxyz0123456789") == ""
	switch {
	case p.id == "" || len(p.id) > 32 || !alphanumeric:
		return nil, fmt.Errorf("id=%q is not 1 to 32 letters and digits", p.id)
	case p.mode != "enforce" && p.mode != "testing" && p.mode != "none":
		return nil, fmt.Errorf("mode=%q is none of enforce, testing and none", p.mode)
	case len(p.mx) == 0 && p.mode != "none":
		return nil, fmt.Errorf("mode=%s without mx", p.mode)
	}
	return p, nil
}

// publish makes the record and the web server of a domain.
func (p *stsPolicy) publish(inet *mxmock.Internet, domain string) error {
	var body strings.Builder
	fmt.Fprintf(&body, "version: STSv1\r\nmode: %s\r\n", p.mode)
	for _, mx := range p.mx {
		fmt.Fprintf(&body, "mx: %s\r\n", mx)
	}
	fmt.Fprintf(&body, "max_age: %d\r\n", p.maxAge)
	inet.Publish(domain, mxmock.Records{MTASTS: body.String()})
	inet.RemoveRecords("txt _mta-sts." + domain) // its id would be random, and that of the provider is known
	return inet.AddZone(txt("_mta-sts."+domain, "v=STSv1; id="+p.id+";"))
}
