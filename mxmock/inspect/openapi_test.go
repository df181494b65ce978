package inspect

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/smtp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// description is what openapi.yaml says.
type description struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			Ref string `yaml:"$ref"`
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	Components struct {
		Parameters map[string]struct{ Name, In string }
		Schemas    map[string]schema
	}
}

// schema is one of JSON values, as far as openapi.yaml needs it.
type schema struct {
	Ref        string `yaml:"$ref"`
	Type       any
	Required   []string
	Properties map[string]schema
	Items      *schema
}

func readDescription(t *testing.T) *description {
	t.Helper()
	var d description
	if err := yaml.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// check returns what is wrong with a value.
func (d *description) check(at string, s schema, v any) error {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if s, ok = d.Components.Schemas[name]; !ok {
			return fmt.Errorf("%s: no schema %s", at, name)
		}
	}
	kind := "null"
	switch v := v.(type) {
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case float64:
		kind = "integer"
	case []any:
		kind = "array"
		for i, item := range v {
			if err := d.check(fmt.Sprintf("%s[%d]", at, i), *s.Items, item); err != nil {
				return err
			}
		}
	case map[string]any:
		kind = "object"
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				return fmt.Errorf("%s has no %s", at, name)
			}
		}
		for name, item := range v {
			property, ok := s.Properties[name]
			if !ok {
				return fmt.Errorf("%s has %s, which is not described", at, name)
			}
			if err := d.check(at+"."+name, property, item); err != nil {
				return err
			}
		}
	}
	if kinds, ok := s.Type.([]any); s.Type != kind && !(ok && slices.Contains(kinds, any(kind))) {
		return fmt.Errorf("%s is %s, want %v", at, kind, s.Type)
	}
	return nil
}

func TestDescriptionHasAllEndpoints(t *testing.T) {
	t.Parallel()
	d := readDescription(t)
	var described, served []string
	for path, methods := range d.Paths {
		for method, endpoint := range methods {
			pattern := strings.ToUpper(method) + " " + path
			described = append(described, pattern)
			var query []string
			for _, p := range endpoint.Parameters {
				if one := d.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]; one.In == "query" {
					query = append(query, one.Name)
				}
			}
			if !slices.Equal(query, parameters[pattern]) {
				t.Errorf("%s: the described parameters are %q, and the known ones %q", pattern, query, parameters[pattern])
			}
		}
	}
	for _, e := range new(Page).api() {
		served = append(served, e.pattern)
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described are\n%s\nand served\n%s", strings.Join(described, "\n"), strings.Join(served, "\n"))
	}
}

func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	inet.Sender("shop.example")
	conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "mx1.qq.com")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw := "From: jo@shop.example\r\nTo: bob@qq.com\r\nCc: al@qq.com\r\nSubject: Hi\r\nDKIM-Signature: v=1; d=shop.example; s=x\r\n\r\nhttps://shop.example/x \r\n"
	if err := c.Mail("jo@shop.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("bob@qq.com"); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(raw))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	page := &Page{Source: inet}
	defer page.Close()
	d := readDescription(t)
	for _, target := range []string{
		"GET /api/messages", "GET /api/messages/{id}", "GET /api/messages/{id}/raw", "GET /api/messages/{id}/parts/{path}",
		"GET /api/messages/{id}/findings", "GET /api/messages/{id}/verdict", "GET /api/wait", "GET /api/sessions", "GET /api/sessions/{host}/{number}",
		"GET /api/sessions/{host}/{number}/findings", "GET /api/journal", "POST /api/rules", "GET /api/rules", "DELETE /api/rules",
		"DELETE /api/messages/{id}", "DELETE /api/messages", "GET /api/openapi.yaml", "GET /api/messages/{id}?",
	} {
		method, path, _ := strings.Cut(target, " ")
		body := ""
		if method == "POST" {
			body = `mx1.qq.com At: Rcpt, Reply: "451 4.7.1 Later"`
		}
		real := strings.NewReplacer("{id}", "1", "{path}", "1", "{host}", "mx1.qq.com", "{number}", "1").Replace(path)
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(method, real, strings.NewReader(body))
		r.Host = "localhost"
		page.ServeHTTP(rec, r)
		status := "200"
		if strings.HasSuffix(path, "?") { // the message is gone
			path, status = strings.TrimSuffix(path, "?"), "default"
		}
		content := d.Paths[path][strings.ToLower(method)].Responses[status].Content
		if status == "default" {
			content = map[string]struct{ Schema schema }{"application/json": {schema{Ref: "#/components/schemas/Error"}}}
		}
		kind := rec.Header().Get("Content-Type")
		if (status == "200") != (rec.Code == 200) {
			t.Errorf("%s: %d %s", target, rec.Code, rec.Body)
			continue
		}
		if path == "/api/messages/{id}/parts/{path}" {
			continue // of any type
		}
		described, ok := content[kind]
		if !ok {
			t.Errorf("%s is %s, and described are %v", target, kind, content)
			continue
		}
		if kind != "application/json" {
			continue
		}
		var v any
		if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if err := d.check("answer", described.Schema, v); err != nil {
			t.Errorf("%s: %v\n%s", target, err, rec.Body)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, text := range []string{"", "hello", `from:jo -to:"bob dylan" has:attachment`, "after:10m before:2026-11-27T13:00", `"no end`, "-", ":x", "a:b:c"} {
		f.Add(text)
	}
	raw := mailtest.ParseMessage([]byte("From: jo@shop.example\r\nSubject: Hello\r\n\r\nHi\r\n"))
	it := newItem(1, raw, nil)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseQuery(text, raw.Time)
		if err != nil && q != nil {
			t.Errorf("%q: both %v and %v", text, q, err)
		}
		q.matches(it)
	})
}
