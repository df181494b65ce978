package main

// The sandbox: an internet, its content, and its doors.

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/ruletext"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
	"github.com/seed078e9d8c/maillab/mxmock/netns"
	"github.com/seed078e9d8c/maillab/mxmock/provider"
)

// The host of the sandbox, and the ports of its servers there, by which the page and rules name them whatever the flags say.
const (
	hostName       = "sandbox.test"
	smtpPort       = 1025
	submissionPort = 587
)

// sandbox is a running sandbox.
type sandbox struct {
	o    *options
	inet *mxmock.Internet
	page *inspect.Page
	ns   *netns.Namespace // with -run
	log  *log
	at   map[string]string // the addresses of the doors, by flag
	ca   string            // file with the certificate authority, with -tls

	smtp, submission *mailtest.Server
	pop              *pop3.Server
	imap             *imap.Server
	store            *store // or nil
	web              *http.Server
	running          sync.WaitGroup
	failed           chan error // the error that has ended the sandbox
}

// start fills the internet and opens all doors. If it returns an error, it has closed everything.
func start(o *options, stdout io.Writer) (*sandbox, error) {
	s := &sandbox{o: o, inet: &mxmock.Internet{}, log: &log{w: stdout, json: o.json}, at: make(map[string]string), failed: make(chan error, 10)}
	if o.hostsOnLoopback != 0 {
		s.inet.Networks = []string{"127.80.0.0/16"}
	}
	for _, step := range []func() error{s.fill, s.makeServers, s.readRules, s.openStore, s.openNamespace, s.openDoors} {
		if err := attempt(step); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// attempt turns panics into errors, since the library treats the values of flags as literals in a test.
func attempt(step func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			text, ok := v.(string)
			if !ok {
				panic(v)
			}
			err = errors.New(text)
		}
	}()
	return step()
}

// fill makes the providers, and the records and hosts of the zones.
func (s *sandbox) fill() error {
	for _, name := range s.o.providers {
		if err := attempt(func() error { provider.Add(s.inet, name); return nil }); err != nil {
			return fmt.Errorf("-providers: %w", err)
		}
	}
	for _, file := range s.o.zones {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("-zone: %w", err)
		}
		if err := s.inet.AddZone(string(text)); err != nil {
			return fmt.Errorf("-zone %s: %w", file, err)
		}
		parser := dns.NewZoneParser(bytes.NewReader(text), ".", file)
		parser.SetDefaultTTL(300)
		for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
			mx, ok := rr.(*dns.MX)
			if !ok || mx.Mx == "." {
				continue
			}
			if _, err := netip.ParseAddr(strings.TrimSuffix(mx.Mx, ".")); err != nil { // no host has an address for its name
				s.inet.Host(mx.Mx).Server(25)
			}
		}
		if err := parser.Err(); err != nil {
			return fmt.Errorf("-zone: %w", err)
		}
	}
	return nil
}

// makeServers makes the servers that take mail for anybody.
func (s *sandbox) makeServers() error {
	host := s.inet.Host(hostName)
	s.smtp, s.submission = host.Server(smtpPort), host.Server(submissionPort)
	var users map[string]string
	if s.o.users != "" {
		var err error
		if users, err = readUsers(s.o.users); err != nil {
			return err
		}
		s.submission.Users = users
	}
	s.makeReaders(host, users)
	for _, h := range s.inet.Hosts() {
		for _, port := range h.MailPorts() {
			server := h.Server(port)
			if s.o.tls && h == host {
				server.StartTLS = true
			}
			if s.o.most > 0 {
				server.LimitSessions(s.o.most)
			}
		}
	}
	if s.o.most > 0 {
		s.inet.LimitJournal(20 * s.o.most)
		s.pop.LimitSessions(s.o.most)
		s.imap.LimitSessions(s.o.most)
	}
	return nil
}

// readUsers reads a file of users.
func readUsers(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("-users: %w", err)
	}
	users := make(map[string]string)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, password, ok := strings.Cut(line, ":")
		if !ok || name == "" {
			return nil, fmt.Errorf("-users: %s:%d: want name:password", file, n) // without the line, which may have a password
		}
		users[name] = password
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("-users %s: %w", file, err)
	}
	return users, nil
}

