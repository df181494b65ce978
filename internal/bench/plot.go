package main

// The plot: an SVG of each row with all of its contestants.

import (
	"fmt"
	"html"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
)

// The geometry of the plot in pixels, and the ratios at its left and right ends.
const (
	plotWidth   = 960
	labelWidth  = 190
	rowHeight   = 26
	plotTop     = 70
	leastRatio  = 1.0 / 32
	mostRatio   = 64.0
	legendWidth = 150
)

// kinds lists the kinds of contestants with their colours, in the order of the legend.
var kinds = []struct {
	name, colour string
	contestants  []string
}{
	{"ours", "#0b6e4f", []string{"ours", "ours-loopback"}},
	{"the floor", "#888888", []string{"rawnet", "rawudp", "rawudp+rawnet", "echo", "scan", "decoding"}},
	{"go-smtp, miekg/dns, go-message", "#3b6fb6", []string{"gosmtp", "miekg", "miekg+gosmtp", "go-message"}},
	{"go-smtp-mock, go-mockdns", "#d4a017", []string{"smtpmock", "mockdns", "mockdns+smtpmock"}},
	{"enmime", "#c1666b", []string{"enmime"}},
	{"net/mail", "#7d5ba6", []string{"netmail"}},
	{"others", "#222222", nil},
}

// colour returns the colour of a contestant.
func colour(contestant string) string {
	for _, k := range kinds {
		if slices.Contains(k.contestants, contestant) {
			return k.colour
		}
	}
	return kinds[len(kinds)-1].colour
}

// plot writes the medians of the rows that have a peer, as ratios to the peer. A contestant to the right of the line
// took longer, or more, than the peer.
func plot(w io.Writer, re *regexp.Regexp, seen results) error {
	var b strings.Builder
	x := func(ratio float64) float64 {
		ratio = min(max(ratio, leastRatio), mostRatio)
		return labelWidth + (plotWidth-labelWidth-legendWidth)*math.Log(ratio/leastRatio)/math.Log(mostRatio/leastRatio)
	}
	n := 0
	for _, r := range rows() {
		if r.peer == "" || !re.MatchString(r.name) {
			continue
		}
		y := float64(plotTop + n*rowHeight)
		n++
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n", labelWidth-12, y+4, html.EscapeString(r.name))
		fmt.Fprintf(&b, "<line x1=\"%d\" y1=\"%.0f\" x2=\"%d\" y2=\"%.0f\" stroke=\"#e5e5e5\"/>\n", labelWidth, y, plotWidth-legendWidth, y)
		for _, c := range r.contestants {
			ratio, _, _ := seen.ratio(r, c.name, r.peer)
			if r.rate {
				ratio = 1 / ratio
			}
			colour := colour(c.name)
			fmt.Fprintf(&b, "<circle cx=\"%.1f\" cy=\"%.0f\" r=\"5\" fill=\"%s\"><title>%s, %s: %.2f × %s</title></circle>\n",
				x(ratio), y, colour, html.EscapeString(r.name), html.EscapeString(c.name), ratio, html.EscapeString(r.peer))
			if c.name == r.peer {
				fmt.Fprintf(&b, "<text x=\"%d\" y=\"%.0f\" fill=\"%s\" font-size=\"11\">%s</text>\n", plotWidth-legendWidth+6, y+4, colour, html.EscapeString(c.name))
			}
		}
	}
	height := plotTop + n*rowHeight + 8
	var axis strings.Builder
	for ratio := leastRatio; ratio <= mostRatio; ratio *= 4 {
		fmt.Fprintf(&axis, "<text x=\"%.1f\" y=\"48\" text-anchor=\"middle\" fill=\"#666\">%s</text>\n", x(ratio), label(ratio))
	}
	at := 24
	for _, k := range kinds {
		fmt.Fprintf(&axis, "<circle cx=\"%d\" cy=\"16\" r=\"5\" fill=\"%s\"/><text x=\"%d\" y=\"20\">%s</text>\n", at, k.colour, at+10, html.EscapeString(k.name))
		at += 34 + 7*len(k.name)
	}
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
<title>Each row of the bench: time or memory of all contestants, as a ratio to the peer at the right</title>
<rect width="100%%" height="100%%" fill="white"/>
%s<line x1="%.1f" y1="56" x2="%.1f" y2="%d" stroke="#222"/>
%s</svg>
`, plotWidth, height, axis.String(), x(1), x(1), height-6, b.String())
	return err
}

// label returns the text for a ratio.
func label(ratio float64) string {
	if ratio < 1 {
		return fmt.Sprintf("1/%.0f", 1/ratio)
	}
	return fmt.Sprintf("%.0f×", ratio)
}
