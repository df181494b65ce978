package mailstore

// Maildir, the store that keeps its mail on disk.

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
// The account of a user is the directory with the name of the user in lower case. INBOX is the directories cur, new
// and tmp in it. Another mailbox, such as Work/2026, is the directory ".Work.2026" beside them, with cur, new and
// tmp of its own. Names that are not in ASCII are in modified UTF-7, as in Dovecot and Courier. A new account has
// the same mailboxes as an account of a [Memory].
//
// Flags are in the names of files: D, F, R, S and T are the system flags, P is $Forwarded, and a to z are keywords.
// A mailbox therefore has at most 26 keywords; flags that need another one are an error. Unknown letters stay. On
// Windows, "!" replaces ":" before the flags.
//
// The file mailstore-index has the UIDs of a mailbox, and the keywords of the letters. A mailbox without this file
// gets one, with a new UIDVALIDITY. The file mailstore-account has the subscriptions. If such a file is damaged,
// methods return an error that names the line. Removing the file loses its content, but no mail.
//
// # Durability
//
// Append returns when the disk has the message, its UID and its flags. After that, neither a crash of the process
// nor one of the machine loses the message. Before that, no part of it is in the mailbox.
//
// # Other programs
//
// Any program may deliver messages to new, and may change flags and remove messages, if it follows the rules for
// Maildirs. The store notices that at the next call of Status or Messages of the mailbox, and only then closes the
// channel of Changed. Only one Maildir value at a time, in all processes, may use a directory.
//
// The files have the bytes of the messages, in lines that end with CRLF. Files of other programs may have LF
// instead.
type Maildir struct {
	dir       string
	passwords map[string]string

	mu       sync.Mutex
	accounts map[string]*maildirAccount // by the name of the directory
}

// OpenMaildir returns the store in a directory, which it creates if necessary. The map passwords has the passwords
// of the users by their names. If it is nil, every name has an account, with any password, and its directory is
// created at the first use. OpenMaildir returns an error if a directory can't be created, or if the name of a user
// begins with a dot, or has a character that separates directories or that file names can't have on some system.
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

// Users returns the passwords that were passed to [OpenMaildir].
func (m *Maildir) Users() map[string]string { return m.passwords }

// Account returns the account of a user, and creates its directory if necessary. It returns an error if the name is
// not allowed, as for [OpenMaildir], or if the directory can't be read or created.
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