// readRules puts the rules of a file into force. The word before a rule names a host, with its port if that is not
// 25, or is "dns", "pop3" or "imap". A rule without such a word is for the servers that take mail for anybody.
func (s *sandbox) readRules() error {
	if s.o.rules == "" {
		return nil
	}
	text, err := os.ReadFile(s.o.rules)
	if err != nil {
		return fmt.Errorf("-rules: %w", err)
	}
	err = ruletext.Read(s.o.rules, text, func(line ruletext.Line) error {
		if line.Place == "dns" {
			var rule mxmock.DNSRule
			if err := rule.UnmarshalText(line.Rule); err != nil {
				return err
			}
			s.inet.AddDNSRules(rule)
			return nil
		}
		if add := map[string]func([]byte) error{"pop3": s.addPOP3Rule, "imap": s.addIMAPRule}[line.Place]; add != nil {
			return add(line.Rule)
		}
		var rule mailtest.Rule
		if err := rule.UnmarshalText(line.Rule); err != nil {
			return err
		}
		servers := []*mailtest.Server{s.smtp, s.submission}
		if line.Place != "" {
			name, port := line.Place, 25
			if h, p, err := net.SplitHostPort(line.Place); err == nil {
				name = h
				if _, err := fmt.Sscan(p, &port); err != nil || port < 1 || port > 65535 {
					return fmt.Errorf("%q is not a port", p)
				}
			}
			h, ok := s.inet.FindHost(name)
			if !ok {
				return s.noHost(name)
			}
			servers = []*mailtest.Server{h.Server(port)}
		}
		for _, server := range servers {
			server.AddRules(rule)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("-rules: %w", err)
	}
	return nil
}

// noHost returns an error about a rule for something that is not a host. It may be a domain.
func (s *sandbox) noHost(name string) error {
	mxs, _ := s.inet.TrueResolver().LookupMX(context.Background(), name)
	var hosts []string
	for _, mx := range mxs {
		if mx.Host != "." {
			hosts = append(hosts, strings.TrimSuffix(mx.Host, "."))
		}
	}
	if len(hosts) == 0 {
		return fmt.Errorf("there is no host %s; -providers and -zone make hosts", name)
	}
	return fmt.Errorf("there is no host %s; the hosts for its mail are %s", name, strings.Join(hosts, ", "))
}

// serve handles messages until the end.
func (s *sandbox) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.running.Go(func() { s.watch(ctx, ctx) })
	s.running.Go(func() { s.watchFailures(ctx) })
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// watch logs messages as they come, relays those that the flags choose, and forgets the oldest, until more is done
// and no message is left.
func (s *sandbox) watch(ctx, more context.Context) {
	var kept []*mailtest.Message
	for n := 0; ; {
		messages, next, err := s.inet.Since(more, n)
		if err != nil {
			return // the end
		}
		n = next
		if s.store != nil && s.store.arrived(messages) {
			s.store.deleted(s.inet.Messages())
		}
		for _, m := range messages {
			s.log.message(m)
			if err := s.release(ctx, m); err != nil {
				s.log.error("relay", err)
			}
		}
		kept = append(kept, messages...)
		if over := len(kept) - s.o.most; s.o.most > 0 && over > 0 {
			s.forget(kept[:over])
			kept = append([]*mailtest.Message(nil), kept[over:]...)
		}
	}
}

// watchFailures logs commands that were refused, and TLS handshakes that failed, until ctx is done.
func (s *sandbox) watchFailures(ctx context.Context) {
	if s.o.json {
		return
	}
	for _, e := range s.inet.Events(ctx, 0) {
		if e.Failed && e.Turn != 0 {
			s.log.failure(e)
		}
	}
}

// forget removes messages from memory.
func (s *sandbox) forget(messages []*mailtest.Message) {
	if s.store != nil {
		s.store.forgotten(messages)
	}
	s.inet.Remove(messages...)
	for _, h := range s.inet.Hosts() {
		for _, port := range h.MailPorts() {
			h.Server(port).Remove(messages...)
		}
	}
}

// close ends everything, within a second.
func (s *sandbox) close() {
	if s.web != nil {
		s.web.Close()
	}
	if s.page != nil {
		s.page.Close()
	}
	if s.ns != nil {
		s.ns.Close()
	}
	if s.pop != nil {
		s.pop.Close()
		s.imap.Close()
	}
	s.inet.Close()
	s.running.Wait()
	if s.ca != "" {
		os.Remove(s.ca)
	}
}

// soon bounds the time for handling one message.
const soon = 30 * time.Second
