package mailstore

// The accounts of a Maildir.

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maildirAccount is an account of a [Maildir].
type maildirAccount struct {
	dir  string
	last atomic.Uint32 // the number of the last new file

	mu        sync.Mutex // guards the following fields, and the mailboxes
	file      *accountFile
	mailboxes map[string]*maildirMailbox // as of the last call of refresh
}

// deletedPrefix begins the name of the directory of a mailbox that is being deleted.
const deletedPrefix = "mailstore-deleted-"

// open reads the account, or creates it.
func (a *maildirAccount) open() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file != nil {
		return nil
	}
	if err := makeSynced(a.dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := makeDirs(a.dir); err != nil {
		return err
	}
	a.mailboxes = map[string]*maildirMailbox{inbox: {account: a, name: inbox, dir: a.dir}}
	path := filepath.Join(a.dir, accountName)
	text, err := os.ReadFile(path)
	var file *accountFile
	switch {
	case errors.Is(err, fs.ErrNotExist):
		file, err = a.establish()
	case err == nil:
		if file, err = parseAccount(text); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	if err != nil {
		return err
	}
	if err := a.clean(); err != nil {
		return err
	}
	a.file = file
	return nil
}

// establish creates the files of a new account.
func (a *maildirAccount) establish() (*accountFile, error) {
	file := &accountFile{subscribed: map[string]bool{inbox: true}}
	for _, s := range specialUses {
		if err := makeFolder(filepath.Join(a.dir, folderName(s.name))); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		file.subscribed[s.name] = true
	}
	return file, a.write(file)
}

// write writes the file of the account.
func (a *maildirAccount) write(file *accountFile) error {
	return writeWhole(filepath.Join(a.dir, accountName), file.append(nil))
}

// clean removes the leftovers of crashed processes: mailboxes that were being deleted, and messages that were being
// written. The latter are removed after 36 hours, as the rules for Maildirs say.
func (a *maildirAccount) clean() error {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), deletedPrefix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(a.dir, e.Name())); err != nil {
			return err
		}
	}
	tmp := filepath.Join(a.dir, "tmp")
	if entries, err = os.ReadDir(tmp); err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > 36*time.Hour {
			os.Remove(filepath.Join(tmp, e.Name())) // an error is harmless
		}
	}
	return nil
}

// refresh reads the list of mailboxes from the disk. The lock is held.
func (a *maildirAccount) refresh() error {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return err
	}
	folders := make(map[string]string) // by mailbox
	for _, e := range entries {
		name, ok := mailboxOf(e.Name())
		if !ok || !e.IsDir() {
			continue
		}
		if other := folders[name]; other == "" || e.Name() == folderName(name) {
			folders[name] = e.Name()
		}
	}
	for name, b := range a.mailboxes {
		folder, ok := folders[name]
		switch {
		case name == inbox:
		case ok && filepath.Join(a.dir, folder) == b.dir:
			delete(folders, name)
		default:
			b.index.delete()
			delete(a.mailboxes, name)
		}
	}
	for name, folder := range folders {
		a.mailboxes[name] = &maildirMailbox{account: a, name: name, dir: filepath.Join(a.dir, folder)}
	}
	return nil
}

// lock locks the account, with mailboxes that are up to date.
func (a *maildirAccount) lock() error {
	a.mu.Lock()
	if err := a.refresh(); err != nil {
		a.mu.Unlock()
		return fmt.Errorf("mailstore: list mailboxes: %w", err)
	}
	return nil
}

// newFileName returns a name that no file has. Other programs sort files by it, into the order in which they came.
func (a *maildirAccount) newFileName() string {
	now := time.Now()
	return fmt.Sprintf("%d.M%06dQ%08dR%s.mailstore", now.Unix(), now.Nanosecond()/1000, a.last.Add(1), rand.Text())
}

// nextValidity returns a UIDVALIDITY that no mailbox of the account has had. The lock is held.
func (a *maildirAccount) nextValidity() (uint32, error) {
	next := *a.file
	next.validity = validityAfter(next.validity)
	if err := a.write(&next); err != nil {
		return 0, err
	}
	*a.file = next
	return next.validity, nil
}

func (a *maildirAccount) Mailboxes() ([]Info, error) {
	if err := a.lock(); err != nil {
		return nil, err
	}
	defer a.mu.Unlock()
	return list(a.mailboxes, a.file.subscribed), nil
}

