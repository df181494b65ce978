// Package provider has mail providers as their senders see them: qq.com, 163.com, sina.com,
// gmail.com and others, with their records in the DNS, their hosts, their words, and what they
// refuse. One line puts one into an internet of package mxmock:
//
//	inet := mxmock.New(t)
//	qq := provider.Add(inet, "qq.com")
//
// From then on mx3.qq.com greets as it does in the world, offers what it offers there, and refuses
// at the same stage of the dialogue and in the same words, word for word where somebody has written
// them down. The checks are real: SPF, DKIM and DMARC by package mailauth, from the message
// that came and the DNS of the internet; the form of the message by package lint; PTR and HELO and
// blocklists by questions to that DNS (which are in its journal). So a test's sender has to do what
// senders have to do out there: have a host with a name ([mxmock.Internet.Host]), an SPF record,
// and a message in order.
//
// # What a test can change
//
//	qq.Mailbox("bob@qq.com", provider.Full)     // as long as no mailbox is named, there is every one
//	qq.Block("192.0.2.1", "shop.example")       // clients and senders on the provider's own blocklist
//	qq.Limit(3, time.Hour)                      // tight limits
//	qq.Ban("发票")                                // words that are not wanted
//	qq.MaxSize(1000)                            // of a message
//	qq.Account("bob@qq.com", "abcdefghijklmnop") // who may send by smtp.qq.com
//	qq.Off("spf", "from-header")                // what each policy depends on, or its name
//	qq.Only("spf")                              // nothing else
//	qq.On("connection-denied")                  // what only happens on demand
//
// Rules that a test adds to a host go before the policies of the provider. [mxmock.Internet.Reset]
// takes the rules away and leaves the provider as it is.
//
// # Which there are
//
// [Names] lists them. qq.com has vip.qq.com and foxmail.com with it, 163.com has 126.com, yeah.net
// and vip.163.com, and so on: all domains of a provider share its mailboxes and limits.
// exmail.qq.com, qiye.163.com, aliyun.com and icloud.com serve domains of customers. sina.com,
// sohu.com, 139.com, gmail.com, outlook.com (hotmail.com, live.com, msn.com) and yahoo.com
// (aol.com) are there, and four that are nobody's: strict.example holds everybody to the letter of
// the RFCs, university.example greylists, vanity.example has no MX record, and nomail.example has a
// null MX.
//
// # How well it is known
//
// Each text names its source, and how well it is known: "capture" is the wire itself, written down;
// "log" a bounce or a log; "documentation" a list of the provider's or of those who collect such
// lists; "guess" is what had to be made up to have something where nothing was found. The numbers
// of most limits are guesses, for providers keep them secret. POLICIES.md, beside this package, lists what
// each provider refuses, with the source.
//
// # A provider of one's own
//
// A definition is a text; [Load] reads it. FORMAT.md describes the format.
package provider
