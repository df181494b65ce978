package mime

import (
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{ // want "" if it is no date
		{"Mon, 02 Mar 2026 09:30:00 +0800", "2026-03-02T09:30:00+08:00"},
		{"2 Mar 2026 09:30 -0330", "2026-03-02T09:30:00-03:30"},
		{"Mon, 2 Mar 2026 09:30:00 +0800 (CST)", "2026-03-02T09:30:00+08:00"},
		{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"}, // RFC 5322 §A.6.3
		{"(x) Mon, 2 (y) Mar 2026 09:30:00 +0000", "2026-03-02T09:30:00Z"},
		{"Mon, 2 Mar 26 09:30:00 GMT", "2026-03-02T09:30:00Z"},
		{"Mon, 2 Mar 2026 09:30:00 EST", "2026-03-02T09:30:00-05:00"},
		{"Mon, 2 Mar 2026 09:30:00 pdt", "2026-03-02T09:30:00-07:00"},
		{"Mon, 2 Mar 2026 09:30:00 CST", "2026-03-02T09:30:00-06:00"},
		{"Mon, 2 Mar 2026 09:30:00 MSK", "2026-03-02T09:30:00Z"}, // unknown zones say nothing
		{"Mon, 2 Mar 2026 09:30:00 Z", "2026-03-02T09:30:00Z"},
		{"Mon, 2 Mar 2026 09:30:00", "2026-03-02T09:30:00Z"},
		{"2 mar 99 09:30", "1999-03-02T09:30:00Z"},
		{"2 Mar 126 09:30 Z", "2026-03-02T09:30:00Z"},
		{"31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z"}, // a leap second
		{"2 Mar 2026 09:30:00 +0800 x", ""},
		{"2 Mar 2026 24:30:00 +0800", ""},
		{"2 Mar 2026 09:30:00 +08:00", ""},
		{"2 Mar 2026 9 +0800", ""},
		{"2 March 2026 09:30 +0800", ""},
		{"yesterday", ""},
		{"", ""},
		{"Mon, 30 Feb 2026 09:30:00 +0000", ""},
		{"2026-03-02T09:30:00Z", ""},
	}
	for _, tt := range tests {
		got := ""
		if d, ok := ParseDate(tt.in); ok {
			got = d.Format(time.RFC3339)
			if name := d.Location().String(); name != "" && name != "UTC" {
				t.Errorf("ParseDate(%q) is in the zone %q of this machine", tt.in, name)
			}
		}
		if got != tt.want {
			t.Errorf("ParseDate(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
