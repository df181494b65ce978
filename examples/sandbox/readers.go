package main

// The POP3 and IMAP servers, from which clients read the mail.

import (
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// mailboxes has the mailboxes of all recipients, for some users or for anybody.
type mailboxes struct {
	mailstore.Store
	users map[string]string // or nil
}

func (m mailboxes) Mailboxes() mailstore.Store { return m }
func (m mailboxes) Users() map[string]string   { return m.users }

// makeReaders makes the POP3 and the IMAP server.
func (s *sandbox) makeReaders(host *mxmock.Host, users map[string]string) {
	mail := mailboxes{s.inet.Mailboxes(), users}
	s.pop = &pop3.Server{Source: mail, Name: hostName, StartTLS: s.o.tls, TLS: host.TLSConfig()}
	s.imap = &imap.Server{Source: mail, Name: hostName, StartTLS: s.o.tls, TLS: host.TLSConfig()}
}

func (s *sandbox) addPOP3Rule(text []byte) error {
	rule, err := pop3.ParseRule(text)
	if err == nil {
		s.pop.AddRules(rule)
	}
	return err
}

func (s *sandbox) addIMAPRule(text []byte) error {
	rule, err := imap.ParseRule(text)
	if err == nil {
		s.imap.AddRules(rule)
	}
	return err
}
