package inspect_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// everyPage are the pages of world.
var everyPage = []string{
	"/", "/?q=nothing", "/?q=subject:welcome", "/?before=2", "/messages/1", "/messages/1?view=html&width=phone&scheme=dark", "/messages/1?view=text", "/messages/1?view=source",
	"/messages/1?view=headers", "/messages/1?view=parts", "/messages/1?view=links", "/messages/1?view=checks", "/messages/1?view=raw&q=welcome",
	"/sessions", "/sessions/mx1.qq.com/1", "/journal", "/journal?after=3", "/journal/1", "/picture",
}

func TestPages(t *testing.T) {
	t.Parallel()
	_, page := world(t)
	for _, path := range everyPage {
		status, header, body := ask(t, "GET", page.URL()+path, "")
		if status != http.StatusOK || header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %v\n%s", path, status, header, body)
			continue
		}
		checkHTML(t, path, body)
	}
	for path, want := range map[string]int{"/?q=form:x": 400, "/?before=x": 400, "/messages/7": 404, "/messages/x": 400, "/sessions/mx1.qq.com/7": 404, "/journal?after=x": 400, "/journal/0": 404, "/journal/x": 404, "/nowhere": 404} {
		if status, _, body := ask(t, "GET", page.URL()+path, ""); status != want {
			t.Errorf("%s: %d, want %d\n%s", path, status, want, body)
		}
	}
	if _, _, body := ask(t, "GET", page.URL()+"/nowhere", ""); !bytes.Contains(body, []byte(`there is no page /nowhere</p>`)) || !bytes.Contains(body, []byte(`<a href="/">`)) {
		t.Errorf("a page that does not exist is\n%s", body)
	}
	for path, allowed := range map[string]string{"/journal": "GET, HEAD", "/api/rules": "DELETE, GET, HEAD, POST"} {
		if status, header, _ := ask(t, "PUT", page.URL()+path, ""); status != http.StatusMethodNotAllowed || header.Get("Allow") != allowed {
			t.Errorf("PUT %s: %d, allowed are %q, want %q", path, status, header.Get("Allow"), allowed)
		}
	}
}

// checkHTML looks for what makes a page malformed, unsafe or hard to use.
func checkHTML(t *testing.T, name string, page []byte) {
	t.Helper()
	var open []string
	headings := 0
	ids := make(map[string]bool)
	labels := make(map[string]bool)
	var inputs []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		if kind == html.EndTagToken {
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Errorf("%s: </%s> ends %v", name, token.Data, open)
				return
			}
			open = open[:len(open)-1]
			continue
		}
		if kind != html.StartTagToken {
			continue
		}
		attributes := make(map[string]string)
		for _, a := range token.Attr {
			attributes[a.Key] = a.Val
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("%s: %s", name, token)
			}
		}
		if id := attributes["id"]; id != "" {
			if ids[id] {
				t.Errorf("%s: two elements have the id %s", name, id)
			}
			ids[id] = true
		}
		switch token.Data {
		case "h1":
			headings++
		case "label":
			labels[attributes["for"]] = true
		case "img":
			if attributes["alt"] == "" {
				t.Errorf("%s: %s has no alternative text", name, token)
			}
		case "iframe":
			if sandbox, ok := attributes["sandbox"]; !ok || sandbox != "" || attributes["title"] == "" {
				t.Errorf("%s: %s", name, token)
			}
		case "input":
			if attributes["type"] != "hidden" {
				inputs = append(inputs, attributes["id"])
			}
		}
		switch token.Data {
		case "meta", "link", "input", "img", "br", "hr", "wbr":
		default:
			open = append(open, token.Data)
		}
	}
	if len(open) != 0 || headings != 1 {
		t.Errorf("%s: %v are open at the end, and there are %d headings h1", name, open, headings)
	}
	for _, id := range inputs {
		if !labels[id] {
			t.Errorf("%s: input %q has no label", name, id)
		}
	}
}

// TestStepsLeadToTheirBytes follows the events of the journal to their turns.
func TestStepsLeadToTheirBytes(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	turns := 0
	for _, e := range inet.Journal() {
		kind, what, _ := strings.Cut(e.What, " ")
		_, command, _ := strings.Cut(what, " ")
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Head(page.URL() + "/journal/" + strconv.Itoa(e.Number))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		at := resp.Request.URL
		if resp.StatusCode != http.StatusOK || kind == "ask" && at.Fragment != "event-"+strconv.Itoa(e.Number) {
			t.Errorf("%v leads to %v", e, at)
		}
		if kind != "smtp" {
			continue
		}
		turns++
		n, err := strconv.Atoi(strings.TrimPrefix(at.Fragment, "turn-"))
		if s := inet.Sessions()[0]; err != nil || n > len(s.Turns) || command[0] != '(' && s.Turns[n-1].Command != command {
			t.Errorf("%v leads to %v", e, at)
		}
	}
	if turns < 5 {
		t.Errorf("%d turns, want more", turns)
	}
}

