package mailtest_test

// Tests of transcripts that forget turns.

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

// talker is a client that sends many commands at once.
type talker struct {
	t  *testing.T
	c  net.Conn
	in *bufio.Reader
}

func talk(t *testing.T, srv *mailtest.Server) *talker {
	t.Helper()
	c, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	to := &talker{t, c, bufio.NewReader(c)}
	to.hear(1)
	to.say("EHLO a.example.com\r\n", 0)
	for line := "250-"; strings.HasPrefix(line, "250-"); {
		if line, err = to.in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// say sends a text, and reads so many lines of replies.
func (to *talker) say(text string, replies int) {
	to.t.Helper()
	go io.WriteString(to.c, text)
	to.hear(replies)
}

func (to *talker) hear(replies int) {
	to.t.Helper()
	for range replies {
		if _, err := to.in.ReadString('\n'); err != nil {
			to.t.Fatal(err)
		}
	}
}

// TestTranscriptForgets has sessions without an end. Their transcripts stay small, say what is forgotten, and agree with
// themselves and with what Watch is told.
func TestTranscriptForgets(t *testing.T) {
	t.Parallel()
	const atOnce = 500
	rounds := 10_000 // of which a transcript forgets some, and later some more
	if *large {
		rounds *= 4
	}
	for _, tt := range []struct {
		name    string
		say     string // with %d for the number of the round, from 0
		replies int
		rule    mailtest.Rule
		check   func(t *testing.T, turn mailtest.Turn) bool
	}{
		{"same", "NOOP\r\n", 1, mailtest.Rule{}, func(_ *testing.T, turn mailtest.Turn) bool { return turn.Command == "NOOP" }},
		{"different", "NOOP %d\r\n", 1, mailtest.Rule{}, func(_ *testing.T, turn mailtest.Turn) bool {
			return turn.Command == fmt.Sprintf("NOOP %d", turn.Number-3)
		}},
		{"messages", "MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@qq.com>\r\nDATA\r\nSubject: %d\r\n\r\nx\r\n.\r\n", 4, mailtest.Rule{}, func(_ *testing.T, turn mailtest.Turn) bool {
			return (turn.Stage == mailtest.Dot) == (turn.Message > 0) && (turn.Message == 0 || turn.Message == (turn.Number-2)/4)
		}},
		{"refused", "MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@qq.com>\r\nDATA\r\nSubject: %d\r\n\r\nx\r\n.\r\n", 4, mailtest.Rule{At: mailtest.Dot, Reply: "451 4.3.0 Later"}, func(_ *testing.T, turn mailtest.Turn) bool {
			return (turn.Stage == mailtest.Dot) == (string(turn.Payload) == fmt.Sprintf("Subject: %d\r\n\r\nx\r\n", turn.Number/4-1))
		}},
		{"chunks", "MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@qq.com>\r\nBDAT 12\r\nSubject: x\r\nBDAT 5 LAST\r\n\r\nxy\n", 4, mailtest.Rule{}, func(_ *testing.T, turn mailtest.Turn) bool {
			return turn.Stage != mailtest.Bdat || string(turn.Payload) == "Subject: x\r\n"
		}},
		{"one message", "BDAT 1\r\nx", 1, mailtest.Rule{}, func(_ *testing.T, turn mailtest.Turn) bool {
			return turn.Stage != mailtest.Bdat || string(turn.Payload) == "x"
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := mailtest.New(t)
			srv.LimitSessions(1)
			if tt.rule.At != 0 {
				srv.AddRules(tt.rule)
			}
			last := 0
			srv.Watch = func(session, turn int) {
				if last = turn + 1; last%100 > 0 {
					return
				}
				if s := srv.SessionPart(session, last, last); len(s.Turns) != 1 || s.Turns[0].Number != last {
					t.Errorf("turn %d is told, and the transcript has %v there", last, s.Turns)
				}
			}
			client := talk(t, srv)
			if tt.name == "one message" {
				client.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@qq.com>\r\n", 2)
			}
			for done := 0; done < rounds; done += atOnce {
				var b strings.Builder
				for i := range atOnce {
					b.WriteString(strings.ReplaceAll(tt.say, "%d", fmt.Sprint(done+i)))
				}
				client.say(b.String(), atOnce*tt.replies)
				srv.Remove(srv.Messages()...)
			}
			if tt.name == "one message" {
				client.say("BDAT 0 LAST\r\n", 1)
				if m := srv.Messages(); len(m) != 1 || string(m[0].Raw) != strings.Repeat("x", rounds) {
					t.Errorf("%d messages, want one of %d bytes", len(m), rounds)
				}
			}
			s := srv.Session(1)
			checkNumbers(t, s, last)
			var messages []int
			for _, turn := range s.Turns {
				if turn.Number > 2 && !tt.check(t, turn) {
					t.Fatalf("turn %d is\n%vwith %q, message %d", turn.Number, turn, turn.Payload, turn.Message)
				}
				if turn.Message > 0 {
					messages = append(messages, turn.Message)
				}
			}
			count := 0
			if tt.name == "messages" || tt.name == "chunks" {
				count = rounds
			} else if tt.name == "one message" {
				count = 1
			}
			if s.MessageCount != count {
				t.Errorf("%d messages were accepted, want %d", s.MessageCount, count)
			}
			if !slices.Equal(messages, s.Messages) {
				t.Errorf("the turns have %d messages, and the session has %d", len(messages), len(s.Messages))
			}
			for _, f := range (&lint.Linter{Off: []string{"pipelining"}}).CheckSession(s) {
				t.Errorf("a client that does nothing wrong but hurry: %v", f)
			}
			if got := srv.SessionSummaries(); len(got) != 1 || len(got[0].Turns) != 1 || got[0].Turns[0].Number != last {
				t.Errorf("the summaries are %v", got)
			}
		})
	}
}

// checkNumbers checks the numbers of the turns of a session, and the note where some are missing.
func checkNumbers(t *testing.T, s *mailtest.Session, last int) {
	t.Helper()
	gaps, before := 0, 0
	for _, turn := range s.Turns {
		missing := 0
		for _, n := range turn.Notes {
			if n.Kind == mailtest.TurnsForgotten {
				gaps, missing = gaps+1, int(n.Count)
			}
		}
		if turn.Number != before+missing+1 {
			t.Fatalf("turn %d follows turn %d, with a note of %d that are forgotten", turn.Number, before, missing)
		}
		before = turn.Number
	}
	const most = 1 << 20 / 24 // a turn takes 24 bytes at least
	if gaps != 1 || before != last || len(s.Turns) > most {
		t.Errorf("%d turns, the last has number %d of %d, and %d notes say that some are forgotten, want 1", len(s.Turns), before, last, gaps)
	}
}
