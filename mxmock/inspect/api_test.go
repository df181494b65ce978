package inspect_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"net/url"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// letter is a message with HTML, an attachment and a name that wants to lead elsewhere.
const letter = "From: Jo <jo@shop.example>\r\nTo: Bob <bob@qq.com>\r\nSubject: Welcome\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/html\r\n\r\n<p>Hello <a href=\"https://shop.example/confirm?token=1\">confirm</a></p>\r\n" +
	"--b\r\nContent-Type: text/html; name=\"../x.html\"\r\nContent-Disposition: attachment; filename=\"../x.html\"\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nPHNjcmlwdD4=\r\n--b--\r\n"

// world is an internet with a message for bob@qq.com, and its page.
func world(t *testing.T) (*mxmock.Internet, *inspect.Page) {
	t.Helper()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	page := inspect.New(t, inet)
	deliver(t, inet, "bob@qq.com", letter)
	return inet, page
}

// deliver sends a message to mx1.qq.com.
func deliver(t *testing.T, inet *mxmock.Internet, to, raw string) {
	t.Helper()
	conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "mx1.qq.com")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Mail("jo@shop.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt(to); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, raw)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
}

// ask makes a request, and returns status, header and body.
func ask(t *testing.T, method, url, body string, header ...string) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, got
}

// get asks for JSON, which must come.
func get[T any](t *testing.T, url string) T {
	t.Helper()
	var v T
	status, _, body := ask(t, "GET", url, "")
	if err := json.Unmarshal(body, &v); err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %v\n%s", url, status, err, body)
	}
	return v
}