// TestInside opens a message with a picture, an invitation, and messages inside.
func TestInside(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	inner := "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: text/html\r\n\r\n<p style=\"color:red\">Inside</p>\r\n"
	deliver(t, inet, "bob@qq.com", "Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n"+
		"--b\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY:A call\r\nEND:VEVENT\r\n"+strings.Repeat(inner, 30)+"--b--\r\n")
	_, _, body := ask(t, "GET", page.URL()+"/messages/2", "")
	checkHTML(t, "message", body)
	if n := bytes.Count(body, []byte("<iframe")); n != 20 || !bytes.Contains(body, []byte("A call")) {
		t.Errorf("%d frames, want 20, in\n%s", n, body)
	}
	_, header, body := ask(t, "GET", page.URL()+"/messages/2/frame/3", "")
	if !bytes.Contains(body, []byte(`<p style="color:red">Inside</p>`)) || !strings.HasSuffix(header.Get("Content-Security-Policy"), "; sandbox") {
		t.Errorf("the frame: %v\n%s", header, body)
	}
	for _, path := range []string{"/messages/2/frame/1", "/messages/2/frame/99"} {
		if status, _, body := ask(t, "GET", page.URL()+path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d\n%s", path, status, body)
		}
	}
	_, _, body = ask(t, "GET", page.URL()+"/messages/2?view=parts", "")
	if !bytes.Contains(body, []byte(`<img src="/api/messages/2/parts/1"`)) {
		t.Errorf("no picture of part 1:\n%s", body)
	}
}

func TestDeletingByForm(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	deliver(t, inet, "eve@qq.com", "Subject: two\r\n\r\nHi\r\n")
	deliver(t, inet, "eve@qq.com", "Subject: three\r\n\r\nHi\r\n")
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	if status, _, body := ask(t, "POST", page.URL()+"/messages/delete", "q=subject:two", form...); status != http.StatusOK || len(inet.Messages()) != 2 {
		t.Errorf("deleting what matches: %d, %v\n%s", status, inet.Messages(), body)
	}
	if status, _, body := ask(t, "POST", page.URL()+"/messages/3/delete", "q=", form...); status != http.StatusOK || len(inet.Messages()) != 1 {
		t.Errorf("deleting one: %d, %v\n%s", status, inet.Messages(), body)
	}
	status, _, body := ask(t, "POST", page.URL()+"/messages/1/delete", "q=", append(form, "Origin", "http://evil.example")...)
	if status != http.StatusForbidden || len(inet.Messages()) != 1 {
		t.Errorf("deleting from another origin: %d %s", status, body)
	}
}

func TestServerAlone(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	page := inspect.New(t, srv)
	for _, path := range []string{"/", "/sessions", "/journal", "/picture"} {
		status, _, body := ask(t, "GET", page.URL()+path, "")
		if status != http.StatusOK || path == "/" && bytes.Contains(body, []byte(`href="/journal"`)) {
			t.Errorf("%s: %d\n%s", path, status, body)
		}
	}
}

// TestSpoofedLinks has a link whose text names another site than its target: the view of links and the API say so, as the
// checks do.
func TestSpoofedLinks(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	deliver(t, inet, "bob@qq.com", "Subject: Pay\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"+
		`<a href="https://evil.example/login">www.bank.example</a> <a href="https://shop.example/">shop.example</a>`)
	const says = "The text says bank.example, but the link leads to evil.example."
	for path, want := range map[string]int{"/messages/1?view=links": 0, "/messages/2?view=links": 1} {
		if _, _, body := ask(t, "GET", page.URL()+path, ""); strings.Count(string(body), says) != want || strings.Count(string(body), "not where it leads") != want {
			t.Errorf("%s: want %d times %q in\n%s", path, want, says, body)
		}
	}
	message := get[struct {
		Links []struct{ URL, Text, Says string }
	}](t, page.URL()+"/api/messages/2")
	if len(message.Links) != 2 || message.Links[0].Says != "bank.example" || message.Links[1].Says != "" {
		t.Errorf("the links are %+v", message.Links)
	}
	var report bytes.Buffer
	if err := inspect.WriteReport(&report, inet); err != nil || !strings.Contains(report.String(), says) {
		t.Errorf("the report does not say %q: %v", says, err)
	}
}

// A page without a source panics where it is made.
func TestNoSource(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"New":   func() { inspect.New(t, nil) },
		"Start": func() { new(inspect.Page).Start() },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, "Page.Source is nil") {
					t.Errorf("%s: got %q, want a panic about Page.Source", name, got)
				}
			}()
			f()
		}()
	}
}
