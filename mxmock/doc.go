// Package mxmock is a mail internet for tests: domains with DNS records, hosts with names and
// addresses, and a capturing mail server on each host's port 25, in memory and offline. Code that
// delivers mail by MX records can't tell it from the real one.
//
//	inet := mxmock.New(t)
//	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
//	mx[0].Break(mxmock.Refused)
//	app := newApp(inet.Resolver(), inet.DialContext)
//	app.Send(t.Context(), "bob@qq.com")
//	msg := mx[1].Next(t)
//
// # Names and addresses
//
// [Internet.MX] makes the mail hosts of a domain, [Internet.Host] any other machine; each has a
// name, addresses for documentation (192.0.2.2 and so on), records in the DNS that say so in both
// directions, and a certificate. [Internet.AddZone] adds records as they stand in a master file,
// [Internet.Publish] those that mail needs and people get wrong (SPF, DKIM, DMARC, MTA-STS, TLSA
// …), [Internet.Sender] makes a sender with all that receivers ask for, [Internet.Check] says where records and hosts disagree. [Internet.Secure] signs a domain by
// DNSSEC. What nobody defined does not exist: NXDOMAIN.
//
// # Mail servers and other services
//
// [Host.Server] is the mail server on a port, a [mailtest.Server] with all its rules; the short
// methods of a Host mean port 25. [Host.Listen] is a listener for anything else, such as a web
// server, [Host.TLSConfig] the configuration with the host's certificate. The waits of the [Internet]
// itself span all hosts.
//
// # What goes wrong
//
// There are two vocabularies. What goes wrong in a conversation is said by a [mailtest.Rule]. What
// is wrong with the world is said by Break: a host, an address or a port can be refused, silent,
// unreachable or worse, a question of the DNS can fail in every way that there is. [DNSRule] says
// the latter for the n-th time, for one client, or for a period.
//
//	inet.Break("mx qq.com", mxmock.ServFail)
//	inet.AddDNSRules(mxmock.DNSRule{Question: "mx qq.com", For: 2 * time.Hour, Fault: mxmock.ServFail})
//
// # DNSSEC
//
// [Internet.Secure] makes a domain secure, up to a root of this internet's own, soundly or with a
// flaw. Its resolvers validate: AD for what is secure, SERVFAIL for what is bogus. Other validating
// resolvers trust [Internet.TrustAnchor].
//
//	inet.Secure("qq.com")
//	inet.Secure("163.com", mxmock.ExpiredSignatures)
//
// # What happened
//
// [Internet.Journal] has all questions, connections, SMTP commands and messages in one order. A
// test counts in it, or asks for an order; [Internet.Events] streams it, and [Internet.Queries] and
// [Internet.Sessions] have the details.
//
// # Virtual time
//
// All of it works inside a testing/synctest bubble: hours of retries take no time. The internet
// must be made inside.
//
// # How code gets there
//
// In memory by [Internet.Resolver] and [Internet.DialContext], which is fast, parallel, and works
// in bubbles. [Internet.Dialer] is for code that insists on a [net.Dialer], [Internet.UseAsDefault]
// for code that takes no resolver. Other programs reach it over real sockets: [Internet.ListenDNS],
// [Internet.ListenHosts], [Internet.ResolvConf], and through a proxy: [Internet.ListenSOCKS]. Resolvers
// of their own walk down from [Internet.RootHints].
package mxmock
