package mailtest

// This file compares the decoder with Python's email package, on the corpus, on the messages of
// testdata/messages, and on those of Python's own tests. Each difference is listed with its reason.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest/internal/corpus"
)

// difference is what both find in one place.
type difference struct{ python, ours string }

// pyDifferences lists where Python finds something else, as "reader message field", with patterns
// as in path.Match. The reader is "default", the policy of that name, or "compat32", the old
// interface. Where how is set, it must be so.
var pyDifferences = []struct {
	why   string
	how   func(difference) bool
	where []string
}{
	{
		"it puts a space between the encoded words of a display name (RFC 2047 §6.2 says none)",
		func(d difference) bool {
			spaceless := strings.NewReplacer(" ", "").Replace
			return spaceless(d.python) == spaceless(d.ours)
		},
		[]string{
			"default apple/* from.0.0", "default apple/* to.0.0", "default charset/* from.0.0", "default charset/* to.0.0", "default forward/* *from.0.0", "default forward/* *to.0.0",
			"default gmail/* from.0.0", "default javamail/* from.0.0", "default javamail/* to.0.0", "default nodemailer/* from.0.0", "default nodemailer/* to.0.0",
			"default thunderbird/* from.0.0", "default thunderbird/* to.0.0", "default header/to-encoded-two-words to.0.0",
		},
	},
	{
		"it does not take a comment for the name that it is in old mailers, such as postfix and cron",
		func(d difference) bool { return d.python == "" },
		[]string{
			"default bulk/cron from.0.0", "default report/postfix* from.0.0", "default header/to-comment-name to.0.0", "default messages/dsn from.0.0",
			"default python/msg_* from.0.0", "default python/msg_27 to.0.0", "default python/msg_* leaves.[0-9].message.from.0.0", "default python/test_email-* from.0.0",
		},
	},
	{
		"it does not know the charset: windows-874, ISO-8859-8-I, those that do not exist; nor RFC 2231's language in an encoded word",
		lossy,
		[]string{
			"* charset/he-iso-8859-8-i-* *", "* charset/th-windows-874-* *", "* javamail/th-* *", "* outlook/th-* *", "* damaged/charset-unknown *", "* damaged/word-unknown-charset subject",
			"compat32 header/subject-language subject", "* messages/unknown-everything *", "* messages/bad-content-type leaves.0.text", "* python/test_email-ff853502 leaves.0.text",
		},
	},
	{
		"it takes GB2312 at its word, though it is a name for GBK in mail",
		lossy,
		[]string{"* foxmail/zh-rare-* *", "* foxmail/ja-* *", "* damaged/charset-gb2312-is-gbk leaves.0.text", "default messages/gb2312-alternative subject"},
	},
	{
		"it guesses no charset: neither where the label is missing or wrong, nor in header fields with bytes beyond ASCII (RFC 6532)",
		lossy,
		[]string{
			"* damaged/charset-ascii-is-utf8 *", "* damaged/charset-missing-* *", "* damaged/charset-utf8-is-gbk *", "default damaged/charset-quotes *", "* damaged/type-no-semicolon leaves.0.text",
			"* damaged/subject-*-raw subject", "compat32 damaged/subject-gb2312-or-utf8 subject", "* damaged/to-gbk-raw *", "* damaged/word-wrong-charset subject", "* filename/gbk-raw *", "* filename/koi8-raw-in-type *",
			"compat32 filename/utf8-raw *", "* forward/global *", "compat32 header/subject-utf8-raw subject", "* header/to-utf8 *", "* messages/forwarded-global *", "* messages/greek-html-meta *",
			"compat32 messages/gb18030-8bit subject", "* messages/russian-1251-raw subject", "* messages/smtputf8 *", "* messages/wrong-charset *", "* transfer/html-8bit-meta leaves.0.text", "* messages/nul-and-controls leaves.0.text",
			"* python/test_email-0a858737 *", "* python/test_email-1d055282 *", "* python/test_email-26d6c4e7 *", "* python/test_email-454bb767 *", "* python/test_email-cf5b9df5 *", "* python/test_generator-815d613b *",
		},
	},
	{
		"it puts bytes in encoded words together only after it decoded each, so that a character cut in two is lost",
		nil,
		[]string{"default damaged/word-cut-in-character subject", "* damaged/word-cut-in-base64 subject"},
	},
	{
		"it does not read HZ if the shift is in another encoded word, as the Q encoding has it here",
		lossy,
		[]string{"compat32 charset/zh-hz-gb-2312-qp subject"},
	},
	{
		"it reads encoded words with white space in them, which are none (RFC 2047 §2)",
		nil,
		[]string{"* damaged/word-with-spaces subject"},
	},
	{
		"ISO 8859-1 is windows-1252 in mail, as it is on the web",
		nil,
		[]string{"* damaged/charset-latin1-is-1252 leaves.0.text", "* messages/outlook leaves.[01].text"},
	},
	{
		"the old interface puts spaces around an encoded word within a word",
		func(d difference) bool { return strings.ReplaceAll(d.python, " ", "") == d.ours },
		[]string{"compat32 damaged/word-in-word subject", "compat32 filename/rfc2047-with-extension-behind leaves.1.name"},
	},
	{
		"it leaves the tab in that a field was folded with, and the space of an empty first line",
		func(d difference) bool {
			return strings.TrimPrefix(strings.ReplaceAll(d.python, "\t", " "), " ") == d.ours
		},
		[]string{
			"default header/folded-at-once subject", "* header/subject-folded-tab subject", "* messages/folded subject", "* python/msg_27 subject", "default python/test_email-0a858737 subject",
			"* python/test_email-ff14b8ab subject", "default python/test_headerregistry-* subject",
		},
	},
	{
		"the old interface makes a space of a line end that is in an encoded word",
		func(d difference) bool {
			return strings.ReplaceAll(d.python, " ", "") == strings.NewReplacer(" ", "", "\n", "").Replace(d.ours)
		},
		[]string{"compat32 python/test_generator-8d5e008b subject", "compat32 python/test_generator-f24b7fe5 subject"},
	},
	{
		"it gives up the header at a line that is no field, and at a field with a space before the colon (RFC 5322 §4.5), or in its name, or with a byte beyond ASCII",
		nil,
		[]string{"* damaged/space-before-colon *", "* python/test_defect_handling-76955fd6 *", "* messages/bad-header *", "* messages/no-empty-line *"},
	},
	{
		"its reading of damaged addresses loses the address or the name, or splits what belongs together",
		nil,
		[]string{
			"* damaged/to-all-in-word *", "default damaged/to-double-angle *", "* damaged/to-name-with-at *", "* damaged/to-no-angle *", "* damaged/to-open-quote *", "default damaged/to-no-comma *", "default damaged/to-semicolons *",
			"* messages/bad-dates-and-addresses *", "default messages/outlook to.1.*", "* python/test_email-1e45ad5c cc.0.1", "* python/test_message-bc42aed2 to.*", "default python/msg_43 from.0.1",
		},
	},
	{
		"the old interface does not read source routes (RFC 5322 §4.4), and joins comments to the name",
		nil,
		[]string{"compat32 header/to-route *", "compat32 header/to-comments-everywhere to.0.0"},
	},
	{
		"in parameters it does not read encoded words without quotes, missing segments, values with spaces, paths with backslashes, comments, or what is not closed",
		nil,
		[]string{
			"default filename/rfc2047-without-quotes leaves.1.name", "default filename/segment-missing leaves.1.name", "default filename/windows-path leaves.1.name", "default filename/without-quotes-with-spaces leaves.1.name",
			"default messages/chinese-attachment-names leaves.3.name", "compat32 filename/comment leaves.1.name", "compat32 filename/no-closing-quote leaves.1.name", "compat32 messages/bad-content-type leaves.0.name",
			"default damaged/boundary-unquoted *", "* damaged/type-no-semicolon leaves.0.type", "default python/test_email-0eed4c13 leaves.0.name",
		},
	},
	{
		"it prefers the plain parameter to the extended one beside it (mail programs do the opposite)",
		nil,
		[]string{"* filename/rfc2231-and-plain leaves.1.name"},
	},
	{
		"it finds the charset of an extended parameter only if the first segment is marked",
		nil,
		[]string{"default python/test_email-a74d387c leaves.0.name", "default python/test_email-cc1d6420 leaves.0.name"},
	},
	{
		"a comma in place of the semicolon: it keeps a type that is none, and we take the part for text as RFC 2045 §5.2 says",
		nil,
		[]string{"* python/test_policy-f685186b *"},
	},
	{
		"it does not find a boundary with a byte beyond ASCII",
		nil,
		[]string{"* damaged/boundary-not-utf8 *"},
	},
	{
		"a parameter on a line of its own without a space in front ends its header",
		nil,
		[]string{"* damaged/parameter-without-fold *", "* python/test_message-bc42aed2 leaves.0.*"},
	},
	{
		"it does not undo the base64 of message/rfc822, which is forbidden and happens",
		nil,
		[]string{"* forward/base64 leaves.1.message*", "* messages/forwarded-base64 leaves.1.message*"},
	},
	{
		"it does not take a multipart apart that says it is in base64, or does so with less",
		nil,
		[]string{"compat32 python/test_defect_handling-83c3bb6a *"},
	},
	{
		"in base64 it stops at the first padding, drops what is behind junk, and gives up if there is a character too many",
		nil,
		[]string{"* damaged/base64-padding-within leaves.0.text", "* messages/base64-damaged leaves.0.text", "* python/test_defect_handling-94d119b6 leaves.0.text"},
	},
	{
		"it leaves white space at the end of lines in quoted-printable, and the soft break before it (RFC 2045 §6.7 (3))",
		nil,
		[]string{"* transfer/qp-trailing-space leaves.0.text", "* messages/qp-damaged leaves.0.text", "* python/msg_15 leaves.[01].*"},
	},
	{
		"two boundaries without a part between them: we have an empty part",
		nil,
		[]string{"* python/msg_37 leaves.*", "* messages/empty-parts leaves.3.*"},
	},
	{
		"a multipart that has no parts: we have a leaf with its content, it has an empty one",
		nil,
		[]string{"* python/msg_42 leaves.1.message.leaves.0.sha256", "* python/test_defect_handling-679b0492 leaves.1.message.leaves.0.sha256"},
	},
	{
		"the message ends within a part: the old interface drops its last line end",
		func(d difference) bool { return d.python+"\n" == d.ours },
		[]string{"* python/test_defect_handling-c6757122 leaves.1.text"},
	},
}

