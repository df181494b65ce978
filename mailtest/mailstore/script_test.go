package mailstore_test

// Scripts say how accounts and mailboxes behave, and are run against each store.

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

func TestMain(m *testing.M) {
	machine.FilesInMemory()
	goleak.VerifyTestMain(m)
}

// stores are the stores that must behave alike, by name. Each func returns one that is empty.
var stores = map[string]func(t testing.TB, dir string) mailstore.Store{
	"memory":  func(testing.TB, string) mailstore.Store { return new(mailstore.Memory) },
	"maildir": func(t testing.TB, dir string) mailstore.Store { return openMaildir(t, dir) },
}

func openMaildir(tb testing.TB, dir string) *mailstore.Maildir {
	tb.Helper()
	m, err := mailstore.OpenMaildir(dir, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// forEachStore runs a test with each store.
func forEachStore(t *testing.T, test func(t *testing.T, s mailstore.Store)) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, machine.TempDir(t)))
		})
	}
}

// TestScripts runs the scripts. Each line is a command on the account of bob, or "command -> result"; see script.do for
// the commands. Without a result it must succeed. A Maildir is also opened anew before each line, as long as the script
// does not hold on to a mailbox.
func TestScripts(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("testdata", "scripts", "*.txt"))
	if err != nil || len(names) < 5 {
		t.Fatalf("%d scripts, %v, want more", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			forEachStore(t, func(t *testing.T, s mailstore.Store) {
				newScript(t, s).play(string(text))
			})
			t.Run("maildir opened anew", func(t *testing.T) {
				t.Parallel()
				dir := machine.TempDir(t)
				s := newScript(t, openMaildir(t, dir))
				s.reopen = func() mailstore.Store { return openMaildir(t, dir) }
				s.play(string(text))
			})
		})
	}
}

// script is a script at play.
type script struct {
	t        *testing.T
	account  mailstore.Account
	reopen   func() mailstore.Store       // or nil
	handles  map[string]mailstore.Mailbox // of "open"
	watched  map[string]<-chan struct{}   // of "watch"
	versions map[mailstore.Mailbox]uint64
	known    []uint32 // UIDVALIDITYs
	appended int
}

func newScript(t *testing.T, s mailstore.Store) *script {
	return &script{
		t: t, account: accountOf(t, s, "bob"), handles: make(map[string]mailstore.Mailbox), watched: make(map[string]<-chan struct{}),
		versions: make(map[mailstore.Mailbox]uint64),
	}
}

func accountOf(t *testing.T, s mailstore.Store, user string) mailstore.Account {
	t.Helper()
	account, err := s.Account(user)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func (s *script) play(text string) {
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		command, want, ok := strings.Cut(line, " -> ")
		if !ok {
			want = "ok"
		}
		if s.reopen != nil && len(s.handles)+len(s.watched)+len(s.versions) == 0 {
			s.account = accountOf(s.t, s.reopen(), "bob")
		}
		if got := s.do(fields(command)); got != want {
			s.t.Errorf("line %d: %s: got %s, want %s", i+1, command, got, want)
		}
	}
}

// fields are the words of a command. One in quotes is a Go string.
func fields(line string) []string {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if quoted, err := strconv.QuotedPrefix(line); err == nil && line[0] == '"' {
			word, _ := strconv.Unquote(quoted)
			words, line = append(words, word), line[len(quoted):]
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		words, line = append(words, word), rest
	}
	return words
}

// result is an error in one word.
func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, mailstore.ErrNoMailbox):
		return "no-mailbox"
	case errors.Is(err, mailstore.ErrMailboxExists):
		return "exists"
	case errors.Is(err, mailstore.ErrNoMessage):
		return "no-message"
	case !strings.HasPrefix(err.Error(), "mailstore: "):
		return "no context: " + err.Error()
	}
	return "refused"
}

