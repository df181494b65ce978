package examples

// The test that the picture in the README is the one that the library draws.

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// TestPicture draws a delivery in virtual time. The first host is down, and the second one greylists.
func TestPicture(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the errors of connections have other words there")
	}
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		mx[0].Break(mxmock.Refused)
		mx[1].AddRules(mailtest.Greylist(5 * time.Minute))
		app := newApp(inet.Resolver(), inet.DialContext)
		for app.Send(t.Context(), "bob@qq.com") != nil {
			time.Sleep(6 * time.Minute)
		}
		var b strings.Builder
		if err := inspect.WritePicture(&b, inet.Journal()); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, "picture.svg", b.String())
	})
}
