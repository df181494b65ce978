package netns_test

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

// A program that is not ours delivers to qq.com, whose first host is down.
func ExampleNamespace() {
	TestSwaks := func(t *testing.T) {
		inet := mxmock.New(t)
		mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		mx[0].Break(mxmock.Silent)
		ns := netns.New(t, inet, inet.Sender("shop.example").Host.Name())
		cmd := exec.CommandContext(t.Context(), "swaks", "--to", "bob@qq.com", "--server", "mx2.qq.com")
		if err := ns.Run(cmd); err != nil {
			t.Fatal(err)
		}
		mx[1].Next(t)
	}
	_ = TestSwaks
}

func ExampleOpen() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com")
	ns, err := netns.Open(inet, inet.Sender("shop.example").Name())
	if err != nil {
		fmt.Println(err) // not Linux, or not root
		return
	}
	defer ns.Close()
	if err := ns.Run(exec.Command("true")); err != nil {
		fmt.Println(err)
	}
}
