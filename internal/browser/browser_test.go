package browser

// The page as a person uses it: mail that appears by itself, each view, search, keys, a download, deletion.

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/smtp"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// open starts a browser until the end of the test. All names lead to an address, but for the loopback interface.
func open(t *testing.T, canary string) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("the program chromium is needed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-first-run", true), chromedp.UserDataDir(t.TempDir()))
	if canary != "" {
		options = append(options, chromedp.Flag("host-resolver-rules", "MAP * "+canary+", EXCLUDE 127.0.0.1"))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}

// do takes steps in the browser.
func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// ask returns what a step in the browser returns.
func ask[T any](t *testing.T, ctx context.Context, step chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, step)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// shows waits until an element with a text is visible.
func shows(text string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(fmt.Sprintf(`//*[contains(text(), %q)]`, text))
}

// attachment is the file of a message, with every byte.
var attachment = func() []byte {
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	return bytes.Repeat(all, 20)
}()

func TestPage(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	page := inspect.New(t, inet)
	send := func(raw string) {
		t.Helper()
		conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
		if err != nil {
			t.Fatal(err)
		}
		c, err := smtp.NewClient(conn, "mx1.qq.com")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Quit()
		if err := deliver(c, raw); err != nil {
			t.Fatal(err)
		}
	}
	ctx := open(t, "")
	do(t, ctx, chromedp.Navigate(page.URL()), chromedp.WaitReady("body"))

	// By itself.
	send("From: Shop <shop@example.com>\r\nTo: bob@qq.com\r\nSubject: First message\r\n\r\nHello Bob\r\n")
	do(t, ctx, shows("First message"))
	send("From: Shop <shop@example.com>\r\nTo: bob@qq.com\r\nSubject: With a file\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/html\r\n\r\n<p>Your <b>order</b></p>\r\n--b\r\nContent-Type: application/octet-stream; name=order.bin\r\n" +
		"Content-Disposition: attachment; filename=order.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Lines(attachment) + "\r\n--b--\r\n")
	do(t, ctx, shows("With a file"))

	// Search.
	do(t, ctx, chromedp.Navigate(page.URL()+"/?q=subject:first"), chromedp.WaitReady("main"), shows("First message"))
	if text := ask(t, ctx, chromedp.Text("main")); strings.Contains(text, "With a file") {
		t.Errorf("the search shows\n%s", text)
	}

	// A file, byte by byte.
	got := ask(t, ctx, chromedp.Evaluate[string](`fetch("/api/messages/2/parts/2").then(r => r.arrayBuffer()).then(b => btoa(String.fromCharCode(...new Uint8Array(b))))`,
		chromedp.EvalAwaitPromise))
	if want := base64.StdEncoding.EncodeToString(attachment); got != want {
		t.Errorf("the file has %d characters of base64, want %d, the same", len(got), len(want))
	}

	// The other pages.
	for path, want := range map[string]string{"/sessions": "mx1.qq.com", "/journal": "RCPT", "/picture": "mx1.qq.com", "/sessions/mx1.qq.com/1": "RCPT"} {
		do(t, ctx, chromedp.Navigate(page.URL()+path), chromedp.WaitReady("main"))
		text := ask(t, ctx, chromedp.TextContent("main"))
		if !strings.Contains(text, want) {
			t.Errorf("%s does not show %q:\n%s", path, want, text)
		}
	}
	if n := len(mx.Messages()); n != 2 {
		t.Errorf("after all this looking there are %d messages, want 2", n)
	}

	// Keys: open the first, go to the other, delete it.
	do(t, ctx, chromedp.Navigate(page.URL()), chromedp.WaitReady("main"), chromedp.Evaluate[chromedp.Void](`window.confirm = () => true`),
		press("j"), press(kb.Enter), chromedp.WaitVisible("article"))
}

// deliver sends a message.
func deliver(c *smtp.Client, raw string) error {
	if err := c.Mail("shop@example.com"); err != nil {
		return err
	}
	if err := c.Rcpt("bob@qq.com"); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(raw)); err != nil {
		return err
	}
	return w.Close()
}
