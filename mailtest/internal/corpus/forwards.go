package corpus

// This file puts messages into messages: forwards, digests, bounced originals.

import "fmt"

// held returns the part that holds a message, which is an attachment, under a file name or none.
func held(m Message, mediaType, fields string) *part {
	return &part{mediaType: mediaType, role: asAttachment, file: fileOf("", mediaType, "", m.Raw), body: string(m.Raw), message: &m, fields: fill("Content-Type: " + mediaType + fields)}
}

func forwards() []Message {
	h := func(name, subject string) head {
		return head{id: "forward." + name + "@example.com", date: clock(len(name), "+0100"), subject: subject, from: people("Grace Miller", "grace@example.com"), to: people("Tom", "tom@example.org")}
	}
	note := func(text string) *part {
		return &part{mediaType: "text/plain", role: asText, text: text, body: lines(text), fields: fill("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit")}
	}
	send := func(name, subject string, body *part) Message {
		hd := h(name, subject)
		return assemble("forward", name, hd, fill("From: Grace Miller <grace@example.com>\nTo: Tom <tom@example.org>\nSubject: {s}\nDate: {d}\nMessage-ID: <{i}>\nMIME-Version: 1.0",
			"{s}", subject, "{d}", hd.date.Format(rfc5322), "{i}", hd.id), body)
	}
	var all []Message
	var originals []Message
	for i, m := range mailPrograms {
		l := letters[(i*5)%len(letters)]
		if m.langs != "" {
			l = letters[17] // Chinese
		}
		originals = append(originals, m.write(l, m.shapes[len(m.shapes)-1], 5000+i))
	}
	for i, o := range originals {
		all = append(all, send(fmt.Sprintf("of-%s", o.Family), "Fwd: as attachment", multipart("mixed", fmt.Sprintf("fwd=%d", i), note("See below.\n"), held(o, "message/rfc822", "\nContent-Disposition: attachment"))))
	}
	deep := originals[0]
	for depth := 1; depth <= 5; depth++ {
		deep = send(fmt.Sprintf("deep-%d", depth), fmt.Sprintf("Fwd %d", depth), multipart("mixed", fmt.Sprintf("deep-%d", depth), note(fmt.Sprintf("Forwarded %d times.\n", depth)), held(deep, "message/rfc822", "")))
	}
	all = append(all, deep)
	chain := originals[1]
	for depth := 1; depth <= 4; depth++ { // messages that are nothing but a message
		chain = send(fmt.Sprintf("chain-%d", depth), fmt.Sprintf("Chain %d", depth), held(chain, "message/rfc822", ""))
	}
	all = append(all, chain)

	// A digest, whose parts are messages without saying so (RFC 2046 §5.1.5).
	var parts []*part
	for i := range 3 {
		m := byHand("forward", "in-digest", fmt.Sprintf("From: member%d@example.com\nTo: list@example.com\nSubject: contribution %d\nDate: Tue, 06 Jan 2026 09:15:00 +0800\nMessage-ID: <d%d@example.com>\n\nI think %d.\n", i, i, i, i),
			Want{From: people("", fmt.Sprintf("member%d@example.com", i)), To: people("", "list@example.com"), Subject: fmt.Sprintf("contribution %d", i), Date: "2026-01-06T09:15:00+08:00",
				MessageID: fmt.Sprintf("d%d@example.com", i), Text: fmt.Sprintf("I think %d.\n", i)})
		p := held(m, "message/rfc822", "")
		p.fields = []string{"X-Number: " + fmt.Sprint(i)}
		parts = append(parts, p)
	}
	all = append(all, send("digest", "list Digest, Vol 7, Issue 3", multipart("mixed", "outer-7", note("Send submissions to list@example.com\n"), multipart("digest", "inner-7", parts...))))

	two := send("two", "Fwd: both of them", multipart("mixed", "two", note("Two.\n"), held(originals[2], "message/rfc822", "; name=\"first.eml\"\nContent-Disposition: attachment; filename=\"first.eml\""), held(originals[3], "message/rfc822", "")))
	two.Want.Attachments[0].Name = "first.eml"
	all = append(all, two)

	global := byHand("forward", "global-inside", "From: 张三 <张三@例子.中国>\nTo: b@example.com\nSubject: 国际化\nDate: Tue, 06 Jan 2026 09:15:00 +0800\nMessage-ID: <g@example.com>\nContent-Type: text/plain; charset=utf-8\n\n你好\n",
		Want{From: people("张三", "张三@例子.中国"), To: people("", "b@example.com"), Subject: "国际化", Date: "2026-01-06T09:15:00+08:00", MessageID: "g@example.com", Text: "你好\n"})
	all = append(all, send("global", "Fwd: SMTPUTF8", multipart("mixed", "global", note("RFC 6532.\n"), held(global, "message/global", ""))))

	encoded := originals[4]
	p := held(encoded, "message/rfc822", "\nContent-Transfer-Encoding: base64")
	p.body = base64Lines(encoded.Raw, 76)
	m := send("base64", "Fwd: encoded though it must not be", multipart("mixed", "b64", note("RFC 2046 5.2.1 forbids this.\n"), p))
	m.Want.Damage = "a message in base64"
	all = append(all, m)

	all = append(all, byHand("forward", "inline", "{head}\nSubject: Fwd: by hand\n\nFYI\n\n---------- Forwarded message ---------\nFrom: Tom <tom@example.org>\nDate: Mon, Jan 5, 2026 at 4:30 PM\nSubject: by hand\n\nHello.\n",
		Want{Subject: "Fwd: by hand", Text: "FYI\n\n---------- Forwarded message ---------\nFrom: Tom <tom@example.org>\nDate: Mon, Jan 5, 2026 at 4:30 PM\nSubject: by hand\n\nHello.\n"}))
	return all
}
