// Package mailbox writes captured messages to files, and reads messages from files into a test:
// .eml, mbox and Maildir.
//
//	if err := mailbox.WriteFile("testdata/welcome.eml", srv.Next(t)); err != nil { … }
//
//	messages, err := mailbox.Read("testdata/welcome.eml")
//	err = mailbox.Deliver(conn, messages[0])
//
// An .eml file has the bytes of one message, exactly as they arrived. [Read] detects the format.
package mailbox

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// WriteFile writes a message to an .eml file, byte for byte. An existing file is overwritten.
// Errors are those of [os.WriteFile].
func WriteFile(name string, m *mailtest.Message) error {
	if err := os.WriteFile(name, m.Raw, 0o666); err != nil {
		return fmt.Errorf("mailbox: write message %d: %w", m.Number, err)
	}
	return nil
}

// Read reads the messages of an .eml file, of an mbox file, or of a Maildir, which is a directory
// that contains cur and new. A file whose first line begins with "From " is an mbox; any other is
// one message. The messages of a Maildir are sorted by name, those in cur before those in new. The
// messages have no envelope, except for the sender that an mbox names.
func Read(name string) ([]*mailtest.Message, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	if info.IsDir() {
		return readMaildir(name)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	if bytes.HasPrefix(raw, []byte("From ")) {
		return ParseMbox(raw), nil
	}
	return []*mailtest.Message{mailtest.ParseMessage(raw)}, nil
}

// WriteMaildir writes messages to the folder new of a Maildir, which is created if necessary. Each
// file is written in tmp first and then moved, as deliveries are, so a reader never sees half a
// message. File names are unique.
func WriteMaildir(dir string, messages ...*mailtest.Message) error {
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			return fmt.Errorf("mailbox: make a Maildir: %w", err)
		}
	}
	there, err := os.ReadDir(filepath.Join(dir, "new"))
	if err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	for i, m := range messages {
		name := fmt.Sprintf("%d.M%06dP%dR%s.mailtest.invalid", max(0, m.Time.Unix()), len(there)+i, m.Number, rand.Text())
		tmp := filepath.Join(dir, "tmp", name)
		err := os.WriteFile(tmp, m.Raw, 0o666)
		if err == nil {
			err = os.Rename(tmp, filepath.Join(dir, "new", name))
		}
		if err != nil {
			return fmt.Errorf("mailbox: write message %d: %w", m.Number, err)
		}
	}
	return nil
}

// readMaildir reads a Maildir.
func readMaildir(dir string) ([]*mailtest.Message, error) {
	var messages []*mailtest.Message
	folders := 0
	for _, sub := range []string{"cur", "new"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub)) // sorted by name
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("mailbox: %w", err)
		}
		folders++
		for _, e := range entries {
			if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			raw, err := os.ReadFile(filepath.Join(dir, sub, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("mailbox: %w", err)
			}
			messages = append(messages, mailtest.ParseMessage(raw))
		}
	}
	if folders == 0 {
		return nil, fmt.Errorf("mailbox: %s is no Maildir: it has neither cur nor new", dir)
	}
	return slices.Clip(messages), nil
}
