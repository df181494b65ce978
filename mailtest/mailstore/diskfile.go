package mailstore

// The files that a Maildir adds to those of the format: the index of a mailbox, and the data of an account.

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The names of the files, which other programs for Maildirs ignore.
const (
	indexName   = "mailstore-index"
	accountName = "mailstore-account"
)

// The first lines of the files.
const (
	indexHeader   = "mailstore index 1"
	accountHeader = "mailstore account 1"
)

// indexFile is the content of the index of a mailbox. A later line of the file replaces an earlier one about the
// same thing. So a message is added by a line at the end, and the file is rewritten only now and then.
type indexFile struct {
	validity, next uint32
	keywords       keywords
	messages       []indexLine // in the order of UIDs
	torn           bool        // the last line has no end, and is ignored
}

// indexLine has the UID of a message, and data that need not be found out again.
type indexLine struct {
	uid  uint32
	size int64     // the size in bytes, as in [Message]
	date time.Time // as diskDate returns it
	name string    // without flags
}

// diskDate returns a time with the offset from UTC, in seconds, as an index keeps it.
func diskDate(unix int64, offset int) time.Time {
	if offset == 0 {
		return time.Unix(unix, 0).UTC()
	}
	return time.Unix(unix, 0).In(time.FixedZone("", offset))
}

func (f *indexFile) append(b []byte) []byte {
	b = fmt.Appendf(b, "%s\nvalidity %d\nnext %d\n", indexHeader, f.validity, f.next)
	for i, keyword := range f.keywords {
		if keyword != "" {
			b = appendKeyword(b, i, keyword)
		}
	}
	for _, m := range f.messages {
		b = m.append(b)
	}
	return b
}

func (l *indexLine) append(b []byte) []byte {
	name := l.name
	if quoted := strconv.QuoteToASCII(name); quoted[1:len(quoted)-1] != name {
		name = quoted
	}
	_, offset := l.date.Zone()
	return fmt.Appendf(b, "message %d %d %d %d %s\n", l.uid, l.size, l.date.Unix(), offset, name)
}

func appendKeyword(b []byte, i int, keyword string) []byte {
	return fmt.Appendf(b, "keyword %c %s\n", 'a'+i, keyword)
}

// parseIndex reads an index. The error names a line that is not one.
func parseIndex(text []byte) (*indexFile, error) {
	f := &indexFile{next: 1}
	torn, err := parseLines(text, indexHeader, f.parseLine)
	if err != nil {
		return nil, err
	}
	if f.validity == 0 {
		return nil, errors.New("it has no UIDVALIDITY")
	}
	f.torn = torn
	return f, nil
}

func (f *indexFile) parseLine(word, rest string) bool {
	switch word {
	case "validity":
		return parseNumber(rest, &f.validity)
	case "next":
		return parseNumber(rest, &f.next)
	case "keyword":
		letter, keyword, ok := strings.Cut(rest, " ")
		if !ok || len(letter) != 1 || letter[0] < 'a' || letter[0] >= 'a'+keywordLetters {
			return false
		}
		f.keywords[letter[0]-'a'] = ""
		if _, known := f.keywords.letter(keyword); known {
			return false
		}
		f.keywords[letter[0]-'a'] = keyword
		canonical, err := canonicalFlag(keyword)
		return err == nil && canonical == keyword && !strings.HasPrefix(keyword, `\`)
	case "message":
		return f.parseMessage(rest)
	}
	return false
}

func (f *indexFile) parseMessage(rest string) bool {
	words := strings.SplitN(rest, " ", 5)
	if len(words) < 5 || words[4] == "" {
		return false
	}
	l := indexLine{name: words[4]}
	size, err1 := strconv.ParseInt(words[1], 10, 64)
	date, err2 := strconv.ParseInt(words[2], 10, 64)
	offset, err3 := strconv.Atoi(words[3])
	if !parseNumber(words[0], &l.uid) || l.uid == math.MaxUint32 || err1 != nil || size < 0 || err2 != nil || err3 != nil ||
		max(offset, -offset) >= 24*60*60 {
		return false
	}
	if n := len(f.messages); n > 0 && f.messages[n-1].uid >= l.uid {
		return false
	}
	if l.name[0] == '"' {
		name, err := strconv.Unquote(l.name)
		if err != nil || name == "" {
			return false
		}
		l.name = name
	}
	l.size, l.date = size, diskDate(date, offset)
	f.messages = append(f.messages, l)
	f.next = max(f.next, l.uid+1)
	return true
}

// accountFile is the content of the file of an account.
type accountFile struct {
	validity   uint32 // the last UIDVALIDITY that was given to one of its mailboxes
	subscribed map[string]bool
}

func (f *accountFile) append(b []byte) []byte {
	b = fmt.Appendf(b, "%s\n", accountHeader)
	if f.validity > 0 {
		b = fmt.Appendf(b, "validity %d\n", f.validity)
	}
	for _, name := range slices.Sorted(maps.Keys(f.subscribed)) {
		b = fmt.Appendf(b, "subscribed %s\n", name)
	}
	return b
}

// parseAccount reads the file of an account. The error names a line that is not one.
func parseAccount(text []byte) (*accountFile, error) {
	f := &accountFile{subscribed: make(map[string]bool)}
	torn, err := parseLines(text, accountHeader, func(word, rest string) bool {
		switch word {
		case "validity":
			return parseNumber(rest, &f.validity)
		case "subscribed":
			f.subscribed[rest] = true
			name, err := newName(rest)
			return err == nil && name == rest
		}
		return false
	})
	if err == nil && torn {
		err = errors.New("its last line has no end")
	}
	return f, err
}

// parseLines reads lines that begin with a word, after a header, and reports whether the last one is torn. The
// error names the first line for which parse reports false.
func parseLines(text []byte, header string, parse func(word, rest string) bool) (torn bool, err error) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		l, whole := strings.CutSuffix(string(line), "\n")
		if !whole && number > 1 {
			return true, nil
		}
		word, rest, _ := strings.Cut(l, " ")
		if number == 1 && (l != header || !whole) || number > 1 && !parse(word, rest) {
			return false, fmt.Errorf("line %d is damaged: %.100q", number, l)
		}
	}
	if number == 0 {
		return false, errors.New("it is empty")
	}
	return false, nil
}

// parseNumber reads a number greater than 0, in its only spelling.
func parseNumber(s string, n *uint32) bool {
	u, err := strconv.ParseUint(s, 10, 32)
	*n = uint32(u)
	return err == nil && u > 0 && strconv.FormatUint(u, 10) == s
}

// writeWhole replaces a file. A reader finds the old or the new content, even after a crash of the machine.
func writeWhole(path string, data []byte) error {
	next := path + ".new"
	if err := writeSynced(next, os.O_TRUNC, data); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeSynced writes to a file, creates it if necessary, and returns when the disk has the data.
func writeSynced(path string, flag int, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncDir returns when the disk has the names in a directory. Windows has no way to wait for that.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// makeSynced creates a directory, and returns when the disk has its name. The error is [fs.ErrExist] if the
// directory exists.
func makeSynced(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// makeDirs creates the missing directories of a Maildir.
func makeDirs(dir string) error {
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// appendSynced appends to an existing file, and returns when the disk has the data.
func appendSynced(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
