package corpus

// This file writes header fields in all the ways that the RFCs allow: folds, encoded words,
// addresses, dates.

import "strings"

func headers() []Message {
	var all []Message
	message := func(name, fields string, want Want) {
		want.Text = "Hello.\n"
		all = append(all, byHand("header", name, fields+"\n\nHello.\n", want))
	}
	subjects := []struct{ name, raw, want string }{
		{"b-and-q", "=?utf-8?B?5L2g5aW9?= =?iso-8859-1?Q?caf=E9?= end", "你好café end"},
		{"folded-words", "=?utf-8?Q?one_?=\n =?utf-8?Q?two_?=\n\t=?utf-8?Q?three?=", "one two three"},
		{"words-and-text", "Re: [list] =?utf-8?B?5L2g5aW9?= and =?utf-8?B?5YaN6KeB?=", "Re: [list] 你好 and 再见"},
		{"language", "=?iso-8859-1*de?Q?Gr=FC=DFe?=", "Grüße"},
		{"folded-ascii", "a subject that is so long that\n it needs a second line", "a subject that is so long that it needs a second line"},
		{"folded-tab", "folded with a tab\n\tas some programs do", "folded with a tab as some programs do"},
		{"folded-thrice", "one\n two\n three\n four", "one two three four"},
		{"mixed-charsets", "=?koi8-r?B?8NLJ18XU?= =?windows-1251?B?LCDs6PA=?=", "Привет, мир"},
		{"lower-case-b", "=?UTF-8?b?5L2g5aW9?=", "你好"},
		{"underscore", "=?utf-8?Q?snake=5Fcase_and_space?=", "snake_case and space"},
		{"no-padding-needed", "=?us-ascii?B?YWJj?=", "abc"},
		{"iso-2022-jp", "=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?= =?ISO-2022-JP?B?GyRCJE43b0w+GyhC?=", "日本語の件名"},
		{"looks-like-word", "a =? b ?= c =?utf-8?X?abc?= d", "a =? b ?= c =?utf-8?X?abc?= d"},
		{"utf8-raw", "你好 wörld", "你好 wörld"},
		{"empty", "", ""},
		{"colon", "Re: Fwd: AW: 10:30", "Re: Fwd: AW: 10:30"},
	}
	for _, s := range subjects {
		message("subject-"+s.name, "{head}\nSubject: "+s.raw, Want{Subject: s.want})
	}
	for _, a := range []struct {
		name, raw string
		want      []Address
	}{
		{"bare", "bob@example.org", people("", "bob@example.org")},
		{"many", "a@x.example, B <b@x.example>,\n \"C, D\" <c@x.example>,\n <d@x.example>", people("", "a@x.example", "B", "b@x.example", "C, D", "c@x.example", "", "d@x.example")},
		{"group", "Team: a@x.example, B <b@x.example>;", people("", "a@x.example", "B", "b@x.example")},
		{"undisclosed", "undisclosed-recipients:;", nil},
		{"comment-name", "bob@example.org (Bob Miller)", people("Bob Miller", "bob@example.org")},
		{"comments-everywhere", "(to) Bob (the builder) <bob@example.org> (yes)", people("Bob", "bob@example.org")},
		{"quoted-escape", `"Bob \"The Bob\" Miller" <bob@example.org>`, people(`Bob "The Bob" Miller`, "bob@example.org")},
		{"encoded", "=?utf-8?B?5byg5LiJ?= <z3@example.cn>, =?gbk?Q?=C0=EE=CB=C4?= <l4@example.cn>", people("张三", "z3@example.cn", "李四", "l4@example.cn")},
		{"encoded-comma", "=?utf-8?Q?Miller=2C_Bob?= <bob@example.org>", people("Miller, Bob", "bob@example.org")},
		{"encoded-in-quotes", `"=?utf-8?B?5byg5LiJ?=" <z3@example.cn>`, people("张三", "z3@example.cn")},
		{"encoded-two-words", "=?utf-8?Q?J=C3=BCrgen?= =?utf-8?Q?_M=C3=BCller?= <j@example.de>", people("Jürgen Müller", "j@example.de")},
		{"encoded-and-plain", "=?utf-8?Q?J=C3=BCrgen?= von der Heide <j@example.de>", people("Jürgen von der Heide", "j@example.de")},
		{"route", "Bob <@relay.example,@hub.example:bob@example.org>", people("Bob", "bob@example.org")},
		{"literal", "Bob <bob@[192.0.2.7]>, <eve@[IPv6:2001:db8::7]>", people("Bob", "bob@[192.0.2.7]", "", "eve@[IPv6:2001:db8::7]")},
		{"quoted-local", `"john doe"@example.org`, people("", `"john doe"@example.org`)},
		{"plus-and-dots", "first.last+tag=x@sub.example.org", people("", "first.last+tag=x@sub.example.org")},
		{"utf8", "张三 <用户@例子.中国>", people("张三", "用户@例子.中国")},
		{"dots-in-name", "J. R. R. Tolkien <jrr@example.org>", people("J. R. R. Tolkien", "jrr@example.org")},
		{"apostrophe", "Tom O'Neill <tom@example.org>", people("Tom O'Neill", "tom@example.org")},
		{"address-as-name", `"bob@example.org" <bob@example.org>`, people("bob@example.org", "bob@example.org")},
		{"folded-long", strings.TrimSuffix(strings.Repeat("=?utf-8?B?5byg5LiJ?= <z3@example.cn>,\n ", 8), ",\n "), people(strings.Split(strings.TrimSuffix(strings.Repeat("张三|z3@example.cn|", 8), "|"), "|")...)},
	} {
		want := Want{To: a.want, From: people("Alice Chen", "alice@example.com"), Date: "2026-01-06T09:15:00+08:00", MessageID: "to." + a.name + "@example.com"}
		message("to-"+a.name, "From: Alice Chen <alice@example.com>\nTo: "+a.raw+"\nDate: Tue, 06 Jan 2026 09:15:00 +0800\nMessage-ID: <"+want.MessageID+">", want)
	}
	for _, d := range []struct{ name, raw, want string }{
		{"comment", "Tue, 6 Jan 2026 09:15:00 +0800 (China Standard Time)", "2026-01-06T09:15:00+08:00"},
		{"no-day", "6 Jan 2026 09:15:00 -0330", "2026-01-06T09:15:00-03:30"},
		{"no-seconds", "Tue, 06 Jan 2026 09:15 +0000", "2026-01-06T09:15:00Z"},
		{"gmt", "Tue, 06 Jan 2026 09:15:00 GMT", "2026-01-06T09:15:00Z"},
		{"est", "Tue, 06 Jan 2026 09:15:00 EST", "2026-01-06T09:15:00-05:00"},
		{"two-digits", "Tue, 06 Jan 26 09:15:00 +0100", "2026-01-06T09:15:00+01:00"},
		{"last-century", "Fri, 31 Dec 99 23:59:59 +0000", "1999-12-31T23:59:59Z"},
		{"minus-zero", "Tue, 06 Jan 2026 09:15:00 -0000", "2026-01-06T09:15:00Z"},
		{"folded", "Tue,\n 06 Jan 2026\n 09:15:00 +0800", "2026-01-06T09:15:00+08:00"},
		{"spaces", "Tue,  6  Jan  2026   09:15:00   +0800", "2026-01-06T09:15:00+08:00"},
	} {
		message("date-"+d.name, "From: a@example.com\nTo: b@example.com\nDate: "+d.raw+"\nMessage-ID: <date@example.com>", Want{
			From: people("", "a@example.com"), To: people("", "b@example.com"), MessageID: "date@example.com", Date: d.want,
		})
	}
	message("all-addresses", "From: a@x.example, b@x.example\nSender: a@x.example\nReply-To: Help <help@x.example>\nTo: c@x.example\nCc: d@x.example, E <e@x.example>\n"+
		"Date: Tue, 06 Jan 2026 09:15:00 +0800\nMessage-ID: <all@x.example>\nSubject: who is who", Want{
		From: people("", "a@x.example", "", "b@x.example"), Sender: people("", "a@x.example"), ReplyTo: people("Help", "help@x.example"),
		To: people("", "c@x.example"), Cc: people("", "d@x.example", "E", "e@x.example"), Date: "2026-01-06T09:15:00+08:00", MessageID: "all@x.example", Subject: "who is who",
	})
	message("received", strings.Repeat("Received: from mx1.example.org (mx1.example.org [192.0.2.25])\n\tby mail.example.com (Postfix) with ESMTPS id 4Tabc123\n\tfor <bob@example.org>; Tue,  6 Jan 2026 09:15:02 +0800 (CST)\n", 12)+
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;\n\ts=2026; t=1767662100; h=From:To:Date:Subject;\n\tbh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=;\n\tb=c2lnbmF0dXJl\n{head}\nSubject: long way",
		Want{Subject: "long way"})
	message("lower-case-names", "from: a@x.example\nto: b@x.example\nsubject: small\ndate: Tue, 06 Jan 2026 09:15:00 +0800\nmessage-id: <small@x.example>", Want{
		From: people("", "a@x.example"), To: people("", "b@x.example"), Date: "2026-01-06T09:15:00+08:00", MessageID: "small@x.example", Subject: "small",
	})
	message("no-space-after-colon", "From:a@x.example\nTo:b@x.example\nSubject:tight\nDate:Tue, 06 Jan 2026 09:15:00 +0800\nMessage-ID:<tight@x.example>", Want{
		From: people("", "a@x.example"), To: people("", "b@x.example"), Date: "2026-01-06T09:15:00+08:00", MessageID: "tight@x.example", Subject: "tight",
	})
	message("folded-at-once", "From:\n a@x.example\nTo:\n b@x.example\nSubject:\n folded at once\nDate: Tue, 06 Jan 2026 09:15:00 +0800\nMessage-ID:\n <once@x.example>", Want{
		From: people("", "a@x.example"), To: people("", "b@x.example"), Date: "2026-01-06T09:15:00+08:00", MessageID: "once@x.example", Subject: "folded at once",
	})
	return all
}
