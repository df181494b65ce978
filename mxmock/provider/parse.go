package provider

// The reader of definitions. It reports everything that is wrong with a file, each with its line.

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// block is a heading and the indented lines under it.
type block struct {
	line  int
	kind  string
	args  []string
	props []prop
}

// prop is an indented line.
type prop struct {
	line       int
	key, value string
}

// parser collects mistakes.
type parser struct {
	file string
	errs []error
}

// fail notes a mistake on a line.
func (p *parser) fail(line int, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s", p.file, line, fmt.Sprintf(format, args...)))
}

// parse reads the text of a file. If the text is wrong, it returns no definition, and an error that joins those of
// all mistakes, in the order of the blocks.
func parse(file, text string) (*definition, error) {
	p := &parser{file: file}
	d := &definition{}
	for _, b := range p.blocks(text) {
		switch b.kind {
		case "provider":
			p.provider(d, b)
		case "domain":
			p.domain(d, b)
		case "zone":
			p.zone(d, b)
		case "service":
			p.service(d, b)
		case "policy":
			p.policy(d, b)
		default:
			p.fail(b.line, "%q begins no block; one begins with provider, domain, zone, service or policy", b.kind)
		}
	}
	if len(p.errs) == 0 {
		d.check(p.fail)
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return d, nil
}

// blocks splits the text.
func (p *parser) blocks(text string) []block {
	var blocks []block
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case !utf8.ValidString(line):
			p.fail(n, "the line is not UTF-8")
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "#"):
		case line[0] != ' ' && line[0] != '\t':
			fields := strings.Fields(line)
			blocks = append(blocks, block{line: n, kind: fields[0], args: fields[1:]})
		case len(blocks) == 0:
			p.fail(n, "an indented line belongs to a block, and there is none yet")
		default:
			key, value := strings.TrimSpace(line), ""
			if i := strings.IndexAny(key, " \t"); i >= 0 {
				key, value = key[:i], strings.TrimSpace(key[i:])
			}
			if strings.HasPrefix(value, `"`) {
				text, err := strconv.Unquote(value)
				if err != nil {
					p.fail(n, "%s is no string in the syntax of Go", value)
				}
				value = text
			}
			last := &blocks[len(blocks)-1]
			last.props = append(last.props, prop{n, key, value})
		}
	}
	return blocks
}

// each calls, for each line of a block, the function of its key. A line with another key is a mistake, and so is a
// second line with the same key, unless the key ends in "+" in the table.
func (p *parser) each(b block, table map[string]func(prop)) {
	seen := make(map[string]bool)
	for _, pr := range b.props {
		f, many := table[pr.key+"+"]
		if !many {
			f = table[pr.key]
		}
		switch {
		case f == nil:
			known := make([]string, 0, len(table))
			for key := range table {
				known = append(known, strings.TrimSuffix(key, "+"))
			}
			slices.Sort(known)
			p.fail(pr.line, "%q is not known in a block %q; there are %s", pr.key, b.kind, strings.Join(known, ", "))
		case seen[pr.key] && !many:
			p.fail(pr.line, "%q is there twice", pr.key)
		default:
			f(pr)
		}
		seen[pr.key] = true
	}
}

// heading checks the number of words after the first word of a block. If most < 0, there is no upper bound.
func (p *parser) heading(b block, least, most int) bool {
	if len(b.args) < least || most >= 0 && len(b.args) > most {
		belong := strconv.Itoa(least)
		if most < 0 {
			belong += " or more"
		}
		p.fail(b.line, "%q has %d words after it, where %s belong", b.kind, len(b.args), belong)
		return false
	}
	return true
}

func (p *parser) provider(d *definition, b block) {
	if !p.heading(b, 1, 1) {
		return
	}
	if d.name != "" {
		p.fail(b.line, "there is one provider in a file, and this is the second")
	}
	d.name = b.args[0]
	if err := checkName(d.name); err != nil {
		p.fail(b.line, "%v", err)
	}
	p.each(b, map[string]func(prop){"about": func(pr prop) { d.about = pr.value }})
}

func (p *parser) domain(d *definition, b block) {
	if !p.heading(b, 1, -1) {
		return
	}
	dom := domain{line: b.line, names: b.args}
	for _, name := range dom.names {
		if err := checkName(name); err != nil && (name != "*" || len(dom.names) > 1) {
			p.fail(b.line, "%v", err)
		}
	}
	p.each(b, p.withOrigin(&dom.origin, map[string]func(prop){
		"mx+": func(pr prop) {
			pref, host, _ := strings.Cut(pr.value, " ")
			if _, err := strconv.ParseUint(pref, 10, 16); err != nil || host == "" {
				p.fail(pr.line, "%q is not a preference of 16 bits and a host, such as \"10 mx1.qq.com\"", pr.value)
			} else if err := checkName(host); err != nil && host != "." {
				p.fail(pr.line, "%v", err)
			}
			dom.mx = append(dom.mx, pr.value)
		},
		"spf":   func(pr prop) { dom.spf = p.startsWith(pr, "v=spf1") },
		"dmarc": func(pr prop) { dom.dmarc = p.startsWith(pr, "v=DMARC1") },
		"mta-sts": func(pr prop) {
			sts, err := parseSTS(pr.value)
			if err != nil {
				p.fail(pr.line, "%v", err)
			}
			dom.sts = sts
		},
	}))
	p.needsOrigin(b, dom.origin)
	d.domains = append(d.domains, dom)
}

