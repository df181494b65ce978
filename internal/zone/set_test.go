package zone

// Tests of Set and Records.

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestSet(t *testing.T) {
	t.Parallel()
	db := load(t, "qq.com. MX 10 old.qq.com.\nqq.com. TXT keep")
	before := serial(t, db, "qq.com.")
	if err := db.Set("QQ.com", dns.TypeMX, parse(t, "qq.com. MX 10 a.qq.com.\nqq.com. MX 20 b.qq.com.")...); err != nil {
		t.Fatal(err)
	}
	if got, want := ask(t, db, "qq.com. MX", Recursive), "a.qq.com."; !strings.Contains(got, want) || strings.Contains(got, "old") {
		t.Errorf("after Set: got\n%s\nwant %s and no old.qq.com.", got, want)
	}
	if got, want := serial(t, db, "qq.com."), before+1; got != want {
		t.Errorf("serial = %d, want %d", got, want)
	}

	was := dump(db)
	for _, bad := range []string{"www.qq.com. MX 10 a.qq.com.", "qq.com. A 192.0.2.1", "com. MX 10 a.qq.com."} {
		if err := db.Set("qq.com.", dns.TypeMX, parse(t, bad)...); err == nil {
			t.Errorf("Set of MX at qq.com. takes %q, want an error", bad)
		}
	}
	if err := db.Set("qq.com.", dns.TypeCNAME, &dns.CNAME{
		Hdr: dns.RR_Header{Name: "qq.com.", Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: "a.qq.com.",
	}); err == nil {
		t.Error("Set of a CNAME beside other data: no error, want one")
	}
	if got := dump(db); got != was {
		t.Errorf("after failed Sets: got\n%s\nwant\n%s", got, was)
	}

	if err := db.Set("qq.com.", dns.TypeMX); err != nil {
		t.Fatal(err)
	}
	if got, want := ask(t, db, "qq.com. TXT", Recursive), "keep"; !strings.Contains(got, want) {
		t.Errorf("after Set of nothing: got\n%s\nwant %s", got, want)
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	db := load(t, "a.qq.com. A 192.0.2.1\nb.qq.com. A 192.0.2.2\n*.x.org. TXT star")
	var got []string
	for _, rr := range db.Records() {
		if typ := rr.Header().Rrtype; typ == dns.TypeA || typ == dns.TypeTXT {
			got = append(got, rr.Header().Name)
		}
	}
	slices.Sort(got)
	if want := []string{"*.x.org.", "a.qq.com.", "b.qq.com."}; !slices.Equal(got, want) {
		t.Errorf("owners = %v, want %v", got, want)
	}
	if n := len(new(DB).Records()); n == 0 {
		t.Error("an empty DB has no records, want those of the root")
	}
}
