// Package mxmock is a simulated mail internet for tests. It has domains with DNS records, hosts with names and
// addresses, and a capturing mail server on port 25 of each mail host, all in memory and offline. Code that
// delivers mail by MX records can't tell it from the real internet.
//
//	inet := mxmock.New(t)
//	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
//	mx[0].Break(mxmock.Refused)
//	app := newApp(inet.Resolver(), inet.DialContext)
//	app.Send(t.Context(), "bob@qq.com")
//	msg := mx[1].Next(t)
//
// # Terms
//
// A host is a machine with names, addresses, and services on ports. A fault is something that is wrong with the
// world: with a host, an address, a port, or a question of the DNS. The journal is the list of everything that
// happened, in order. Session, turn, stage, rule and inbox are as in package mailtest.
//
// # Names and addresses
//
// [Internet.MX] makes the mail hosts of a domain, and [Internet.Host] makes any other host. Each host has a
// name, addresses that are reserved for documentation (192.0.2.2 and so on), DNS records that lead from the
// name to the addresses and back, and a certificate. [Internet.AddZone] adds records as they stand in a master
// file. [Internet.Publish] adds records that mail needs and that are often wrong: SPF, DKIM, DMARC, MTA-STS,
// TLSA and others. [Internet.Sender] makes a host that sends mail, with everything that receivers ask for.
// [Internet.Check] reports where records and hosts disagree. A name that nobody has defined does not exist:
// the answer is NXDOMAIN.
//
// # Mail servers and other services
//
// [Host.Server] returns the mail server on a port, which is a [mailtest.Server] with all its rules. Methods of a
// Host that take no port refer to port 25. [Host.Listen] returns a listener for anything else, such as a web
// server, and [Host.TLSConfig] returns a configuration with the certificate of the host. The waits of the
// [Internet] itself span all hosts.
//
// # What goes wrong
//
// Two kinds of things can go wrong. A [mailtest.Rule] says what goes wrong in a session. [Internet.Break] says
// what is wrong with the world: a host, an address or a port can be refused, silent, unreachable or worse, and
// a question of the DNS can fail in many ways. A [DNSRule] limits such a fault to the n-th time that the
// question is asked, to one client, or to a period.
//
//	inet.Break("mx qq.com", mxmock.ServFail)
//	inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", For: 2 * time.Hour, Fault: mxmock.ServFail})
//
// # DNSSEC
//
// [Internet.Secure] signs a domain, correctly or with a flaw, and signs the domains above it up to the root,
// which is this internet's own. The resolvers of the internet validate: an answer has the AD bit if the data
// is secure, and is SERVFAIL if the data is bogus. Other validating resolvers must trust
// [Internet.TrustAnchor].
//
//	inet.Secure("qq.com")
//	inet.Secure("163.com", mxmock.ExpiredSignatures)
//
// # What happened
//
// [Internet.Journal] has all questions, connections, SMTP commands and messages in one order. A test counts
// events in it, or checks their order. [Internet.Events] delivers the events as they happen, and
// [Internet.Queries] and [Internet.Sessions] have the details.
//
// # Virtual time
//
// All of this works inside a testing/synctest bubble, where hours of retries take no real time. The internet
// must be made inside the bubble.
//
// # How code gets there
//
// Code under test connects in memory, through [Internet.Resolver] and [Internet.DialContext]. That is fast, and
// works in parallel tests and in bubbles. [Internet.Dialer] is for code that insists on a [net.Dialer], and
// [Internet.UseAsDefault] for code that takes no resolver. Other programs connect over real sockets, which
// [Internet.ListenDNS] and [Internet.ListenHosts] open, or through the proxy of [Internet.ListenSOCKS].
// [Internet.ResolvConf] and [Internet.RootHints] return configuration files that make other programs, or
// recursive resolvers, ask this internet.
package mxmock
