package inspect_test

// Pictures of stories as golden files, and of journals that nobody expects.

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// send delivers a message to the hosts of a domain in order, as a simple sender does.
func send(ctx context.Context, inet *mxmock.Internet, domain string, secure bool) error {
	mxs, err := inet.Resolver().LookupMX(ctx, domain)
	if err != nil {
		return err
	}
	for _, mx := range mxs {
		conn, dialErr := inet.DialContext(ctx, "tcp4", strings.TrimSuffix(mx.Host, ".")+":25")
		if dialErr != nil {
			err = dialErr
			continue
		}
		err = submit(conn, domain, secure)
		conn.Close()
		if err == nil {
			return nil
		}
	}
	return err
}

// submit sends a message over a connection.
func submit(conn net.Conn, domain string, secure bool) error {
	c, err := smtp.NewClient(conn, domain)
	if err != nil {
		return err
	}
	if err := c.Hello("shop.example"); err != nil {
		return err
	}
	if secure {
		if err := c.StartTLS(&tls.Config{ServerName: "mx.elsewhere.example"}); err != nil {
			return err
		}
	}
	if err := c.Mail("alice@shop.example"); err != nil {
		return err
	}
	if err := c.Rcpt("bob@" + domain); err != nil {
		return errors.Join(err, c.Quit())
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	io.WriteString(w, "Subject: Your receipt\r\n\r\nThank you\r\n")
	return errors.Join(w.Close(), c.Quit())
}

// stories are what the golden pictures show.
var stories = map[string]func(*testing.T, *mxmock.Internet){
	"failover": func(t *testing.T, inet *mxmock.Internet) {
		inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")[0].Break(mxmock.Refused)
		if err := send(t.Context(), inet, "qq.com", false); err != nil {
			t.Fatal(err)
		}
	},
	"greylisting": func(t *testing.T, inet *mxmock.Internet) {
		inet.MX("qq.com", "mx1.qq.com")[0].AddRules(mailtest.Greylist(15 * time.Minute))
		for send(t.Context(), inet, "qq.com", false) != nil {
			time.Sleep(15 * time.Minute)
		}
	},
	"starttls": func(t *testing.T, inet *mxmock.Internet) {
		inet.MX("qq.com", "mx1.qq.com")[0].Server(25).StartTLS = true
		if err := send(t.Context(), inet, "qq.com", true); err == nil {
			t.Error("a certificate of another name was trusted")
		}
	},
	"servfail": func(t *testing.T, inet *mxmock.Internet) {
		inet.MX("qq.com", "mx1.qq.com")
		inet.MX("例子.中国", "mx.例子.中国")
		inet.Break("mx qq.com", mxmock.ServFail)
		if err := send(t.Context(), inet, "qq.com.", false); err == nil {
			t.Error("there was an answer")
		}
		if err := send(t.Context(), inet, "xn--fsqu00a.xn--fiqs8s", false); err != nil {
			t.Fatal(err)
		}
	},
}

// story returns the journal of a story.
func story(t *testing.T, tell func(*testing.T, *mxmock.Internet)) (j mxmock.Journal) {
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		tell(t, inet)
		synctest.Wait()
		j = inet.Journal()
	})
	return j
}

func picture(t *testing.T, j mxmock.Journal) string {
	t.Helper()
	var b bytes.Buffer
	if err := inspect.WritePicture(&b, j); err != nil {
		t.Fatal(err)
	}
	if again := new(bytes.Buffer); inspect.WritePicture(again, j) != nil || again.String() != b.String() {
		t.Error("the same journal gave another picture")
	}
	checkPicture(t, b.String())
	return b.String()
}

func TestPictureOfStories(t *testing.T) {
	t.Parallel()
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden.Compare(t, filepath.Join("testdata", "picture", name+".svg"), picture(t, story(t, tell)))
		})
	}
}