// lossy returns whether Python says itself that it can't read it.
func lossy(d difference) bool {
	return strings.HasSuffix(d.python, "Error)") || strings.Contains(d.python, "\ufffd") && !strings.Contains(d.ours, "\ufffd") || strings.Count(d.python, "?") > strings.Count(d.ours, "?")
}

// In other versions of Python the differences are others.
const pyVersion = "3.11"

func TestAsInPython(t *testing.T) {
	t.Parallel()
	if RaceEnabled {
		t.Skip("one goroutine has no races")
	}
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for name, raw := range testMessages(t) {
		enc.Encode(map[string]any{"name": "messages/" + name, "raw": raw})
	}
	for _, c := range corpus.Messages() {
		enc.Encode(map[string]any{"name": c.Family + "/" + c.Name, "raw": c.Raw})
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to compare with")
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/pyemail.py")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}

	differences := map[string]difference{} // what differs, and how
	var names []string                     // of the messages
	var end struct {
		Own     int
		Version string
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var line struct {
			Name              string
			Raw               []byte
			Default, Compat32 any
		}
		var whole json.RawMessage
		if err := dec.Decode(&whole); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(whole, &line); line.Name == "" {
			json.Unmarshal(whole, &end)
			continue
		}
		names = append(names, line.Name)
		ours := flatten(t, asPython(checkInvariants(t, line.Raw)))
		for reader, record := range map[string]any{"default": line.Default, "compat32": line.Compat32} {
			theirs := flatten(t, record)
			for field := range ours {
				list := strings.TrimRight(field, ".0123456789")
				if _, ok := theirs[field]; !ok && theirs[list] == "" { // otherwise all of the list is an error
					theirs[field] = "(nothing)"
				}
			}
			for field, got := range theirs {
				if want := ours[field]; got != want {
					differences[reader+" "+line.Name+" "+field] = difference{got, want}
				}
			}
		}
	}
	if end.Version != pyVersion {
		t.Skipf("this is Python %s; the differences are listed for %s", end.Version, pyVersion)
	}
	t.Logf("%d messages, %d of them Python's own", len(names), end.Own)
	checkListed(t, differences, names)
	if end.Own == 0 {
		t.Skip("Python's own messages are not there: apt-get download libpython3.11-testsuite, dpkg -x it to DIR, and set PYTHONPATH=DIR/usr/lib/python3.11")
	}
}

// checkListed reports differences that are not listed, and those listed that are no more though the
// messages are there.
func checkListed(t *testing.T, differences map[string]difference, names []string) {
	t.Helper()
	listed := map[string]bool{}
	for _, d := range pyDifferences {
		for _, pattern := range d.where {
			found := false
			for key, diff := range differences {
				if ok, err := path.Match(pattern, key); err != nil {
					t.Fatalf("%q: %v", pattern, err)
				} else if ok && (d.how == nil || d.how(diff)) {
					found, listed[key] = true, true
				}
			}
			isThere := slices.ContainsFunc(names, func(name string) bool {
				ok, _ := path.Match(strings.Fields(pattern)[1], name)
				return ok
			})
			if !found && isThere {
				t.Errorf("listed, but no longer so: %q (%s)", pattern, d.why)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(differences)) {
		if !listed[key] {
			t.Errorf("not listed: %s: Python has %q, we have %q", key, differences[key].python, differences[key].ours)
		}
	}
}

// asPython returns what testdata/pyemail.py says about a message.
func asPython(m *Message) map[string]any {
	return map[string]any{"subject": m.Subject, "from": pairs(m.From), "to": pairs(m.To), "cc": pairs(m.Cc), "leaves": leavesAsPython(m)}
}

func pairs(list []Address) [][2]string {
	all := [][2]string{}
	for _, a := range list {
		all = append(all, [2]string{a.Name, a.Address})
	}
	return all
}

func leavesAsPython(m *Message) []map[string]any {
	var all []map[string]any
	for _, p := range m.Parts {
		if p.Below > 0 {
			continue
		}
		l := map[string]any{"type": p.MediaType}
		inner := p.Message()
		if inner != nil || !strings.HasPrefix(p.MediaType, "message/") {
			l["name"] = p.Filename
		}
		switch {
		case inner != nil:
			l["message"] = asPython(inner)
		case strings.HasPrefix(p.MediaType, "message/"):
		case strings.HasPrefix(p.MediaType, "text/"):
			l["text"] = p.Text
		default:
			sum := sha256.Sum256(p.Content)
			l["sha256"] = hex.EncodeToString(sum[:])
		}
		all = append(all, l)
	}
	return all
}

// flatten returns the strings in a value of JSON by where they are, such as "to.0.1".
func flatten(t *testing.T, v any) map[string]string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		t.Fatal(err)
	}
	flat := map[string]string{}
	flattenInto(flat, "", plain)
	return flat
}

func flattenInto(flat map[string]string, where string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			flattenInto(flat, strings.TrimPrefix(where+"."+k, "."), e)
		}
	case []any:
		for i, e := range v {
			flattenInto(flat, fmt.Sprintf("%s.%d", where, i), e)
		}
	default:
		flat[where] = fmt.Sprint(v)
	}
}
