package mailtest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

// goldenTB records what a helper reports.
type goldenTB struct {
	testing.TB
	errors []string
}

func (g *goldenTB) Helper() {}
func (g *goldenTB) Errorf(format string, args ...any) {
	g.errors = append(g.errors, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func TestSummary(t *testing.T) {
	t.Parallel()
	const raw = "From: The Shop <shop@example.com>\r\nSubject: =?GBK?B?xOO6ww==?=\r\nDate: Tue, 9 Dec 2014 11:20:55 +0800\r\n" +
		"Message-ID: <1@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_42\"\r\n\r\n" +
		"--=_42\r\nContent-Type: text/plain; charset=GBK\r\nContent-Transfer-Encoding: base64\r\n\r\n1LzKsQ==\r\n" +
		"--=_42\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF\r\n--=_42--\r\n"
	const want = `From: The Shop <shop@example.com>
Subject: 你好
Date: *
Message-ID: <*>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="*"

[1] text/plain; charset=GBK
约时

[2] application/pdf; attachment "a.pdf"
4 bytes, sha256 315d429b…
`
	if got := ParseMessage([]byte(raw)).Summary(); got != want {
		t.Errorf("summary =\n%s\nwant\n%s", got, want)
	}
	other := strings.NewReplacer("=_42", "=_43", "<1@x>", "<2@x>", "11:20", "12:20").Replace(raw)
	if got := ParseMessage([]byte(other)).Summary(); got != want {
		t.Errorf("summary of the same message at another time =\n%s\nwant\n%s", got, want)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	m := ParseMessage([]byte("Subject: Order 4711\n\nThank you.\n"))
	tests := []struct{ golden, want string }{
		{"Subject: Order 4711\n\n[1] text/plain\nThank you.\n", ""},
		{"Subject: Order 4711\r\n\r\n[1] text/plain\r\nThank you.\r\n", ""},
		{"Subject: Order *\n\n[1] text/plain\nTh*k*.\n", ""},
		{"Subject: Order 4712\n\n[1] text/plain\nThank you.\n", `:1:
 got "Subject: Order 4711"
want "Subject: Order 4712"`},
		{"Subject: Order *\n\n[1] text/plain\nThank you*!\n", `:4:
 got "Thank you."
want "Thank you*!"`},
		{"Subject: Order 4711\n", `:2: the file ends here, got ""`},
		{"Subject: Order 4711\n\n[1] text/plain\nThank you.\nBye\n", `:5: the message ends here, want "Bye"`},
	}
	for _, test := range tests {
		name := filepath.Join(machine.TempDir(t), "golden.txt")
		if err := os.WriteFile(name, []byte(test.golden), 0o666); err != nil {
			t.Fatal(err)
		}
		tb := &goldenTB{TB: t}
		want := ""
		if test.want != "" {
			want = "mailtest: " + name + test.want
		}
		compareGolden(tb, name, m.Summary(), false)
		if got := strings.Join(tb.errors, "|"); got != want {
			t.Errorf("golden %q: got error\n%s\nwant\n%s", test.golden, got, want)
		}
	}
}

// TestGoldenUpdate writes a file and keeps the wildcards that somebody has put in.
func TestGoldenUpdate(t *testing.T) {
	t.Parallel()
	name := filepath.Join(machine.TempDir(t), "new", "golden.txt")
	m := ParseMessage([]byte("Subject: Order 1\n\nThank you.\n"))
	compareGolden(t, name, m.Summary(), true)
	compareGolden(t, name, m.Summary(), false)
	if err := os.WriteFile(name, []byte("Subject: Order *\n\n[1] text/plain\nThank * all.\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, name, m.Summary(), true)
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Subject: Order *\n\n[1] text/plain\nThank you.\n"; string(got) != want {
		t.Errorf("after an update the file is %q, want %q", got, want)
	}
}

func TestGoldenBlank(t *testing.T) {
	t.Parallel()
	const text = "code 123456, token=abc&x=1\ncode 654321, token=d"
	tests := []struct {
		exprs []string
		want  string
	}{
		{nil, text},
		{[]string{`\d{6}`}, "code *, token=abc&x=1\ncode *, token=d"},
		{[]string{`token=(\w+)`, `\d{6}`}, "code *, token=*&x=1\ncode *, token=*"},
		{[]string{`code (\d)\d+(\d)`}, "code *2345*, token=abc&x=1\ncode *5432*, token=d"},
		{[]string{`code ((\d)\d+)`}, "code *, token=abc&x=1\ncode *, token=d"},
		{[]string{`(no)?code`, ``}, text},
		{[]string{`token=.*`}, "code 123456, *\ncode 654321, *"},
	}
	for _, test := range tests {
		if got := blanked(text, test.exprs); got != test.want {
			t.Errorf("%q: got %q, want %q", test.exprs, got, test.want)
		}
	}
	m := ParseMessage([]byte("Subject: Hi\n\ntoken=4711\n"))
	name := filepath.Join(machine.TempDir(t), "golden.txt")
	if err := os.WriteFile(name, []byte(blanked(m.Summary(), []string{`token=(\d+)`})), 0o666); err != nil {
		t.Fatal(err)
	}
	Golden(t, name, ParseMessage([]byte("Subject: Hi\n\ntoken=4712\n")), `token=(\d+)`)
	defer func() {
		if recover() == nil {
			t.Error("a malformed expression does not panic")
		}
	}()
	Golden(t, name, m, "(")
}

// TestSummaryGrowth shows that the summary of a message with twice as many boundaries takes about twice the memory.
func TestSummaryGrowth(t *testing.T) {
	allocated := func(n int) uint64 {
		var parts, text strings.Builder
		for i := range n {
			fmt.Fprintf(&parts, "--b\r\nContent-Type: multipart/mixed; boundary=boundary%d\r\n\r\n", i)
			fmt.Fprintf(&text, "boundary%d\r\n", i)
		}
		m := ParseMessage([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts.String() + "--b\r\n\r\n" + text.String() + "--b--\r\n"))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		summary := m.Summary()
		runtime.ReadMemStats(&after)
		if got, want := strings.Count(summary, "\n*\n"), n/2; got < want {
			t.Errorf("%d boundaries are stars, want %d", got, want)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := allocated(1_000), allocated(2_000)
	if large > 3*small {
		t.Errorf("twice the boundaries take %d bytes of memory instead of %d", large, small)
	}
}
