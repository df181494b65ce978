package mailstore

// Memory, the store that keeps its mail in memory.

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Memory is a [Store] in memory, and a [Source] of itself. The zero value is ready to use. It must not be copied
// after its first use. All methods may be called from several goroutines at once, and none of them blocks.
//
// # Accounts
//
// An account is created when it is first asked for. It has INBOX and the mailboxes Archive, Drafts, Junk, Sent and
// Trash, and its user is subscribed to all of them. INBOX has the messages that were delivered for the user so far,
// in order, and receives those that are delivered later. An account whose name is an address, such as "bob@qq.com",
// gets the messages for that address. An account without a domain, such as "bob", gets the messages for bob in any
// domain. Letter case does not matter in names and in addresses, and a domain in Unicode is the same as its
// A-labels.
type Memory struct {
	// Passwords maps the names of the accounts to their passwords. If it is nil, every name has an account, and any
	// password is right. It must not be changed after the first use.
	Passwords map[string]string

	mu         sync.Mutex
	users      map[string]bool           // the canonical names of Passwords; nil until Put is called
	accounts   map[string]*memoryAccount // by canonical name
	all        *memoryAccount            // gets all deliveries; nil until All is called
	deliveries []*delivery               // by number less 1; nil for those that were withdrawn
	mail       map[string]*arrivals      // by the canonical name of their account
	validity   uint32                    // the last UIDVALIDITY
}

// delivery is a message that was delivered.
type delivery struct {
	raw       []byte
	date      time.Time
	users     []string // canonical names of accounts, each once
	places    []place  // where it was put; the messages there may be gone
	withdrawn bool
}

// place is the place of a message.
type place struct {
	mailbox *memoryMailbox
	uid     uint32
}

// arrivals has the deliveries to an account in order, those that were withdrawn included, until they are the majority.
type arrivals struct {
	all       []*delivery
	withdrawn int
}

// Mailboxes returns m.
func (m *Memory) Mailboxes() Store { return m }

// Users returns m.Passwords.
func (m *Memory) Users() map[string]string { return m.Passwords }

// Account returns the account of a user, and creates it if necessary. It returns an error if the name is empty.
func (m *Memory) Account(user string) (Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, err := m.account(user)
	if err != nil {
		return nil, err // and not a nil *memoryAccount
	}
	return a, nil
}

// account is Account with the lock held.
func (m *Memory) account(user string) (*memoryAccount, error) {
	if user == "" {
		return nil, errors.New("mailstore: the name of the account is empty")
	}
	key := canonicalUser(user)
	if a := m.accounts[key]; a != nil {
		return a, nil
	}
	if m.accounts == nil {
		m.accounts = make(map[string]*memoryAccount)
	}
	a := newMemoryAccount(m, m.mail[key].left())
	m.accounts[key] = a
	return a, nil
}

// All returns an account that gets all deliveries, for any recipient. It returns the same account each time. See
// the function [All].
func (m *Memory) All() (Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = newMemoryAccount(m, m.deliveries)
	}
	return m.all, nil
}

// Deliver delivers a message to the accounts of its recipients, which are addresses without angle brackets, and
// returns the number of the delivery, from 1. An account gets a message once, even if several of the recipients
// belong to it. The store keeps raw, which must not be changed from then on, and adds CR to lines that end with LF
// alone, as Append does.
func (m *Memory) Deliver(raw []byte, date time.Time, recipients ...string) (number int) {
	d := &delivery{raw: withCRLF(raw), date: date}
	for _, r := range recipients {
		d.users = append(d.users, usersOf(r)...)
	}
	slices.Sort(d.users)
	d.users = slices.Compact(d.users)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deliveries = append(m.deliveries, d)
	if m.mail == nil {
		m.mail = make(map[string]*arrivals)
	}
	for _, user := range d.users {
		if m.mail[user] == nil {
			m.mail[user] = new(arrivals)
		}
		m.mail[user].all = append(m.mail[user].all, d)
		if a := m.accounts[user]; a != nil {
			a.deliver(d)
		}
	}
	if m.all != nil {
		m.all.deliver(d)
	}
	return len(m.deliveries)
}

