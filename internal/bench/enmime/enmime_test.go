// Package enmime compares how mailtest and github.com/jhillyerd/enmime read messages: those of our
// corpus, and those of enmime's own tests. Each difference is listed with its reason.
package enmime

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"mime"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// difference is what both find in one place.
type difference struct{ enmime, ours string }

// differences lists where enmime finds something else, as "message field", with patterns as in
// path.Match. Where how is set, it must be so.
var differences = []struct {
	why   string
	how   func(difference) bool
	where []string
}{
	{
		"a part without Content-Type has no type there, and is text/plain by RFC 2045 §5.2 (message/rfc822 in a digest)",
		func(d difference) bool { return d.enmime == "" || len(d.enmime) == 64 },
		[]string{
			"damaged/base64-multipart leaf 0 *", "damaged/boundary-unquoted leaf 0 *", "damaged/inner-never-closed leaf 0 *", "damaged/lf-only leaf 0 *", "damaged/no-final-boundary leaf 0 *",
			"damaged/part-without-empty-line leaf 1 *", "damaged/parameter-without-fold leaf 0 *", "damaged/truncated-in-base64 leaf 0 *", "damaged/winmail leaf 0 *", "damaged/blank-before-header leaf 0 *", "forward/digest leaf [123] type",
			"report/complaint leaf 0 *", "report/read-receipt leaf 0 *", "transfer/* leaf 0 *",
			"enmime-low-quality/bad-final-boundary leaf 2 *", "enmime-low-quality/empty-header leaf 1 *", "enmime-low-quality/missing-content-type2 leaf 1 *", "enmime-parts/badboundary leaf 2 *",
			"enmime-parts/barren-content-type leaf 0 *", "enmime-parts/empty-ctype-bad-content leaf 0 *", "enmime-parts/empty-header leaf 0 *", "enmime-parts/missing-ctype leaf 0 *",
		},
	},
	{
		"a Content-Type that is malformed: enmime refuses it or takes it for binary, we take what there is, or text/plain",
		nil,
		[]string{
			"damaged/type-no-semicolon leaf 0 *", "damaged/type-without-slash leaf 0 *", "enmime-mail/mime-bad-content-type leaf 1 type", "enmime-mail/mime-blank-media-name leaf 1 type", "enmime-parts/ctype-invalid-characters error",
		},
	},
	{
		"enmime refuses messages without a header, or with a first line that is no field; in the others it goes on with the header",
		nil,
		[]string{"damaged/body-alone error", "damaged/no-empty-line *", "enmime-low-quality/bad-header-start error", "enmime-mail/erroneous error", "enmime-parts/multi-malformed error"},
	},
	{
		"enmime refuses a multipart without a boundary, or has an empty one if its boundary is nowhere; we keep its content",
		nil,
		[]string{"damaged/no-boundary-parameter error", "damaged/wrong-boundary leaf 0 content", "enmime-mail/multipart-wo-boundary error"},
	},
	{
		"a multipart in quoted-printable that it finds no parts in, because it looks for them in what it has decoded",
		nil,
		[]string{"enmime-mail/qp-utf8-header-no-break leaf *"},
	},
	{
		"it does not find a boundary with a byte beyond ASCII",
		nil,
		[]string{"damaged/boundary-not-utf8 leaf 0 *"},
	},
	{
		"it leaves the byte order mark",
		func(d difference) bool { return strings.TrimPrefix(d.enmime, "\ufeff") == d.ours },
		[]string{"charset/*-utf-16-* leaf 0 content", "damaged/utf16-unlabelled-endian leaf 0 content", "damaged/utf8-bom leaf 0 content"},
	},
	{
		"it does not decode uuencode",
		nil,
		[]string{"transfer/uuencode leaf 1 content"},
	},
	{
		"x/text does not know ISO-2022-KR, and enmime has nothing in its place",
		func(d difference) bool { return d.enmime == "\ufffd" },
		[]string{"charset/ko-iso-2022-kr-* leaf 0 content"},
	},
	{
		"it guesses the charset where there is no label by statistics, and that needs long texts; where a label is wrong or raw bytes are in a header it guesses nothing",
		nil,
		[]string{
			"damaged/charset-ascii-is-utf8 leaf 0 content", "damaged/charset-missing-gbk leaf 0 content", "damaged/charset-utf8-is-gbk leaf 0 content", "damaged/subject-gbk-raw subject", "damaged/subject-koi8-raw subject",
			"damaged/subject-latin1-raw subject", "damaged/to-gbk-raw To.0", "damaged/utf8-one-bad-byte leaf 0 content", "filename/gbk-raw leaf 1 name", "filename/koi8-raw-in-type leaf 1 name",
			"transfer/html-8bit-meta leaf 0 content", "enmime-parts/chardet-detection leaf 0 content", "enmime-parts/chardet-fail leaf 0 content",
		},
	},
	{
		"statistics recognise a long text in Big5 that is labelled as ASCII; we know GB18030 alone",
		nil,
		[]string{"enmime-parts/chardet-success-big-5 leaf 0 content"},
	},
	{
		"UTF-8 that says it is windows-1250, in HTML: both readings are possible, and the euro sign that is meant is in neither",
		nil,
		[]string{"enmime-mail/non-mime-missing-charset leaf 0 content"},
	},
	{
		"ISO 8859-1 is windows-1252 in mail, as it is on the web",
		nil,
		[]string{"damaged/charset-latin1-is-1252 leaf 0 content"},
	},
	{
		"it leaves damaged encoded words as they are, those in unknown charsets, and those with RFC 2231's language; and it decodes each by itself",
		nil,
		[]string{"damaged/word-* subject", "header/subject-language subject"},
	},
	{
		"it drops all of a list of addresses that net/mail does not read: damaged ones, but also literals, source routes and some comments",
		func(d difference) bool { return d.enmime == "(nothing)" },
		[]string{"damaged/to-* To.[01]", "header/to-comments-everywhere To.0", "header/to-literal To.[01]", "header/to-route To.0"},
	},
	{
		"it makes two addresses of a display name that is one itself",
		nil,
		[]string{"damaged/to-name-with-at To.[01]"},
	},
	{
		"it takes the quotes off a local part that needs them",
		nil,
		[]string{"header/to-quoted-local To.0"},
	},
	{
		"it folds the space of a line of spaces",
		nil,
		[]string{"damaged/fold-of-spaces subject"},
	},
	{
		"it does not read extended parameters in other charsets than UTF-8, nor a comment behind a file name, and drops what is behind a missing segment",
		nil,
		[]string{"filename/comment leaf 1 name", "filename/rfc2231-gbk leaf 1 name", "filename/rfc2231-latin1 leaf 1 name", "filename/segment-missing leaf 1 name", "mutt/* leaf 1 name"},
	},
	{
		"it takes the parameter \"file\" for a file name, which no standard has",
		nil,
		[]string{"enmime-mail/attachment-octet leaf 1 name"},
	},
	{
		"a boundary with a space in front is one for enmime",
		nil,
		[]string{"transfer/binary-looks-like-boundary leaf [12] content"},
	},
	{
		"text that says it is in base64 and is not, or has a character too many: enmime has nothing, we have what comes out",
		func(d difference) bool { return d.enmime == "" },
		[]string{"enmime-mail/mime-bad-content-transfer-encoding leaf 0 content", "enmime-parts/extra-base64-character leaf [01] content"},
	},
	{
		"it goes on with the same group of base64 behind padding",
		nil,
		[]string{"damaged/base64-padding-within leaf 0 content"},
	},
	{
		"it leaves a soft line break with white space behind it (RFC 2045 §6.7 (3) says that goes)",
		nil,
		[]string{"transfer/qp-trailing-space leaf 0 content"},
	},
}

