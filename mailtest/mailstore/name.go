package mailstore

// The names of mailboxes: their syntax, their list, and their renaming.

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	inbox     = "INBOX"
	separator = "/" // between the levels of a hierarchy
	maxName   = 255 // of the name of a mailbox, in bytes
)

// specialUses are the mailboxes that each new account has besides INBOX, and their uses (RFC 6154 §2). A mailbox has the
// use that its name has here.
var specialUses = [...]struct{ name, use string }{
	{"Archive", `\Archive`}, {"Drafts", `\Drafts`}, {"Junk", `\Junk`}, {"Sent", `\Sent`}, {"Trash", `\Trash`},
}

// specialUse returns the use of the mailbox with a name, or "".
func specialUse(name string) string {
	for _, s := range specialUses {
		if s.name == name {
			return s.use
		}
	}
	return ""
}

// foldInbox returns a name with INBOX in capitals, if INBOX is the name or its first level (RFC 9051 §5.1).
func foldInbox(name string) string {
	if n := len(inbox); len(name) >= n && strings.EqualFold(name[:n], inbox) && (len(name) == n || name[n:n+1] == separator) {
		return inbox + name[n:]
	}
	return name
}

// newName returns the name of a mailbox that is to be created, or an error if the name is not allowed.
func newName(name string) (string, error) {
	clean := foldInbox(name)
	var why string
	switch {
	case name == "":
		why = "it is empty"
	case len(name) > maxName:
		why = fmt.Sprintf("it has more than %d bytes", maxName)
	case !utf8.ValidString(name):
		why = "it is not in UTF-8"
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		why = "it has a control character" // RFC 9051 §5.1 by way of RFC 5198 §2
	case slices.Contains(strings.Split(name, separator), ""):
		why = "a level of it is empty"
	default:
		return clean, nil
	}
	return "", fmt.Errorf("mailstore: %q is not a name for a mailbox: %s", name, why)
}

// createdName is newName for the name in CREATE. A "/" at its end only says that mailboxes below it will follow
// (RFC 9051 §6.3.4).
func createdName(name string) (string, error) { return newName(strings.TrimSuffix(name, separator)) }

// superiors yields the names above a name, the topmost first.
func superiors(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range len(name) {
			if name[i:i+1] == separator && !yield(name[:i]) {
				return
			}
		}
	}
}

// noMailbox returns [ErrNoMailbox] with a name.
func noMailbox(name string) error { return fmt.Errorf("%w: %q", ErrNoMailbox, name) }

// mailboxExists returns [ErrMailboxExists] with a name.
func mailboxExists(name string) error { return fmt.Errorf("%w: %q", ErrMailboxExists, name) }

// errInboxStays is the error of Delete for INBOX (RFC 9051 §6.3.5).
var errInboxStays = errors.New("mailstore: INBOX can't be deleted")

// renamings maps the name of a mailbox other than INBOX, and the names of those below it, to the new names. A level
// that is not itself a mailbox can be renamed if there are mailboxes below it.
func renamings[M any](mailboxes map[string]M, from, to string) (map[string]string, error) {
	to, err := newName(to)
	if err != nil {
		return nil, err
	}
	from = foldInbox(from)
	names := make(map[string]string)
	for name := range mailboxes {
		if rest, ok := strings.CutPrefix(name, from); ok && (rest == "" || strings.HasPrefix(rest, separator)) {
			names[name] = to + rest
		}
	}
	if len(names) == 0 {
		return nil, noMailbox(from)
	}
	if _, ok := mailboxes[to]; ok {
		return nil, mailboxExists(to)
	}
	if strings.HasPrefix(to, from+separator) {
		return nil, fmt.Errorf("mailstore: mailbox %q can't be renamed to one below itself, %q", from, to)
	}
	for _, name := range names {
		if _, err := newName(name); err != nil {
			return nil, err
		}
		if _, ok := mailboxes[name]; ok {
			return nil, mailboxExists(name)
		}
	}
	return names, nil
}

// list returns the descriptions of mailboxes, and of names that are subscribed to, in the order of
// [Account.Mailboxes].
func list[M any](mailboxes map[string]M, subscribed map[string]bool) []Info {
	infos := make([]Info, 0, len(mailboxes))
	for name := range mailboxes {
		infos = append(infos, Info{Name: name, Subscribed: subscribed[name], Use: specialUse(name)})
	}
	for name := range subscribed {
		if _, ok := mailboxes[name]; !ok {
			infos = append(infos, Info{Name: name, Subscribed: true, Missing: true})
		}
	}
	slices.SortFunc(infos, func(a, b Info) int {
		switch inbox {
		case a.Name:
			return -1
		case b.Name:
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return infos
}
