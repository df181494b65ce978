package mailtest_test

// The dialogues of this package's tests: with the settings of the server, and what is to be found
// in the end.

import (
	"net"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// dialog is a script of package dialogue with two more kinds of line:
//
//	server MaxSize=1000           about the server
//	= message from <a@b.example>  what is to be found in the end
type dialog struct {
	text   string   // without those lines
	server []string // the settings
	wants  []string // what is found in the end
}

// parseDialog takes the lines apart.
func parseDialog(text string) *dialog {
	d := &dialog{}
	var rest strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if setting, ok := strings.CutPrefix(line, "server "); ok {
			d.server = append(d.server, setting)
			line = ""
		} else if want, ok := strings.CutPrefix(line, "= "); ok {
			d.wants = append(d.wants, want)
			line = ""
		}
		rest.WriteString(line + "\n") // so that line numbers stay
	}
	d.text = rest.String()
	return d
}

// play plays the client, with TLS from the first byte if that is wanted, and returns all that the server has sent,
// and conn or TLS above it.
func (d *dialog) play(srv *mailtest.Server, conn net.Conn, exact, implicit bool) (string, net.Conn, error) {
	var heard strings.Builder
	p := dialogue.Player{Conn: conn, TLS: clientTLS(srv), Exact: exact, Heard: &heard}
	text := d.text
	if implicit {
		text = "c !! starttls\n" + text
	}
	err := p.Play(text)
	return heard.String(), p.Conn, err
}
