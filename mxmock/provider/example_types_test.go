package provider_test

// This file shows what each of the types is for.

import (
	"fmt"

	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/provider"
)

// A provider is its domains and hosts; its methods change what it refuses.
func ExampleProvider() {
	var inet mxmock.Internet
	defer inet.Close()
	qq := provider.Add(&inet, "qq.com")
	fmt.Println(qq.Domains, len(qq.MX), qq.Submission.Name())

	qq.Only("from-header")
	send(&inet, "bob@foxmail.com", mended)
	fmt.Println(len(qq.MX[0].Messages()), "at", qq.MX[0].Name())
	// Output:
	// [qq.com vip.qq.com foxmail.com] 3 smtp.qq.com
	// bob@foxmail.com: delivered
	// 1 at mx3.qq.com
}

// The state of a mailbox is what its senders are told.
func ExampleState() {
	var inet mxmock.Internet
	defer inet.Close()
	qq := provider.Add(&inet, "qq.com")
	for _, state := range []provider.State{provider.Good, provider.Disabled} {
		qq.Mailbox("bob@qq.com", state)
		fmt.Print(state, ": ")
		send(&inet, "bob@qq.com", mended)
	}
	// Output:
	// Good: bob@qq.com: delivered
	// Disabled: bob@qq.com: permanent at rcpt: 550 <bob@qq.com> is a deactivated mailbox
}