type list struct {
	Total    int
	Messages []struct {
		ID      int
		Host    string
		Subject string
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	for i := range 4 {
		deliver(t, inet, "eve@qq.com", fmt.Sprintf("Subject: number %d\r\n\r\nHi\r\n", i))
	}
	all := get[list](t, page.URL()+"/api/messages?limit=2")
	if all.Total != 5 || len(all.Messages) != 2 || all.Messages[0].ID != 5 || all.Messages[0].Subject != "number 3" || all.Messages[0].Host != "mx1.qq.com" {
		t.Errorf("first page = %+v", all)
	}
	next := get[list](t, page.URL()+"/api/messages?limit=2&before=4")
	if next.Total != 5 || len(next.Messages) != 2 || next.Messages[0].ID != 3 {
		t.Errorf("second page = %+v", next)
	}
	if found := get[list](t, page.URL()+"/api/messages?q=to:eve"); found.Total != 4 {
		t.Errorf("to eve: %+v", found)
	}
	status, _, body := ask(t, "DELETE", page.URL()+"/api/messages?q=to:eve", "")
	if status != http.StatusOK || !bytes.Contains(body, []byte(`"deleted": 4`)) {
		t.Errorf("deleting: %d %s", status, body)
	}
	if left := inet.Messages(); len(left) != 1 || len(inet.Hosts()[0].Messages()) != 1 {
		t.Errorf("left = %v", left)
	}
	status, _, body = ask(t, "DELETE", page.URL()+"/api/messages/1", "")
	if status != http.StatusOK || len(inet.Messages()) != 0 {
		t.Errorf("deleting one: %d %s", status, body)
	}
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	_, page := world(t)
	status, header, body := ask(t, "GET", page.URL()+"/api/messages/1/raw", "")
	if status != http.StatusOK || string(body) != letter || header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("raw: %d %v\n%q", status, header, body)
	}
	status, header, body = ask(t, "GET", page.URL()+"/api/messages/1/parts/2", "")
	if status != http.StatusOK || string(body) != "<script>" {
		t.Errorf("part: %d %q", status, body)
	}
	for name, want := range map[string]string{
		"Content-Type":            "application/octet-stream",
		"Content-Disposition":     `attachment; filename=_x.html`,
		"Content-Security-Policy": "default-src 'none'; sandbox",
		"X-Content-Type-Options":  "nosniff",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	type answer struct {
		status int
		body   []byte
	}
	got := make(chan answer)
	go func() {
		status, _, body := ask(t, "GET", page.URL()+"/api/wait?q=subject:late&timeout=1m", "")
		got <- answer{status, body}
	}()
	deliver(t, inet, "bob@qq.com", "Subject: too late\r\n\r\nHi\r\n")
	if a := <-got; a.status != http.StatusOK || !bytes.Contains(a.body, []byte("too late")) {
		t.Errorf("wait: %d %s", a.status, a.body)
	}
	if first := inet.Next(t); first.Subject != "Welcome" {
		t.Errorf("the test's own wait has %v", first)
	}
	if status, _, body := ask(t, "GET", page.URL()+"/api/wait?after=2&timeout=1ms", ""); status != http.StatusNotFound {
		t.Errorf("nothing came, and yet: %d %s", status, body)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	rules := "# two rules\nmx1.qq.com At: Rcpt, Reply: \"451 4.7.1 Later\"\ndns Question: \"mx qq.com\", Fault: ServFail\n"
	status, _, body := ask(t, "POST", page.URL()+"/api/rules", rules)
	if status != http.StatusOK || !bytes.Contains(body, []byte("ServFail")) {
		t.Fatalf("adding: %d %s", status, body)
	}
	if _, err := inet.Resolver().LookupMX(t.Context(), "qq.com."); err == nil {
		t.Error("the rule of the DNS does not act")
	}
	conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "mx1.qq.com")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Mail("a@b.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("bob@qq.com"); err == nil {
		t.Error("the rule of the host does not act")
	}
	if status, _, body := ask(t, "DELETE", page.URL()+"/api/rules", ""); status != http.StatusOK {
		t.Errorf("removing: %d %s", status, body)
	}
	if err := c.Rcpt("bob@qq.com"); err != nil {
		t.Errorf("after the removal: %v", err)
	}
}

// The address of the API describes it.
func TestBeginningOfAPI(t *testing.T) {
	t.Parallel()
	_, page := world(t)
	_, _, want := ask(t, "GET", page.URL()+"/api/openapi.yaml", "")
	for _, path := range []string{"/api", "/api/"} {
		if status, header, got := ask(t, "GET", page.URL()+path, ""); status != http.StatusOK || string(got) != string(want) || header.Get("Content-Type") != "application/yaml" {
			t.Errorf("%s: %d, %d bytes of %s, want those of openapi.yaml", path, status, len(got), header.Get("Content-Type"))
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	_, page := world(t)
	for _, test := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"GET", "/api/messages?q=form:bob", "", 400, `there is no field \"form\"`},
		{"GET", "/api/messages?q=after:soon", "", 400, `\"soon\" is not a time`},
		{"GET", "/api/messages?q=%22no+end", "", 400, "has no end"},
		{"GET", "/api/messages?subject=x&limit=1", "", 400, `there is no parameter \"subject\"; want q, before, limit`},
		{"DELETE", "/api/messages?query=to:nobody", "", 400, `there is no parameter \"query\"; want q`},
		{"DELETE", "/api/messages?q=%zz", "", 400, `invalid URL escape \"%zz\"`},
		{"GET", "/api/rules?x=1", "", 400, "want none"},
		{"GET", "/api/messages?limit=-1", "", 400, `limit is \"-1\"`},
		{"GET", "/api/messages?before=x", "", 400, `before is \"x\"`},
		{"GET", "/api/messages/one", "", 400, "is not the id"},
		{"GET", "/api/messages/9", "", 404, "no message 9"},
		{"GET", "/api/messages/9/raw", "", 404, "no message 9"},
		{"GET", "/api/messages/1/parts/7", "", 404, `no part \"7\"`},
		{"GET", "/api/wait?timeout=1h", "", 400, "at most 5m"},
		{"GET", "/api/wait?q=has:luck", "", 400, "has:luck"},
		{"GET", "/api/sessions/mx1.qq.com/7", "", 404, "no session"},
		{"GET", "/api/sessions/mx1.qq.com/one", "", 404, "no session"},
		{"GET", "/api/journal?after=-3", "", 400, "after is"},
		{"GET", "/api/nowhere", "", 404, "there is nothing at /api/nowhere; /api/openapi.yaml has all requests"},
		{"POST", "/api/rules", "", 400, "there is no rule"},
		{"POST", "/api/rules", "mx1.qq.com At: Rcpt, Rply: \"451 x\"", 400, `rules:1:22`},
		{"POST", "/api/rules", "mx9.qq.com At: Rcpt, Reply: \"451 x\"", 400, "there is no mail server mx9.qq.com"},
		{"POST", "/api/rules", "At: Rcpt, Reply: \"451 x\"\nmx1.qq.com At: Nowhere", 400, "rules:2"},
	} {
		status, header, body := ask(t, test.method, page.URL()+test.path, test.body)
		if status != test.status || !strings.Contains(string(body), test.text) || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d %s, want %d with %q", test.method, test.path, status, body, test.status, test.text)
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	page := inspect.New(t, srv)
	page.Hosts = []string{"sandbox.test"}
	page.Password = "sesame"
	port := page.URL()[strings.LastIndexByte(page.URL(), ':'):]
	basic := "Basic " + "Ym9iOnNlc2FtZQ==" // bob:sesame
	for _, test := range []struct {
		method string
		header []string
		status int
	}{
		{"GET", []string{"Authorization", basic}, 200},
		{"GET", []string{"Authorization", basic, "Host", "localhost" + port}, 200},
		{"GET", []string{"Authorization", basic, "Host", "[::1]" + port}, 200},
		{"GET", []string{"Authorization", basic, "Host", "Sandbox.test."}, 200},
		{"GET", []string{"Authorization", basic, "Host", "evil.example" + port}, 403},
		{"GET", []string{"Authorization", basic, "Host", "localhost.evil.example"}, 403},
		{"GET", nil, 401},
		{"GET", []string{"Authorization", "Basic Ym9iOnRlc2FtZQ=="}, 401},
		{"DELETE", []string{"Authorization", basic, "Origin", "https://evil.example"}, 403},
		{"DELETE", []string{"Authorization", basic, "Sec-Fetch-Site", "cross-site"}, 403},
		{"DELETE", []string{"Authorization", basic, "Origin", page.URL()}, 200},
	} {
		status, header, body := ask(t, test.method, page.URL()+"/api/messages", "", test.header...)
		if status != test.status {
			t.Errorf("%s with %v: %d %s, want %d", test.method, test.header, status, body, test.status)
		}
		if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s with %v: header %v", test.method, test.header, header)
		}
	}
}

func TestSessionsAndVerdict(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	before := len(inet.Journal())
	type verdict struct {
		SPF, DMARC struct{ Result, Reason string }
	}
	if v := get[verdict](t, page.URL()+"/api/messages/1/verdict"); v.SPF.Result != "none" || v.DMARC.Result != "none" {
		t.Errorf("verdict = %+v", v)
	}
	if after := len(inet.Journal()); after != before {
		t.Errorf("looking has made %d events", after-before)
	}
	type session struct {
		Turns []struct{ Command, Reply string }
	}
	if s := get[session](t, page.URL()+"/api/sessions/mx1.qq.com/1"); len(s.Turns) < 5 {
		t.Errorf("session = %+v", s)
	}
	srv := mailtest.New(t)
	alone := inspect.New(t, srv)
	if status, _, body := ask(t, "GET", alone.URL()+"/api/messages/1/verdict", ""); status != http.StatusNotFound {
		t.Errorf("verdict without a message: %d %s", status, body)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	get[list](t, page.URL()+"/api/messages")
	inet.Reset()
	deliver(t, inet, "bob@qq.com", "Subject: again\r\n\r\nHi\r\n")
	if all := get[list](t, page.URL()+"/api/messages"); all.Total != 1 || all.Messages[0].Subject != "again" || all.Messages[0].ID != 2 {
		t.Errorf("after Reset: %+v", all)
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	_, page := world(t)
	for _, test := range []struct {
		query string
		want  int
	}{
		{"", 1}, {"hello", 1}, {"HELLO confirm", 1}, {`"hello confirm"`, 1}, {`"confirm hello"`, 0}, {"-hello", 0}, {"-goodbye", 1},
		{"from:jo", 1}, {"from:bob", 0}, {"to:bob@qq.com", 1}, {"subject:welcome", 1}, {"-subject:welcome", 0}, {"host:mx1", 1}, {"host:mx2", 0},
		{"has:attachment", 1}, {"has:html", 1}, {"has:text", 0}, {"has:calendar", 0}, {"-has:problem", 1}, {"x.html", 1},
		{"after:1h", 1}, {"before:1h", 0}, {"after:2001-01-01", 1}, {"before:2001-01-01T10:00", 0}, {`subject:"welcome"`, 1}, {`"to:bob"`, 0},
	} {
		if got := get[list](t, page.URL()+"/api/messages?q="+url.QueryEscape(test.query)); got.Total != test.want {
			t.Errorf("%s: %d, want %d", test.query, got.Total, test.want)
		}
	}
}
