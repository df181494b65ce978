package provider

// Providers: how a test gets one and what it can change about it.

import (
	"embed"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/internal/ipprefix"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"golang.org/x/net/idna"
)

// Provider is a mail provider in an [mxmock.Internet]: the records of its domains, and the hosts
// that take mail for them and from their users. It is made by [Add] or [Load]; there is no use for
// the zero value. All methods may be called from several goroutines at once; a method that is given
// a name that means nothing panics, saying what there is.
type Provider struct {
	// Name is the name of the provider, that of its file.
	Name string

	// Domains are those whose mail it takes.
	Domains []string

	// MX are the hosts that take the mail of the first of the domains, in the order of their
	// preference. It is empty for a null MX.
	MX []*mxmock.Host

	// Submission is the host that takes the mail of the provider's own users; nil if it has none.
	// It is no MX.
	Submission *mxmock.Host

	def *definition
	dns resolver

	mu        sync.Mutex
	mailboxes map[string]State
	known     bool // some mailbox was named, so that all others are unknown
	block     map[string]bool
	prefixes  []netip.Prefix
	words     []string
	users     map[string]string
	servers   []*mailtest.Server // for submission
	on        map[*policy]bool
	limits    map[*policy]limit
	size      int64 // in place of what the services say; 0: none
	counters  map[counterKey]*counter
	first     map[newKey]time.Time
}

// State is how a mailbox is. The zero State is Good.
type State uint8

// The states of a mailbox.
const (
	Good     State = iota // it is there, and has room
	Full                  // it is there, and has none
	Disabled              // it is there, and its owner is locked out, or was away for too long
	Unknown               // it is not there
)

// String returns the name of the state as it is in this package.
func (s State) String() string {
	names := [...]string{"Good", "Full", "Disabled", "Unknown"}
	if int(s) >= len(names) {
		return fmt.Sprintf("State(%d)", s)
	}
	return names[s]
}

//go:embed data/*.txt
var files embed.FS

// builtin returns the definitions that come with the package, by the name of the provider.
var builtin = sync.OnceValue(func() map[string]*definition {
	names, err := fs.Glob(files, "data/*.txt")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	all := make(map[string]*definition)
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it was there a moment ago
		}
		d, err := parse(strings.TrimPrefix(name, "data/"), string(text))
		if err != nil {
			panic(err) // the tests load all of them
		}
		all[d.name] = d
	}
	return all
})

// Names returns the names of the providers that come with this package, sorted.
func Names() []string {
	var names []string
	for name := range builtin() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Add puts a provider into an internet, all of its domains and hosts. It is named by any of its
// domains: "foxmail.com" is "qq.com". Providers for enterprises serve the domains of their
// customers:
//
//	provider.Add(inet, "exmail.qq.com", "shop.example")
//
// Add comes before the first mail, and once for each provider; it panics otherwise, or if there is
// no such provider.
func Add(inet *mxmock.Internet, name string, customers ...string) *Provider {
	name = domainOf(name)
	for _, d := range builtin() {
		if d.name == name || slices.ContainsFunc(d.domains, func(dom domain) bool { return slices.Contains(dom.names, name) }) {
			p, err := install(inet, d, customers)
			if err != nil {
				panic(fmt.Sprintf("provider: %s: %v", name, err))
			}
			return p
		}
	}
	panic(fmt.Sprintf("provider: there is no %q; there are %s", name, strings.Join(Names(), ", ")))
}

// Load is [Add] for a provider of the caller's own, whose definition is text, in the format that
// FORMAT.md describes. The error names everything that is wrong with the text, each with
// its line, and nothing was added then; or it says what in the internet contradicts the definition.
func Load(inet *mxmock.Internet, text string, customers ...string) (*Provider, error) {
	d, err := parse("provider", text)
	if err != nil {
		return nil, err
	}
	p, err := install(inet, d, customers)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", d.name, err)
	}
	return p, nil
}

