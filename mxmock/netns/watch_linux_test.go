package netns

// This file tests the reading of packets.

import (
	"testing"
)

func TestParseSYN(t *testing.T) {
	t.Parallel()
	four := "\x45\x00\x00\x2c\x00\x00\x40\x00\x40\x06\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02"
	six := "\x60\x00\x00\x00\x00\x14\x06\x40" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
	tcp := "\xc0\x01\x00\x19\x00\x00\x00\x07"
	for _, tt := range []struct{ name, packet, client, to string }{
		{"IPv4", four + tcp, "192.0.2.1:49153", "192.0.2.2:25"},
		{"IPv4 with options", "\x46" + four[1:] + "\x01\x01\x01\x01" + tcp, "192.0.2.1:49153", "192.0.2.2:25"},
		{"IPv6", six + tcp, "[2001:db8::1]:49153", "[2001:db8::2]:25"},
		{"IPv4 cut off", four + tcp[:7], "", ""},
		{"IPv6 cut off", six + tcp[:7], "", ""},
		{"a header that is too short", "\x44" + four[1:] + tcp, "", ""},
		{"nothing", "", "", ""},
	} {
		a, ok := parseSYN([]byte(tt.packet))
		if ok != (tt.client != "") || ok && (a.client.String() != tt.client || a.to.String() != tt.to || a.sequence != 7) {
			t.Errorf("%s: got %+v, %v, want %s to %s", tt.name, a, ok, tt.client, tt.to)
		}
	}
}

func FuzzParseSYN(f *testing.F) {
	f.Add([]byte("\x45\x00\x00\x2c\x00\x00\x40\x00\x40\x06\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02\xc0\x01\x00\x19\x00\x00\x00\x07"))
	f.Add([]byte("\x60"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if a, ok := parseSYN(packet); ok && (!a.client.IsValid() || !a.to.IsValid()) {
			t.Errorf("%x is %+v", packet, a)
		}
	})
}
