package imap

// The session as go-imap sees it: the login, and the mailboxes of an account.

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	gosasl "github.com/emersion/go-sasl"

	"github.com/seed078e9d8c/maillab/internal/sasl"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// session has the methods that go-imap calls. It calls them from one goroutine at a time, also during IDLE.
type session struct {
	server  *Server
	engine  *engine
	imap    *imapserver.Conn
	user    string
	account mailstore.Account

	selected               // the selected mailbox, if there is one
	saved    goimap.UIDSet // the result of a SEARCH (RFC 9051 §6.4.4.4)

	lost   bool           // the mailbox was deleted or renumbered, so the connection ends
	idling sync.WaitGroup // of Idle
}

var (
	_ imapserver.SessionIMAP4rev2   = (*session)(nil)
	_ imapserver.SessionSASL        = (*session)(nil)
	_ imapserver.SessionAppendLimit = (*session)(nil)
)

// Close is called when the connection ends.
func (ss *session) Close() error { return nil }

// no is a refusal of a command.
func no(code goimap.ResponseCode, text string) error {
	return &goimap.Error{Type: goimap.StatusResponseTypeNo, Code: code, Text: text}
}

// refused returns the refusal for an error of the store.
func refused(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mailstore.ErrNoMailbox):
		return no(goimap.ResponseCodeNonExistent, "There is no such mailbox")
	case errors.Is(err, mailstore.ErrMailboxExists):
		return no(goimap.ResponseCodeAlreadyExists, "The mailbox exists")
	}
	return no(goimap.ResponseCodeCannot, strings.Map(oneLine, err.Error()))
}

// oneLine replaces characters that a reply can't have.
func oneLine(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// Login runs LOGIN.
func (ss *session) Login(user, password string) error {
	check, err := sasl.New("PLAIN", sasl.Config{Users: ss.server.store.Users()})
	if err == nil {
		_, _, err = check.Next([]byte("\x00" + user + "\x00" + password))
	}
	if err != nil {
		return imapserver.ErrAuthFailed
	}
	return ss.open(user, "LOGIN")
}

// open opens the account of a user who has been authenticated.
func (ss *session) open(user, mechanism string) error {
	account, err := ss.server.store.Account(user)
	if err != nil {
		return refused(err)
	}
	ss.user, ss.account = user, account
	ss.engine.conn.Authenticated(user, mechanism)
	return nil
}

// AuthenticateMechanisms returns the mechanisms that AUTHENTICATE offers.
func (ss *session) AuthenticateMechanisms() []string {
	return sasl.Offered(ss.server.Mechanisms, ss.server.store.Users())
}

// Authenticate begins a SASL exchange.
func (ss *session) Authenticate(mechanism string) (gosasl.Server, error) {
	exchange, err := sasl.New(mechanism, sasl.Config{Users: ss.server.store.Users(), Host: ss.server.Name})
	if err != nil || !slices.Contains(ss.AuthenticateMechanisms(), mechanism) {
		return nil, no("", "The mechanism is not offered")
	}
	return &saslExchange{ss, mechanism, exchange}, nil
}

// saslExchange is a SASL exchange as go-imap sees it.
type saslExchange struct {
	session   *session
	mechanism string
	server    *sasl.Server
}

func (x *saslExchange) Next(response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = x.server.Next(response)
	switch {
	case errors.Is(err, sasl.ErrFailed):
		return nil, false, imapserver.ErrAuthFailed
	case err != nil:
		return nil, false, &goimap.Error{Type: goimap.StatusResponseTypeBad, Text: "Malformed " + x.mechanism + " message"}
	case done:
		return nil, true, x.session.open(x.server.User(), x.mechanism)
	case len(challenge) == 0:
		challenge = nil // go-imap sends nil as nothing, and an empty challenge as "="
	}
	return challenge, false, nil
}

// AppendLimit returns the maximum size of a message of APPEND in bytes (RFC 7889).
func (ss *session) AppendLimit() uint32 { return maxAppend }

// Namespace runs NAMESPACE. There is one namespace, the user's own.
func (ss *session) Namespace() (*goimap.NamespaceData, error) {
	return &goimap.NamespaceData{Personal: []goimap.NamespaceDescriptor{{Prefix: "", Delim: '/'}}}, nil
}

func (ss *session) Create(name string, _ *goimap.CreateOptions) error {
	return refused(ss.account.Create(name))
}

func (ss *session) Delete(name string) error { return refused(ss.account.Delete(name)) }

func (ss *session) Rename(from, to string, _ *goimap.RenameOptions) error {
	return refused(ss.account.Rename(from, to))
}

func (ss *session) Subscribe(name string) error { return refused(ss.account.Subscribe(name, true)) }

func (ss *session) Unsubscribe(name string) error { return refused(ss.account.Subscribe(name, false)) }

// List runs LIST and LSUB.
func (ss *session) List(w *imapserver.ListWriter, ref string, patterns []string, options *goimap.ListOptions) error {
	lsub := ss.engine.command() == "LSUB" // with one pattern
	if !lsub && (len(patterns) == 0 || len(patterns) == 1 && patterns[0] == "") {
		return w.WriteList(&goimap.ListData{Attrs: []goimap.MailboxAttr{goimap.MailboxAttrNoSelect}, Delim: '/'})
	}
	infos, err := ss.account.Mailboxes()
	if err != nil {
		return refused(err)
	}
	matches := func(info mailstore.Info) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			if info.Name == "INBOX" { // in any letters (RFC 9051 §5.1)
				return matchList(strings.ToUpper(ref), strings.ToUpper(pattern), info.Name)
			}
			return matchList(ref, pattern, info.Name)
		})
	}
	parents := above(infos, func(info mailstore.Info) bool { return !info.Missing })
	subscribed := above(infos, func(info mailstore.Info) bool { return info.Subscribed && !(lsub && matches(info)) })
	for _, info := range withParents(infos) {
		if !matches(info) {
			continue
		}
		data, wanted := listData(info, parents[info.Name], subscribed[info.Name], options)
		if lsub {
			data, wanted = lsubData(info, subscribed[info.Name], patterns[0])
		}
		if !wanted {
			continue
		}
		ss.server.omitAttrs(data)
		if options.ReturnStatus != nil && !info.Missing {
			if data.Status, err = ss.Status(info.Name, options.ReturnStatus); err != nil {
				return err
			}
		}
		if err := w.WriteList(data); err != nil {
			return err
		}
	}
	return nil
}

