package corpus

// This file holds mail that programs send to many: newsletters, receipts, notices, mailing lists, cron.

import (
	"fmt"
	"strings"
)

func bulk() []Message {
	var all []Message
	shops := []struct{ name, from, subject, item, total, word string }{
		{"shop-en", "Example Shop", "Your order 10412 has shipped", "Bicycle bell, brass", "$24.90", "Total"},
		{"shop-de", "Beispiel Versand", "Ihre Bestellung 10412 wurde verschickt", "Fahrradklingel für Größe M", "24,90 €", "Summe"},
		{"shop-zh", "示例商城", "您的订单 10412 已发货", "自行车铃铛", "¥168.00", "合计"},
		{"shop-ja", "例示ストア", "ご注文 10412 を発送しました", "自転車ベル", "3,600円", "合計"},
		{"shop-ru", "Пример Магазин", "Заказ 10412 отправлен", "Велосипедный звонок", "1 900 ₽", "Итого"},
		{"shop-fr", "Boutique Exemple", "Votre commande 10412 a été expédiée", "Sonnette de vélo dorée", "24,90 €", "Total"},
	}
	for i, s := range shops {
		table := "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>" + s.subject + "</title>\n<style>\ntd { padding: 4px }\n@media (max-width: 600px) { .wide { display: none } }\n</style></head>\n<body>\n" +
			strings.Repeat("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td>\n", 4) +
			"<h1>" + s.subject + "</h1>\n<table><tr><td>" + s.item + "</td><td>" + s.total + "</td></tr><tr><td>" + s.word + "</td><td><b>" + s.total + "</b></td></tr></table>\n" +
			"<p><a href=\"https://shop.example/orders/10412?utm_source=mail&amp;utm_medium=receipt&amp;token=" + strings.Repeat("0123456789abcdef", 4) + "\">" + s.subject + "</a></p>\n" +
			"<img src=\"https://shop.example/open.gif?m=10412\" width=\"1\" height=\"1\" alt=\"\">\n" +
			strings.Repeat("</td></tr></table>\n", 4) + "</body>\n</html>\n"
		text := s.subject + "\n\n1 x " + s.item + "  " + s.total + "\n" + s.word + ": " + s.total + "\n\nhttps://shop.example/orders/10412?token=" + strings.Repeat("0123456789abcdef", 4) + "\n"
		doc := func(encode func(string, []byte) (cte, body string), role role, mediaType, text string) *part {
			cte, body := encode("utf-8", []byte(lines(text)))
			return &part{mediaType: mediaType, role: role, text: text, body: body, fields: fill("Content-Type: " + mediaType + "; charset=\"utf-8\"\nContent-Transfer-Encoding: " + cte)}
		}
		h := head{id: fmt.Sprintf("010f018c%02d@eu-west-1.mail.example", i), date: clock(i, "+0000"), subject: s.subject, from: people(s.from, "no-reply@shop.example"),
			reply: people("", "help@shop.example"), to: people("", "bob@example.org")}
		fields := func(extra string) []string {
			subject, from := h.subject, h.from[0].Name
			if !isASCII(subject) {
				subject = wordsQ("UTF-8", subject, 18)
			}
			if !isASCII(from) {
				from = wordsB("UTF-8", from, 36)
			}
			return fill("Received: by 192.0.2.9 with SMTP id a1csp; {date}\nDKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;\\n\ts=q7x; d=shop.example; t=1767662100;\\n\th=From:Reply-To:To:Subject;\\n\tbh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=;\\n\tb=c2lnbmF0dXJl\n"+
				"From: {from} <no-reply@shop.example>\nReply-To: help@shop.example\nTo: bob@example.org\nSubject: {subject}\nMIME-Version: 1.0\nDate: {date}\nMessage-ID: <{id}>"+extra,
				"{date}", h.date.Format(rfc5322), "{from}", from, "{subject}", subject, "{id}", h.id)
		}
		invoice := blob("invoice.pdf", 420)
		pdf := &part{mediaType: "application/pdf", role: asAttachment, file: fileOf("invoice-10412.pdf", "application/pdf", "", invoice), body: base64Lines(invoice, 76),
			fields: fill("Content-Type: application/pdf; name=\"invoice-10412.pdf\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"invoice-10412.pdf\"")}
		list := "\nList-Unsubscribe: <https://shop.example/u?m=10412>,\\n <mailto:leave@shop.example?subject=10412>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\nPrecedence: bulk\nFeedback-ID: 10412:campaign:shop"
		all = append(all,
			assemble("bulk", "receipt-"+s.name, h, fields(""), multipart("mixed", "_----receipt"+s.name, multipart("alternative", "_----alt"+s.name, doc(asQuoted, asText, "text/plain", text), doc(asQuoted, asHTML, "text/html", table)), pdf)),
			assemble("bulk", "newsletter-"+s.name, h, fields(list), multipart("alternative", "=_news_"+s.name, doc(as8bit, asText, "text/plain", text), doc(asBase64, asHTML, "text/html", strings.Repeat(table, 2)))),
			assemble("bulk", "html-"+s.name, h, fields(list), doc(asQuoted, asHTML, "text/html", table)),
		)
	}
	all = append(all,
		byHand("bulk", "cron", "Return-Path: <root@host.example>\nReceived: by host.example (Postfix, from userid 0)\n\tid 9A1B22C3D4; Tue,  6 Jan 2026 03:00:01 +0000 (UTC)\nFrom: root@host.example (Cron Daemon)\nTo: root@host.example\n"+
			"Subject: Cron <root@host> test -x /usr/sbin/backup && /usr/sbin/backup\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nX-Cron-Env: <SHELL=/bin/sh>\nX-Cron-Env: <HOME=/root>\n"+
			"Message-Id: <20260106030001.9A1B22C3D4@host.example>\nDate: Tue,  6 Jan 2026 03:00:01 +0000 (UTC)\n\nbackup: /srv: 42 files, 0 errors\n",
			Want{From: people("Cron Daemon", "root@host.example"), To: people("", "root@host.example"), Subject: "Cron <root@host> test -x /usr/sbin/backup && /usr/sbin/backup",
				MessageID: "20260106030001.9A1B22C3D4@host.example", Date: "2026-01-06T03:00:01Z", Text: "backup: /srv: 42 files, 0 errors\n"}),
		byHand("bulk", "sendmail-script", "{head}\nSubject: disk space on db1\n\n/dev/sda1  91% /\n/dev/sdb1  12% /var\n", Want{Subject: "disk space on db1", Text: "/dev/sda1  91% /\n/dev/sdb1  12% /var\n"}),
		byHand("bulk", "mailman-footer", "{head}\nSubject: [Users] Release 2.1\nList-Id: Users <users.lists.example.com>\nList-Post: <mailto:users@lists.example.com>\nContent-Type: multipart/mixed; boundary=\"===============1234567890123456789==\"\n\n"+
			"--===============1234567890123456789==\nContent-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: base64\n\n"+strings.ReplaceAll(base64Lines([]byte("Version 2.1 ist da: schöner, größer.\n"), 76), crlf, "\n")+
			"--===============1234567890123456789==\nContent-Type: text/plain; charset=\"us-ascii\"\nMIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\nContent-Disposition: inline\n\n_______________________________________________\nUsers mailing list\n\n--===============1234567890123456789==--\n",
			Want{Subject: "[Users] Release 2.1", Text: "Version 2.1 ist da: schöner, größer.\n", Tree: "multipart/mixed(text/plain text/plain)"}),
		byHand("bulk", "mailman-plain-footer", "{head}\nSubject: Re: [Users] Release 2.1\nIn-Reply-To: <x@example.com>\nReferences: <x@example.com> <y@example.com>\nList-Id: <users.lists.example.com>\n\n> Version 2.1\n\nGood.\n_______________________________________________\nUsers mailing list\n",
			Want{Subject: "Re: [Users] Release 2.1", Text: "> Version 2.1\n\nGood.\n_______________________________________________\nUsers mailing list\n"}),
		byHand("bulk", "auto-reply", "{head}\nSubject: =?UTF-8?Q?Abwesenheitsnotiz:_Gr=C3=BC=C3=9Fe?=\nAuto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\nPrecedence: auto_reply\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nIch bin bis 12. Januar nicht im B=FCro.\n",
			Want{Subject: "Abwesenheitsnotiz: Grüße", Text: "Ich bin bis 12. Januar nicht im Büro.\n"}),
		byHand("bulk", "verification-code", "{head}\nSubject: =?utf-8?B?5oKo55qE6aqM6K+B56CB?=\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<p>您的验证码是 <b>483920</b>,10 分钟内有效。</p>\n",
			Want{Subject: "您的验证码", HTML: "<p>您的验证码是 <b>483920</b>,10 分钟内有效。</p>\n", Tree: "text/html"}),
		byHand("bulk", "password-reset", "{head}\nSubject: Reset your password\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nUse this link:\n\nhttps://app.example/reset?user=3Dbob&token=3D0123456789abcdef0123456789abcdef0123=\n456789abcdef\n",
			Want{Subject: "Reset your password", Text: "Use this link:\n\nhttps://app.example/reset?user=bob&token=0123456789abcdef0123456789abcdef0123456789abcdef\n"}),
		byHand("bulk", "scanner", "{head}\nSubject: Message from \"RNP002673A1B2C3\"\nContent-Type: multipart/mixed;\n boundary=\"DC_BOUND_PRE_<1767662100.00267300a1b2>\"\n\n--DC_BOUND_PRE_<1767662100.00267300a1b2>\nContent-Type: text/plain\nContent-Transfer-Encoding: 7bit\n\nThis E-mail was sent from \"RNP002673A1B2C3\" (MP C3004).\n\n--DC_BOUND_PRE_<1767662100.00267300a1b2>--\n",
			Want{Subject: `Message from "RNP002673A1B2C3"`, Text: "This E-mail was sent from \"RNP002673A1B2C3\" (MP C3004).\n", Tree: "multipart/mixed(text/plain)"}),
		byHand("bulk", "amp", "{head}\nSubject: interactive\nContent-Type: multipart/alternative; boundary=amp\n\n--amp\nContent-Type: text/plain\n\nplain\n\n--amp\nContent-Type: text/x-amp-html; charset=utf-8\n\n<!doctype html><html amp4email></html>\n\n--amp\nContent-Type: text/html; charset=utf-8\n\n<p>html</p>\n\n--amp--\n",
			Want{Subject: "interactive", Text: "plain\n", HTML: "<p>html</p>\n", Tree: "multipart/alternative(text/plain text/x-amp-html text/html)"}),
	)
	return all
}
