package mailstore

// The mailboxes of a Maildir.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maildirMailbox is a mailbox of a [Maildir]. The lock of its account guards it.
type maildirMailbox struct {
	account *maildirAccount
	name    string
	dir     string

	index    index[maildirMessage] // as of the last scan, with the changes of this process since
	uids     map[string]uint32     // by the name of the message
	keywords keywords
	loaded   bool
	lines    int   // the number of messages that the index on disk names, including those that are gone
	torn     bool  // the index on disk has a torn end, and has to be rewritten
	seen     stamp // of the directories at the last scan; zero if they must be scanned in any case
}

// maildirMessage is the data of a Maildir about a message.
type maildirMessage struct {
	name    string // of the message: that of its file without flags
	file    string // in the directory of the mailbox, such as "cur/name:2,S"
	unknown string // letters in the name of the file that are not flags
}

// attempts is the number of times that an operation is tried again with new names, if another program has renamed
// files.
const attempts = 5

// fail returns an error that names the mailbox. The names of files are in err. The lock is held.
func (b *maildirMailbox) fail(doing string, err error) error {
	if err == nil || errors.Is(err, ErrNoMailbox) || errors.Is(err, ErrNoMessage) {
		return err
	}
	return fmt.Errorf("mailstore: %s mailbox %q: %w", doing, b.name, err)
}

// lock locks the mailbox, and reads it if that was not done yet.
func (b *maildirMailbox) lock() error {
	b.account.mu.Lock()
	err := b.fail("read", b.load())
	if err != nil {
		b.account.mu.Unlock()
	}
	return err
}

func (b *maildirMailbox) unlock() { b.account.mu.Unlock() }

func (b *maildirMailbox) Status() (Status, error) {
	if err := b.lock(); err != nil {
		return Status{}, err
	}
	defer b.unlock()
	if err := b.sync(); err != nil {
		return Status{}, b.fail("read", err)
	}
	return b.index.status, nil
}

func (b *maildirMailbox) Messages() ([]Message, error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.unlock()
	if err := b.sync(); err != nil {
		return nil, b.fail("read", err)
	}
	return b.index.list(), nil
}

// withFile calls do for a message, and again with the new name of its file if another program has renamed it. The lock is
// held.
func (b *maildirMailbox) withFile(uid uint32, do func(*indexEntry[maildirMessage]) error) error {
	for try := 1; ; try++ {
		e, err := b.index.find(uid)
		if err != nil {
			return err
		}
		err = do(e)
		if !errors.Is(err, fs.ErrNotExist) || try == attempts {
			return err
		}
		if err := b.scan(); err != nil {
			return err
		}
	}
}

// path returns the path of the file of a message.
func (b *maildirMailbox) path(file string) string { return filepath.Join(b.dir, file) }

func (b *maildirMailbox) Raw(uid uint32) ([]byte, error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.unlock()
	var raw []byte
	err := b.withFile(uid, func(e *indexEntry[maildirMessage]) (err error) {
		raw, err = os.ReadFile(b.path(e.more.file))
		return err
	})
	if err != nil {
		return nil, b.fail("read", err)
	}
	return withCRLF(raw), nil
}

func (b *maildirMailbox) Append(raw []byte, date time.Time, flags ...string) (uid uint32, err error) {
	flags, err = canonicalFlags(flags)
	if err != nil {
		return 0, err
	}
	_, offset := date.Zone()
	raw, date = withCRLF(raw), diskDate(date.Unix(), offset)
	name := b.account.newFileName()
	tmp := filepath.Join(b.account.dir, "tmp", name) // in the directory of the account, which is never renamed
	if err = writeSynced(tmp, os.O_EXCL, raw); err != nil {
		err = fmt.Errorf("mailstore: write a message: %w", err)
	} else {
		os.Chtimes(tmp, date, date) // for other programs; the file system may not support it
		uid, err = b.appendFile(tmp, name, Message{Flags: flags, Date: date, Size: int64(len(raw))})
	}
	if err != nil {
		os.Remove(tmp) // in case it still exists
	}
	return uid, err
}

// appendFile moves a file from tmp, which makes it a message.
func (b *maildirMailbox) appendFile(tmp, name string, m Message) (uid uint32, err error) {
	if err := b.lock(); err != nil {
		return 0, err
	}
	defer b.unlock()
	m.Flags = b.keywords.respell(m.Flags)
	letters, err := b.letters(m.Flags, 0)
	if err != nil {
		return 0, b.fail("append to", err)
	}
	f := found{m, maildirMessage{name: name, file: filepath.Join("new", name)}}
	if letters != "" {
		f.file = filepath.Join("cur", joinFileName(name, letters, infoSeparator()))
	}
	if err := b.note(f); err != nil {
		return 0, b.fail("append to", err)
	}
	path := b.path(f.file)
	if err = os.Rename(tmp, path); err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		b.torn = true // the index on disk names a message that does not exist
		return 0, b.fail("append to", errors.Join(err, os.RemoveAll(path)))
	}
	return b.add(f), nil
}

// add adds a message that was noted to the index in memory. The lock is held.
func (b *maildirMailbox) add(f found) (uid uint32) {
	uid = b.index.add(f.Message, f.maildirMessage)
	b.uids[f.name] = uid
	return uid
}

func (b *maildirMailbox) SetFlags(uid uint32, flags ...string) error {
	flags, err := canonicalFlags(flags)
	if err != nil {
		return err
	}
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	changed, err := b.setFlags(uid, func([]string) []string { return flags })
	if changed {
		b.index.touch()
	}
	return b.fail("set flags in", err)
}