// startsWith returns the value of a line that has to begin with a prefix and be short enough for the DNS.
func (p *parser) startsWith(pr prop, prefix string) string {
	switch {
	case !strings.HasPrefix(pr.value, prefix):
		p.fail(pr.line, "%q does not begin with %s", pr.value, prefix)
	case len(pr.value) > 1024:
		p.fail(pr.line, "the record is longer than 1024 bytes")
	case strings.ContainsFunc(pr.value, func(r rune) bool { return r < ' ' || r > '~' }):
		p.fail(pr.line, "%q is not all printable ASCII", pr.value)
	}
	return pr.value
}

func (p *parser) zone(d *definition, b block) {
	if !p.heading(b, 0, 0) {
		return
	}
	var o origin
	p.each(b, p.withOrigin(&o, map[string]func(prop){
		"rr+": func(pr prop) {
			if err := checkRecord(pr.value); err != nil {
				p.fail(pr.line, "%v", err)
			}
			d.records = append(d.records, pr.value)
		},
	}))
	p.needsOrigin(b, o)
}

// replyKeys maps the replies of a service to their codes. A key with a "+" may have several lines.
var replyKeys = map[string]int{
	"greeting+": 220, "ehlo+": 250, "ehlo-tls+": 250, "helo+": 250, "starttls+": 220, "prompt-user": 334, "prompt-password": 334,
	"auth+": 235, "mail+": 250, "rcpt+": 250, "data+": 354, "dot+": 250, "rset+": 250, "noop+": 250, "quit+": 221,
}

func (p *parser) service(d *definition, b block) {
	if !p.heading(b, 1, 1) {
		return
	}
	s := &service{line: b.line, name: b.args[0], words: make(map[string]string)}
	if role, _, _ := strings.Cut(s.name, "-"); role != "mx" && role != "submission" {
		p.fail(b.line, "a service is called mx or submission, or one of these with \"-\" and more after it, not %s", s.name)
	}
	table := p.withOrigin(&s.origin, map[string]func(prop){
		"hosts": func(pr prop) {
			s.hosts = strings.Fields(pr.value)
			for _, host := range s.hosts {
				if err := checkName(host); err != nil {
					p.fail(pr.line, "%v", err)
				}
			}
		},
		"ports": func(pr prop) {
			for text := range strings.FieldsSeq(pr.value) {
				port, err := strconv.ParseUint(text, 10, 16)
				if err != nil || port == 0 {
					p.fail(pr.line, "there is no port %s", text)
				}
				s.ports = append(s.ports, int(port))
			}
		},
		"size": func(pr prop) {
			n, err := strconv.ParseUint(pr.value, 10, 40)
			if err != nil || n == 0 {
				p.fail(pr.line, "%q is not a number of bytes", pr.value)
			}
			s.size = int64(n)
		},
		"token": func(pr prop) {
			t, err := newToken(pr.value)
			if err != nil {
				p.fail(pr.line, "%v", err)
			}
			s.token = t
		},
	})
	for key := range replyKeys {
		name := strings.TrimSuffix(key, "+")
		table[key] = func(pr prop) {
			s.words[name] = join(s.words[name], pr.value)
		}
	}
	p.each(b, table)
	for key, code := range replyKeys {
		key = strings.TrimSuffix(key, "+")
		if reply, ok := s.words[key]; ok {
			line := p.lineOf(b, key)
			p.reply(line, reply)
			if !strings.HasPrefix(reply, strconv.Itoa(code)) {
				p.fail(line, "the code of %s is %d, not %.3s", key, code, reply)
			}
		}
	}
	for _, key := range [...]string{"hosts", "ports", "greeting", "ehlo"} {
		if p.lineOf(b, key) == b.line {
			p.fail(b.line, "service %s has no %s", s.name, key)
		}
	}
	p.needsOrigin(b, s.origin)
	d.services = append(d.services, s)
}

// join appends a line to others.
func join(lines, line string) string {
	if lines == "" {
		return line
	}
	return lines + "\n" + line
}

// lineOf returns the number of the first line of a block with a key, or else that of the block.
func (p *parser) lineOf(b block, key string) int {
	for _, pr := range b.props {
		if pr.key == key {
			return pr.line
		}
	}
	return b.line
}

// dated matches a date at the beginning of a source.
var dated = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}){0,2}( |$)`)

// withOrigin adds the keys source and note to a table.
func (p *parser) withOrigin(o *origin, table map[string]func(prop)) map[string]func(prop) {
	table["source"] = func(pr prop) {
		confidence, rest, _ := strings.Cut(pr.value, " ")
		if !slices.Contains(confidences[:], confidence) {
			p.fail(pr.line, "a source begins with how well it is known: capture, log, documentation or guess; not %q", confidence)
		}
		o.confidence, o.text = confidence, strings.TrimSpace(rest)
		if date := dated.FindString(o.text); date != "" {
			o.date, o.text = strings.TrimSpace(date), strings.TrimSpace(o.text[len(date):])
		}
	}
	table["note+"] = func(pr prop) { o.notes = append(o.notes, pr.value) }
	return table
}

func (p *parser) needsOrigin(b block, o origin) {
	if o.confidence == "" {
		p.fail(b.line, "the block has no source; write one, such as \"source guess nothing was found\"")
	}
}
