package browser

// Keys, views, deletion and downloads, as a person does them.

import (
	"bytes"
	"context"
	"fmt"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// patience is how long the browser may take for one thing.
const patience = time.Minute

func TestViews(t *testing.T) {
	t.Parallel()
	ctx := open(t, "")
	srv, p := serve(t)
	send(t, srv, rich("Views"))
	do(t, ctx, chromedp.Navigate(p.URL()+"/messages/1"), chromedp.WaitVisible(chromedp.CSS("iframe.mail")))
	for _, view := range []struct{ key, title, text string }{
		{"2", "Text", "Thank you"},
		{"3", "Source", "pixel.gif"},
		{"4", "Headers", "Content-Type"},
		{"5", "Parts", "invoice.pdf"},
		{"6", "Links", "https://shop.example/confirm"},
		{"7", "Checks", "SPF"},
		{"8", "Raw", "JVBERi0xLjcAAf8="},
		{"1", "HTML", "1 remote item blocked"},
	} {
		do(t, ctx, press(view.key), chromedp.WaitVisible(`//nav[@class="tabs"]/a[@aria-current and starts-with(normalize-space(.), "`+view.title+`")]`))
		if text := value[string](t, ctx, `document.querySelector(".view").innerText`); !strings.Contains(text, view.text) {
			t.Errorf("view %s: %q is not in %q", view.title, view.text, text)
		}
	}
}

// serveThree serves the page of a server with three messages.
func serveThree(t *testing.T) (*mailtest.Server, *inspect.Page) {
	t.Helper()
	srv, p := serve(t)
	for _, subject := range []string{"One", "Two", "Three"} {
		send(t, srv, rich(subject))
	}
	return srv, p
}

// heading waits for the heading of a page.
func heading(text string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(`//h1[.="` + text + `"]`)
}

// TestSearch types a search: the key / leads to the field and is not in it, Enter searches, and Escape leaves the field.
func TestSearch(t *testing.T) {
	t.Parallel()
	ctx := open(t, "")
	_, p := serveThree(t)
	typed := func() string {
		return value[string](t, ctx, `document.activeElement.id + " " + document.getElementById("q").value`)
	}
	do(t, ctx, chromedp.Navigate(p.URL()), heading("3 messages"), press("/"), press("subject:two"))
	if got, want := typed(), "q subject:two"; got != want {
		t.Errorf("focus and search field are %q, want %q", got, want)
	}
	do(t, ctx, press(kb.Enter), heading("1 message found"), press("j"), press(kb.Enter), heading("Two"), press("u"), heading("1 message found"))
	do(t, ctx, press("/"), press(kb.Escape), press("j"), press(kb.Enter), heading("Two"))
	do(t, ctx, press("/"), press("colour:red"), press(kb.Enter), heading("That did not work"))
	if text := value[string](t, ctx, `document.querySelector("[role=alert]").innerText`); !strings.Contains(text, `there is no field "colour"`) {
		t.Errorf("a bad query is answered by %q", text)
	}
	if got, want := value[string](t, ctx, `document.getElementById("q").value`), "colour:red"; got != want {
		t.Errorf("after that the search field has %q, want %q", got, want)
	}
}

// TestSessionsLive has a session that begins, speaks and ends on its page without a reload, leaves alone what somebody has opened to
// read, and says when the server is gone.
func TestSessionsLive(t *testing.T) {
	t.Parallel()
	ctx := open(t, "")
	srv, p := serve(t)
	do(t, ctx, chromedp.Navigate(p.URL()+"/sessions"), chromedp.WaitVisible(`//h1[.="0 sessions"]`), chromedp.WaitVisible(`//*[@id="live" and .="Live"]`))
	c, err := smtp.Dial(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.WaitVisible(`//h1[.="1 session"]`), press("j"), press(kb.Enter), shows("The connection is open."))
	srv.AddRules(mailtest.Rule{At: mailtest.Dot, Reply: "554 5.7.1 Refused"})
	if err := deliver(c, rich("Live")); err == nil {
		t.Error("the message was accepted")
	}
	do(t, ctx, chromedp.Click(chromedp.CSS("td summary")), shows("JVBERi0xLjcAAf8="))
	value[bool](t, ctx, `new Promise(opened => window.told = new Promise(told => {
		const events = new EventSource("/events");
		let n = 0;
		events.addEventListener("change", () => { if (++n === 1) opened(true); else { told(true); events.close(); } });
	}))`)
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
	value[bool](t, ctx, `window.told`)
	do(t, ctx, chromedp.WaitVisible(`//td//pre`), chromedp.Click(chromedp.CSS("td summary")), shows("Ended: QUIT"))
	p.Close()
	do(t, ctx, chromedp.WaitVisible(`//*[@id="live" and .="The server is gone"]`))
}

func TestKeysAndDelete(t *testing.T) {
	t.Parallel()
	ctx := open(t, "")
	srv, p := serveThree(t)
	do(t, ctx, chromedp.Navigate(p.URL()), heading("3 messages"), press("j"), press("j"), press(kb.Enter), heading("Two"),
		press("j"), heading("One"), press("u"), heading("3 messages"),
		press("j"), press("d"), heading("2 messages"))
	if left := srv.Messages(); len(left) != 2 || left[1].Subject != "Two" {
		t.Errorf("left are %v, want One and Two", left)
	}
	err := chromedp.Listen(ctx, func(e any) {
		if _, asked := e.(*page.EventJavascriptDialogOpening); asked {
			go chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS(`form[action="/messages/delete"] button`)), heading("0 messages"))
	if left := srv.Messages(); len(left) != 0 {
		t.Errorf("left are %v, want none", left)
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	ctx := open(t, "")
	srv, p := serve(t)
	send(t, srv, rich("Download")+"Latin 1: \xe9, a bare CR: \r, and a NUL: \x00\r\n")
	dir := t.TempDir()
	done := make(chan string, 4)
	err := chromedp.ListenBrowser(ctx, func(e any) {
		if e, ok := e.(*cdp.EventDownloadProgress); ok && e.State == cdp.DownloadProgressStateCompleted {
			done <- e.GUID
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	told := true
	if _, err := chromedp.CallBrowser(ctx, cdp.SetDownloadBehavior, cdp.SetDownloadBehaviorParams{
		Behavior: cdp.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: &told,
	}); err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct {
		view, link string
		want       []byte
	}{
		{"raw", `a[href$="/raw"]`, srv.Messages()[0].Raw},
		{"parts", `a[download="invoice.pdf"]`, srv.Messages()[0].Attachments[0].Content},
	} {
		do(t, ctx, chromedp.Navigate(p.URL()+"/messages/1?view="+file.view), chromedp.Click(chromedp.CSS(file.link)))
		select {
		case name := <-done:
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || !bytes.Equal(got, file.want) {
				t.Errorf("%s: got %q, %v; want %q", file.view, got, err, file.want)
			}
		case <-time.After(patience):
			t.Fatalf("%s: no download", file.view)
		}
	}
}

// press presses keys as a keyboard does: rawKeyDown, char, keyUp. With the keyDown of [chromedp.KeyEvent], a key whose
// keydown event was prevented is written into the focused field all the same.
func press(keys string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(keys, func(k *input.DispatchKeyEventParams) {
		if k.Type == kb.KeyDown {
			k.Type = kb.KeyRawDown
		}
	})
}

// value returns what JavaScript says.
func value[T any](t testing.TB, ctx context.Context, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

// serve starts a server and the page that shows it.
func serve(t testing.TB) (*mailtest.Server, *inspect.Page) {
	t.Helper()
	srv := mailtest.New(t)
	return srv, inspect.New(t, srv)
}

// send delivers a message, whose lines end in CRLF.
func send(t testing.TB, srv *mailtest.Server, message string) {
	t.Helper()
	if err := smtp.SendMail(srv.Addr(), nil, "alice@shop.example", []string{"bob@qq.com"}, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

// rich is a message with everything that views show.
func rich(subject string) string {
	var b bytes.Buffer
	for _, line := range []string{
		"From: Alice <alice@shop.example>", "To: bob@qq.com", "Subject: " + subject, "MIME-Version: 1.0",
		"Content-Type: multipart/mixed; boundary=m", "",
		"--m", "Content-Type: multipart/alternative; boundary=a", "",
		"--a", "Content-Type: text/plain", "", "Thank you",
		"--a", "Content-Type: text/html", "", `<p>Thank <b>you</b>, <a href="https://shop.example/confirm">confirm</a></p><img src="https://evil.example/pixel.gif" alt="">`,
		"--a--",
		"--m", `Content-Type: application/pdf; name="invoice.pdf"`, `Content-Disposition: attachment; filename="invoice.pdf"`, "Content-Transfer-Encoding: base64", "",
		"JVBERi0xLjcAAf8=", "--m--", "",
	} {
		fmt.Fprintf(&b, "%s\r\n", line)
	}
	return b.String()
}
