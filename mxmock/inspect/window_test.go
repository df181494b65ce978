package inspect_test

// Tests of pages of long lists.

import (
	"context"
	"fmt"
	"html"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// hurry says commands to mx1.qq.com, without waiting for replies, and ends the connection.
func hurry(t *testing.T, inet *mxmock.Internet, commands string) {
	t.Helper()
	conn, err := inet.DialContext(t.Context(), "tcp", "mx1.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, commands+"QUIT\r\n")
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatal(err)
	}
}

// look returns a page.
func look(t *testing.T, page http.Handler, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost"+path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// TestLongLists reads the journal, the sessions and a session page by page, from the beginning and from the end, and sees
// everything once.
func TestLongLists(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	page := inspect.New(t, inet)
	hurry(t, inet, strings.Repeat("NOOP\r\n", 2200))
	for range 600 {
		hurry(t, inet, "")
	}
	_, _, last := inet.JournalPart(0, 0)
	for _, tt := range []struct {
		path, thing, each string
		count, size       int
	}{
		{"/journal", "event", `id="event-(\d+)"`, last, 1000},
		{"/sessions", "session", `mx1\.qq\.com #(\d+)<`, 601, 500},
		{"/sessions/mx1.qq.com/1", "turn", `id="turn-(\d+)"`, 2202, 1000},
	} {
		href := func(body, link string) string {
			if m := regexp.MustCompile(`href="([^"]+)"[^>]*>` + link + `<`).FindStringSubmatch(body); m != nil {
				return m[1]
			}
			return ""
		}
		walk := func(path, link string) (pages int) {
			seen := make(map[int]bool)
			for path != "" {
				body := look(t, page, path)
				checkHTML(t, path, []byte(body))
				found := regexp.MustCompile(tt.each).FindAllStringSubmatch(body, -1)
				if len(found) > tt.size {
					t.Errorf("%s has %d of them, want at most %d", path, len(found), tt.size)
				}
				for _, m := range found {
					n, _ := strconv.Atoi(m[1])
					seen[n] = true
				}
				pages++
				path = href(body, link)
			}
			if len(seen) != tt.count {
				t.Errorf("%s, %s: there are %d of them, want %d", tt.path, link, len(seen), tt.count)
			}
			return pages
		}
		end := look(t, page, tt.path)
		if want := fmt.Sprintf("These are %ss %d to %d of %d.", tt.thing, tt.count-tt.size+1, tt.count, tt.count); !strings.Contains(end, want) {
			t.Errorf("%s does not say %q", tt.path, want)
		}
		pages := (tt.count + tt.size - 1) / tt.size
		if got := walk(tt.path, "Earlier"); got != pages {
			t.Errorf("%s: %d pages to the beginning, want %d", tt.path, got, pages)
		}
		beginning := href(end, "From the beginning")
		if got := walk(beginning, "Later"); got != pages {
			t.Errorf("%s: %d pages to the end, want %d", tt.path, got, pages)
		}
		if got := href(look(t, page, beginning), "The last"); got != tt.path {
			t.Errorf("%s: the last page is %q", tt.path, got)
		}
	}
	inet.LimitJournal(10)
	if body := look(t, page, "/journal"); !strings.Contains(body, fmt.Sprintf("Those before event %d are forgotten.", last-9)) {
		t.Errorf("the journal does not say what is forgotten:\n%s", body)
	}
}

// TestForgottenTurns has a session of which most turns are forgotten. Its pages have the others, and say so at the gap; the
// events of the journal lead to them.
func TestForgottenTurns(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	server := inet.MX("qq.com", "mx1.qq.com")[0].Server(25)
	server.LimitSessions(1)
	page := inspect.New(t, inet)
	hurry(t, inet, strings.Repeat("NOOP\r\n", 20_000))
	kept := server.Session(1).Turns
	var turns []string
	for path := "/sessions/mx1.qq.com/1?after=0"; path != ""; {
		body := look(t, page, path)
		if gap := fmt.Sprintf("%d turns before this one are forgotten", kept[20].Notes[0].Count); (len(turns) == 0) != strings.Contains(body, gap) {
			t.Errorf("%s: want %q on the first page alone", path, gap)
		}
		for _, m := range regexp.MustCompile(`id="turn-(\d+)"`).FindAllStringSubmatch(body, -1) {
			turns = append(turns, m[1])
		}
		path = ""
		if m := regexp.MustCompile(`href="([^"]+)">Later<`).FindStringSubmatch(body); m != nil {
			path = m[1]
		}
	}
	var want []string
	for _, turn := range kept {
		want = append(want, strconv.Itoa(turn.Number))
	}
	if len(want) > 10_000 || !slices.Equal(turns, want) {
		t.Errorf("the pages have %d turns, want the %d that are kept", len(turns), len(want))
	}
	for _, e := range inet.Journal() {
		if e.Turn == 0 || e.Turn%777 != 0 {
			continue
		}
		resp, err := http.Get(page.URL() + "/journal/" + strconv.Itoa(e.Number))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if id := "turn-" + strconv.Itoa(e.Turn); resp.Request.URL.Fragment != id || !strings.Contains(string(body), `id="`+id+`"`) {
			t.Errorf("event %d, of turn %d, leads to %v", e.Number, e.Turn, resp.Request.URL)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestLongPicture has the picture of a long journal in parts, whose steps lead to their events.
func TestLongPicture(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	page := inspect.New(t, inet)
	for i := range 6000 {
		if i == 4000 {
			hurry(t, inet, "EHLO a.example.com\r\n")
		}
		inet.Resolver().LookupTXT(t.Context(), fmt.Sprintf("%d.qq.com.", i))
	}
	end, beginning := look(t, page, "/picture"), look(t, page, "/picture?after=0")
	_, _, last := inet.JournalPart(0, 0)
	if want := fmt.Sprintf("These are events %d to %d of %d.", last-4999, last, last); !strings.Contains(end, want) {
		t.Errorf("the picture does not say %q", want)
	}
	if !strings.Contains(beginning, fmt.Sprintf("These are events 1 to 5000 of %d.", last)) || strings.Contains(beginning, `"/journal/5001"`) {
		t.Error("the first part has other events than the first 5000")
	}
	for _, body := range []string{end, beginning} {
		links := regexp.MustCompile(`<title>([^<]*)</title><a href="/journal/(\d+)"`).FindAllStringSubmatch(body, -1)
		if len(links) == 0 {
			t.Fatal("no step leads anywhere")
		}
		for _, m := range links {
			n, _ := strconv.Atoi(m[2])
			if part, _, _ := inet.JournalPart(n-1, 1); !strings.Contains(html.UnescapeString(m[1]), part[0].What) {
				t.Errorf("the step %q leads to event %d, %v", m[1], n, part[0])
			}
		}
	}
}

// TestJournalInParts reads the journal by the API, in parts and as a whole.
func TestJournalInParts(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	deliver(t, inet, "eve@qq.com", letter)
	type journal struct {
		Total  *int
		Last   int
		Events []struct {
			Number int
			What   string
		}
	}
	var want []string
	for _, e := range inet.Journal() {
		want = append(want, fmt.Sprint(e.Number, e.What))
	}
	read := func(query string) (got []string, j journal) {
		j = get[journal](t, page.URL()+"/api/journal?"+query)
		for _, e := range j.Events {
			got = append(got, fmt.Sprint(e.Number, e.What))
		}
		return got, j
	}
	whole, j := read("")
	if !slices.Equal(whole, want) || j.Total == nil || *j.Total != len(want) || j.Last != j.Events[len(want)-1].Number {
		t.Errorf("the whole is %q, %+v, want %q", whole, j, want)
	}
	var parts []string
	for since := 0; since < j.Last; since += 3 {
		got, part := read("limit=3&since=" + strconv.Itoa(since))
		if part.Total != nil || part.Last != j.Last {
			t.Errorf("a part says %+v", part)
		}
		parts = append(parts, got...)
	}
	if !slices.Equal(parts, want) {
		t.Errorf("the parts are %q, want %q", parts, want)
	}
	if got, j := read("after=5&limit=2"); !slices.Equal(got, want[5:7]) || j.Total == nil || *j.Total != len(want) {
		t.Errorf("two after five are %q, %+v, want %q", got, j, want[5:7])
	}
}

// TestLongListsAreQuick compares what pages of long lists cost with what those of lists of half the length do.
func TestLongListsAreQuick(t *testing.T) {
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	page := &inspect.Page{Source: inet}
	t.Cleanup(page.Close)
	paths := []string{"/journal", "/journal?after=0", "/journal/7", "/picture", "/picture?after=0", "/api/journal?since=100&limit=10"}
	grow := func() (costs []float64) {
		conn, err := inet.DialContext(context.Background(), "tcp", "mx1.qq.com:25")
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		for range 10 {
			hurry(t, inet, strings.Repeat("NOOP\r\n", 1500))
		}
		for _, path := range paths {
			costs = append(costs, testing.AllocsPerRun(3, func() {
				page.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://localhost"+path, nil))
			}))
		}
		return costs
	}
	before := grow()
	for i, cost := range grow() {
		if cost > before[i]*1.2+100 { // connections that end make some, too
			t.Errorf("%s: %.0f allocations, %.0f in a journal of twice the length", paths[i], before[i], cost)
		}
	}
}

// TestOneOfManyIsQuick compares what a request for one message takes with what it takes among twice as many. It is not parallel:
// allocations of others would count.
func TestOneOfManyIsQuick(t *testing.T) {
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	page := &inspect.Page{Source: inet}
	t.Cleanup(page.Close)
	get := func() { look(t, page, "/api/messages/1") }
	allocated := func() uint64 {
		hurry(t, inet, "EHLO a.example.com\r\n"+strings.Repeat("MAIL FROM:<a@shop.example>\r\nRCPT TO:<bob@qq.com>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n", 2_000))
		least := uint64(math.MaxUint64)
		for range 10 { // the page takes notice of the messages meanwhile
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 10 {
				get()
			}
			runtime.ReadMemStats(&after)
			least = min(least, after.TotalAlloc-before.TotalAlloc)
		}
		return least
	}
	if small, large := allocated(), allocated(); large > small*6/5 {
		t.Errorf("among twice as many messages, one takes %d bytes of memory instead of %d", large, small)
	}
}

// TestLongMessage has a message with more recipients, fields, parts and links than a page shows.
func TestLongMessage(t *testing.T) {
	t.Parallel()
	inet, page := world(t)
	const many = 700
	var commands, raw strings.Builder
	commands.WriteString("EHLO a.example.com\r\nMAIL FROM:<a@shop.example>\r\n")
	for i := range many {
		fmt.Fprintf(&commands, "RCPT TO:<bob%d@qq.com>\r\n", i)
		fmt.Fprintf(&raw, "X-Field: %d\r\n", i)
	}
	raw.WriteString("Subject: long\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n")
	for i := range many {
		fmt.Fprintf(&raw, "<a href=\"https://shop.example/%d\">%d</a>\r\n", i, i)
	}
	for i := range many {
		fmt.Fprintf(&raw, "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=%d.pdf\r\n\r\nx\r\n", i)
	}
	hurry(t, inet, commands.String()+"DATA\r\n"+raw.String()+"--b--\r\n.\r\n")
	for _, tt := range []struct {
		path, each string
		most       int
	}{
		{"/", "@qq.com", 11 + 1}, // of both messages
		{"/messages/2?view=text", "@qq.com&gt;", 500},
		{"/messages/2?view=text", " download=", 500},
		{"/messages/2?view=headers", "<th scope=\"row\">X-Field", 500},
		{"/messages/2?view=parts", "<td>application/pdf", 500},
		{"/messages/2?view=links", "<td class=\"url\">", 500},
	} {
		body := look(t, page, tt.path)
		checkHTML(t, tt.path, []byte(body))
		if n := strings.Count(body, tt.each); n > tt.most || n < tt.most-2 {
			t.Errorf("%s has %d times %q, want %d", tt.path, n, tt.each, tt.most)
		}
		if !strings.Contains(body, " more") || tt.path != "/" && !strings.Contains(body, `<a href="/api/messages/2">The JSON of the message</a> has all.`) {
			t.Errorf("%s does not say what is missing, or where it is", tt.path)
		}
	}
	var report strings.Builder
	if err := inspect.WriteReport(&report, inet); err != nil || strings.Count(report.String(), `<td class="url">`) != 1+500 || !strings.Contains(report.String(), "Of long lists, only the beginning is shown.") {
		t.Errorf("the report has all links, or does not say that it has not: %v", err)
	}
	if body := look(t, page, "/messages/1?view=links"); strings.Contains(body, "Of long lists") {
		t.Errorf("the page of a short message says that something is missing:\n%s", body)
	}
}
