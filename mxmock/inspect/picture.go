package inspect

// The picture of a journal: its lanes and its steps.

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/elapsed"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// WritePicture writes a journal as a sequence diagram in SVG. It has the questions to the DNS, the connections, the
// turns of SMTP, and the messages, from top to bottom, with a lane for each host. Failures have a mark, and turns
// that a rule decided have its number. The time since the first event is at the left, and a band shows a pause of
// more than ten seconds. The size of the picture is bounded: repeated exchanges are drawn once and counted, a long
// journal has one line for each connection, and hosts after the tenth share a lane.
//
// The picture loads no other file and has no script. Its colors follow the light or dark theme of the viewer. The
// element with the id "step-12" is the twelfth event of the journal; its title has the whole text.
func WritePicture(w io.Writer, j mxmock.Journal) error {
	var start time.Time
	if len(j) > 0 {
		start = j[0].Time
	}
	return writePicture(w, j, start, nil)
}

// writePicture writes the picture, with times since start. If link is not nil, it returns the target of each step.
func writePicture(w io.Writer, j mxmock.Journal, start time.Time, link func(number int) string) error {
	b := bufio.NewWriter(w)
	newDiagram(j, start).write(b, link)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("inspect: write the picture of a journal: %w", err)
	}
	return nil
}

// The numbers of hosts and senders that have lanes of their own.
const (
	mostHosts   = 10
	mostSenders = 3
)

// diagram is a journal that is ready to be drawn.
type diagram struct {
	lanes   []lane
	steps   []step
	summary string
}

// lane is a vertical line.
type lane struct {
	name, note string
	host       bool
	x          float64
}

// step is drawn at one height.
type step struct {
	number      int    // of its event, from 1; 0 if it stands for others
	kind        string // the kind of the event, or "session", "more"
	from, to    int    // lanes
	said, reply string
	title       string
	failed      bool
	temporary   bool // the failure is temporary
	rule        int
	begin, end  time.Duration // since the first event
	connection  string        // the events of a connection have the same value
	shape       string        // steps with the same shape are alike
}

// newDiagram returns the diagram of a journal, with times since start.
func newDiagram(j mxmock.Journal, start time.Time) *diagram {
	d := &diagram{summary: tallyOf(j)}
	lanes := d.findLanes(j)
	brief := len(j) > mostInFull
	for i, e := range j {
		kind, what, _ := strings.Cut(e.What, " ")
		s := step{number: i + 1, kind: kind, reply: readable(e.Result), failed: e.Failed, rule: e.Rule, begin: e.Time.Sub(start)}
		s.end, s.temporary = s.begin, e.Failed && kind == "smtp" && strings.HasPrefix(e.Result, "4")
		s.from = lanes.senders[ipOf(e.Client)]
		s.title = elapsed.Round(s.begin).String() + " " + e.String()
		target, said, _ := strings.Cut(what, " ")
		verb, _, _ := strings.Cut(said, " ")
		code, _, _ := strings.Cut(e.Result, " ")
		switch kind {
		case "ask":
			s.said = readable(strings.ToUpper(target) + " " + said)
			s.reply = strings.TrimPrefix(s.reply, "NOERROR ")
			if verb = target; !brief {
				verb = what
			}
		default:
			s.to = lanes.hosts[hostOf(target)]
			s.connection = e.Client + " " + target
			if s.said = readable(said); kind == "dial" {
				s.said = "connect " + readable(target)
			}
			if _, subject, ok := strings.Cut(s.reply, ">: "); ok && kind == "mail" {
				s.reply = subject
			}
			if shared := d.lanes[s.to].name; kind == "smtp" && lanes.shared[hostOf(target)] && shared != "" {
				s.said = readable(hostOf(target)) + ": " + s.said
			}
		}
		if e.Repeat {
			s.said += " (again)"
		}
		s.shape = fmt.Sprint(s.kind, s.from, s.to, verb, code, s.failed, s.rule)
		d.steps = append(d.steps, s)
	}
	d.fold()
	return d
}

// taking has the lanes of the participants.
type taking struct {
	senders, hosts map[string]int
	shared         map[string]bool // hosts that share a lane
}

// findLanes makes the lanes: the DNS, senders, hosts.
func (d *diagram) findLanes(j mxmock.Journal) taking {
	t := taking{make(map[string]int), make(map[string]int), make(map[string]bool)}
	var senders, hosts []string
	for _, e := range j {
		if ip := ipOf(e.Client); t.senders[ip] == 0 {
			senders = append(senders, ip)
			t.senders[ip] = len(senders)
		}
		kind, what, _ := strings.Cut(e.What, " ")
		target, _, _ := strings.Cut(what, " ")
		if name := hostOf(target); kind != "ask" && t.hosts[name] == 0 {
			hosts = append(hosts, name)
			t.hosts[name] = len(hosts)
		}
	}
	d.lanes = []lane{{name: "DNS"}}
	for i, ip := range senders {
		own := min(i, mostSenders)
		t.senders[ip] = own + 1
		switch {
		case own < mostSenders:
			d.lanes = append(d.lanes, lane{name: "sender", note: readable(ip)})
		case i == mostSenders:
			d.lanes = append(d.lanes, lane{name: "other senders", note: fmt.Sprint(len(senders) - mostSenders)})
		}
	}
	first := len(d.lanes)
	for i, name := range hosts {
		own := min(i, mostHosts)
		t.hosts[name] = first + own
		t.shared[name] = i >= mostHosts && len(hosts) > mostHosts+1
		switch {
		case own < mostHosts || len(hosts) == mostHosts+1:
			d.lanes = append(d.lanes, lane{name: readable(name), host: true})
		case i == mostHosts:
			d.lanes = append(d.lanes, lane{name: fmt.Sprintf("%d other hosts", len(hosts)-mostHosts), host: true})
		}
	}
	return t
}

// ipOf returns an address without its port.
func ipOf(client string) string {
	if ip, _, err := net.SplitHostPort(client); err == nil {
		return ip
	}
	return client
}

// hostOf returns the name of a host without its port.
func hostOf(target string) string { return ipOf(target) }

// tallyOf returns the numbers of questions, connections and messages, as text.
func tallyOf(j mxmock.Journal) string {
	count, failed := make(map[string]int), make(map[string]int)
	for _, e := range j {
		kind, _, _ := strings.Cut(e.What, " ")
		count[kind]++
		if e.Failed {
			failed[kind]++
		}
	}
	var parts []string
	for _, k := range []struct{ kind, thing string }{{"ask", "question"}, {"dial", "connection"}, {"smtp", "turn"}, {"mail", "message"}} {
		n := count[k.kind]
		if n == 0 {
			continue
		}
		text := plural(n, k.thing)
		if f := failed[k.kind]; f > 0 {
			text += fmt.Sprintf(" (%d failed)", f)
		}
		parts = append(parts, text)
	}
	if len(j) > 0 {
		parts = append(parts, shortly(j[len(j)-1].Time.Sub(j[0].Time)))
	}
	return cmp.Or(strings.Join(parts, ", "), "Nothing has happened.")
}

// plural returns a number of things, as text.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprint(n, " ", thing, "s")
}

// shortly returns a duration as text, without zeros at the end.
func shortly(d time.Duration) string {
	s := elapsed.Round(d).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if cut, ok := strings.CutSuffix(s, zero); ok {
			s = cut + zero[:1]
		}
	}
	return s
}
