package mailstore

// Parsers of what is on disk.

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestFileNames(t *testing.T) {
	t.Parallel()
	k := keywords{1: "foo"}
	for _, test := range []struct {
		file, separator, name, letters string
		flags                          []string
		unknown, again                 string
	}{
		{"1.a.host", ":", "1.a.host", "", nil, "", "1.a.host:2,"},
		{"1.a.host:2,", ":", "1.a.host", "", nil, "", "1.a.host:2,"},
		{"1.a.host:2,FS", ":", "1.a.host", "FS", []string{`\Flagged`, `\Seen`}, "", "1.a.host:2,FS"},
		{"1.a.host!2,FS", "!", "1.a.host", "FS", []string{`\Flagged`, `\Seen`}, "", "1.a.host!2,FS"},
		{"1.a.host!2,FS", ":", "1.a.host!2,FS", "", nil, "", "1.a.host!2,FS:2,"},
		{"1:2,S:2,TbaSPRDX", ":", "1:2,S", "TbaSPRDX", []string{"$Forwarded", `\Answered`, `\Deleted`, `\Draft`, `\Seen`, "foo"}, "aX", "1:2,S:2,DPRSTXab"},
		{"1:1,S", ":", "1:1,S", "", nil, "", "1:1,S:2,"},
		{":2,S", ":", ":2,S", "", nil, "", ":2,S:2,"},
		{"1:2,SS", ":", "1", "SS", []string{`\Seen`}, "", "1:2,S"},
	} {
		name, letters := splitFileName(test.file, test.separator)
		flags, unknown := k.flags(letters)
		again := joinFileName(name, letters, test.separator)
		if name != test.name || letters != test.letters || !slices.Equal(flags, test.flags) || unknown != test.unknown || again != test.again {
			t.Errorf("%q is %q, %q, %q and %q, and again %q, want %+v", test.file, name, letters, flags, unknown, again, test)
		}
	}
}

func TestFolderNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Sent":        ".Sent",
		"a/b":         ".a.b",
		"a.b":         ".a&AC4-b",
		"..":          ".&AC4ALg-",
		"../..":       ".&AC4ALg-.&AC4ALg-",
		"R&D":         ".R&-D",
		"Entwürfe":    ".Entw&APw-rfe",
		"~peter/台北":   ".~peter.&U,BTFw-",
		"a b ":        ".a b&ACA-",
		`\:*?"<>|`:    ".&AFwAOgAqAD8AIgA8AD4AfA-",
		"INBOX/a":     ".INBOX.a",
		"日本語/a.b.c":   ".&ZeVnLIqe-.a&AC4-b&AC4-c",
		"\U0001f417!": ".&2D3cFw-!",
	} {
		if got := folderName(name); got != want {
			t.Errorf("%q is in %q, want %q", name, got, want)
		}
		if got, ok := mailboxOf(want); !ok || got != name {
			t.Errorf("%q is %q, %v, want %q", want, got, ok, name)
		}
	}
	for folder, want := range map[string]string{
		"Sent": "", ".": "", "..": "", ".a..b": "", ".INBOX": "", ".inbox": "", ".inbox.a": "INBOX/a", ".a&": "", ".&a": "", ".&AC8-": "", ".&AAo-": "",
		".&AGE-": "a", ".&AG-": "", ".&2D0-": "", ".\xff": "", ".ü": "ü", ".a/b": "", "": "",
	} {
		if got, ok := mailboxOf(folder); got != want && ok || ok != (want != "") {
			t.Errorf("%q is %q, %v, want %q", folder, got, ok, want)
		}
	}
}

