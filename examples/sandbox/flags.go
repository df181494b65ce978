package main

// The flags, and the check of their values.

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/seed078e9d8c/maillab/mxmock/provider"
)

// options has the values of the flags.
type options struct {
	smtp, submission, pop3, imap, http, dns, socks string
	fixed                                          map[string]bool // the addresses that the user has given: they must be free

	zones, names    []string // files; names under which the page may be asked
	providers       []string
	rules, users    string // files
	tls             bool
	hostsOnLoopback int
	save            string
	most            int
	relay, relayTo  string
	json            bool
	open            bool
	password        string
	version         bool
	run             bool
	command         []string // with run
}

// parseFlags reads the arguments. The error is a single line.
func parseFlags(args []string, help io.Writer) (*options, error) {
	o := &options{fixed: make(map[string]bool)}
	fs := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	list := func(to *[]string) func(string) error {
		return func(text string) error {
			*to = append(*to, text)
			return nil
		}
	}
	fs.StringVar(&o.smtp, "smtp", "127.0.0.1:1025", "`address` that takes mail for anybody; \"\" is off")
	fs.StringVar(&o.submission, "submission", "127.0.0.1:1587", "`address` that takes mail from any login, or those of -users; \"\" is off")
	fs.StringVar(&o.pop3, "pop3", "127.0.0.1:1110", "`address` of a POP3 server for the mail that was taken; the user's name is the recipient; \"\" is off")
	fs.StringVar(&o.imap, "imap", "127.0.0.1:1143", "`address` of an IMAP server for the same; \"\" is off")
	fs.StringVar(&o.http, "http", "127.0.0.1:8025", "`address` of the page; \"\" is off")
	fs.StringVar(&o.dns, "dns", "127.0.0.1:1053", "`address` of the DNS; \"\" is off")
	fs.StringVar(&o.socks, "socks", "", "`address` of a SOCKS5 proxy to all ports of all hosts")
	fs.Func("zone", "master `file` whose records the DNS has, and whose MX hosts take mail; may be repeated", list(&o.zones))
	providers := fs.String("providers", "qq.com,163.com,gmail.com,outlook.com", "`list` of providers, with their hosts and what they refuse; \"\" is none; there are "+strings.Join(provider.Names(), ", "))
	fs.StringVar(&o.rules, "rules", "", "`file` of rules, one a line: what goes wrong, and when, such as At: Rcpt, Reply: \"451 4.7.1 Later\"; a host before a rule, as in mx1.qq.com At: Rcpt, or dns, pop3 or imap, says whose it is; otherwise it is for -smtp and -submission")
	fs.StringVar(&o.users, "users", "", "`file` of users, name:password on each line, for -submission, -pop3 and -imap")
	fs.BoolVar(&o.tls, "tls", false, "offer STARTTLS, and write the certificate authority to a file")
	fs.IntVar(&o.hostsOnLoopback, "hosts-on-loopback", 0, "`port` on which each host listens at an address 127.80.x.y of its own, for its port 25")
	fs.StringVar(&o.save, "save", "", "`folder`, a Maildir, that keeps the mail, except what the page deletes, and is read at the start")
	fs.IntVar(&o.most, "max", 0, "`number` of messages, and of sessions, to keep in memory, which also bounds the journal and long sessions; 0 means all")
	fs.StringVar(&o.relay, "relay", "", "`host:port` of a real server that gets the mail for -relay-to")
	fs.StringVar(&o.relayTo, "relay-to", "", "`pattern` of recipients, such as *@shop.example")
	fs.BoolVar(&o.json, "json", false, "print a line of JSON for each message, and nothing else")
	fs.BoolVar(&o.open, "open", false, "allow addresses beyond the loopback interface")
	fs.StringVar(&o.password, "password", "", "`password` of the page")
	fs.Func("host", "`name` by which the page may be asked, beside localhost and addresses; may be repeated", list(&o.names))
	fs.BoolVar(&o.run, "run", false, "run the `command` that follows inside the internet, with its DNS and port 25 of each host (Linux, root), pass SIGINT and SIGTERM on to it, and end with its exit code, which is 128+n after signal n; other ports are open only by their flags")
	fs.BoolVar(&o.version, "version", false, "print the version")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(help, "Usage: sandbox [flags]\n\nA simulated mail internet: it takes mail, shows it, and delivers nothing.\n\n")
		fs.SetOutput(help)
		fs.PrintDefaults()
		return nil, flag.ErrHelp
	case err != nil:
		return nil, err
	case o.run && fs.NArg() == 0:
		return nil, errors.New("-run: a command must follow")
	case o.run:
		o.command = fs.Args()
	case fs.NArg() > 0:
		return nil, fmt.Errorf("%q is not a flag; sandbox -h lists them", fs.Arg(0))
	}
	fs.Visit(func(f *flag.Flag) { o.fixed[f.Name] = true })
	if *providers != "" {
		for name := range strings.SplitSeq(*providers, ",") {
			o.providers = append(o.providers, strings.TrimSpace(name))
		}
	}
	return o, o.check()
}

