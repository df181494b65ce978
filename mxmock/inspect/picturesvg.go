package inspect

// The drawing of a diagram as SVG.

import (
	"bufio"
	"fmt"
	"strings"
	"time"
)

// pictureStyle is the style sheet of a picture.
const pictureStyle = `.mail-picture{--bg:#fff;--box:#f3f5f8;--line:#c4cbd4;--text:#1b1f24;--soft:#59626e;--blue:#0b57b7;--good:#156c33;--warn:#8a5300;--bad:#b3231c;--band:#eef2f7;font:12px "Liberation Sans",Arial,Helvetica,sans-serif}
@media (prefers-color-scheme:dark){.mail-picture{--bg:#16181c;--box:#22262c;--line:#4a525c;--text:#e4e7eb;--soft:#9aa4b0;--blue:#8ab8ff;--good:#7bd694;--warn:#f0be6a;--bad:#ff9c94;--band:#1f2630}}
.mail-picture text{fill:var(--text);stroke:var(--bg);stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
.mail-picture .paper{fill:var(--bg)}.mail-picture .life{stroke:var(--line);stroke-dasharray:3 4}.mail-picture .box{fill:var(--box);stroke:var(--line)}
.mail-picture .box~text,.mail-picture .band+text,.mail-picture .tag+text,.mail-picture .name{stroke:none}.mail-picture .name{font-weight:700}
.mail-picture .open{fill:var(--line)}.mail-picture .soft{fill:var(--soft)}.mail-picture .arrow{stroke:var(--blue);fill:none;stroke-width:1.5}.mail-picture .head{fill:var(--blue);stroke:none}
.mail-picture .reply .arrow{stroke:var(--soft);stroke-dasharray:5 3}.mail-picture .reply .head{fill:var(--soft)}
.mail-picture .bad .reply .arrow,.mail-picture .lost .arrow{stroke:var(--bad)}.mail-picture .bad .reply .head{fill:var(--bad)}.mail-picture .bad .reply text{fill:var(--bad);font-weight:700}
.mail-picture .later .reply .arrow{stroke:var(--warn)}.mail-picture .later .reply .head{fill:var(--warn)}.mail-picture .later .reply text{fill:var(--warn);font-weight:700}
.mail-picture .lost .head,.mail-picture .mark{fill:var(--bad)}.mail-picture .later .mark{fill:var(--warn)}.mail-picture .sign{stroke:var(--bg);stroke-width:2;fill:none;stroke-linecap:round}
.mail-picture .tag{fill:var(--bg);stroke:var(--warn)}.mail-picture .rule{fill:var(--warn);font-size:10.5px}
.mail-picture .mail{fill:var(--bg);stroke:var(--good);stroke-width:1.5}.mail-picture .letter{stroke:var(--good);stroke-width:1.5;fill:none}.mail-picture .mail~text{stroke:none}.mail-picture .mail~.name{fill:var(--good)}
.mail-picture .band{fill:var(--band)}.mail-picture .wait{font-weight:700}.mail-picture a:hover .said,.mail-picture a:focus .said{text-decoration:underline}`

// Sizes and distances.
const (
	fontSize  = 12.0
	boldSize  = 12.9  // as wide as bold text of fontSize
	timeWidth = 78.0  // of the times at the left
	wideLane  = 236.0 // between participants that talk to each other
	dnsLane   = 260.0 // between the DNS and the first sender, between senders, and from there to the first host, at least
	farLane   = 340.0 // there, if texts need it
	wideText  = 420.0 // of a line of text
	lineTall  = 15.0
	mostLines = 4 // of a text
	headAt    = 34.0
	headTall  = 40.0
	bodyAt    = headAt + headTall + 14
	longPause = 10 * time.Second // a pause that is drawn
)

// drawing writes a diagram.
type drawing struct {
	*bufio.Writer
	d     *diagram
	gap   float64 // between hosts
	wide  float64
	y     float64
	clock string // the time that was written last
}

// write draws a diagram. It is drawn twice, first to see how tall it is and where connections begin and end.
func (d *diagram) write(w *bufio.Writer, link func(int) string) {
	p := &drawing{Writer: w, d: d, gap: wideLane}
	p.place()
	var body strings.Builder
	p.Writer, p.y = bufio.NewWriter(&body), bodyAt
	open := make(map[string][2]float64)
	var order []string
	var last time.Duration
	for i := range d.steps {
		s := &d.steps[i]
		if pause := s.begin - last; pause >= longPause {
			p.pause(pause)
		}
		last = s.end
		top := p.y
		p.step(s, link)
		if s.connection == "" || s.kind == "dial" && s.failed || s.kind == "session" {
			continue
		}
		key := fmt.Sprint(s.to, " ", s.connection)
		span, known := open[key]
		if !known {
			order = append(order, key)
			span[0] = top + 4
		}
		open[key] = [2]float64{span[0], p.y - 6}
	}
	p.Flush()
	p.Writer = w
	tall := p.y + headTall + 20
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="mail-picture" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" `, p.wide, tall, p.wide, tall)
	if link == nil {
		p.printf(`role="img" `)
	} else {
		p.printf(`role="group" `)
	}
	p.printf(`aria-labelledby="picture-title picture-desc">` + "\n<title id=\"picture-title\">What happened, as a sequence diagram</title>\n")
	p.printf("<desc id=\"picture-desc\">%s</desc>\n<style>%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\" rx=\"8\"/>\n", escape.Replace(d.summary), pictureStyle)
	p.text(16, 20, fontSize, "soft", "start", d.summary, p.wide-32)
	for _, l := range d.lanes {
		p.printf(`<line class="life" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`+"\n", l.x, l.x, headAt+headTall, p.y)
	}
	for _, key := range order {
		var to int
		fmt.Sscan(key, &to)
		span := open[key]
		p.printf(`<rect class="open" x="%.1f" y="%.1f" width="6" height="%.1f" rx="3"/>`+"\n", d.lanes[to].x-3, span[0], max(2, span[1]-span[0]))
	}
	p.heads(headAt)
	p.WriteString(body.String())
	p.heads(p.y)
	p.printf("</svg>\n")
}