// do runs a command and returns its result.
func (s *script) do(words []string) string {
	command, args := words[0], words[1:]
	switch command {
	case "list": // mailboxes, without those of special use; with "+" if subscribed, with "?" if missing
		return s.list(func(i mailstore.Info) bool { return i.Use == "" })
	case "list-special":
		return s.list(func(i mailstore.Info) bool { return i.Use != "" })
	case "create":
		return result(s.account.Create(args[0]))
	case "delete":
		return result(s.account.Delete(args[0]))
	case "rename":
		return result(s.account.Rename(args[0], args[1]))
	case "subscribe", "unsubscribe":
		return result(s.account.Subscribe(args[0], command == "subscribe"))
	case "changed": // whether the channel of "watch" is closed
		select {
		case <-s.watched[args[0]]:
			return "yes"
		default:
			return "no"
		}
	}
	if name, ok := strings.CutPrefix(args[0], "@"); ok {
		return s.doInMailbox(command, s.handles[name], args)
	}
	b, err := s.account.Mailbox(args[0])
	if err != nil {
		return result(err)
	}
	return s.doInMailbox(command, b, args)
}

func (s *script) list(match func(mailstore.Info) bool) string {
	infos, err := s.account.Mailboxes()
	if err != nil {
		return result(err)
	}
	var names []string
	for _, info := range infos {
		if !match(info) {
			continue
		}
		name := info.Name
		if strings.ContainsAny(name, " \"+?\\") {
			name = strconv.Quote(name)
		}
		if info.Subscribed {
			name += "+"
		}
		if info.Missing {
			name += "?"
		}
		if info.Use != "" {
			name += info.Use
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// doInMailbox runs a command whose first argument is a mailbox, or "@name" for one that "open" has opened.
func (s *script) doInMailbox(command string, b mailstore.Mailbox, args []string) string {
	switch command {
	case "open":
		s.handles[args[1]] = b
		return "ok"
	case "watch":
		s.watched[args[1]] = b.Changed()
		return "ok"
	case "append": // flags; the message has its number in it
		s.appended++
		uid, err := b.Append(fmt.Appendf(nil, "message %d", s.appended), time.Unix(int64(s.appended), 0), args[1:]...)
		if err != nil {
			s.appended--
			return result(err)
		}
		return strconv.Itoa(int(uid))
	case "raw":
		raw, err := b.Raw(uids(args[1:])[0])
		if err != nil {
			return result(err)
		}
		return string(raw)
	case "set":
		return result(b.SetFlags(uids(args[1:2])[0], args[2:]...))
	case "change": // "1 3 +a -b"
		var add, remove, numbers []string
		for _, arg := range args[1:] {
			switch arg[0] {
			case '+':
				add = append(add, arg[1:])
			case '-':
				remove = append(remove, arg[1:])
			default:
				numbers = append(numbers, arg)
			}
		}
		return result(b.ChangeFlags(add, remove, uids(numbers)...))
	case "remove":
		return result(b.Remove(uids(args[1:])...))
	case "renumber":
		return result(b.Renumber())
	case "messages":
		return s.messages(b)
	}
	status, err := b.Status()
	if err != nil {
		return result(err)
	}
	switch command {
	case "status":
		return fmt.Sprintf("%d messages, next %d", status.Messages, status.UIDNext)
	case "validity": // the same letter for the same UIDVALIDITY
		if status.UIDValidity == 0 {
			return "0"
		}
		if !slices.Contains(s.known, status.UIDValidity) {
			s.known = append(s.known, status.UIDValidity)
		}
		return string(rune('A' + slices.Index(s.known, status.UIDValidity)))
	case "version": // whether it changed since the last time
		before, asked := s.versions[b]
		s.versions[b] = status.Version
		switch {
		case !asked:
			return "new"
		case before == status.Version:
			return "same"
		case before > status.Version:
			return "less"
		}
		return "more"
	}
	return "no such command"
}

// messages returns each message's UID and flags.
func (s *script) messages(b mailstore.Mailbox) string {
	messages, err := b.Messages()
	if err != nil {
		return result(err)
	}
	var texts []string
	for _, m := range messages {
		texts = append(texts, strings.Join(append([]string{strconv.Itoa(int(m.UID))}, m.Flags...), " "))
		raw, err := b.Raw(m.UID)
		if number, convErr := strconv.Atoi(strings.TrimPrefix(string(raw), "message ")); err != nil || convErr != nil ||
			!m.Date.Equal(time.Unix(int64(number), 0)) || m.Size != int64(len(raw)) {
			s.t.Errorf("message %d is %q, %v, of %v, and has %d bytes", m.UID, raw, err, m.Date, m.Size)
		}
	}
	return cmp.Or(strings.Join(texts, ", "), "none")
}

func uids(words []string) []uint32 {
	var uids []uint32
	for _, word := range words {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			panic(err)
		}
		uids = append(uids, uint32(n))
	}
	return uids
}