// check looks for mistakes that can be found before anything is opened.
func (o *options) check() error {
	for name, address := range o.addresses() {
		if address == "" {
			continue
		}
		if err := checkAddress(address, o.open); err != nil {
			return fmt.Errorf("-%s %s: %w", name, address, err)
		}
	}
	switch {
	case o.most < 0:
		return fmt.Errorf("-max %d: want a number of messages, or 0 for all", o.most)
	case o.hostsOnLoopback < 0 || o.hostsOnLoopback > 65535:
		return fmt.Errorf("-hosts-on-loopback %d: there is no such port", o.hostsOnLoopback)
	case (o.relay == "") != (o.relayTo == ""):
		return errors.New("-relay and -relay-to go together: where to, and which recipients")
	case o.run && (o.fixed["dns"] || o.fixed["socks"] || o.hostsOnLoopback != 0):
		return errors.New("-run goes without -dns, -socks and -hosts-on-loopback: the command has the DNS, and port 25 of each host")
	}
	for i, name := range o.providers {
		switch {
		case name == "":
			return errors.New("-providers: there is an empty name in the list")
		case slices.ContainsFunc(o.providers[:i], func(other string) bool { return strings.EqualFold(name, other) }):
			return fmt.Errorf("-providers: %s is twice in the list", name)
		}
	}
	for _, name := range o.names {
		if name == "" || strings.ContainsAny(name, ":/ ") {
			return fmt.Errorf("-host %q: want a name without a port, such as host.docker.internal", name)
		}
	}
	if o.relay != "" {
		host, port, err := net.SplitHostPort(o.relay)
		if err != nil || host == "" {
			return fmt.Errorf("-relay %s: want a host and a port", o.relay)
		}
		if checkPort(port) != nil || port == "0" {
			return fmt.Errorf("-relay %s: %q is not a port", o.relay, port)
		}
		if _, err := path.Match(o.relayTo, ""); err != nil {
			return fmt.Errorf("-relay-to %s: %w", o.relayTo, err)
		}
	}
	return nil
}

// addresses returns the addresses to listen at, by flag.
func (o *options) addresses() map[string]string {
	return map[string]string{"smtp": o.smtp, "submission": o.submission, "pop3": o.pop3, "imap": o.imap, "http": o.http, "dns": o.dns, "socks": o.socks}
}

// checkAddress checks an address to listen at.
func checkAddress(address string, open bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("want an address such as 127.0.0.1:1025")
	}
	if err := checkPort(port); err != nil {
		return err
	}
	if host == "localhost" {
		return nil
	}
	addr, err := netip.ParseAddr(host)
	switch {
	case host == "" && open:
		return nil
	case host == "":
		return errors.New("this is every address of the machine; -open allows that")
	case err != nil:
		return fmt.Errorf("%q is not an IP address", host)
	case !addr.IsLoopback() && !open:
		return errors.New("this is beyond the loopback interface; -open allows that")
	}
	return nil
}

// checkPort looks at a port as a number without leading zeros.
func checkPort(port string) error {
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}
