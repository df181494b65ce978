package corpus

// This file holds invitations (RFC 5545, RFC 6047).

import "strings"

func calendars() []Message {
	event := func(method, summary string) string {
		return "BEGIN:VCALENDAR\r\nPRODID:-//Example//Calendar 70.9054//EN\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\nMETHOD:" + method + "\r\nBEGIN:VEVENT\r\nDTSTART:20260112T090000Z\r\nDTEND:20260112T100000Z\r\n" +
			"DTSTAMP:20260106T011500Z\r\nORGANIZER;CN=Alice Chen:mailto:alice@example.com\r\nUID:7kukuqrfedlm2f9t@example.com\r\nATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=\r\n TRUE;CN=Bob:mailto:bob@example.org\r\n" +
			"SEQUENCE:0\r\nSTATUS:CONFIRMED\r\nSUMMARY:" + summary + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	}
	var all []Message
	for _, c := range []struct{ method, verb, summary string }{
		{"REQUEST", "Invitation", "Planning"}, {"REQUEST", "邀请", "项目评审会议"}, {"CANCEL", "Abgesagt", "Besprechung über Größen"}, {"REPLY", "Accepted", "Planning"}, {"COUNTER", "提案", "打ち合わせ"},
	} {
		ics := event(c.method, c.summary)
		subject := c.verb + ": " + c.summary
		raw := subject
		if !isASCII(subject) {
			raw = strings.ReplaceAll(wordsB("UTF-8", subject, 36), crlf, "\n")
		}
		name := strings.ToLower(c.method) + "-" + map[bool]string{true: "ascii", false: "utf8"}[isASCII(subject)]
		inEvent := "Content-Type: text/calendar; charset=\"UTF-8\"; method=" + c.method + "\nContent-Transfer-Encoding: "
		all = append(all,
			byHand("calendar", "google-"+name, "{head}\nSubject: "+raw+"\nSender: Calendar <calendar-notification@example.com>\nContent-Type: multipart/mixed; boundary=\"000000000000a1\"\n\n--000000000000a1\nContent-Type: multipart/alternative; boundary=\"000000000000a2\"\n\n"+
				"--000000000000a2\nContent-Type: text/plain; charset=\"UTF-8\"; format=flowed; delsp=yes\nContent-Transfer-Encoding: base64\n\n"+strings.ReplaceAll(base64Lines([]byte(lines(subject+"\n\nMonday\n")), 76), crlf, "\n")+
				"--000000000000a2\nContent-Type: text/html; charset=\"UTF-8\"\nContent-Transfer-Encoding: quoted-printable\n\n"+strings.ReplaceAll(quotedPrintable([]byte("<p>"+subject+"</p>")), crlf, "\n")+"\n"+
				"--000000000000a2\n"+inEvent+"8bit\n\n"+strings.ReplaceAll(ics, crlf, "\n")+"\n--000000000000a2--\n--000000000000a1\nContent-Type: application/ics; name=\"invite.ics\"\nContent-Disposition: attachment; filename=\"invite.ics\"\nContent-Transfer-Encoding: base64\n\n"+
				strings.ReplaceAll(base64Lines([]byte(ics), 76), crlf, "\n")+"--000000000000a1--\n",
				Want{Subject: subject, Sender: people("Calendar", "calendar-notification@example.com"), Text: subject + "\n\nMonday\n", HTML: "<p>" + subject + "</p>",
					Tree:        "multipart/mixed(multipart/alternative(text/plain text/html text/calendar) application/ics)",
					Attachments: []File{fileOf("invite.ics", "application/ics", "", []byte(ics))}}),
			byHand("calendar", "exchange-"+name, "{head}\nSubject: "+raw+"\nContent-Class: urn:content-classes:calendarmessage\nContent-Type: multipart/alternative;\n\tboundary=\"_000_AM0PR07MB\"\n\n--_000_AM0PR07MB\nContent-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: 8bit\n\n"+
				subject+"\n\n--_000_AM0PR07MB\n"+inEvent+"base64\n\n"+strings.ReplaceAll(base64Lines([]byte(ics), 76), crlf, "\n")+"\n--_000_AM0PR07MB--\n",
				Want{Subject: subject, Text: subject + "\n", Tree: "multipart/alternative(text/plain text/calendar)"}),
		)
	}
	all = append(all, byHand("calendar", "alone", "{head}\nSubject: bare\nContent-Type: text/calendar; method=PUBLISH; charset=utf-8\n\n"+strings.ReplaceAll(event("PUBLISH", "Holiday"), crlf, "\n"), Want{Subject: "bare", Tree: "text/calendar"}))
	return all
}
