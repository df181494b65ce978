package mailtest

// Entities: messages for code that works with go-message.

import (
	"bytes"
	"fmt"

	"github.com/emersion/go-message"
)

// Entity returns the message for code that works with github.com/emersion/go-message. Each call reads it from
// Raw, and its body can be read once. The errors are those of [message.ReadWithOptions]. With an error for
// which [message.IsUnknownCharset] or [message.IsUnknownEncoding] holds, there is an entity whose body is not
// decoded. Charsets other than UTF-8 and US-ASCII are unknown unless the program sets [message.CharsetReader];
// Text and HTML of the message itself do not depend on that.
func (m *Message) Entity() (*message.Entity, error) {
	e, err := message.ReadWithOptions(bytes.NewReader(m.Raw), &message.ReadOptions{MaxHeaderBytes: -1})
	if err != nil {
		err = fmt.Errorf("mailtest: message %d as an entity: %w", m.Number, err)
	}
	return e, err
}