func TestIndexFiles(t *testing.T) {
	t.Parallel()
	const head = indexHeader + "\nvalidity 7\n"
	for _, test := range []struct{ text, again string }{ // "" if it is an error
		{"", ""},
		{indexHeader, ""},
		{indexHeader + "\n", ""},
		{"x\n", ""},
		{head, head + "next 1\n"},
		{head + "next 5\n", head + "next 5\n"},
		{head + "next 05\n", ""},
		{head + "next 0\n", ""},
		{head + "next 4294967296\n", ""},
		{head + "message 3 10 20 0 a b\n", head + "next 4\nmessage 3 10 20 0 a b\n"},
		{head + "message 3 10 -20 0 \"a\\nb\"\n", head + "next 4\nmessage 3 10 -20 0 \"a\\nb\"\n"},
		{head + "message 3 10 20 0 a\nmessage 4 10 20 0 a\nmess", head + "next 5\nmessage 3 10 20 0 a\nmessage 4 10 20 0 a\n"},
		{head + "message 3 10 20 0 a\nmessage 3 10 20 0 b\n", ""},
		{head + "message 3 10 20 0 \n", ""},
		{head + "message 3 10 20 28800 a\n", head + "next 4\nmessage 3 10 20 28800 a\n"},
		{head + "message 3 10 20 -86400 a\n", ""},
		{head + "message 3 10 20 0\n", ""},
		{head + "message 3 -1 20 0 a\n", ""},
		{head + "message 4294967295 1 20 0 a\n", ""},
		{head + "message 3 1 20 0 \"a\n", ""},
		{head + "message 3 1 20 0 \"\"\n", ""},
		{head + "keyword a foo\nkeyword c bar\nkeyword a Foo\n", head + "next 1\nkeyword a Foo\nkeyword c bar\n"},
		{head + "keyword a foo\nkeyword b FOO\n", ""},
		{head + "keyword a foo\nkeyword a bar\nkeyword b foo\n", head + "next 1\nkeyword a bar\nkeyword b foo\n"},
		{head + "keyword A foo\n", ""},
		{head + "keyword ab foo\n", ""},
		{head + "keyword a\n", ""},
		{head + "keyword a b c\n", ""},
		{head + "keyword a \\Seen\n", ""},
		{head + "keyword a \\seen\n", ""},
		{head + "keyword a $Forwarded\n", ""},
		{head + "keyword a \n", ""},
		{head + "more\n", ""},
	} {
		f, err := parseIndex([]byte(test.text))
		switch {
		case (err == nil) != (test.again != ""):
			t.Errorf("%q: %v, want %q", test.text, err, test.again)
		case err == nil && string(f.append(nil)) != test.again:
			t.Errorf("%q is %q, want %q", test.text, f.append(nil), test.again)
		}
	}
}

// FuzzIndexFile shows that what was read can be written and read again.
func FuzzIndexFile(f *testing.F) {
	f.Add([]byte(indexHeader + "\nvalidity 7\nnext 9\nkeyword a foo\nmessage 3 10 20 0 a b\nmessage 4 10 -20 3600 \"a\\n\"\nmess"))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := parseIndex(text)
		if err != nil {
			return
		}
		first.torn = false
		again, err := parseIndex(first.append(nil))
		if err != nil || !reflect.DeepEqual(first, again) {
			t.Errorf("%q is read as %+v, and written as %q: %v", text, first, first.append(nil), err)
		}
	})
}

// FuzzAccountFile shows the same of the file of an account.
func FuzzAccountFile(f *testing.F) {
	f.Add([]byte(accountHeader + "\nvalidity 7\nsubscribed INBOX\nsubscribed a b/ü\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := parseAccount(text)
		if err != nil {
			return
		}
		again, err := parseAccount(first.append(nil))
		if err != nil || !reflect.DeepEqual(first, again) {
			t.Errorf("%q is read as %+v, and written as %q: %v", text, first, first.append(nil), err)
		}
	})
}

// FuzzFolderName shows that each mailbox has a directory that file systems can have, and that no directory is a name that a
// mailbox can't have.
func FuzzFolderName(f *testing.F) {
	for _, name := range []string{"Sent", "../..", "a.b", "R&D", "台北 ", ".&U,BTFw-", ".a..b", "inbox/x"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if found, ok := mailboxOf(name); ok {
			if clean, err := newName(found); err != nil || clean != found || clean == inbox {
				t.Errorf("the folder %q is %q, which is no name: %v", name, found, err)
			}
		}
		clean, err := newName(name)
		if err != nil || clean == inbox {
			return
		}
		folder := folderName(clean)
		if strings.Trim(folder, ".") == "" || strings.ContainsAny(folder, `/\:*?"<>|`) || strings.HasSuffix(folder, " ") || strings.HasSuffix(folder, ".") {
			t.Errorf("%q is in the folder %q", name, folder)
		}
		if again, ok := mailboxOf(folder); !ok || again != clean {
			t.Errorf("%q is in the folder %q, which is %q, %v", name, folder, again, ok)
		}
	})
}

// FuzzFileName shows that a name stays the same whatever happens to the flags.
func FuzzFileName(f *testing.F) {
	for _, file := range []string{"1.a.host:2,FS", "1!2,S", ":2,S", "1:2,S:2,bT", "1:2,\x00"} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file string) {
		if file == "" { // no file has that name
			return
		}
		for _, separator := range []string{":", "!"} {
			name, letters := splitFileName(file, separator)
			again, sorted := splitFileName(joinFileName(name, letters, separator), separator)
			if !strings.HasPrefix(file, name) || again != name || len(sorted) > len(letters) {
				t.Errorf("%q is %q with %q, and then %q with %q", file, name, letters, again, sorted)
			}
		}
	})
}
