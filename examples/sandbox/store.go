package main

// The store: a Maildir that has each message before its client hears 250, and from which they come back at the next start.

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailbox"
)

// store is the Maildir. Before each message stand two kinds of fields, as a final delivery writes them (RFC 5321 §4.4):
// Return-Path, and Delivered-To for each recipient.
type store struct {
	dir      string
	log      *log
	restored atomic.Bool // the folder has been read
}

const (
	returnPath  = "Return-Path: <"
	deliveredTo = "Delivered-To: <"
	fieldEnd    = ">\r\n"
)

// openStore reads what the Maildir has, and has it written from then on.
func (s *sandbox) openStore() error {
	if s.o.save == "" {
		return nil
	}
	st := &store{dir: s.o.save, log: s.log}
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(st.dir, sub), 0o700); err != nil {
			return fmt.Errorf("-save: %w", err)
		}
	}
	messages, err := mailbox.Read(st.dir)
	if err != nil {
		return fmt.Errorf("-save: %w", err)
	}
	for _, h := range s.inet.Hosts() {
		for _, port := range h.MailPorts() {
			server := h.Server(port)
			server.Rules = append(server.Rules, mailtest.Rule{At: mailtest.Dot, When: st.fails, Reply: "451 4.3.0 The message can't be saved"})
		}
	}
	for i, m := range messages {
		if err := s.restore(m); err != nil {
			return fmt.Errorf("-save %s: message %d of %d: %w", st.dir, i+1, len(messages), err)
		}
	}
	st.restored.Store(true)
	return nil
}

// restore delivers a message of an earlier run to the server that takes mail for anybody.
func (s *sandbox) restore(m *mailtest.Message) error {
	from, to, raw := readDelivery(m.Raw)
	copy := *mailtest.ParseMessage(raw)
	copy.Envelope.From = from
	for _, address := range to {
		copy.Envelope.To = append(copy.Envelope.To, mailtest.Recipient{Address: address})
	}
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	conn, err := s.smtp.Dial(ctx)
	if err != nil {
		return err
	}
	return mailbox.Deliver(conn, &copy)
}

// fails saves a message that is about to be accepted, as a condition of the rule that refuses it where that fails.
func (st *store) fails(a *mailtest.Attempt) bool {
	if !st.restored.Load() { // it comes from the folder
		return false
	}
	err := st.write(a.Message.Raw, a.From, a.Recipients)
	if err != nil {
		st.log.error("save", err)
	}
	return err != nil
}

// write writes a message, whole or not at all, and returns when the disk has it.
func (st *store) write(raw []byte, from string, to []mailtest.Recipient) error {
	now := time.Now()
	name := fmt.Sprintf("%d.M%06dR%s.sandbox", now.Unix(), now.Nanosecond()/1000, rand.Text())
	tmp := filepath.Join(st.dir, "tmp", name)
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(writeDelivery(raw, from, to))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(tmp)
		return err
	}
	if err := os.Rename(tmp, filepath.Join(st.dir, "new", name)); err != nil {
		return err
	}
	return syncFolder(filepath.Join(st.dir, "new"))
}

// syncFolder waits until the disk has the names in a folder. Windows can't be asked for that.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeDelivery returns a message after the fields that have its envelope.
func writeDelivery(raw []byte, from string, to []mailtest.Recipient) []byte {
	var b bytes.Buffer
	b.WriteString(returnPath + from + fieldEnd)
	for _, r := range to {
		b.WriteString(deliveredTo + r.Address + fieldEnd)
	}
	b.Write(raw)
	return b.Bytes()
}

// readDelivery takes a message apart that writeDelivery has put together. One that another program has put into the
// folder is left as it is.
func readDelivery(file []byte) (from string, to []string, raw []byte) {
	cut := func(field string) (string, bool) {
		rest, ok := bytes.CutPrefix(raw, []byte(field))
		value, after, ended := bytes.Cut(rest, []byte(fieldEnd))
		if !ok || !ended || bytes.ContainsAny(value, "\r\n") {
			return "", false
		}
		raw = after
		return string(value), true
	}
	raw = file
	from, _ = cut(returnPath)
	for {
		address, ok := cut(deliveredTo)
		if !ok {
			return from, to, raw
		}
		to = append(to, address)
	}
}
