// Package mailstore holds the mailboxes that the POP3 and IMAP servers of a test show to their clients.
//
// A [Store] has accounts, an [Account] has mailboxes, and a [Mailbox] has messages. There are three kinds of store:
// the captured mail of a server of package mailtest, a [Memory], which holds messages that a test puts into it, and
// a [Maildir] on disk. The servers take any of them:
//
//	pop := pop3.New(t, srv)
//
//	store := new(mailstore.Memory)
//	store.Deliver(raw, time.Now(), "bob@qq.com")
//	im := imap.New(t, store)
//
// To read the same mail by both protocols, give the same source to both servers. Each client then sees the
// deletions and the flags of the other.
//
// # Terms
//
// A UID is the number of a message in its mailbox. UIDs only grow, and none is used twice while the UIDVALIDITY of the
// mailbox stays the same (RFC 9051 §2.3.1.1). A flag is a word that clients attach to a message, such as \Seen or
// \Deleted (RFC 9051 §2.3.2). INBOX is the mailbox where mail arrives; each account has one.
package mailstore

// The interfaces between stores of mail and the protocols that show them.

import (
	"errors"
	"time"
)

// Source is anything that has mailboxes to show: a mailtest.Server, a mailtest.Inbox, an mxmock.Internet or one of
// its hosts, or a [Memory] or a [Maildir].
type Source interface {
	// Mailboxes returns the store. It returns the same store each time.
	Mailboxes() Store
}

// Store has the accounts of a server. All methods of a Store, and of the accounts and mailboxes in it, may be called from
// several goroutines at once.
type Store interface {
	// Users maps the names of the accounts to their passwords. If it is nil, every name has an account, and any password
	// is right. The caller must not change the map.
	Users() map[string]string

	// Account returns the account of a user. The name is as the client has given it; its letter case does not
	// matter. It is one of Users, unless that is nil.
	Account(user string) (Account, error)
}

// Account has the mailboxes of a user. Names of mailboxes are in UTF-8, with "/" between the levels of a hierarchy. INBOX
// always exists, in any letter case, and can't be deleted.
type Account interface {
	// Mailboxes returns the mailboxes in the order of their names, INBOX first. It includes names that are
	// subscribed to but are not mailboxes any more (RFC 9051 §6.3.7).
	Mailboxes() ([]Info, error)

	// Mailbox returns the mailbox with a name. The error is [ErrNoMailbox] if there is none.
	Mailbox(name string) (Mailbox, error)

	// Create creates an empty mailbox, and the missing ones above it. A "/" at the end of the name is ignored. The
	// error is [ErrMailboxExists] if there is one with that name.
	Create(name string) error

	// Delete removes a mailbox and its messages. Mailboxes below it in the hierarchy stay, and so does a
	// subscription. The error is [ErrNoMailbox] if there is no such mailbox.
	Delete(name string) error

	// Rename renames a mailbox and the mailboxes below it, and creates the missing ones above the new name. Renaming
	// INBOX moves its messages to a new mailbox, and leaves INBOX empty; mailboxes below INBOX keep their names (RFC
	// 9051 §6.3.6). The error is [ErrNoMailbox] if the old name does not exist, and [ErrMailboxExists] if a new one
	// does.
	Rename(from, to string) error

	// Subscribe subscribes the user to a mailbox if on is true, and ends the subscription otherwise. The error is
	// [ErrNoMailbox] if on is true and there is no such mailbox.
	Subscribe(name string, on bool) error
}

// Info describes a mailbox in a list.
type Info struct {
	Name       string // in UTF-8, with "/" between the levels
	Subscribed bool   // the user has subscribed to the name
	Missing    bool   // there is no such mailbox, only a subscription to its name
	Use        string // special use (RFC 6154 §2), such as \Sent, or empty
}

// Mailbox has messages, in the order of their UIDs. It stays the same when it is renamed. If it was deleted, its methods
// return [ErrNoMailbox].
type Mailbox interface {
	// Status returns the numbers that describe the mailbox. It is cheap.
	Status() (Status, error)

	// Messages returns all messages in the order of their UIDs. The slice is the caller's own; the flags in it are
	// shared and must not be changed.
	Messages() ([]Message, error)

	// Raw returns the bytes of a message, in lines that end with CRLF. They must not be changed. The error is
	// [ErrNoMessage] if the message is gone.
	Raw(uid uint32) ([]byte, error)

	// Append adds a message and returns its UID. Lines of it that end with LF alone get CRLF, as both protocols demand.
	// The store keeps raw, which must not be changed after the call.
	Append(raw []byte, date time.Time, flags ...string) (uid uint32, err error)

	// SetFlags replaces the flags of a message. The error is [ErrNoMessage] if the message is gone. All methods
	// ignore \Recent, and return an error for a word that is not a flag.
	SetFlags(uid uint32, flags ...string) error

	// ChangeFlags adds flags to messages and removes others from them. Unlike a call of Messages and then of
	// SetFlags, it loses no change that another client makes at the same time. It ignores UIDs that do not exist.
	ChangeFlags(add, remove []string, uids ...uint32) error

	// Remove removes messages. It ignores UIDs that do not exist.
	Remove(uids ...uint32) error

	// Renumber gives the mailbox another UIDVALIDITY and its messages new UIDs, as a server that has lost its
	// index does. Clients must then discard their copies of the mailbox.
	Renumber() error

	// Changed returns a channel that is closed at the first change after the call: a message came or went, flags
	// changed, UIDs changed, or the mailbox was deleted. If it was deleted before, the channel is closed.
	Changed() <-chan struct{}
}

// Status has the numbers that describe a mailbox.
type Status struct {
	UIDValidity uint32 // changes when messages get new UIDs
	UIDNext     uint32 // is greater than all UIDs so far
	Version     uint64 // changes with each change of the mailbox
	Messages    int    // the number of messages
}

// Message describes a message of a mailbox.
type Message struct {
	UID   uint32    // greater than those of the messages before it
	Flags []string  // sorted, each once: system flags as in RFC 9051 §2.3.2 ("\\Seen"), keywords as first in the mailbox
	Date  time.Time // the time of arrival
	Size  int64     // in bytes
}

// Errors of accounts and mailboxes. Other errors come from the storage, such as a disk.
var (
	ErrNoMailbox     = errors.New("mailstore: no such mailbox")
	ErrMailboxExists = errors.New("mailstore: the mailbox exists")
	ErrNoMessage     = errors.New("mailstore: no such message")
)
