// Package mxmock is a mail internet for tests. It has domains with DNS records, hosts with names and addresses,
// and a capturing mail server on port 25 of each mail host, all in memory and offline. Code that delivers mail by
// MX records can't tell it from the real one.
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
// [Internet.MX] makes the mail hosts of a domain, and [Internet.Host] makes any other host. Each has a name,
// addresses that are reserved for documentation (192.0.2.2 and so on), DNS records that say so in both
// directions, and a certificate. [Internet.AddZone] adds records as they stand in a master file.
// [Internet.Publish] adds those that mail needs and that people get wrong: SPF, DKIM, DMARC, MTA-STS, TLSA and
// others. [Internet.Sender] makes a sender with everything that receivers ask for. [Internet.Check] reports
// where records and hosts disagree. A name that nobody has defined does not exist: the answer is NXDOMAIN.
//
// # Mail servers and other services
//
// [Host.Server] returns the mail server on a port, which is a [mailtest.Server] with all its rules. The short
// methods of a Host mean port 25. [Host.Listen] returns a listener for anything else, such as a web server, and
// [Host.TLSConfig] a configuration with the certificate of the host. The waits of the [Internet] itself span all
// hosts.
//
// # What goes wrong
//
// There are two vocabularies. A [mailtest.Rule] says what goes wrong in a session. Break says what is wrong with
// the world: a host, an address or a port can be refused, silent, unreachable or worse, and a question of the DNS
// can fail in every way that there is. A [DNSRule] says the latter for the n-th time, for one client, or for a
// period.
//
//	inet.Break("mx qq.com", mxmock.ServFail)
//	inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", For: 2 * time.Hour, Fault: mxmock.ServFail})
//
// # DNSSEC
//
// [Internet.Secure] signs a domain, and those above it up to a root of this internet's own, soundly or with a
// flaw. Resolvers of the internet validate: the answer has AD if the data is secure, and is SERVFAIL if it is
// bogus. Other validating resolvers trust [Internet.TrustAnchor].
//
//	inet.Secure("qq.com")
//	inet.Secure("163.com", mxmock.ExpiredSignatures)
//
// # What happened
//
// [Internet.Journal] has all questions, connections, SMTP commands and messages in one order. A test counts in
// it, or asks for an order. [Internet.Events] streams it, and [Internet.Queries] and [Internet.Sessions] have the
// details.
//
// # Virtual time
//
// All of this works inside a testing/synctest bubble, where hours of retries take no time. The internet must be
// made inside the bubble.
//
// # How code gets there
//
// Code under test connects in memory, by [Internet.Resolver] and [Internet.DialContext]. That is fast, works in
// parallel tests, and in bubbles. [Internet.Dialer] is for code that insists on a [net.Dialer], and
// [Internet.UseAsDefault] for code that takes no resolver. Other programs connect over real sockets, by
// [Internet.ListenDNS], [Internet.ListenHosts] and [Internet.ResolvConf], or through a proxy, by
// [Internet.ListenSOCKS]. Resolvers of their own walk down from [Internet.RootHints].
package mxmock
