package mailtest_test

// This file measures that decoding takes memory in proportion to the size of a message, whatever it
// is made of.

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// growthShape is what a message is made of.
type growthShape struct {
	name string
	make func(size int) []byte
}

// growthShapes makes messages of about so many bytes.
var growthShapes = []growthShape{
	{"base64", func(size int) []byte {
		return multi("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat("UEsDBBQABgAIAAAAIQDfpNJsWgEAACAFAAATAAgCW0NvbnRlbnRfVHlwZXNdLnhtbCCiBAIooAAC\r\n", size))
	}},
	{"base64 with damage", func(size int) []byte {
		return multi("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat("UEsDBBQABgAIAAAAIQDfpNJsWgEAACAFAAATAAgCW0*0Z\r\n", size))
	}},
	{"base64 with padding", func(size int) []byte {
		return multi("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat("QQ==A=", size))
	}},
	{"quoted-printable text", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + repeat("Gr=C3=BC=C3=9Fe aus K=C3=B6ln, und noch etwas mehr Text, damit die Zeile =\r\nvoll wird.\r\n", size))
	}},
	{"quoted-printable with damage", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + repeat("= == =x =ZZ\r\n", size))
	}},
	{"quoted-printable text, flowed", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + repeat("> a quoted paragraph of =\r\nsome length=20\r\n> that goes on\r\n", size))
	}},
	{"uuencode", func(size int) []byte {
		return multi("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a.zip\r\n" + repeat("M5&AE('%U:6-K(&)R;W=N(&9O>\"!J=6UP<R!O=F5R('1H92!L87IY(&1O9RP@\r\n", size) + "`\r\nend")
	}},
	{"uuencode without its characters", func(size int) []byte {
		return multi("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a.zip\r\n" + repeat("M\r\n", size) + "`\r\nend")
	}},
	{"uuencode with and without its characters", func(size int) []byte {
		return multi("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a.zip\r\n" + repeat("M\r\n", size/2) +
			repeat("M5&AE('%U:6-K(&)R;W=N(&9O>\"!J=6UP<R!O=F5R('1H92!L87IY(&1O9RP@\r\n", size/2) + "`\r\nend")
	}},
	{"text in two charsets", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=utf-8\r\n\r\n" + repeat("caf\xe9 au lait\r\ncafé au lait\r\n", size))
	}},
	{"GBK and UTF-8", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=gbk\r\n\r\n" + repeat("\xc4\xe3\xba\xc3\xca\xc0\xbd\xe7\r\n请退订 list\r\n", size))
	}},
	{"base64 text, flowed", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat("UGFyYWdyYXBoIHRoYXQgZ29lcyBvbiAKYW5kIG9uLgoK\r\n", size))
	}},
	{"base64 GBK in one line, flowed", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=gbk; format=flowed; delsp=yes\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat("xOO6w8TjusPE47rDxOO6w8TjusPE47rDxOO6w8TjusPE47rDxOO6w8TjusPE47rDxOO6w8TjusPE\r\n", size))
	}},
	{"base64 ISO-2022-KR", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=iso-2022-kr\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat("GyQpQw4+SDNnPkgzZz5IM2cPLCAOPkgzZz5IM2c+SDNnDyENCg4+SDNnPkgzZz5IM2cPLCAOPkgzZz5IM2c+SDNnDyENCi4u\r\n", size))
	}},
	{"ISO-2022-KR", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=iso-2022-kr\r\n\r\n\x1b$)C" + repeat("\x0e>H3g>H3g>H3g\x0f, \x0e>H3g>H3g>H3g\x0f!\r\n", size))
	}},
	{"UTF-7", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=utf-7\r\n\r\n" + repeat("+T2BZfU9gWX1PYFl9T2BZfU9gWX1PYFl9-, Hi Mom\r\n", size))
	}},
	{"8-bit UTF-8 with damage", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=utf-8\r\n\r\n" + repeat("Gr\xfc\u00df\u00dfe\r\n", size))
	}},
	{"8-bit HTML", func(size int) []byte {
		return []byte("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + repeat("<p>Grüße aus Köln, <a href=\"https://example.com/?a=1\">und</a> 你好,世界</p>\r\n", size))
	}},
	{"8-bit GBK", func(size int) []byte {
		line, err := simplifiedchinese.GBK.NewEncoder().String("您好,欢迎使用本服务。这是一封普通的邮件。\r\n")
		if err != nil {
			panic(err)
		}
		return []byte("Content-Type: text/plain; charset=gbk\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + repeat(line, size))
	}},
	{"KOI8-R without a label", func(size int) []byte {
		line, err := charmap.KOI8R.NewEncoder().String("Высылаю договор на подпись.\r\n")
		if err != nil {
			panic(err)
		}
		return []byte("Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + repeat(line, size))
	}},
	{"flowed", func(size int) []byte {
		return []byte("Content-Type: text/plain; charset=utf-8; format=flowed\r\n\r\n" + repeat("> a quoted paragraph of some length \r\n> that goes on\r\n\r\ntext\r\n>x\r\n>>\r\n", size))
	}},
	{"many parts", func(size int) []byte {
		return multi(repeat("Content-Type: text/plain; charset=utf-8\r\n\r\n"+strings.Repeat("text in a part\r\n", 400)+"--b\r\n", size))
	}},
	{"more parts than are taken apart", func(size int) []byte { return multi(repeat("\r\nx\r\n--b\r\n", size)) }},
	{"forward", func(size int) []byte {
		return multi("Content-Type: message/rfc822\r\n\r\nSubject: inside\r\n\r\n" + repeat("The text of the message inside.\r\n", size))
	}},
	{"one line", func(size int) []byte { return []byte("Subject: long\r\n\r\n" + repeat("x", size)) }},
	{"line ends alone", func(size int) []byte { return []byte("Subject: long\r\n\r\n" + repeat("\r\n", size)) }},
	{"almost boundaries", func(size int) []byte { return multi("\r\n" + repeat("--bb\r\n", size)) }},
	{"header alone", func(size int) []byte { return []byte(repeat("X-Field: with a value that is not empty\r\n", size)) }},
}

// manyThings are the names of the shapes with many parts or fields, whose number is bounded.
var manyThings = map[string]bool{"many parts": true, "more parts than are taken apart": true, "header alone": true}

func repeat(s string, size int) string { return strings.Repeat(s, size/len(s)+1) }

func multi(part string) []byte {
	return []byte("Subject: big\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part + "\r\n--b--\r\n")
}

// TestGrowth decodes messages of 1 MiB, and with -large of 5, 10 and 50 MiB. The message and all that its decoding allocates,
// garbage included, are at most three times its size at 50 MiB; below that there may be some more,
// above all for many parts and fields. The log says how long it takes; what takes
// quadratic time fails TestHostileMessages.
func TestGrowth(t *testing.T) {
	sizes := []int{1}
	if *large && !mailtest.RaceEnabled {
		sizes = []int{5, 10, 50}
	}
	for _, shape := range growthShapes {
		t.Run(shape.name, func(t *testing.T) {
			for _, mib := range sizes {
				raw := shape.make(mib << 20)
				allocated, kept, took := measure(raw)
				size := float64(len(raw))
				t.Logf("%2d MiB: %v, allocates %.2f times its size, keeps %.2f", mib, took.Round(time.Millisecond), allocated/size, kept/size)
				most := 3 * size
				switch {
				case mib == 50:
				case manyThings[shape.name] || mailtest.RaceEnabled:
					most += 10 << 20
				default:
					most += 2 << 20
				}
				if allocated+size > most {
					t.Errorf("%d MiB: the message and what its decoding allocates are %.0f bytes, want at most %.0f", mib, allocated+size, most)
				}
			}
		})
	}
}

// measure decodes a message and returns how many bytes that allocated in all, how many are still
// there, and how long it took. What is still there is only for the log, and 0 if nobody reads that.
func measure(raw []byte) (allocated, kept float64, took time.Duration) {
	var before, after, end runtime.MemStats
	if testing.Verbose() {
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	start := time.Now()
	m := mailtest.ParseMessage(raw)
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	if testing.Verbose() {
		runtime.GC()
		runtime.ReadMemStats(&end)
		kept = float64(end.HeapAlloc) - float64(before.HeapAlloc)
	}
	if !bytes.Equal(m.Raw, raw) {
		panic(fmt.Sprintf("Raw has %d bytes, want %d", len(m.Raw), len(raw)))
	}
	return float64(after.TotalAlloc - before.TotalAlloc), kept, took
}