func (p *drawing) printf(format string, args ...any) { fmt.Fprintf(p.Writer, format, args...) }

// place computes the positions of the lanes.
func (p *drawing) place() {
	hosts := 0
	for _, l := range p.d.lanes {
		if l.host {
			hosts++
		}
	}
	switch {
	case hosts > 6:
		p.gap = 140
	case hosts > 3:
		p.gap = 180
	}
	x := timeWidth + 62.0
	for i := range p.d.lanes {
		l := &p.d.lanes[i]
		switch {
		case i == 0:
		case !l.host || !p.d.lanes[i-1].host:
			x += p.d.between(i-1, i)
		default:
			x += p.gap
		}
		l.x = x
	}
	p.wide = x + max(p.gap, 120)/2 + 16
}

// between returns the distance between two lanes that are next to each other: enough for the texts there, within bounds.
func (d *diagram) between(left, right int) float64 {
	wide := dnsLane
	for i := range d.steps {
		if s := &d.steps[i]; min(s.from, s.to) == left && max(s.from, s.to) == right {
			reply := measure(s.reply, boldSize)
			if s.rule > 0 {
				reply += measure(s.ruleTag(), fontSize) + 26
			}
			wide = max(wide, measure(s.said, fontSize)+30, reply+46)
		}
	}
	return min(wide, farLane)
}

// ruleTag is the text that marks what a rule has decided.
func (s *step) ruleTag() string { return fmt.Sprintf("rule %d", s.rule) }

// heads draws the names of the lanes.
func (p *drawing) heads(y float64) {
	for _, l := range p.d.lanes {
		room := 150.0
		if l.host {
			room = p.gap - 12
		}
		if l.name == "DNS" && !l.host {
			room = 84
		}
		name := lines(l.name, boldSize, room-12)
		if l.note != "" {
			name = append(name[:1:1], fit(l.note, fontSize, room-12))
		}
		p.printf(`<g><title>%s</title><rect class="box" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6"/>`, escape.Replace(l.name), l.x-room/2, y, room, headTall)
		at := y + 24
		if len(name) > 1 {
			at = y + 17
		}
		for i, text := range name {
			class, size := "name", boldSize
			if i > 0 && l.note != "" {
				class, size = "soft", fontSize
			}
			p.text(l.x, at, size, class, "middle", text, room-8)
			at += 15
		}
		p.printf("</g>\n")
	}
}

