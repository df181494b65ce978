package mailstore

// Reading a mailbox of a Maildir from the disk, and writing its index.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// stamp has the times at which the directories of a mailbox last changed.
type stamp struct{ cur, new time.Time }

// coarse is the resolution of times in a file system: two changes within it may have the same time.
const coarse = 2 * time.Second

// found is a message that was found on disk, or is about to be written.
type found struct {
	Message // without UID
	maildirMessage
}

// load reads the mailbox if that was not done yet. The lock is held.
func (b *maildirMailbox) load() error {
	if b.index.deleted {
		return ErrNoMailbox
	}
	if b.loaded {
		return nil
	}
	err := makeDirs(b.dir)
	if errors.Is(err, fs.ErrNotExist) { // another program has deleted it
		b.index.delete()
		return ErrNoMailbox
	}
	if err != nil {
		return err
	}
	path := b.path(indexName)
	text, err := os.ReadFile(path)
	var file *indexFile
	switch {
	case errors.Is(err, fs.ErrNotExist):
		file, err = b.newIndex(path)
	case err == nil:
		if file, err = parseIndex(text); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	if err != nil {
		return err
	}
	version := b.index.status.Version
	b.index.status = Status{UIDValidity: file.validity, UIDNext: file.next, Version: version}
	b.index.entries, b.uids = nil, make(map[string]uint32)
	b.keywords, b.lines, b.torn = file.keywords, len(file.messages), file.torn
	for _, l := range file.messages {
		b.uids[l.name] = l.uid // the last line is the valid one
	}
	for _, l := range file.messages {
		if b.uids[l.name] == l.uid {
			b.index.status.Messages++
			b.index.entries = append(b.index.entries, indexEntry[maildirMessage]{
				Message: Message{UID: l.uid, Date: l.date, Size: l.size}, more: maildirMessage{name: l.name},
			})
		}
	}
	if err := b.scan(); err != nil {
		return err
	}
	b.loaded = true
	return nil
}

// newIndex creates the index of a mailbox without one.
func (b *maildirMailbox) newIndex(path string) (*indexFile, error) {
	validity, err := b.account.nextValidity()
	if err != nil {
		return nil, err
	}
	file := &indexFile{validity: validity, next: 1}
	return file, writeWhole(path, file.append(nil))
}

// sync reads the changes of other programs. The lock is held.
func (b *maildirMailbox) sync() error {
	now, err := b.stamp()
	if err == nil && now == b.seen {
		return nil
	}
	return b.scan()
}

// stamp returns the times at which the directories last changed.
func (b *maildirMailbox) stamp() (stamp, error) {
	cur, err := os.Stat(b.path("cur"))
	if err != nil {
		return stamp{}, err
	}
	fresh, err := os.Stat(b.path("new"))
	if err != nil {
		return stamp{}, err
	}
	return stamp{cur.ModTime(), fresh.ModTime()}, nil
}

// scan reads the directories. The lock is held.
func (b *maildirMailbox) scan() error {
	var err error
	for range attempts {
		if err = b.scanOnce(); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if _, statErr := os.Stat(b.dir); errors.Is(statErr, fs.ErrNotExist) { // another program has deleted it
		b.index.delete()
		return ErrNoMailbox
	}
	return err
}

// scanOnce is scan, but returns [fs.ErrNotExist] if another program has renamed files meanwhile.
func (b *maildirMailbox) scanOnce() error {
	began := time.Now()
	seen, err := b.stamp()
	if err != nil {
		return err
	}
	files, err := gather(b.look, b.misses)
	if err != nil {
		return err
	}
	b.update(files)
	if err := b.discover(files); err != nil {
		return err
	}
	b.seen = stamp{}
	if began.Sub(seen.cur) > coarse && began.Sub(seen.new) > coarse {
		b.seen = seen
	}
	return nil
}

// gather looks at the directories until no known message is missing, or the missing ones are gone. Reading a directory
// can miss files that are renamed meanwhile, so what several looks have found counts. Three looks that find nothing more,
// while nothing changes, show that the missing messages are gone: times are too coarse for one such look to show it. If the
// directories change all the time, gather gives up.
func gather(
	look func() (files map[string]string, busy bool, err error), misses func(files map[string]string) bool,
) (map[string]string, error) {
	const enough, most = 3, 20
	files, _, err := look()
	if err != nil {
		return nil, err
	}
	for looks, calm := 0, 0; misses(files) && looks < most && calm < enough; looks++ {
		again, busy, err := look()
		if err != nil {
			return nil, err
		}
		before := len(files)
		if maps.Copy(files, again); !busy && len(files) == before {
			calm++
		}
	}
	return files, nil
}

// look returns the files of messages, by the names of the messages, and reports whether the directories have changed
// meanwhile.
func (b *maildirMailbox) look() (files map[string]string, busy bool, err error) {
	before, err := b.stamp()
	if err != nil {
		return nil, false, err
	}
	if files, err = b.files(); err != nil {
		return nil, false, err
	}
	after, err := b.stamp()
	return files, after != before, err
}

// misses reports whether a message is not among files.
func (b *maildirMailbox) misses(files map[string]string) bool {
	for e := range b.index.all {
		if _, ok := files[e.more.name]; !ok {
			return true
		}
	}
	return false
}

// files returns the files of messages, by the names of the messages.
func (b *maildirMailbox) files() (map[string]string, error) {
	files := make(map[string]string, len(b.uids))
	for _, sub := range []string{"new", "cur"} { // in the direction in which files are moved
		dir, err := os.Open(b.path(sub))
		if err != nil {
			return nil, err
		}
		names, err := dir.Readdirnames(-1)
		if err := errors.Join(err, dir.Close()); err != nil {
			return nil, err
		}
		for _, file := range names {
			if file[0] != '.' {
				name, _ := splitFileName(file, infoSeparator())
				files[name] = filepath.Join(sub, file)
			}
		}
	}
	return files, nil
}

// update drops the messages that are not among files, and gives the others the flags in their names. It deletes
// known messages from files.
func (b *maildirMailbox) update(files map[string]string) {
	before, changed := b.index.status.Messages, false
	for e := range b.index.all {
		file, ok := files[e.more.name]
		switch {
		case !ok:
			delete(b.uids, e.more.name)
			b.index.drop(e)
		case file != e.more.file:
			_, letters := splitFileName(file, infoSeparator())
			flags, unknown := b.keywords.flags(letters)
			changed = changed || !slices.Equal(flags, e.Flags)
			e.Flags, e.more.file, e.more.unknown = flags, file, unknown
		}
		delete(files, e.more.name)
	}
	b.index.dropped(before)
	if changed {
		b.index.touch()
	}
}

// discover adds the messages in files that other programs have delivered, the oldest first.
func (b *maildirMailbox) discover(files map[string]string) error {
	var messages []found
	for name, file := range files {
		info, err := os.Lstat(b.path(file))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		raw, err := os.ReadFile(b.path(file))
		if err != nil {
			return err
		}
		_, letters := splitFileName(file, infoSeparator())
		flags, unknown := b.keywords.flags(letters)
		date := diskDate(info.ModTime().Unix(), 0)
		m := Message{Flags: flags, Date: date, Size: int64(len(withCRLF(raw)))}
		messages = append(messages, found{m, maildirMessage{name, file, unknown}})
	}
	if len(messages) == 0 {
		return nil
	}
	slices.SortFunc(messages, func(a, b found) int {
		return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(a.name, b.name))
	})
	if err := b.note(messages...); err != nil {
		return err
	}
	for _, m := range messages {
		b.add(m)
	}
	return nil
}

// note writes the UIDs of messages that are about to be added to the index on disk. The lock is held.
func (b *maildirMailbox) note(messages ...found) error {
	var lines []byte
	for i, m := range messages {
		l := indexLine{uid: b.index.status.UIDNext + uint32(i), size: m.Size, date: m.Date, name: m.name}
		lines = l.append(lines)
	}
	b.lines += len(messages)
	return b.write(lines)
}

// write appends lines to the index on disk. It rewrites the index with them if the end is torn, or if most of it is
// about messages that are gone. The lock is held.
func (b *maildirMailbox) write(lines []byte) error {
	if b.torn || b.lines > 2*b.index.status.Messages+1000 {
		return b.rewrite(lines...)
	}
	err := appendSynced(b.path(indexName), lines)
	b.torn = err != nil
	return err
}

// rewrite rewrites the index, with lines for messages that are about to be added. The lock is held.
func (b *maildirMailbox) rewrite(lines ...byte) error {
	file := indexFile{validity: b.index.status.UIDValidity, next: b.index.status.UIDNext, keywords: b.keywords}
	for e := range b.index.all {
		file.messages = append(file.messages, indexLine{e.UID, e.Size, e.Date, e.more.name})
	}
	b.torn = true
	if err := writeWhole(b.path(indexName), append(file.append(nil), lines...)); err != nil {
		return err
	}
	b.torn, b.lines = false, len(file.messages)+bytes.Count(lines, []byte("\n"))
	return nil
}
