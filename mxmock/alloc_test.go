package mxmock_test

import (
	"testing"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// What an internet may allocate that is made and not used: a test suite makes thousands. This test
// is not parallel: allocations of others would count.
func TestAllocations(t *testing.T) {
	const most = 168 // 149 alone; the race detector and other tests empty the pools now and then
	got := testing.AllocsPerRun(100, func() {
		inet := new(mxmock.Internet)
		inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		inet.Close()
	})
	if got > most {
		t.Errorf("an internet with a domain and two hosts takes %.0f allocations, want %d at most", got, most)
	}
}
