package corpus

// This file holds the reports of mail servers: bounces (RFC 3464), read receipts (RFC 8098), complaints (RFC 5965).

import "strings"

func reports() []Message {
	var all []Message
	original := byHand("report", "original", "From: Bob <bob@example.org>\nTo: nobody@example.com\nSubject: Are you there?\nDate: Tue, 06 Jan 2026 09:00:00 +0800\nMessage-ID: <orig@example.org>\n\nHello?\n",
		Want{From: people("Bob", "bob@example.org"), To: people("", "nobody@example.com"), Subject: "Are you there?", Date: "2026-01-06T09:00:00+08:00", MessageID: "orig@example.org", Text: "Hello?\n"})
	origText := strings.ReplaceAll(string(original.Raw), crlf, "\n")
	header, _, _ := strings.Cut(origText, "\n\n")
	header += "\n"
	for _, s := range []struct{ name, daemon, subject, text, status string }{
		{"postfix", "MAILER-DAEMON@mx.example.com (Mail Delivery System)", "Undelivered Mail Returned to Sender",
			"This is the mail system at host mx.example.com.\n\n<nobody@example.com>: host mx2.example.com[192.0.2.2] said: 550 5.1.1\n    <nobody@example.com>: Recipient address rejected (in reply to RCPT TO command)\n",
			"Reporting-MTA: dns; mx.example.com\nX-Postfix-Queue-ID: 4Tabc123\nArrival-Date: Tue,  6 Jan 2026 09:00:01 +0800 (CST)\n\nFinal-Recipient: rfc822; nobody@example.com\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx2.example.com\nDiagnostic-Code: smtp; 550 5.1.1 <nobody@example.com>: Recipient address\n    rejected\n"},
		{"sendmail", "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.com>", "Returned mail: see transcript for details",
			"   ----- The following addresses had permanent fatal errors -----\n<nobody@example.com>\n    (reason: 550 5.1.1 User unknown)\n",
			"Reporting-MTA: dns; mx.example.com\nReceived-From-MTA: DNS; client.example.org\nArrival-Date: Tue, 6 Jan 2026 09:00:01 +0800\n\nFinal-Recipient: RFC822; nobody@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: SMTP; 550 5.1.1 User unknown\nLast-Attempt-Date: Tue, 6 Jan 2026 09:00:02 +0800\n"},
		{"exim", "Mail Delivery System <Mailer-Daemon@mx.example.com>", "Mail delivery failed: returning message to sender",
			"This message was created automatically by mail delivery software.\n\n  nobody@example.com\n    Unrouteable address\n",
			"Reporting-MTA: dns; mx.example.com\n\nAction: failed\nFinal-Recipient: rfc822;nobody@example.com\nStatus: 5.0.0\n"},
		{"qq", "\"=?gb18030?B?UVHTys/k?=\" <postmaster@qq.example>", "=?gb18030?B?z7XNs83L0MUvU3lzdGVtYm91bmNlZA==?=",
			"您的邮件被退回。原因:该邮件地址不存在。\n",
			"Reporting-MTA: dns; newxmmxsza.qq.example\n\nFinal-Recipient: rfc822; nobody@example.com\nAction: failed\nStatus: 5.5.0\nDiagnostic-Code: smtp; 550 Mailbox not found\n"},
		{"delayed", "Mail Delivery System <MAILER-DAEMON@mx.example.com>", "Delayed Mail (still being retried)",
			"Your message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5 day(s) old.\n",
			"Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; nobody@example.com\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to mx2.example.com[192.0.2.2]:25: Connection timed out\nWill-Retry-Until: Sun, 11 Jan 2026 09:00:01 +0800 (CST)\n"},
	} {
		from, subject := people("Mail Delivery System", "MAILER-DAEMON@mx.example.com"), s.subject
		switch s.name {
		case "sendmail":
			from = people("Mail Delivery Subsystem", "MAILER-DAEMON@mx.example.com")
		case "exim":
			from = people("Mail Delivery System", "Mailer-Daemon@mx.example.com")
		case "qq":
			from, subject = people("QQ邮箱", "postmaster@qq.example"), "系统退信/Systembounced"
		}
		for _, back := range []string{"message/rfc822", "text/rfc822-headers"} {
			body, name := origText, s.name
			want := Want{From: from, Subject: subject, Text: s.text, Tree: "multipart/report(text/plain message/delivery-status " + back + ")",
				Attachments: []File{fileOf("", "message/delivery-status", "", []byte(lines(s.status)))}}
			if back == "message/rfc822" {
				want.Attachments = append(want.Attachments, fileOf("", back, "", original.Raw))
				want.Messages = []Want{original.Want}
			} else {
				body, name = header, s.name+"-headers"
			}
			text := strings.Replace("{head}\nAuto-Submitted: auto-replied\nSubject: "+s.subject+"\nContent-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"4Tabc123.1767662101/mx.example.com\"\n\nThis is a MIME-encapsulated message.\n\n"+
				"--4Tabc123.1767662101/mx.example.com\nContent-Description: Notification\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"+s.text+"\n--4Tabc123.1767662101/mx.example.com\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n"+
				s.status+"\n--4Tabc123.1767662101/mx.example.com\nContent-Type: "+back+"\n\n"+body+"\n--4Tabc123.1767662101/mx.example.com--\n", "{head}",
				"Return-Path: <>\nReceived: by mx.example.com (Postfix) id 5D6E; Tue,  6 Jan 2026 09:15:00 +0800 (CST)\nDate: Tue,  6 Jan 2026 09:15:00 +0800 (CST)\nFrom: "+s.daemon+"\nTo: bob@example.org\nMIME-Version: 1.0\nMessage-Id: <"+name+"@mx.example.com>", 1)
			want.To, want.Date, want.MessageID = people("", "bob@example.org"), "2026-01-06T09:15:00+08:00", name+"@mx.example.com"
			all = append(all, byHand("report", name, text, want))
		}
	}
	receipt := "Reporting-UA: mail.example.com; Example Mail\nFinal-Recipient: rfc822;alice@example.com\nOriginal-Message-ID: <orig@example.org>\nDisposition: manual-action/MDN-sent-manually; displayed\n"
	complaint := "Feedback-Type: abuse\nUser-Agent: Example/1.0\nVersion: 1\nSource-IP: 192.0.2.1\n"
	all = append(all,
		byHand("report", "read-receipt", "{head}\nSubject: Read: Are you there?\nContent-Type: multipart/report; report-type=disposition-notification; boundary=mdn\n\n--mdn\n\nThe message was displayed.\n\n--mdn\nContent-Type: message/disposition-notification\n\n"+receipt+"\n--mdn--\n",
			Want{Subject: "Read: Are you there?", Text: "The message was displayed.\n", Tree: "multipart/report(text/plain message/disposition-notification)", Attachments: []File{fileOf("", "message/disposition-notification", "", []byte(lines(receipt)))}}),
		byHand("report", "complaint", "{head}\nSubject: FW: Are you there?\nContent-Type: multipart/report; report-type=feedback-report; boundary=arf\n\n--arf\n\nThis is an abuse report.\n\n--arf\nContent-Type: message/feedback-report\n\n"+complaint+"\n--arf\nContent-Type: message/rfc822\nContent-Disposition: inline\n\n"+origText+"\n--arf--\n",
			Want{Subject: "FW: Are you there?", Text: "This is an abuse report.\n", Tree: "multipart/report(text/plain message/feedback-report message/rfc822)",
				Attachments: []File{fileOf("", "message/feedback-report", "", []byte(lines(complaint)))}, Inline: []File{fileOf("", "message/rfc822", "", original.Raw)}, Messages: []Want{original.Want}}),
		byHand("report", "qmail", "Return-Path: <>\nReceived: (qmail 12345 invoked for bounce); 6 Jan 2026 01:15:00 -0000\nDate: 6 Jan 2026 01:15:00 -0000\nFrom: MAILER-DAEMON@mx.example.com\nTo: bob@example.org\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.example.com.\n\n<nobody@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"+origText,
			Want{From: people("", "MAILER-DAEMON@mx.example.com"), To: people("", "bob@example.org"), Subject: "failure notice", Date: "2026-01-06T01:15:00Z",
				Text: "Hi. This is the qmail-send program at mx.example.com.\n\n<nobody@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n" + origText}),
	)
	return all
}
