package imap

// The capabilities that a server can be without.

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	goimap "github.com/emersion/go-imap/v2"
)

// basic are the capabilities that are parts of IMAP4rev2 (RFC 9051, appendix E), so that a server without one of them does not
// speak IMAP4rev2.
var basic = []string{
	"BINARY", "CHILDREN", "ENABLE", "ESEARCH", "IDLE", "LIST-EXTENDED", "LIST-STATUS", "LITERAL-", "MOVE", "NAMESPACE", "SASL-IR",
	"SEARCHRES", "SPECIAL-USE", "STATUS=SIZE", "UIDPLUS", "UNSELECT",
}

// further are the other capabilities that a server can be without.
var further = []string{"APPENDLIMIT", "ID", "IMAP4REV2", "UTF8=ACCEPT"}

// without returns the capabilities that a server with the given setting does not have. It returns an error if there is no such
// capability.
func without(setting []string) ([]string, error) {
	lacking := make([]string, 0, len(setting)+1)
	for _, name := range setting {
		name = strings.ToUpper(name)
		switch {
		case slices.Contains(basic, name):
			lacking = append(lacking, name, "IMAP4REV2")
		case slices.Contains(further, name):
			lacking = append(lacking, name)
		default:
			return nil, fmt.Errorf("there is no capability %q; there are %s", name, strings.Join(slices.Concat(basic, further), ", "))
		}
	}
	return lacking, nil
}

// lacks reports whether the server does not have a capability, whose name is in capital letters.
func (s *Server) lacks(name string) bool { return slices.Contains(s.lacking, name) }

// knows reports whether the server knows a command.
func (s *Server) knows(cmd *command) bool {
	if cmd.name == "EXPUNGE" && s.lacks("UIDPLUS") {
		_, text, _ := strings.Cut(cmd.text, " ")
		return len(text) < 4 || !strings.EqualFold(text[:4], "UID ")
	}
	return !s.lacks(cmd.name) // a command of an extension has its name
}

// uidCodes matches the response codes of UIDPLUS (RFC 4315 §3).
var uidCodes = regexp.MustCompile(`\[(APPENDUID|COPYUID) [^\]]*\] `)

// omit returns a line of a reply without the capabilities that the server does not have. Status is the line without its tag.
func (s *Server) omit(line, status []byte) []byte {
	switch {
	case len(s.lacking) == 0:
	case announces(status):
		end := bytes.IndexAny(line, "]\r")
		words := slices.DeleteFunc(strings.Split(string(line[:end]), " "), func(word string) bool {
			name, _, _ := strings.Cut(strings.ToUpper(word), "=")
			return s.lacks(strings.ToUpper(word)) || name == "APPENDLIMIT" && s.lacks(name)
		})
		return append([]byte(strings.Join(words, " ")), line[end:]...)
	case s.lacks("UIDPLUS") && bytes.HasPrefix(status, []byte("OK [")):
		return uidCodes.ReplaceAll(line, nil)
	}
	return line
}

// omitAttrs removes from the description of a mailbox the attributes of capabilities that the server does not have. They are in
// replies to LIST even if the client does not ask for them.
func (s *Server) omitAttrs(data *goimap.ListData) {
	data.Attrs = slices.DeleteFunc(data.Attrs, func(attr goimap.MailboxAttr) bool {
		switch attr {
		case goimap.MailboxAttrHasChildren, goimap.MailboxAttrHasNoChildren:
			return s.lacks("CHILDREN")
		case goimap.MailboxAttrNoSelect, goimap.MailboxAttrNonExistent, goimap.MailboxAttrSubscribed:
			return false
		}
		return s.lacks("SPECIAL-USE")
	})
}

// announces reports whether a line without its tag has a list of capabilities.
func announces(status []byte) bool {
	return bytes.HasPrefix(status, []byte("CAPABILITY ")) || bytes.HasPrefix(status, []byte("OK [CAPABILITY "))
}