func (b *maildirMailbox) ChangeFlags(add, remove []string, uids ...uint32) error {
	add, err := canonicalFlags(add)
	if err != nil {
		return err
	}
	if remove, err = canonicalFlags(remove); err != nil {
		return err
	}
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	changed := false
	for _, uid := range uids {
		c, err := b.setFlags(uid, func(flags []string) []string { return changedFlags(flags, add, remove) })
		changed = changed || c
		if err != nil && !errors.Is(err, ErrNoMessage) {
			b.index.touch()
			return b.fail("set flags in", err)
		}
	}
	if changed {
		b.index.touch()
	}
	return nil
}

// setFlags calls change with the flags of a message, and gives the message the flags that it returns. The lock is
// held.
func (b *maildirMailbox) setFlags(uid uint32, change func([]string) []string) (changed bool, err error) {
	err = b.withFile(uid, func(e *indexEntry[maildirMessage]) error {
		flags := b.keywords.respell(change(e.Flags))
		if slices.Equal(flags, e.Flags) {
			return nil
		}
		letters, err := b.letters(flags, uid)
		if err != nil {
			return err
		}
		file := filepath.Join("cur", joinFileName(e.more.name, letters+e.more.unknown, infoSeparator()))
		if file != e.more.file { // otherwise another program has set them
			if err := os.Rename(b.path(e.more.file), b.path(file)); err != nil {
				return err
			}
		}
		e.Flags, e.more.file, changed = flags, file, true
		return nil
	})
	return changed, err
}

// letters returns the letters of flags, for the message with the given UID, or for a new one if it is 0. A keyword
// without a letter gets a free one, or that of a keyword that no other message has. The lock is held.
func (b *maildirMailbox) letters(flags []string, uid uint32) (string, error) {
	letters := make([]byte, 0, len(flags))
	var without []string
	for _, flag := range flags {
		if letter, ok := b.keywords.letter(flag); ok {
			letters = append(letters, letter)
		} else {
			without = append(without, flag)
		}
	}
	if len(without) == 0 {
		return string(letters), nil
	}
	used := string(letters)
	for e := range b.index.all {
		if _, now := splitFileName(e.more.file, infoSeparator()); e.UID != uid {
			used += strings.Trim(now, used)
		} else {
			used += e.more.unknown
		}
	}
	next := b.keywords
	var lines []byte
	for _, keyword := range without {
		i := b.freeLetter(next, used)
		if i < 0 {
			return "", fmt.Errorf("no letter is left for the keyword %s: there are %d", keyword, keywordLetters)
		}
		next[i] = keyword
		used += string(rune('a' + i))
		letters = append(letters, 'a'+byte(i))
		lines = appendKeyword(lines, i, keyword)
	}
	before := b.keywords
	b.keywords = next
	if err := b.write(lines); err != nil {
		b.keywords = before
		return "", err
	}
	return string(letters), nil
}

// freeLetter returns the index of a letter that is not used, or -1. It prefers a letter without a keyword.
func (b *maildirMailbox) freeLetter(k keywords, used string) int {
	free := -1
	for i, keyword := range k {
		switch {
		case strings.IndexByte(used, 'a'+byte(i)) >= 0:
		case keyword == "":
			return i
		case free < 0:
			free = i
		}
	}
	return free
}

func (b *maildirMailbox) Remove(uids ...uint32) error {
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	before := b.index.status.Messages
	defer func() { b.index.dropped(before) }()
	for _, uid := range uids {
		err := b.withFile(uid, func(e *indexEntry[maildirMessage]) error {
			err := os.Remove(b.path(e.more.file))
			if err == nil {
				delete(b.uids, e.more.name)
				b.index.drop(e)
			}
			return err
		})
		if err != nil && !errors.Is(err, ErrNoMessage) {
			return b.fail("remove from", err)
		}
	}
	return nil
}

func (b *maildirMailbox) Renumber() error {
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	validity, err := b.account.nextValidity()
	if err != nil {
		return b.fail("renumber", err)
	}
	b.index.renumber(validity)
	for e := range b.index.all {
		b.uids[e.more.name] = e.UID
	}
	return b.fail("renumber", b.rewrite())
}

// moveTo moves all messages to an empty mailbox, as index.moveTo does. The lock is held. If the process dies, some messages
// are here and some there, each with its UID.
func (b *maildirMailbox) moveTo(to *maildirMailbox) error {
	err := b.load()
	if err == nil {
		err = b.sync()
	}
	if err == nil {
		err = to.load()
	}
	if err != nil {
		return b.fail("rename", err)
	}
	moving := b.index.entries
	b.index.moveTo(&to.index)
	to.uids, b.uids = b.uids, make(map[string]uint32)
	to.keywords = b.keywords
	err = to.rewrite()
	for _, e := range moving {
		if err == nil && !e.removed {
			err = os.Rename(b.path(e.more.file), to.path(e.more.file))
		}
	}
	if err == nil {
		err = b.rewrite()
	}
	if err != nil { // the disk has the actual state
		b.loaded, to.loaded = false, false
	}
	return b.fail("rename", err)
}

func (b *maildirMailbox) Changed() <-chan struct{} {
	b.account.mu.Lock()
	defer b.account.mu.Unlock()
	b.load() // so that reading is not a change; the next call returns the error
	return b.index.watch()
}
