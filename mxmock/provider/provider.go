package provider

// The providers: their lists of mailboxes, blocks, accounts and limits, and the methods by which a test changes
// them.

import (
	"embed"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
	"github.com/seed078e9d8c/maillab/internal/ipprefix"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// Provider is a mail provider in an [mxmock.Internet]: the records of its domains, and the hosts that take mail for
// them and from their users. [Add] and [Load] make it; the zero value is not usable. All methods may be called from
// several goroutines at once. A method that is given an unknown name panics with a message that lists the known
// names.
type Provider struct {
	// Name is the name of the provider, such as "qq.com".
	Name string

	// Domains are the domains whose mail the provider takes.
	Domains []string

	// MX are the hosts that take the mail of the first domain, in the order of their preference. It is empty if the
	// domain has a null MX.
	MX []*mxmock.Host

	// Submission is the host that takes the mail of the provider's own users, or nil if there is none. It is not an
	// MX host.
	Submission *mxmock.Host

	def *definition
	dns resolver

	mu        sync.Mutex
	mailboxes map[string]State
	known     bool // a mailbox was named, so all others are unknown
	block     map[string]bool
	prefixes  []netip.Prefix
	words     []string
	users     map[string]string
	servers   []*mailtest.Server // for submission
	on        map[*policy]bool
	limits    map[*policy]limit
	size      int64 // replaces that of the services, unless 0
	counters  map[counterKey]*counter
	first     map[newKey]time.Time
}

// State is the state of a mailbox. The zero State is Good.
type State uint8

// The states of a mailbox.
const (
	Good     State = iota // it exists, and has room
	Full                  // it exists, and has no room
	Disabled              // it exists, and its owner is locked out, or was away for too long
	Unknown               // it does not exist
)

// String returns the name of the state, such as "Good".
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

// Add adds a provider to an internet, with all of its domains and hosts. The name is that of any of its domains, so
// "foxmail.com" adds the same provider as "qq.com". Providers for enterprises, namely exmail.qq.com and qiye.163.com,
// need at least one customer, whose domain they serve; aliyun.com and icloud.com may have customers too:
//
//	provider.Add(inet, "exmail.qq.com", "shop.example")
//
// Add must be called before the first mail, and once for each provider. It panics otherwise, and if there is no
// such provider, or no customer where there must be one.
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

// Load adds a provider as [Add] does, but makes it from the definition in text, whose format FORMAT.md describes.
// If the text is wrong, the error lists all of its mistakes, each with its line, and nothing is added. If the
// internet contradicts the definition, the error says where.
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

// Mailbox sets the state of a mailbox. Full fills it, and Good empties it.
//
// Until a mailbox is set to Good, Full or Disabled, every mailbox exists, except those that are set to Unknown.
// From then on only the mailboxes that are set to Good, Full or Disabled exist. Postmaster always exists (RFC 5321
// §4.5.1).
func (p *Provider) Mailbox(address string, s State) {
	if !p.serves(domainOf(address)) || s > Unknown {
		panic(fmt.Sprintf("provider: %s has no mailbox %q that could be %v; its domains are %s", p.Name, address, s, strings.Join(p.Domains, ", ")))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mailboxes[canonical(address)] = s
	p.known = p.known || s != Unknown
}

// state returns the state of a mailbox. The mailboxes of other providers are good.
func (p *Provider) state(address string) State {
	address = canonical(address)
	p.mu.Lock()
	defer p.mu.Unlock()
	s, named := p.mailboxes[address]
	if !named && p.known && !strings.HasPrefix(address, "postmaster@") && p.serves(domainOf(address)) {
		return Unknown
	}
	return s
}

// serves reports whether a domain is one of the provider's.
func (p *Provider) serves(domain string) bool {
	return slices.ContainsFunc(p.Domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// Block adds clients and senders to the provider's own blocklist. Each is an IP address, a prefix such as
// "192.0.2.0/24", the address of a sender, or the domain of senders. Policies with the condition "blocked" decide
// what happens to their mail. (Public blocklists are records in the DNS; policies with the condition "dnsbl" look
// them up.)
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

// Unblock removes clients and senders that Block has added.
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

// Ban adds words. Policies with the condition "content" refuse a message that has one of them.
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

// Account adds an account to the submission host, with its authorization code. Until there is an account, the host
// accepts any credentials. An account with an empty code exists, but its owner has not switched on SMTP, so it
// can't log in.
//
// Account must be called before the first client connects to the submission host.
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

// withoutCode reports whether there is such an account, without a code.
func (p *Provider) withoutCode(user string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	code, ok := p.users[strings.ToLower(user)]
	return ok && code == ""
}

// MaxSize sets the size in bytes of the largest message that policies with the condition "size" allow. The reply to
// EHLO stays the same. Zero restores the limit of the definition, which the reply to EHLO announces.
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

// Limit sets the limits of policies to n for each period. The policies are named as in [Provider.Off]; without
// names, Limit sets those of all policies that have a limit. Counting begins anew. A limit without a period, such
// as that of recipients, takes n only. Policies that are off stay off.
func (p *Provider) Limit(n int, period time.Duration, policies ...string) {
	if n < 0 || period < 0 {
		panic(fmt.Sprintf("provider: %d for each %v is not a limit", n, period))
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

// Off switches policies off. Each name is that of a policy, such as "spf-forged", or of a condition: Off("spf")
// means all policies with the condition "spf". Without names, Off switches all policies off, so the provider
// accepts everything.
func (p *Provider) Off(policies ...string) { p.set(false, p.choose(policies)) }

// On switches policies on. They are named as in [Provider.Off]. Without names, On switches all policies on. A
// policy with the condition "always" refuses everything once it is on.
func (p *Provider) On(policies ...string) { p.set(true, p.choose(policies)) }

// Defaults switches each policy on or off as it is by default.
func (p *Provider) Defaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.on)
}

// Only switches the named policies on and all others off. They are named as in [Provider.Off]; without names, all
// are off.
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

// choose returns the policies that the names mean, or all if there are no names.
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

// domainOf returns the domain of an address, in lower case with A-labels. A text without "@" is a domain.
func domainOf(address string) string {
	return strings.ToLower(dnstext.ASCII(address[strings.LastIndexByte(address, '@')+1:]))
}

// canonical returns the form in which an address or a domain is compared: in lower case, with A-labels.
func canonical(address string) string {
	return strings.ToLower(address[:strings.LastIndexByte(address, '@')+1]) + domainOf(address)
}
