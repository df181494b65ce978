package zone

// Answers that are remembered: the same as new ones, whatever has changed since.

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// fresh is the answer to a packet that nobody remembers.
func fresh(db *DB, packet []byte, udp bool, m Mode) []byte {
	q, _ := Unpack(packet, m)
	return Pack(db.Answer(q, m), q, udp)
}

// TestRemembered changes a DB at random, and compares each answer with one that is made anew.
func TestRemembered(t *testing.T) {
	t.Parallel()
	db := load(t, testZones)
	rnd := rand.New(rand.NewPCG(3, 4))
	var packets [][]byte
	for _, question := range []string{
		"qq.com. MX", "QQ.com. MX", "new.qq.com. A", "new.qq.com. MX", "x.wild.qq.com. TXT", "big.qq.com. ANY", "new.test. SOA", "qq.com. SOA",
	} {
		for size := range uint16(3) {
			q := query(t, question)
			q.RecursionDesired = size < 2
			if size > 0 {
				q.SetEdns0(512*size, false)
			}
			packet, err := q.Pack()
			if err != nil {
				t.Fatal(err)
			}
			packets = append(packets, packet)
		}
	}
	changes := []func(i int){
		func(i int) { db.Add(parse(t, fmt.Sprintf("new.qq.com. A 192.0.2.%d", i%256))...) },
		func(int) { db.Remove("new.qq.com.", dns.TypeA) },
		func(int) { db.Ensure("new.test.") },
		func(int) { db.RemoveZone("new.test.") },
		func(i int) { db.Set("qq.com.", dns.TypeMX, parse(t, fmt.Sprintf("qq.com. MX 10 mx%d.qq.com.", i))...) },
		func(i int) { db.Replace("new.test.", parse(t, fmt.Sprintf("new.test. TXT %d", i))...) },
		func(int) { db.Secure("qq.com.", Security{}) },
	}
	for i := range 3000 {
		if rnd.IntN(5) == 0 {
			last := len(changes) - 1
			if i < 2500 {
				last-- // for what is secure is not remembered
			}
			changes[rnd.IntN(last+1)](i)
		}
		packet := bytes.Clone(packets[rnd.IntN(len(packets))])
		packet[0], packet[1] = byte(i>>8), byte(i)
		udp, m := rnd.IntN(2) == 0, Mode(rnd.IntN(2))
		if got, want := db.ServePacket(packet, udp, m), fresh(db, packet, udp, m); !bytes.Equal(got, want) {
			t.Fatalf("after %d steps, query %x, udp %v, mode %d: got\n%x, want\n%x", i, packet, udp, m, got, want)
		}
	}
	if len(db.overUDP[Recursive].replies) == 0 {
		t.Error("nothing is remembered")
	}
}

// Signatures are made when they are asked for.
func TestSignaturesAreNotRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := load(t, testZones)
		if err := db.Secure("qq.com.", Security{}); err != nil {
			t.Fatal(err)
		}
		signed := query(t, "qq.com. MX").SetEdns0(MaxUDP, true)
		for _, test := range []struct {
			query *dns.Msg
			modes []Mode
		}{{signed, []Mode{Recursive, Authoritative}}, {query(t, "qq.com. RRSIG"), []Mode{Authoritative}}} {
			packet, err := test.query.Pack()
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range test.modes {
				before := db.ServePacket(packet, true, m)
				time.Sleep(24 * time.Hour)
				if after := db.ServePacket(packet, true, m); bytes.Equal(before, after) {
					t.Errorf("%v, mode %d: the signatures are the same after a day", test.query.Question, m)
				}
			}
		}
	})
}

// The memory is bounded.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	db := load(t, testZones)
	for i := range maxRemembered + 100 {
		packet, err := query(t, fmt.Sprintf("x%d.qq.com. A", i)).Pack()
		if err != nil {
			t.Fatal(err)
		}
		db.ServePacket(packet, true, Recursive)
		if got := len(db.overUDP[Recursive].replies); got > maxRemembered {
			t.Fatalf("%d answers are remembered, want %d at most", got, maxRemembered)
		}
	}
	large := make([]byte, maxQuery)
	packet, _ := query(t, "qq.com. MX").Pack()
	was := len(db.overUDP[Recursive].replies)
	db.ServePacket(append(packet, large...), true, Recursive)
	if got := len(db.overUDP[Recursive].replies); got != was {
		t.Errorf("the answer to a query of %d bytes is remembered", len(packet)+len(large))
	}
}