// Mailbox says how a mailbox is. Full and Good fill and empty one.
//
// As long as no mailbox was said to be Good, Full or Disabled, there is every one, except those
// that were said to be Unknown; from then on, there are only those. Postmaster is always there
// (RFC 5321 §4.5.1).
func (p *Provider) Mailbox(address string, s State) {
	if !p.serves(domainOf(address)) || s > Unknown {
		panic(fmt.Sprintf("provider: %s has no mailbox %q that could be %v; its domains are %s", p.Name, address, s, strings.Join(p.Domains, ", ")))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mailboxes[canonical(address)] = s
	p.known = p.known || s != Unknown
}

// state returns how a mailbox is. Those of others are good.
func (p *Provider) state(address string) State {
	address = canonical(address)
	local, domain, _ := strings.Cut(address, "@")
	p.mu.Lock()
	defer p.mu.Unlock()
	s, named := p.mailboxes[address]
	if !named && p.known && local != "postmaster" && p.serves(domain) {
		return Unknown
	}
	return s
}

// serves reports whether a domain is one of the provider's.
func (p *Provider) serves(domain string) bool {
	return slices.ContainsFunc(p.Domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// Block puts clients and senders on the provider's own blocklist: each is an address or a prefix
// such as "192.0.2.0/24", the address of a sender, or the domain of senders. The policies
// that depend on "blocked" say what then happens to their mail. (Public blocklists are records in the DNS,
// and policies that depend on "dnsbl" look there.)
func (p *Provider) Block(what ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range what {
		if prefix, err := ipprefix.Parse(w); err == nil {
			p.prefixes = append(p.prefixes, prefix)
			continue
		}
		p.block[canonical(w)] = true
	}
}

// Unblock takes back Block.
func (p *Provider) Unblock(what ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range what {
		if prefix, err := ipprefix.Parse(w); err == nil {
			p.prefixes = slices.DeleteFunc(p.prefixes, func(q netip.Prefix) bool { return q == prefix })
		}
		delete(p.block, canonical(w))
	}
}

// blocks reports whether a client, a sender or a domain is on the blocklist.
func (p *Provider) blocks(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.block[canonical(what)] {
		return true
	}
	return slices.ContainsFunc(p.prefixes, func(q netip.Prefix) bool { return ipprefix.Contains(q, what) })
}

// Ban adds to the words that policies look for that depend on "content".
func (p *Provider) Ban(words ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.words = append(p.words, words...)
}

func (p *Provider) banned() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.words
}

// Account adds an account to the submission host, with its authorization code. As long as there is
// none, it takes any credentials. An account without a code exists, and sending by SMTP is not
// switched on for it.
//
// Account comes before the first client of the submission host.
func (p *Provider) Account(user, code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == nil {
		p.users = make(map[string]string)
		for _, s := range p.servers {
			s.Users = make(map[string]string)
		}
	}
	p.users[strings.ToLower(user)] = code
	if code == "" {
		return
	}
	for _, s := range p.servers {
		s.Users[user] = code
	}
}

// withoutCode reports whether there is an account that may not send.
func (p *Provider) withoutCode(user string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	code, ok := p.users[strings.ToLower(user)]
	return ok && code == ""
}

// MaxSize changes the largest message that the policies allow that depend on "size". The reply to EHLO
// stays as it was. Zero is the limit of the definition, that which EHLO names.
func (p *Provider) MaxSize(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.size = n
}

func (p *Provider) sizeOf(s *service) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.size > 0 {
		return p.size
	}
	return s.size
}

// Limit makes the limits of policies tight: n for each period. The policies are named as in
// [Provider.Off]; without names, it is all that have a limit. Counting begins anew. A limit that is
// not for a time, such as that of recipients, takes n only. Policies that are off stay off.
func (p *Provider) Limit(n int, period time.Duration, policies ...string) {
	if n < 0 || period < 0 {
		panic(fmt.Sprintf("provider: %d for each %v is no limit", n, period))
	}
	chosen := p.choose(policies)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pol := range chosen {
		if pol.limit.n == 0 {
			continue
		}
		p.limits[pol] = limit{n, period}
		for key := range p.counters {
			if key.policy == pol {
				delete(p.counters, key)
			}
		}
	}
}

// Off switches policies off. Each name is that of a policy ("spf-forged") or of what policies
// depend on: Off("spf") means all that look at SPF. Without names, it is all policies: the provider
// takes everything, as 163.com did in its days.
func (p *Provider) Off(policies ...string) { p.set(false, p.choose(policies)) }

// On switches policies on, named as in [Provider.Off]. Without names, it is all policies. One that
// depends on "always" refuses everything once it is on.
func (p *Provider) On(policies ...string) { p.set(true, p.choose(policies)) }

// Defaults restores what is on by default.
func (p *Provider) Defaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.on)
}

// Only switches on the policies that are named as in [Provider.Off], and all others off.
func (p *Provider) Only(policies ...string) {
	chosen := p.choose(policies)
	p.set(false, p.def.policies)
	if len(policies) > 0 {
		p.set(true, chosen)
	}
}

func (p *Provider) set(on bool, policies []*policy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pol := range policies {
		p.on[pol] = on
	}
}

// isOn reports whether a policy is in force, and its limit.
func (p *Provider) isOn(pol *policy) (bool, limit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	on, said := p.on[pol]
	l, changed := p.limits[pol]
	if !changed {
		l = pol.limit
	}
	return on || !said && !pol.off, l
}

// choose returns the policies that names mean, all without names.
func (p *Provider) choose(names []string) []*policy {
	if len(names) == 0 {
		return p.def.policies
	}
	var chosen []*policy
	for _, name := range names {
		n := len(chosen)
		for _, pol := range p.def.policies {
			if pol.answersTo(name) {
				chosen = append(chosen, pol)
			}
		}
		if len(chosen) == n {
			all := make([]string, len(p.def.policies))
			for i, pol := range p.def.policies {
				all[i] = pol.name
			}
			panic(fmt.Sprintf("provider: %s has no policy %q; it has %s", p.Name, name, strings.Join(all, ", ")))
		}
	}
	return chosen
}

// domainOf returns the domain of an address in lower case, or nothing.
func domainOf(address string) string {
	domain := address[strings.LastIndexByte(address, '@')+1:]
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	return strings.ToLower(domain)
}

// canonical returns an address, or a domain, as it is compared: in small letters, with A-labels.
func canonical(address string) string {
	return strings.ToLower(address[:strings.LastIndexByte(address, '@')+1]) + domainOf(address)
}
