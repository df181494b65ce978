package inspect

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// inHTML returns a message with HTML.
func inHTML(page string) *mailtest.Message {
	return mailtest.ParseMessage([]byte("Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page))
}

func TestRender(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, page, want string
		blocked          int
	}{
		{"plain", `<p class=a>Hi <b>Bob</b></p>`, `<p class="a">Hi <b>Bob</b></p>`, 0},
		{"script", `<p>a<script>alert(1)</script>b</p>`, `<p>ab</p>`, 0},
		{"handler", `<p onclick="alert(1)">a</p>`, `<p>a</p>`, 0},
		{"link", `<a href="https://evil.example/" title="https://good.example/">a</a>`, `<a title="https://evil.example/">a</a>`, 0},
		{"javascript", `<a href="javascript:alert(1)">a</a>`, `<a title="javascript:alert(1)">a</a>`, 0},
		{"remote image", `<img src="https://t.example/p.gif" alt="x">`, `<img alt="x">`, 1},
		{"image without scheme", `<img src="//t.example/p.gif" alt="x">`, `<img alt="x">`, 1},
		{"srcset", `<img srcset="https://t.example/p.gif 2x" alt="x">`, `<img alt="x">`, 1},
		{"background", `<table><tr><td background="http://t.example/p.gif">a</td></tr></table>`, `<table><tr><td>a</td></tr></table>`, 1},
		{"css", `<p style="color:red;background:url(https://t.example/p.gif)">a</p>`, `<p style="color:red;background:none">a</p>`, 1},
		{"css without end", `<p style="background:url(https://t.example">a</p>`, `<p style="background:none">a</p>`, 1},
		{"data image", `<img src="data:image/png;base64,AAAA">`, `<img src="data:image/png;base64,AAAA">`, 0},
		{"data page", `<img src="data:text/html;base64,AAAA" alt="x">`, `<img alt="x">`, 0},
		{"svg", `<svg onload="alert(1)"><script>alert(1)</script></svg>a`, `a`, 0},
		{"form", `<form action="https://evil.example/"><input name=a><button>b</button></form>`, `b`, 0},
		{"base and refresh", `<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example/">a`, `a`, 0},
		{"frame", `<iframe src="https://evil.example/"></iframe><object data="https://evil.example/x"></object><embed src="https://evil.example/y">a`, `a`, 3},
		{"body", `<body bgcolor="#fff" onload="x()">a</body>`, `<div bgcolor="#fff">a</div>`, 0},
	} {
		document, blocked := render(inHTML(test.page))
		_, body, _ := strings.Cut(document, "<body>")
		body, _, _ = strings.Cut(body, "</body>")
		if strings.TrimSpace(body) != test.want || blocked != test.blocked {
			t.Errorf("%s: %q, %d blocked; want %q, %d", test.name, body, blocked, test.want, test.blocked)
		}
	}
}

func TestRenderSheet(t *testing.T) {
	t.Parallel()
	document, blocked := render(inHTML(`<style>@import url(https://t.example/a.css); .a{background:url('//t.example/b.png')} p{color:red}</style><p>a</p>`))
	if strings.Contains(document, "t.example") || !strings.Contains(document, "p{color:red}") || blocked != 2 {
		t.Errorf("%d blocked:\n%s", blocked, document)
	}
}

func TestRenderInline(t *testing.T) {
	t.Parallel()
	m := mailtest.ParseMessage([]byte("MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" +
		"<img src=\"cid:logo\"><img src=\"CID:page\" alt=\"x\">\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n" +
		"--b\r\nContent-Type: text/html\r\nContent-ID: <page>\r\n\r\n<script>\r\n--b--\r\n"))
	document, blocked := render(m)
	if !strings.Contains(document, `<img src="data:image/png;base64,iVBORw=="><img alt="x">`) || blocked != 0 {
		t.Errorf("%d blocked:\n%s", blocked, document)
	}
}

// mustNotBe finds what can do something in a document.
func mustNotBe(document string) error {
	z := html.NewTokenizer(strings.NewReader(document))
	loads := regexp.MustCompile(`(?i)@import|url\s*\(`)
	sheet := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return nil
		case html.TextToken:
			if raw := z.Raw(); sheet && loads.Match(raw) {
				return fmt.Errorf("a sheet loads something: %s", raw)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			sheet = t.Data == "style"
			switch t.Data {
			case "script", "iframe", "frame", "object", "embed", "base", "link", "form", "input", "button", "svg", "math", "video", "audio", "template", "noscript":
				return fmt.Errorf("there is %s", t)
			}
			for _, a := range t.Attr {
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "href", a.Key == "srcset", a.Key == "background", a.Key == "action", a.Key == "formaction",
					a.Key == "src" && !strings.HasPrefix(a.Val, "data:image/"), a.Key == "style" && loads.MatchString(a.Val):
					return fmt.Errorf("there is %s", t)
				}
			}
		}
	}
}

func TestRenderLarge(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"nested": strings.Repeat("<div>", 10_000) + "a" + strings.Repeat("</div>", 10_000),
		"table":  "<table>" + strings.Repeat("<tr><td>cell</td></tr>", 100_000) + "</table>",
		"tags":   strings.Repeat("<", 1<<20),
		"styles": strings.Repeat("<style>a{b:url(", 50_000),
	} {
		document, _ := render(inHTML(page))
		if err := mustNotBe(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, page := range []string{
		`<p>Hi`, `<style>a{b:url(x)}</style><a href=x onclick=y>z</a>`, `<img src=cid:a><img src="//x">`, `<svg><style><img src=x onerror=y></style></svg>`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<style><!--</style><img src=x onerror=y>--></style>`, `<title><style></title><script>x</script>`,
		`<textarea><style></textarea><iframe src=x>`, `<p style="background:u\72l(//x)">`, "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
	} {
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, page string) {
		m := &mailtest.Message{HTML: page}
		document, _ := render(m)
		if err := mustNotBe(document); err != nil {
			t.Errorf("%q: %v\n%s", page, err, document)
		}
	})
}

func TestReadInvitation(t *testing.T) {
	t.Parallel()
	got := readInvitation("BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:A lo\n ng call\\, or not\nDTSTART;TZID=Asia/Shanghai:20261201T100000\n" +
		"DTEND:20261201T030000Z\nORGANIZER;CN=Jo:MAILTO:jo@shop.example\nATTENDEE:mailto:bob@qq.com\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:second\nEND:VEVENT\n")
	want := invitation{
		Method: "REQUEST", Summary: "A long call, or not", Organizer: "jo@shop.example", Start: "Tue 1 Dec 2026 10:00 Asia/Shanghai",
		End: "Tue 1 Dec 2026 03:00 UTC", Attendees: []string{"bob@qq.com"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := readInvitation(""); fmt.Sprint(got) != fmt.Sprint(invitation{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

func FuzzReadInvitation(f *testing.F) {
	f.Add("BEGIN:VEVENT\nDTSTART;TZID=:2026\nEND:VEVENT")
	f.Fuzz(func(t *testing.T, text string) {
		if inv := readInvitation(text); len(inv.Attendees) > mostAttendees {
			t.Errorf("%d attendees", len(inv.Attendees))
		}
	})
}