// Withdraw takes back deliveries. It removes their messages from INBOX, and from the mailboxes to which INBOX was
// renamed, and accounts that are created later do not get them. Copies that a client has made, for example to move
// a message, are separate messages and stay. Withdraw ignores numbers that Deliver has not returned.
func (m *Memory) Withdraw(numbers ...int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := make(map[*memoryMailbox]int) // the numbers of their messages
	for _, n := range numbers {
		if n < 1 || n > len(m.deliveries) || m.deliveries[n-1] == nil {
			continue
		}
		d := m.deliveries[n-1]
		m.deliveries[n-1] = nil
		d.withdrawn = true
		for _, p := range d.places {
			if _, known := before[p.mailbox]; !known {
				before[p.mailbox] = p.mailbox.index.status.Messages
			}
			if e, err := p.mailbox.index.find(p.uid); err == nil && e.more.delivery == d {
				p.mailbox.index.drop(e)
			}
		}
		for _, user := range d.users {
			if m.mail[user].withdraw() == 0 {
				delete(m.mail, user)
			}
		}
	}
	for b, messages := range before {
		b.index.dropped(messages)
	}
}

// left returns the deliveries that were not withdrawn.
func (a *arrivals) left() []*delivery {
	if a == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.all), func(d *delivery) bool { return d.withdrawn })
}

// withdraw notes that one more delivery was withdrawn, and returns how many are left.
func (a *arrivals) withdraw() int {
	a.withdrawn++
	left := len(a.all) - a.withdrawn
	if left < a.withdrawn {
		a.all, a.withdrawn = a.left(), 0
	}
	return left
}

// Put adds a message to a mailbox of a user as Append of [Mailbox] does, and creates the mailbox if necessary. It
// returns an error if the name of the user is empty or is not among Passwords, or if the name of the mailbox or a
// flag is malformed.
func (m *Memory) Put(user, mailbox string, raw []byte, date time.Time, flags ...string) error {
	if m.Passwords != nil && !m.isUser(user) {
		return fmt.Errorf("mailstore: put a message: there is no user %q", user)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a, err := m.account(user)
	if err != nil {
		return err
	}
	b := a.mailboxes[foldInbox(mailbox)]
	if b == nil {
		if mailbox, err = newName(mailbox); err != nil {
			return err
		}
		b = a.make(mailbox)
	}
	_, err = b.put(raw, date, flags)
	return err
}

// isUser reports whether a name is among the Passwords, in any spelling.
func (m *Memory) isUser(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users == nil {
		m.users = make(map[string]bool, len(m.Passwords))
		for user := range m.Passwords {
			m.users[canonicalUser(user)] = true
		}
	}
	return m.users[canonicalUser(name)]
}

// nextValidity returns a UIDVALIDITY that no mailbox of the store has had. The lock is held.
func (m *Memory) nextValidity() uint32 {
	m.validity = validityAfter(m.validity)
	return m.validity
}

// validityAfter returns a UIDVALIDITY that is greater than the last one, and probably greater than all of an earlier store at
// the same address: the time in seconds, as RFC 9051 §2.3.1.1 suggests.
func validityAfter(last uint32) uint32 { return max(last+1, uint32(time.Now().Unix())) }

// withCRLF returns the message with all lines ending with CRLF. It returns raw itself if they already do.
func withCRLF(raw []byte) []byte {
	bare := bytes.Count(raw, []byte("\n")) - bytes.Count(raw, []byte("\r\n"))
	if bare == 0 {
		return raw
	}
	converted := make([]byte, 0, len(raw)+bare)
	for i, c := range raw {
		if c == '\n' && (i == 0 || raw[i-1] != '\r') {
			converted = append(converted, '\r')
		}
		converted = append(converted, c)
	}
	return converted
}
