package inspect_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// A session shows the text of the rule that acted, as long as that is in force.
func TestRuleText(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	page := &inspect.Page{Source: srv}
	defer page.Close()
	never := func(*mailtest.Attempt) bool { return true }
	srv.AddRules(mailtest.Rule{At: mailtest.Mail, Reply: "451 4.3.0 <Later>", When: never})
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	talk := "HELO a\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n"
	if _, err := conn.Write([]byte(talk)); err != nil {
		t.Fatal(err)
	}
	srv.WaitSession(t, 1)
	ask := func(path string) string {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
		return w.Body.String()
	}
	const html, json = `rule 1: <code>At: Mail, Reply: &#34;451 4.3.0 &lt;Later&gt;&#34;, When: a func</code>`, `"ruleText": "At: Mail, Reply: \"451 4.3.0`
	if got := ask("/sessions/localhost/1"); !strings.Contains(got, html) {
		t.Errorf("the page has no %s:\n%s", html, got)
	}
	if got := ask("/api/sessions/localhost/1"); !strings.Contains(got, json) && !strings.Contains(got, strings.ReplaceAll(json, ": ", ":")) {
		t.Errorf("the API has no %s:\n%s", json, got)
	}
	var report strings.Builder
	if err := inspect.WriteReport(&report, srv); err != nil || !strings.Contains(report.String(), html) {
		t.Errorf("the report has no %s (%v)", html, err)
	}
	srv.RemoveRules()
	srv.AddRules(mailtest.Rule{At: mailtest.Mail, Reply: "550 5.7.1 Another"})
	if got := ask("/sessions/localhost/1"); strings.Contains(got, "Another") || !strings.Contains(got, "rule 1</span>") {
		t.Errorf("the page has the text of a rule that came later:\n%s", got)
	}
}