func TestAsInEnmime(t *testing.T) {
	t.Parallel()
	found := map[string]difference{}
	messages := readMessages(t)
	for name, raw := range messages {
		ours := ourReading(mailtest.ParseMessage(raw))
		theirs := enmimeReading(raw)
		for field, got := range theirs {
			if ours[field] != got {
				found[name+" "+field] = difference{got, ours[field]}
			}
		}
		if theirs["error"] != "" {
			continue
		}
		for field, want := range ours {
			if _, ok := theirs[field]; !ok {
				found[name+" "+field] = difference{"(nothing)", want}
			}
		}
	}
	t.Logf("%d messages", len(messages))

	listed := map[string]bool{}
	for _, d := range differences {
		for _, pattern := range d.where {
			still := false
			for key, diff := range found {
				if ok, err := path.Match(pattern, key); err != nil {
					t.Fatalf("%q: %v", pattern, err)
				} else if ok && (d.how == nil || d.how(diff)) {
					still, listed[key] = true, true
				}
			}
			if !still {
				t.Errorf("listed, but no longer so: %q (%s)", pattern, d.why)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		if !listed[key] {
			t.Errorf("not listed: %s: enmime has %q, we have %q", key, found[key].enmime, found[key].ours)
		}
	}
}

// readMessages returns our corpus, and the messages of enmime's tests under "enmime/…".
func readMessages(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	add := func(dir, prefix, extension string) {
		before := len(all)
		err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, extension) {
				return err
			}
			raw, err := os.ReadFile(name)
			all[prefix+path.Base(filepath.ToSlash(filepath.Dir(name)))+"/"+strings.TrimSuffix(filepath.Base(name), extension)] = raw
			return err
		})
		if err != nil || len(all) == before {
			t.Fatalf("there are no messages in %s: %v", dir, err)
		}
	}
	add(filepath.Join("..", "..", "..", "mailtest", "testdata", "corpus"), "", ".eml")
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/jhillyerd/enmime/v2").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	add(filepath.Join(strings.TrimSpace(string(out)), "testdata"), "enmime-", ".raw")
	return all
}

