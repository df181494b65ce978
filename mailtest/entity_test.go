package mailtest_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// A message is read by code that works with go-message.
func ExampleMessage_Entity() {
	msg := mailtest.ParseMessage([]byte("Subject: =?utf-8?B?5L2g5aW9?=\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n5LiW55WM\r\n"))
	entity, err := msg.Entity()
	if err != nil {
		fmt.Println(err)
		return
	}
	subject, _ := entity.Header.Text("Subject")
	body, _ := io.ReadAll(entity.Body)
	fmt.Println(subject, string(body))
	// Output: 你好 世界
}

// What go-message can't decode is an error that it knows by its funcs, and the entity is there all the same.
func TestEntity(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, raw string
		is        func(error) bool
		body      string
	}{
		{"plain", "Subject: x\r\n\r\nHello\r\n", func(err error) bool { return err == nil }, "Hello\r\n"},
		{"multipart", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b--\r\n", func(err error) bool { return err == nil }, "Hello"},
		{"unknown charset", "Content-Type: text/plain; charset=x-nobody\r\n\r\nHello\r\n", message.IsUnknownCharset, "Hello\r\n"},
		{"unknown encoding", "Content-Transfer-Encoding: x-nothing\r\n\r\nHello\r\n", message.IsUnknownEncoding, "Hello\r\n"},
		{"no message", "no field\r\n\r\n", func(err error) bool {
			return err != nil && strings.HasPrefix(err.Error(), "mailtest: message 0 as an entity: ")
		}, ""},
	} {
		m := mailtest.ParseMessage([]byte(test.raw))
		for range 2 { // each call reads anew
			e, err := m.Entity()
			if !test.is(err) {
				t.Errorf("%s: %v", test.name, err)
			}
			if test.body == "" {
				continue
			}
			body := e.Body
			if r := e.MultipartReader(); r != nil {
				part, err := r.NextPart()
				if err != nil {
					t.Fatal(err)
				}
				body = part.Body
			}
			if got, _ := io.ReadAll(body); string(got) != test.body {
				t.Errorf("%s: the body is %q, want %q", test.name, got, test.body)
			}
		}
	}
	e, err := mailtest.ParseMessage([]byte("From: Bob <bob@qq.com>\r\n\r\nHello\r\n")).Entity()
	if err != nil {
		t.Fatal(err)
	}
	from, err := (&mail.Header{Header: e.Header}).AddressList("From")
	if err != nil || len(from) != 1 || from[0].Address != "bob@qq.com" {
		t.Errorf("From = %v, %v", from, err)
	}
}
