package corpus

// This file names attachments in all the ways that there are: RFC 2183, RFC 2231, and what mail
// programs do.

import "strings"

func filenames() []Message {
	gbk := string(encodeCharset("gbk", "报价单.pdf"))
	koi8 := string(encodeCharset("koi8-r", "Отчёт.pdf"))
	long := strings.Repeat("非常长的文件名", 12) + ".pdf"
	var all []Message
	for _, c := range []struct{ name, typeParam, disposition, want, damage string }{
		{"token", "", "attachment; filename=report.pdf", "report.pdf", ""},
		{"quoted", "", `attachment; filename="annual report (final).pdf"`, "annual report (final).pdf", ""},
		{"escaped-quotes", "", `attachment; filename="the \"good\" one.pdf"`, `the "good" one.pdf`, ""},
		{"name-alone", `; name="from type.pdf"`, "attachment", "from type.pdf", ""},
		{"filename-wins", `; name="type.pdf"`, `attachment; filename="disposition.pdf"`, "disposition.pdf", ""},
		{"no-disposition", `; name="only.pdf"`, "", "only.pdf", ""},
		{"rfc2231", "", "attachment; filename*=UTF-8''%E5%90%88%E5%90%8C.pdf", "合同.pdf", ""},
		{"rfc2231-language", "", "attachment; filename*=utf-8'zh-CN'%E5%90%88%E5%90%8C.pdf", "合同.pdf", ""},
		{"rfc2231-gbk", "", "attachment; filename*=GBK''%BA%CF%CD%AC.pdf", "合同.pdf", ""},
		{"rfc2231-latin1", "", "attachment; filename*=iso-8859-1'de'Gr%F6%DFe.pdf", "Größe.pdf", ""},
		{"rfc2231-segments", "", "attachment;\n " + strings.ReplaceAll(extended("filename", "UTF-8", "", long, 50), crlf, "\n"), long, ""},
		{"rfc2231-no-charset", "", "attachment; filename*0=\"a very long name that \";\n filename*1=\"was cut in two.pdf\"", "a very long name that was cut in two.pdf", ""},
		{"rfc2231-mixed-segments", "", "attachment; filename*0*=utf-8''%E5%B9%B4; filename*1=\" plain \"; filename*2*=%E6%9C%88.pdf", "年 plain 月.pdf", ""},
		{"rfc2231-out-of-order", "", "attachment; filename*1*=%E5%90%8C.pdf; filename*0*=utf-8''%E5%90%88", "合同.pdf", ""},
		{"rfc2231-cut-character", "", "attachment; filename*0*=utf-8''%E5%90%88%E5; filename*1*=%90%8C.pdf", "合同.pdf", ""},
		{"rfc2231-and-plain", "", `attachment; filename="contract.pdf"; filename*=UTF-8''%E5%90%88%E5%90%8C.pdf`, "合同.pdf", ""},
		{"rfc2047", "", `attachment; filename="=?UTF-8?B?5ZCI5ZCMLnBkZg==?="`, "合同.pdf", ""},
		{"rfc2047-q", "", `attachment; filename="=?iso-8859-1?Q?Gr=F6=DFe.pdf?="`, "Größe.pdf", ""},
		{"rfc2047-without-quotes", "", "attachment; filename==?UTF-8?B?5ZCI5ZCMLnBkZg==?=", "合同.pdf", ""},
		{"rfc2047-two-words", "", "attachment; filename=\"=?GBK?B?us8=?=\n =?GBK?B?zawucGRm?=\"", "合同.pdf", ""},
		{"rfc2047-with-extension-behind", "", `attachment; filename="=?UTF-8?B?5ZCI5ZCM?=.pdf"`, "合同.pdf", ""},
		{"utf8-raw", "", `attachment; filename="合同.pdf"`, "合同.pdf", ""},
		{"gbk-raw", "", `attachment; filename="` + gbk + `"`, "报价单.pdf", "the name is GBK as it is"},
		{"koi8-raw-in-type", `; charset=koi8-r; name="` + koi8 + `"`, "attachment", "Отчёт.pdf", "the name is KOI8-R as it is"},
		{"without-quotes-with-spaces", "", "attachment; filename=my holiday photo.pdf", "my holiday photo.pdf", ""},
		{"path", "", `attachment; filename="../../etc/passwd"`, "../../etc/passwd", ""},
		{"windows-path", "", `attachment; filename="C:\Users\bob\report.pdf"`, `C:\Users\bob\report.pdf`, ""},
		{"upper-case", "", `ATTACHMENT; FILENAME="UPPER.PDF"`, "UPPER.PDF", ""},
		{"semicolon-in-quotes", "", `attachment; filename="a;b=c.pdf"`, "a;b=c.pdf", ""},
		{"trailing-semicolon", "", `attachment; filename="a.pdf";`, "a.pdf", ""},
		{"comment", "", `attachment (as asked for); filename="a.pdf" (the new one)`, "a.pdf", ""},
		{"unknown-disposition", "", `x-private; filename="a.pdf"`, "a.pdf", ""},
		{"segment-missing", "", "attachment; filename*0=\"one \"; filename*2=\"three.pdf\"", "one three.pdf", "segment 1 of the name is not there"},
		{"no-closing-quote", "", `attachment; filename="open.pdf`, "open.pdf", "the name has no closing quote"},
	} {
		b, body := content("filename.pdf", 90)
		disposition := ""
		if c.disposition != "" {
			disposition = "Content-Disposition: " + c.disposition + "\n"
		}
		all = append(all, byHand("filename", c.name, "{head}\nSubject: "+c.name+"\nContent-Type: multipart/mixed; boundary=xyz\n\n--xyz\nContent-Type: text/plain\n\nSee the file.\n\n--xyz\n"+
			"Content-Type: application/pdf"+c.typeParam+"\n"+disposition+"Content-Transfer-Encoding: base64\n\n"+body+"--xyz--\n", Want{
			Damage: c.damage, Subject: c.name, Text: "See the file.\n", Tree: "multipart/mixed(text/plain application/pdf)",
			Attachments: []File{fileOf(c.want, "application/pdf", "", b)},
		}))
	}
	return all
}
