package main

// The store, a Maildir that has each message before its client receives 250, and from which messages come back at
// the next start.

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailbox"
)

// store is the Maildir. Each message begins with the fields that a final delivery adds (RFC 5321 §4.4):
// Return-Path, and Delivered-To for each recipient.
type store struct {
	dir      string
	log      *log
	restored atomic.Bool // the folder has been read

	mu      sync.Mutex
	reading string           // the file of the message that is being restored
	files   map[*byte]string // of messages, by their first byte
	shown   map[*byte]bool   // the files of messages in the inbox
	missed  bool             // the page has deleted something since messages last arrived
}

const (
	returnPath  = "Return-Path: <"
	deliveredTo = "Delivered-To: <"
	fieldEnd    = ">\r\n"
)

// openStore restores the messages of the Maildir, and saves new ones from then on.
func (s *sandbox) openStore() error {
	if s.o.save == "" {
		return nil
	}
	st := &store{dir: s.o.save, log: s.log, files: make(map[*byte]string), shown: make(map[*byte]bool)}
	s.store = st
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(st.dir, sub), 0o700); err != nil {
			return fmt.Errorf("-save: %w", err)
		}
	}
	files, err := st.list()
	if err := errors.Join(err, st.writable()); err != nil {
		return fmt.Errorf("-save: %w", err)
	}
	for _, h := range s.inet.Hosts() {
		for _, port := range h.MailPorts() {
			server := h.Server(port)
			server.Rules = append(server.Rules, mailtest.Rule{At: mailtest.Dot, When: st.fails, Reply: "451 4.3.0 The message can't be saved"})
		}
	}
	for _, name := range files {
		if err := s.restore(name); err != nil {
			return fmt.Errorf("-save %s: %w", name, err)
		}
	}
	st.restored.Store(true)
	return nil
}

// writable returns an error if files can't be made in the folder.
func (st *store) writable() error {
	for _, sub := range []string{"tmp", "new"} {
		f, err := os.CreateTemp(filepath.Join(st.dir, sub), ".writable-*") // programs that read a Maildir skip such names
		if err != nil {
			return err
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// list returns the files of a Maildir in the order in which they were delivered, which is that of their names.
func (st *store) list() ([]string, error) {
	var files []string
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(st.dir, sub))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, filepath.Join(st.dir, sub, e.Name()))
			}
		}
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return files, nil
}

// restore delivers a message of an earlier run to the server that takes mail for anybody.
func (s *sandbox) restore(name string) error {
	file, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	from, to, raw := readDelivery(file)
	s.store.mu.Lock()
	s.store.reading = name
	s.store.mu.Unlock()
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

// fails saves a message that is about to be accepted, and reports whether that has failed. It is the condition of a
// rule that then refuses the message.
func (st *store) fails(a *mailtest.Attempt) bool {
	if !st.restored.Load() { // the message comes from the folder
		st.mu.Lock()
		name := st.reading
		st.mu.Unlock()
		st.remember(a.Message, name)
		return false
	}
	name, err := st.write(a.Message.Raw, a.From, a.Recipients)
	if err != nil {
		st.log.error("save", err)
		return true
	}
	st.remember(a.Message, name)
	return false
}

// remember notes the file of a message.
func (st *store) remember(m *mailtest.Message, name string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(m.Raw) > 0 {
		st.files[&m.Raw[0]] = name
	}
}

// arrived notes that the inbox has messages, and reports whether some may have been deleted already.
func (st *store) arrived(messages []*mailtest.Message) (missed bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, m := range messages {
		if len(m.Raw) > 0 {
			st.shown[&m.Raw[0]] = true
		}
	}
	missed, st.missed = st.missed, false
	return missed
}

// forgotten notes that messages were forgotten to save memory. Their files stay.
func (st *store) forgotten(messages []*mailtest.Message) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, m := range messages {
		if len(m.Raw) > 0 {
			delete(st.shown, &m.Raw[0])
			delete(st.files, &m.Raw[0])
		}
	}
}

// deleted removes the files of messages that are no longer in the inbox.
func (st *store) deleted(left []*mailtest.Message) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.missed = true
	there := make(map[*byte]bool, len(left))
	for _, m := range left {
		if len(m.Raw) > 0 {
			there[&m.Raw[0]] = true
		}
	}
	for key := range st.shown {
		if there[key] {
			continue
		}
		if name := st.files[key]; name != "" {
			if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				st.log.error("delete", err)
			}
		}
		delete(st.shown, key)
		delete(st.files, key)
	}
}

// watchDeletions serves the page. After each request that may change something, it looks for deleted messages.
func (s *sandbox) watchDeletions(page http.Handler) http.Handler {
	if s.store == nil {
		return page
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			page.ServeHTTP(w, r)
			return
		}
		s.store.arrived(s.inet.Messages()) // watch may not have come to them yet
		page.ServeHTTP(w, r)
		s.store.deleted(s.inet.Messages())
	})
}

// write writes a message atomically, and returns the name of its file when the disk has it.
func (st *store) write(raw []byte, from string, to []mailtest.Recipient) (string, error) {
	now := time.Now()
	name := fmt.Sprintf("%d.M%06dR%s.sandbox", now.Unix(), now.Nanosecond()/1000, rand.Text())
	tmp := filepath.Join(st.dir, "tmp", name)
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.Write(writeDelivery(raw, from, to))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(tmp)
		return "", err
	}
	name = filepath.Join(st.dir, "new", name)
	if err := os.Rename(tmp, name); err != nil {
		return "", err
	}
	return name, syncFolder(filepath.Dir(name))
}

// syncFolder waits until the disk has the names in a folder. Windows has no way to do that.
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

// writeDelivery returns a message with the fields of its envelope before it.
func writeDelivery(raw []byte, from string, to []mailtest.Recipient) []byte {
	var b bytes.Buffer
	b.WriteString(returnPath + from + fieldEnd)
	for _, r := range to {
		b.WriteString(deliveredTo + r.Address + fieldEnd)
	}
	b.Write(raw)
	return b.Bytes()
}

// readDelivery is the reverse of writeDelivery. It leaves the message of another program unchanged.
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