// enmimeReading returns what enmime finds, by field.
func enmimeReading(raw []byte) map[string]string {
	envelope, err := enmime.ReadEnvelope(strings.NewReader(string(raw)))
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	found := map[string]string{"subject": envelope.GetHeader("Subject")}
	for _, name := range []string{"From", "To", "Cc"} {
		list, _ := envelope.AddressList(name)
		for i, a := range list {
			found[fmt.Sprintf("%s.%d", name, i)] = a.Name + " <" + a.Address + ">"
		}
	}
	n := 0
	for _, p := range envelope.Root.DepthMatchAll(func(*enmime.Part) bool { return true }) {
		if p.FirstChild == nil {
			_, params, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
			addLeaf(found, n, p.ContentType, p.FileName, params["format"], p.Content)
			n++
		}
	}
	return found
}

// ourReading returns what we find.
func ourReading(m *mailtest.Message) map[string]string {
	found := map[string]string{"subject": m.Subject}
	for name, list := range map[string][]mailtest.Address{"From": m.From, "To": m.To, "Cc": m.Cc} {
		for i, a := range list {
			found[fmt.Sprintf("%s.%d", name, i)] = a.Name + " <" + a.Address + ">"
		}
	}
	n := 0
	for _, p := range m.Parts {
		if p.Below == 0 {
			content := p.Content
			if strings.HasPrefix(p.MediaType, "text/") {
				content = []byte(p.Text)
			}
			addLeaf(found, n, p.MediaType, p.Filename, p.Params["format"], content)
			n++
		}
	}
	return found
}

func addLeaf(found map[string]string, n int, mediaType, name, format string, content []byte) {
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	switch {
	case !strings.HasPrefix(mediaType, "text/"):
		text = fmt.Sprintf("%x", sha256.Sum256(content))
	case strings.EqualFold(format, "flowed"): // enmime leaves the soft line breaks
		text = strings.NewReplacer("\n", "", " ", "", ">", "").Replace(text)
	}
	found[fmt.Sprintf("leaf %d type", n)] = mediaType
	found[fmt.Sprintf("leaf %d name", n)] = name
	found[fmt.Sprintf("leaf %d content", n)] = text
}
