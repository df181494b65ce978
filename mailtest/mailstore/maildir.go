package mailstore

// Maildir: a store that keeps its mail on disk.

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Maildir is a [Store] on disk, and a [Source] of itself: a directory with a Maildir++ for each account. All methods may be
// called from several goroutines at once.
//
// # Layout
//
// The account of a user is the directory with the name of the user in small letters. INBOX is the directories cur, new and
// tmp in it. Another mailbox, such as Work/2026, is the directory ".Work.2026" beside them, with cur, new and tmp of its
// own; names that are not in ASCII are in modified UTF-7, as with Dovecot and Courier. A new account has the
// mailboxes that one of a [Memory] has.
//
// Flags are in the names of files: D, F, R, S and T are the system flags, P is $Forwarded, and a to z are keywords. So a
// mailbox has 26 keywords at most; flags that need one more are an error. Letters that mean nothing here stay. On Windows,
// "!" takes the place of ":" before the flags.
//
// The file mailstore-index has the UIDs of a mailbox, and what the letters of keywords mean. A mailbox without one gets it, with
// a new UIDVALIDITY. The file mailstore-account has the subscriptions. A file that is damaged is an error, which
// names the line; whoever removes the file loses what it says, but no mail.
//
// # Durability
//
// Append returns when the disk has the message, its UID and its flags. After that neither the end of the process nor that of
// the machine loses it, and before that there is no part of it in the mailbox.
//
// # Other programs
//
// Any program may deliver messages to new, and may change flags and remove messages, by the rules for Maildirs. The store
// notices that when it is next asked for the Status or the Messages of the mailbox, and only then closes the channel of
// Changed. Only one Maildir value at a time, in all processes, may use a directory.
//
// The files have the bytes of the messages, in lines that end with CRLF. Those of other programs may have LF instead.
type Maildir struct {
	dir       string
	passwords map[string]string

	mu       sync.Mutex
	accounts map[string]*maildirAccount // by the name of the directory
}

// OpenMaildir returns the store in a directory, which it makes if necessary. The passwords are those of the users by their
// names. If the map is nil, each name with any password has an account, whose directory is made when it is first asked for.
// The error says why there can't be a directory, for one of the users or at all: the name of a user must not begin with a
// dot, or have characters in it that separate directories or that file names can't have on some system.
func OpenMaildir(dir string, passwords map[string]string) (*Maildir, error) {
	for _, user := range slices.Sorted(maps.Keys(passwords)) {
		if _, err := accountDir(user); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("mailstore: open a store: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("mailstore: open a store: %w", err)
	}
	return &Maildir{dir: dir, passwords: maps.Clone(passwords), accounts: make(map[string]*maildirAccount)}, nil
}

// Mailboxes returns m.
func (m *Maildir) Mailboxes() Store { return m }

// Users returns the passwords of [OpenMaildir].
func (m *Maildir) Users() map[string]string { return m.passwords }

// Account returns the account of a user, whose directory it makes if necessary. The error says why it can't be had.
func (m *Maildir) Account(user string) (Account, error) {
	name, err := accountDir(user)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	a := m.accounts[name]
	if a == nil {
		a = &maildirAccount{dir: filepath.Join(m.dir, name)}
		m.accounts[name] = a
	}
	m.mu.Unlock()
	if err := a.open(); err != nil {
		return nil, fmt.Errorf("mailstore: account of %q: %w", user, err)
	}
	return a, nil
}
