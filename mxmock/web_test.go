package mxmock_test

// Web servers of the internet, and its end.

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// Close waits for the connections of web servers as for any others.
func TestCloseWaitsForWeb(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		inet.MX("qq.com", "mx1.qq.com")
		inet.Publish("qq.com", mxmock.Records{MTASTS: "enforce"})
		for range 10 { // clients that say nothing, and nothing yet
			conn, err := inet.DialContext(t.Context(), "tcp", "mta-sts.qq.com:443")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		synctest.Wait()
		before := goroutines()
		inet.Close()
		// The last of them may be about to end.
		if after := goroutines(); before < 10 || after > 1 {
			t.Errorf("%d goroutines of package http before Close, and %d after it", before, after)
		}
	})
}

// goroutines returns how many goroutines of this bubble serve HTTP.
func goroutines() (n int) {
	buf := make([]byte, 8<<20)
	all := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	_, bubble, _ := strings.Cut(all[0][:strings.Index(all[0], "\n")], "synctest bubble ")
	bubble = strings.TrimSuffix(bubble, "]:")
	for _, stack := range all {
		head, rest, _ := strings.Cut(stack, "\n")
		if strings.Contains(head, "synctest bubble "+bubble+"]") && strings.Contains(rest, "net/http.(*conn).serve") {
			n++
		}
	}
	return n
}
