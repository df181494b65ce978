package main

// The mail, written by hand, with the subject and the body in GBK and base64.

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// message returns the mail in the format of RFC 5322 and RFC 2045, with the same text as plain text and as HTML.
func message(to string) []byte {
	lines := []string{
		"From: <" + sender + ">",
		"To: <" + to + ">",
		"Date: Tue, 9 Dec 2014 11:20:55 +0800",
		"Message-ID: <20141209112055.1@wchrt.vicp.cc>",
		"Subject: =?GBK?B?" + gbk(subject) + "?=",
		"MIME-Version: 1.0",
		"Content-Type: multipart/alternative; boundary=\"--=_Part=\"",
		"",
		"This is a multi-part message in MIME format.",
		"----=_Part=",
		"Content-Type: text/plain; charset=GBK",
		"Content-Transfer-Encoding: base64",
		"",
		gbk(text),
		"----=_Part=",
		"Content-Type: text/html; charset=GBK",
		"Content-Transfer-Encoding: base64",
		"",
		gbk("<p>" + strings.TrimSpace(text) + "</p>"),
		"----=_Part=--",
		"",
	}
	return []byte(strings.Join(lines, "\r\n"))
}

// gbk returns text in GBK and base64. It is short enough for one line.
func gbk(text string) string {
	encoded, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		panic(fmt.Sprintf("%q has no GBK form: %v", text, err))
	}
	return base64.StdEncoding.EncodeToString([]byte(encoded))
}