func (a *maildirAccount) Mailbox(name string) (Mailbox, error) {
	if err := a.lock(); err != nil {
		return nil, err
	}
	defer a.mu.Unlock()
	if b := a.mailboxes[foldInbox(name)]; b != nil {
		return b, nil
	}
	return nil, noMailbox(name)
}

func (a *maildirAccount) Create(name string) error {
	name, err := createdName(name)
	if err != nil {
		return err
	}
	if err := a.lock(); err != nil {
		return err
	}
	defer a.mu.Unlock()
	if a.mailboxes[name] != nil {
		return mailboxExists(name)
	}
	_, err = a.make(name)
	return err
}

// make creates the mailbox with a name, which must be valid and free, and the missing ones above it. The lock is
// held.
func (a *maildirAccount) make(name string) (*maildirMailbox, error) {
	if err := a.makeAbove(name); err != nil {
		return nil, err
	}
	b := &maildirMailbox{account: a, name: name, dir: filepath.Join(a.dir, folderName(name))}
	err := makeFolder(b.dir)
	switch {
	case errors.Is(err, fs.ErrExist): // by another name, on a file system where letter case does not matter
		return nil, mailboxExists(name)
	case err != nil:
		return nil, fmt.Errorf("mailstore: make mailbox %q: %w", name, err)
	}
	a.mailboxes[name] = b
	return b, nil
}

// makeAbove creates the missing mailboxes above a name. The lock is held.
func (a *maildirAccount) makeAbove(name string) error {
	for above := range superiors(name) {
		if a.mailboxes[above] == nil {
			if _, err := a.make(above); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeFolder creates the directory of a mailbox, with the file that marks it as one.
func makeFolder(dir string) error {
	if err := makeSynced(dir); err != nil {
		return err
	}
	if err := makeDirs(dir); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "maildirfolder"), nil, 0o600)
}

func (a *maildirAccount) Delete(name string) error {
	name = foldInbox(name)
	if err := a.lock(); err != nil {
		return err
	}
	defer a.mu.Unlock()
	b := a.mailboxes[name]
	switch {
	case name == inbox:
		return errInboxStays
	case b == nil:
		return noMailbox(name)
	}
	going := filepath.Join(a.dir, deletedPrefix+rand.Text())
	if err := os.Rename(b.dir, going); err != nil {
		return fmt.Errorf("mailstore: delete mailbox %q: %w", name, err)
	}
	delete(a.mailboxes, name)
	b.index.delete()
	if err := os.RemoveAll(going); err != nil {
		return fmt.Errorf("mailstore: delete mailbox %q: %w", name, err)
	}
	return nil
}

func (a *maildirAccount) Rename(from, to string) error {
	if err := a.lock(); err != nil {
		return err
	}
	defer a.mu.Unlock()
	if foldInbox(from) == inbox {
		return a.renameInbox(to)
	}
	names, err := renamings(a.mailboxes, from, to)
	if err != nil {
		return err
	}
	if err := a.makeAbove(foldInbox(to)); err != nil {
		return err
	}
	for before, after := range names {
		b, dir := a.mailboxes[before], filepath.Join(a.dir, folderName(after))
		if err := os.Rename(b.dir, dir); err != nil {
			return fmt.Errorf("mailstore: rename mailbox %q to %q: %w", before, after, err)
		}
		b.name, b.dir = after, dir
		delete(a.mailboxes, before)
		a.mailboxes[after] = b
	}
	return nil
}

// renameInbox moves the messages of INBOX to a new mailbox. The lock is held.
func (a *maildirAccount) renameInbox(to string) error {
	to, err := newName(to)
	if err != nil {
		return err
	}
	if a.mailboxes[to] != nil {
		return mailboxExists(to)
	}
	b, err := a.make(to)
	if err != nil {
		return err
	}
	return a.mailboxes[inbox].moveTo(b)
}

func (a *maildirAccount) Subscribe(name string, on bool) error {
	name = foldInbox(name)
	if err := a.lock(); err != nil {
		return err
	}
	defer a.mu.Unlock()
	if on && a.mailboxes[name] == nil {
		return noMailbox(name)
	}
	before := a.file.subscribed[name]
	if before == on {
		return nil
	}
	a.mark(name, on)
	if err := a.write(a.file); err != nil {
		a.mark(name, before)
		return fmt.Errorf("mailstore: subscribe to mailbox %q: %w", name, err)
	}
	return nil
}

// mark notes a subscription, or the end of one. The lock is held.
func (a *maildirAccount) mark(name string, on bool) {
	if on {
		a.file.subscribed[name] = true
	} else {
		delete(a.file.subscribed, name)
	}
}