// text draws a text, cut to the width most, and returns its width.
func (p *drawing) text(x, y, size float64, class, anchor, text string, most float64) float64 {
	text = fit(text, size, most)
	wide := measure(text, size)
	p.printf(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s"`, class, x, y, anchor)
	if wide > most*.8 { // another font may be wider
		p.printf(` textLength="%.1f" lengthAdjust="spacingAndGlyphs"`, wide)
	}
	p.printf(">%s</text>", escape.Replace(text))
	return wide
}

// paragraph draws a text in lines of at most the width most, moves down by all lines but one, and returns the width of the
// last one. If exact is set, that one has its width in any font, because something follows it.
func (p *drawing) paragraph(x, y, size float64, class, text string, most float64, exact bool) (wide float64) {
	all := wrap(text, size, most, mostLines)
	for i, line := range all {
		if exact && i == len(all)-1 {
			most = min(most, measure(line, size))
		}
		wide = p.text(x, y+float64(i)*lineTall, size, class, "start", line, most)
		if i > 0 {
			p.y += lineTall
		}
	}
	return wide
}

// pause draws a band for the time that passed.
func (p *drawing) pause(d time.Duration) {
	p.printf(`<g><rect class="band" x="8" y="%.1f" width="%.1f" height="26" rx="4"/>`, p.y+6, p.wide-16)
	p.text(p.d.lanes[min(1, len(p.d.lanes)-1)].x+12, p.y+23, boldSize, "wait", "start", shortly(d)+" later", 300)
	p.printf("</g>\n")
	p.y += 44
}

// step draws a step and moves down.
func (p *drawing) step(s *step, link func(int) string) {
	class := "step"
	switch {
	case s.temporary:
		class += " later"
	case s.failed:
		class += " bad"
	}
	if s.number > 0 {
		p.printf(`<g class="%s" id="step-%d"><title>%s</title>`, class, s.number, escape.Replace(clean(s.title)))
	} else {
		p.printf(`<g class="%s"><title>%s</title>`, class, escape.Replace(s.said))
	}
	linked := link != nil && s.number > 0
	if linked {
		p.printf(`<a href="%s">`, escape.Replace(link(s.number)))
	}
	if now := shortly(s.begin); now != p.clock && s.kind != "more" {
		p.text(timeWidth-8, p.y+14, fontSize, "soft", "end", now, timeWidth-12)
		p.clock = now
	}
	switch s.kind {
	case "more":
		p.printf(`<rect class="band" x="%.1f" y="%.1f" width="%.1f" height="22" rx="4"/>`, timeWidth, p.y, p.wide-timeWidth-8)
		p.text(timeWidth+12, p.y+15, fontSize, "soft", "start", "↻ "+s.said, p.wide-timeWidth-32)
		p.y += 32
	case "mail":
		p.letter(s)
	default:
		p.exchange(s)
	}
	if linked {
		p.printf("</a>")
	}
	p.printf("</g>\n")
}

// exchange draws a question or a command, and its answer.
func (p *drawing) exchange(s *step) {
	a, b := p.d.lanes[s.from].x, p.d.lanes[s.to].x
	left := min(a, b) + 12
	room := max(a, b) - min(a, b) - 26
	room = min(room, wideText)
	lost := s.kind == "dial" && s.failed
	if !strings.HasPrefix(s.said, "(greeting") {
		p.paragraph(left, p.y+12, fontSize, "said", s.said, room, false)
		p.y += 18
		if lost {
			p.printf(`<g class="lost">`)
			p.arrow(a, b-18*sign(b-a))
			p.mark(b-10*sign(b-a), p.y, s)
			p.printf("</g>")
		} else {
			p.arrow(a, b)
		}
	}
	p.printf(`<g class="reply">`)
	size := fontSize
	if s.failed {
		size = boldSize
	}
	if s.failed && !lost {
		p.mark(left+5, p.y+12, s)
		left, room = left+16, room-16
	}
	tag := ""
	if s.rule > 0 {
		tag = s.ruleTag()
		room -= measure(tag, fontSize) + 26
	}
	end := left
	if s.reply != "" {
		end += p.paragraph(left, p.y+16, size, "", s.reply, room, tag != "")
		p.y += 22
	} else {
		p.y += 6
	}
	if s.reply != "" && !lost {
		p.arrow(b, a)
	}
	p.printf("</g>")
	if tag != "" {
		wide := measure(tag, fontSize) + 10
		p.printf(`<rect class="tag" x="%.1f" y="%.1f" width="%.1f" height="15" rx="7.5"/>`, end+8, p.y-18, wide)
		p.text(end+8+wide/2, p.y-7, fontSize, "rule", "middle", tag, wide)
	}
	p.y += 10
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

// arrow draws an arrow at the current height.
func (p *drawing) arrow(from, to float64) {
	s := sign(to - from)
	from, to = from+4*s, to-4*s
	p.printf(`<path class="arrow" d="M%.1f %.1fH%.1f"/><path class="head" d="M%.1f %.1fl%.0f -4v8z"/>`, from, p.y, to-7*s, to, p.y, -8*s)
}

// mark draws the sign of a failure: a cross, or an exclamation mark in a triangle if the failure is temporary.
func (p *drawing) mark(x, y float64, s *step) {
	if s.temporary {
		p.printf(`<path class="mark" d="M%.1f %.1fl7 12h-14z"/><path class="sign" d="M%.1f %.1fv3m0 3v.1"/>`, x, y-7, x, y-2.5)
		return
	}
	p.printf(`<circle class="mark" cx="%.1f" cy="%.1f" r="6.5"/><path class="sign" d="M%.1f %.1fl5 5m0 -5l-5 5"/>`, x, y, x-2.5, y-2.5)
}

// letter draws a message that was accepted.
func (p *drawing) letter(s *step) {
	room := max(p.gap, 190) - 10
	wide := min(room, max(measure(s.said, boldSize), measure(s.reply, fontSize))+50)
	left := min(p.d.lanes[s.to].x-wide/2, p.wide-8-wide)
	about := wrap(s.reply, fontSize, wide-42, 2)
	more := lineTall * float64(len(about)-1)
	p.printf(`<rect class="mail" x="%.1f" y="%.1f" width="%.1f" height="%.0f" rx="6"/>`, left, p.y+2, wide, 38+more)
	p.printf(`<path class="letter" d="M%.1f %.1fh18v13h-18zl9 7l9 -7"/>`, left+10, p.y+14)
	p.text(left+36, p.y+18, boldSize, "name", "start", s.said, wide-44)
	for i, line := range about {
		p.text(left+36, p.y+33+lineTall*float64(i), fontSize, "soft", "start", line, wide-42)
	}
	p.y += 52 + more
}