// checkPicture reports what is not well-formed, leads elsewhere, or is outside of the picture.
func checkPicture(t *testing.T, svg string) {
	t.Helper()
	wide := 0.0
	ids := make(map[string]bool)
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		at := make(map[string]string)
		for _, a := range e.Attr {
			at[a.Name.Local] = a.Value
		}
		if id := at["id"]; id != "" && ids[id] {
			t.Errorf("the id %s is there twice", id)
		}
		ids[at["id"]] = true
		x, _ := strconv.ParseFloat(at["x"], 64)
		length, _ := strconv.ParseFloat(at["textLength"], 64)
		switch name := e.Name.Local; {
		case name == "svg":
			wide, _ = strconv.ParseFloat(at["width"], 64)
		case name == "script" || at["href"] != "" || at["onload"] != "":
			t.Errorf("the picture has %v", e)
		case name == "text" && (x < 0 || at["text-anchor"] == "start" && x+length > wide):
			t.Errorf("a text from %v to %v is outside of %v", x, x+length, wide)
		}
	}
}

// many returns a journal of so many deliveries to so many hosts, of which every seventh fails at first.
func many(deliveries, hosts int) (j mxmock.Journal) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range deliveries {
		host := fmt.Sprintf("mx%d.region%d.mail.protection.example.com", i%hosts, i%hosts)
		client := fmt.Sprintf("192.0.2.1:%d", 20000+i)
		add := func(what, result string, failed bool) {
			at = at.Add(7 * time.Millisecond)
			j = append(j, mxmock.Event{Time: at, Client: client, What: what, Result: result, Failed: failed, Session: i, Turn: 1})
		}
		add("ask mx d"+strconv.Itoa(i%hosts)+".example.com", "NOERROR 10 "+host+".", false)
		add("ask a "+host, "NOERROR 198.51.100.7", false)
		add("ask aaaa "+host, "NOERROR", false)
		if i%7 == 3 {
			add("dial "+host+":25", "connect: connection refused", true)
			continue
		}
		add("dial "+host+":25", "connected", false)
		add("smtp "+host+":25 (greeting)", "220 "+host+" ESMTP ready", false)
		add("smtp "+host+":25 EHLO shop.example", "250-"+host, false)
		add("smtp "+host+":25 MAIL FROM:<alice@shop.example>", "250 2.1.0 Sender OK", false)
		if i%7 == 5 {
			add("smtp "+host+":25 RCPT TO:<bob@example.com>", "452 4.2.2 Mailbox full", true)
			continue
		}
		add("smtp "+host+":25 RCPT TO:<bob@example.com>", "250 2.1.5 Recipient OK", false)
		add("smtp "+host+":25 DATA", "354 Go ahead", false)
		add("smtp "+host+":25 (dot)", "250 2.0.0 Message accepted", false)
		add("mail "+host+":25 bob@example.com", "from <alice@shop.example>: News", false)
	}
	return j
}

func TestPictureOfMany(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ deliveries, hosts int }{{3, 3}, {40, 40}, {200, 3}, {200, 40}, {2000, 400}} {
		j := many(tc.deliveries, tc.hosts)
		svg := picture(t, j)
		if len(svg) > 512<<10 {
			t.Errorf("%d deliveries to %d hosts: the picture has %d bytes, want at most half a megabyte", tc.deliveries, tc.hosts, len(svg))
		}
		if dir := os.Getenv("PICTURES"); dir != "" {
			os.WriteFile(fmt.Sprintf("%s/many-%d-%d.svg", dir, tc.deliveries, tc.hosts), []byte(svg), 0o666)
		}
	}
}

// A connection that is drawn as one line, and failed, has the whole reply in its title. Two of the five are drawn; the
// others are in what is repeated.
func TestPictureTitlesHaveWholeFailures(t *testing.T) {
	t.Parallel()
	const want = "→ 452 4.2.2 Mailbox full</title>"
	if svg := picture(t, many(40, 40)); strings.Count(svg, want) != 2 {
		t.Errorf("%d titles end with %q, want 2", strings.Count(svg, want), want)
	}
}

// TestPictureOfManyQuestions shows that a run of questions is one step, whose title has the first of them.
func TestPictureOfManyQuestions(t *testing.T) {
	t.Parallel()
	types := []string{"mx", "txt", "a", "aaaa", "ns"}
	var j mxmock.Journal
	for i := range 20_000 {
		what := fmt.Sprintf("ask %s d%d.example", types[(i*i/3+i/7)%5], i) // in no order that repeats
		j = append(j, mxmock.Event{Number: i + 1, Client: "192.0.2.1:1", What: what, Result: "NOERROR"})
	}
	svg := picture(t, j)
	if !strings.Contains(svg, " …</title>") {
		t.Error("no title ends after the first questions")
	}
	if len(svg) > 64<<10 {
		t.Errorf("the picture has %d bytes, want at most 64 kilobytes", len(svg))
	}
}