// withParents returns mailboxes in order, and with them the levels above them that are not mailboxes.
func withParents(infos []mailstore.Info) []mailstore.Info {
	known := make(map[string]bool, len(infos))
	for _, info := range infos {
		known[info.Name] = true
	}
	all := slices.Clone(infos)
	for _, info := range infos {
		for i, r := range info.Name {
			if parent := info.Name[:i]; r == '/' && !known[parent] {
				known[parent] = true
				all = append(all, mailstore.Info{Name: parent, Missing: true})
			}
		}
	}
	slices.SortStableFunc(all[min(1, len(all)):], func(a, b mailstore.Info) int { return strings.Compare(a.Name, b.Name) }) // INBOX is first
	return all
}

// above returns the names of the levels above those mailboxes for which counts reports true.
func above(infos []mailstore.Info, counts func(mailstore.Info) bool) map[string]bool {
	names := make(map[string]bool)
	for _, info := range infos {
		if !counts(info) {
			continue
		}
		for i := range len(info.Name) {
			if info.Name[i] == '/' {
				names[info.Name[:i]] = true
			}
		}
	}
	return names
}

// listData describes a mailbox to LIST, and reports whether the options want it. It gets whether there are mailboxes below it,
// and whether the user is subscribed to any name below it.
func listData(info mailstore.Info, parent, subscribedBelow bool, options *goimap.ListOptions) (data *goimap.ListData, wanted bool) {
	data = &goimap.ListData{Mailbox: info.Name, Delim: '/'}
	if info.Missing {
		data.Attrs = append(data.Attrs, goimap.MailboxAttrNonExistent)
	}
	if parent {
		data.Attrs = append(data.Attrs, goimap.MailboxAttrHasChildren)
	} else {
		data.Attrs = append(data.Attrs, goimap.MailboxAttrHasNoChildren)
	}
	if info.Subscribed && (options.SelectSubscribed || options.ReturnSubscribed) {
		data.Attrs = append(data.Attrs, goimap.MailboxAttrSubscribed)
	}
	if info.Use != "" {
		data.Attrs = append(data.Attrs, goimap.MailboxAttr(info.Use))
	}
	switch {
	case options.SelectSpecialUse && info.Use == "":
		return nil, false
	case !options.SelectSubscribed:
		return data, !info.Missing || slices.Contains(data.Attrs, goimap.MailboxAttrHasChildren)
	case info.Subscribed:
		return data, true
	case options.SelectRecursiveMatch:
		data.ChildInfo = &goimap.ListDataChildInfo{Subscribed: true}
		return data, subscribedBelow
	}
	return nil, false
}

