package mailtest

// The settings of a server: a copy of its fields at its first use, and the search for fields that were set later.

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/sasl"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// settings has the fields of a [Server] that a test may set, with the same names in the same order. Connections
// read this copy, which is made when the server is first used, and never the fields. A field that is set too late
// therefore has no effect on any connection, and is not a data race.
type settings struct {
	Name          string
	Users         map[string]string
	Mechanisms    []string
	StartTLS      bool
	ImplicitTLS   bool
	TLS           *tls.Config
	MaxSize       int64
	MaxRecipients int
	LMTP          bool
	ProxyProtocol bool
	XClient       bool
	BareLF        BareLF
	Rules         []Rule
	Reword        func(*Attempt, string) string
	Collect       *Inbox
	Watch         func(int, int)
}

// firstSetting is the index of Name among the fields of a Server.
const firstSetting = 1

const (
	defaultName          = "localhost"
	defaultMaxSize       = 64 << 20
	defaultMaxRecipients = 10_000
)

// prepare fixes the settings. Every use of the server calls it first. It reports whether it has just fixed them all, so none was
// set too late.
func (s *Server) prepare() (fresh bool) {
	s.setup.Do(func() {
		set := settings{
			Name: s.Name, Users: maps.Clone(s.Users), Mechanisms: slices.Clone(s.Mechanisms), StartTLS: s.StartTLS,
			ImplicitTLS: s.ImplicitTLS, TLS: s.TLS, MaxSize: s.MaxSize, MaxRecipients: s.MaxRecipients, LMTP: s.LMTP,
			ProxyProtocol: s.ProxyProtocol, XClient: s.XClient, BareLF: s.BareLF, Rules: cloneRules(s.Rules),
			Reword: s.Reword, Collect: s.Collect, Watch: s.Watch,
		}
		name := s.named.Load()
		if name != nil {
			set.Name = *name
		}
		s.set = set
		if err := sasl.Check(set.Mechanisms); err != nil {
			panic(fmt.Sprintf("mailtest: Mechanisms: %v; to announce others, add a rule at Helo with Add", err))
		}
		mustMakeSense(set.Rules, "of Server.Rules")
		for _, r := range set.Rules {
			s.standing.Add(r, uint8(r.At), standingRule, r.limits())
		}
		s.wire = wire.Config{
			Name: s.name(), MaxSize: set.MaxSize, MaxRecipients: set.MaxRecipients, Implicit: set.ImplicitTLS,
			LMTP: set.LMTP, Proxy: set.ProxyProtocol, Client: set.XClient, BareLF: wire.BareLF(set.BareLF),
			Patience: s.patience,
		}
		if s.wire.MaxSize <= 0 {
			s.wire.MaxSize = defaultMaxSize
		}
		if s.wire.MaxRecipients <= 0 {
			s.wire.MaxRecipients = defaultMaxRecipients
		}
		if set.StartTLS || set.ImplicitTLS {
			s.wire.TLS = s.serverTLS
		}
		s.certs.own = set.TLS.Clone()
		s.Inbox.join(s)
		if set.Collect != nil {
			set.Collect.join(s)
		}
		s.used.Store(true)
		fresh = name == nil
	})
	return fresh
}

// cloneRules returns a deep copy.
func cloneRules(rules []Rule) []Rule {
	rules = slices.Clone(rules)
	for i := range rules {
		rules[i].Hide, rules[i].Add = slices.Clone(rules[i].Hide), slices.Clone(rules[i].Add)
	}
	return rules
}

// name returns the host name of the server in use.
func (s *Server) name() string { return cmp.Or(s.set.Name, defaultName) }

// setTooLate returns an error that names the first field that was set after the server was first used, or nil if
// there is none. It reads the fields, so it may only be called on the goroutine of the test.
func (s *Server) setTooLate() error {
	if !s.used.Load() {
		return nil
	}
	now, then := reflect.ValueOf(s).Elem(), reflect.ValueOf(&s.set).Elem()
	for i := range then.NumField() {
		if !same(now.Field(firstSetting+i), then.Field(i)) {
			return fmt.Errorf("mailtest: %s was set after the server was first used", then.Type().Field(i).Name)
		}
	}
	if s.TLS != nil && !same(reflect.ValueOf(s.TLS).Elem(), reflect.ValueOf(s.certs.own).Elem()) {
		return errors.New("mailtest: TLS was changed after the server was first used")
	}
	return nil
}

// mustBeSettled ends the test if a field was set too late, or panics if the server has no test.
func (s *Server) mustBeSettled() {
	err := s.setTooLate()
	switch {
	case err == nil:
	case s.tb != nil:
		s.tb.Helper()
		s.tb.Fatal(err)
	default:
		panic(err)
	}
}

// same reports whether two values of a setting are the same. It compares functions and pointers by identity, and
// other values by their exported content.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Func:
		return a.Pointer() == b.Pointer()
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		if a.Pointer() == b.Pointer() {
			return true
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Array:
		if a.CanAddr() && a.Type().Elem().Kind() == reflect.Uint8 { // a key, of which Equal would look at each byte by itself
			return bytes.Equal(a.Bytes(), b.Bytes())
		}
	case reflect.Map:
		return a.IsNil() == b.IsNil() && reflect.DeepEqual(a.Interface(), b.Interface())
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Field(i).CanInterface() && !same(a.Field(i), b.Field(i)) { // it is exported
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// BareLF is a way to treat an LF without CR in a message. If two servers treat it differently, one message can
// become two, which is known as SMTP smuggling. The zero BareLF is KeepLF.
type BareLF uint8

// The ways to treat a bare LF.
const (
	KeepLF   BareLF = iota // it is a byte like any other, and does not end a line (RFC 5321 §2.3.8)
	RefuseLF               // a message with one, or with a bare CR, is refused with 550
	EndLF                  // it ends a line, so LF.LF ends the message: this is the bug that SMTP smuggling needs
)

// bareLFNames are the names of the ways to treat a bare LF.
var bareLFNames = enum.Names{KeepLF: "KeepLF", RefuseLF: "RefuseLF", EndLF: "EndLF"}

// String returns the name of the way, such as "RefuseLF".
func (b BareLF) String() string { return bareLFNames.String("BareLF", "", uint8(b)) }

// MarshalText returns the name of the way. It returns an error if there is no such way.
func (b BareLF) MarshalText() ([]byte, error) {
	return bareLFNames.Marshal("mailtest: BareLF", uint8(b))
}

// UnmarshalText reads what MarshalText returns, in any letter case. Its error lists the valid names.
func (b *BareLF) UnmarshalText(text []byte) error {
	return bareLFNames.Unmarshal("mailtest: BareLF", text, (*uint8)(b))
}
