// Package provider has mail providers as a sender sees them: qq.com, 163.com, sina.com, gmail.com and
// others, with their DNS records, their hosts, their replies and their refusals. One line adds a provider to an
// internet of package mxmock:
//
//	inet := mxmock.New(t)
//	qq := provider.Add(inet, "qq.com")
//
// From then on mx3.qq.com greets clients as the real host does, offers the same extensions, and refuses at the
// same stage of a session. The replies are the exact words of the real provider where somebody has recorded
// them.
//
// # Terms
//
// A policy is a refusal: a stage, conditions that must hold there, and a reply. A condition is something that a
// policy can depend on, such as "spf" or "mailbox". A definition is the text that describes a provider. Session,
// turn, stage and rule are as in package mailtest.
//
// # What a sender must do
//
// The checks are real. SPF, DKIM and DMARC are evaluated by package mailauth, with the message and the DNS of the
// internet. The form of the message is checked by package lint. PTR records, HELO names and blocklists are
// questions to that DNS, and they are in its journal. The sender of a test therefore needs the same things that a
// real sender needs: a host with a name ([mxmock.Internet.Host]), an SPF record, and a well-formed message.
//
// # What a test can change
//
//	qq.Mailbox("bob@qq.com", provider.Full)     // until a mailbox is named, every mailbox exists
//	qq.Block("192.0.2.1", "shop.example")       // clients and senders on the provider's own blocklist
//	qq.Limit(3, time.Hour)                      // tight limits
//	qq.Ban("发票")                                // words that are refused in a message
//	qq.MaxSize(1000)                            // of a message, in bytes
//	qq.Account("bob@qq.com", "abcdefghijklmnop") // an account that may send by smtp.qq.com
//	qq.Off("spf", "from-header")                // policies by a condition, or by their names
//	qq.Only("spf")                              // no other policy
//	qq.On("connection-denied")                  // a policy that is off by default
//
// Rules that a test adds to a host are tried before the policies of the provider. [mxmock.Internet.Reset]
// removes those rules and leaves the provider as it is.
//
// # The providers
//
// [Names] returns their names. All domains of a provider share its mailboxes and limits: qq.com includes vip.qq.com
// and foxmail.com, 163.com includes 126.com, yeah.net and vip.163.com, outlook.com includes hotmail.com, live.com
// and msn.com, and yahoo.com includes aol.com. exmail.qq.com, qiye.163.com, aliyun.com and icloud.com serve the
// domains of customers. The other real providers are sina.com, sohu.com, 139.com and gmail.com.
//
// Four providers are invented: strict.example holds every sender to the letter of the RFCs,
// university.example greylists, vanity.example has no MX record, and nomail.example has a null MX.
//
// # How well a reply is known
//
// Each reply has a source, which begins with a word that says how well the reply is known. A "capture" was recorded
// on the wire. A "log" is from a bounce or a log file. "Documentation" is a list by the provider, or by somebody
// who collects such lists. A "guess" is invented, because nothing was found. Most limits are guesses, since
// providers keep them secret. POLICIES.md, in the directory of this package, lists the refusals of each provider,
// with their sources.
//
// # Your own provider
//
// [Load] reads a definition. FORMAT.md, in the same directory, describes the format.
package provider