// lsubData describes a mailbox that matches to LSUB, and reports whether it belongs in the reply: because the user has
// subscribed to it or, as \Noselect, if "%" hides that he has subscribed to one beneath it (RFC 3501 §6.3.9). Dovecot also
// says nothing else about the mailboxes. It gets whether the user is subscribed to a name below it that does not match.
func lsubData(info mailstore.Info, hides bool, pattern string) (data *goimap.ListData, wanted bool) {
	data = &goimap.ListData{Mailbox: info.Name, Delim: '/'}
	if info.Subscribed {
		return data, true
	}
	data.Attrs = []goimap.MailboxAttr{goimap.MailboxAttrNoSelect}
	return data, strings.Contains(pattern, "%") && hides
}

// Status runs STATUS.
func (ss *session) Status(name string, options *goimap.StatusOptions) (*goimap.StatusData, error) {
	mailbox, err := ss.account.Mailbox(name)
	if err != nil {
		return nil, refused(err)
	}
	status, err := mailbox.Status()
	if err != nil {
		return nil, refused(err)
	}
	messages, err := mailbox.Messages()
	if err != nil {
		return nil, refused(err)
	}
	var count, recent, unseen, deleted uint32
	var size int64
	for _, m := range messages {
		count++
		size += m.Size
		if !hasFlag(m.Flags, goimap.FlagSeen) {
			unseen++
		}
		if hasFlag(m.Flags, goimap.FlagDeleted) {
			deleted++
		}
	}
	data := &goimap.StatusData{Mailbox: name}
	if options.UIDNext {
		data.UIDNext = goimap.UID(status.UIDNext)
	}
	if options.UIDValidity {
		data.UIDValidity = status.UIDValidity
	}
	for _, item := range []struct {
		wanted bool
		to     **uint32
		value  *uint32
	}{
		{options.NumMessages, &data.NumMessages, &count}, {options.NumRecent, &data.NumRecent, &recent},
		{options.NumUnseen, &data.NumUnseen, &unseen}, {options.NumDeleted, &data.NumDeleted, &deleted},
	} {
		if item.wanted {
			*item.to = item.value
		}
	}
	if options.Size {
		data.Size = &size
	}
	return data, nil
}

// hasFlag reports whether a flag is among some.
func hasFlag(flags []string, flag goimap.Flag) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, string(flag)) })
}

// Append runs APPEND.
func (ss *session) Append(name string, r goimap.LiteralReader, options *goimap.AppendOptions) (*goimap.AppendData, error) {
	mailbox, err := ss.account.Mailbox(name)
	if errors.Is(err, mailstore.ErrNoMailbox) {
		return nil, no(goimap.ResponseCodeTryCreate, "There is no such mailbox")
	}
	if err != nil {
		return nil, refused(err)
	}
	if err := checkFlags(options.Flags); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	date := options.Time
	if date.IsZero() {
		date = time.Now()
	}
	uid, err := mailbox.Append(raw, date, texts(options.Flags)...)
	if err != nil {
		return nil, refused(err)
	}
	status, err := mailbox.Status()
	if err != nil {
		return nil, refused(err)
	}
	return &goimap.AppendData{UID: goimap.UID(uid), UIDValidity: status.UIDValidity}, nil
}

// checkFlags returns the refusal of flags that a client can't set (RFC 3501 §2.3.2).
func checkFlags(flags []goimap.Flag) error {
	if slices.ContainsFunc(flags, func(f goimap.Flag) bool { return strings.EqualFold(string(f), `\Recent`) }) {
		return &goimap.Error{Type: goimap.StatusResponseTypeBad, Text: "A client can't set \\Recent"}
	}
	return nil
}

// texts returns flags in the form of the store, and flagsOf in that of go-imap.
func texts(flags []goimap.Flag) []string {
	texts := make([]string, len(flags))
	for i, f := range flags {
		texts[i] = string(f)
	}
	return texts
}

func flagsOf(texts []string) []goimap.Flag {
	flags := make([]goimap.Flag, len(texts))
	for i, f := range texts {
		flags[i] = goimap.Flag(f)
	}
	return flags
}