func TestPictureOfNothing(t *testing.T) {
	t.Parallel()
	if svg := picture(t, nil); !strings.Contains(svg, "Nothing has happened.") {
		t.Errorf("got %s, want it to say that nothing has happened", svg)
	}
}

func TestWritePictureTellsOfItsWriter(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	r.Close()
	if err := inspect.WritePicture(w, many(3, 3)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want io.ErrClosedPipe", err)
	}
}

func FuzzWritePicture(f *testing.F) {
	f.Add("ask mx qq.com", "SERVFAIL", "192.0.2.1:3", "smtp mx1.qq.com:25 RCPT TO:<b\x00\xff>", "550 </svg>\x1b", 0)
	f.Add("dial [2001:db8::1]:25", "]]>&lt;", "", "mail xn--.:25 \u202e日本語👩‍👩‍👧", "\ufffe", math.MaxInt)
	f.Fuzz(func(t *testing.T, what, result, client, other, reply string, wait int) {
		var j mxmock.Journal
		for i := range 9 {
			e := mxmock.Event{Time: time.Unix(0, 0).Add(time.Duration(wait / 9 * i)), Client: client, What: what, Result: result, Failed: i%4 == 0, Rule: i}
			if i%3 > 0 {
				e.What, e.Result = other, reply
			}
			j = append(j, e)
		}
		var b bytes.Buffer
		if err := inspect.WritePicture(&b, j); err != nil {
			t.Fatal(err)
		}
		checkPicture(t, b.String())
	})
}

func ExampleWritePicture() {
	inet := &mxmock.Internet{}
	defer inet.Close()
	inet.MX("qq.com", "mx1.qq.com")
	if _, err := inet.Resolver().LookupMX(context.Background(), "qq.com"); err != nil {
		fmt.Println(err)
	}
	var svg strings.Builder
	if err := inspect.WritePicture(&svg, inet.Journal()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.Count(svg.String(), "MX qq.com") > 0)
	// Output: true
}

// TestPictureOfLongTexts has long commands and replies as a whole, in several lines, to each host.
func TestPictureOfLongTexts(t *testing.T) {
	t.Parallel()
	var j mxmock.Journal
	texts := []string{
		"550 5.7.1 Our system has detected that this message is likely unsolicited mail; see https://support.example/mail?p=UnsolicitedMessageError",
		"550 用户不存在，或者该用户的邮箱已满，请稍后再试，或者联系收件人确认地址是否正确",
		"451 4.7.1 " + strings.Repeat("x", 60) + " & " + strings.Repeat("<y>", 20),
	}
	for i, text := range texts {
		host := fmt.Sprintf("mx%d.qq.com:25", i+1)
		at := time.Date(2026, 1, 2, 3, 4, 5, i, time.UTC)
		j = append(j, mxmock.Event{Time: at, Client: "192.0.2.1:40122", What: "dial " + host, Result: "connected"},
			mxmock.Event{Time: at, Client: "192.0.2.1:40122", What: "smtp " + host + " RCPT TO:<" + strings.Repeat("long", 12) + "@qq.com> NOTIFY=SUCCESS,FAILURE", Result: text, Failed: true, Rule: i})
	}
	svg := picture(t, j)
	var shown []string
	for _, line := range regexp.MustCompile(`<text [^>]*>([^<]*)</text>`).FindAllStringSubmatch(svg, -1) {
		shown = append(shown, html.UnescapeString(line[1]))
	}
	whole := strings.ReplaceAll(strings.Join(shown, ""), " ", "")
	for _, text := range append(texts, strings.Repeat("long", 12)+"@qq.com> NOTIFY=SUCCESS,FAILURE") {
		if !strings.Contains(whole, strings.ReplaceAll(text, " ", "")) {
			t.Errorf("the picture cuts %q:\n%s", text, strings.Join(shown, "\n"))
		}
	}
}
