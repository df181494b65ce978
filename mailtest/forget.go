package mailtest

// The bound on a transcript: when it is large, it forgets turns from its middle.

import "slices"

const (
	// mostTranscript is roughly the number of bytes, without those of messages, above which a transcript forgets turns
	// if LimitSessions bounds it.
	mostTranscript = 1 << 20

	// keptTurns is the number of turns at the beginning of a session that are not forgotten. They say how it began: by
	// the greeting, EHLO, STARTTLS and AUTH.
	keptTurns = 20
)

// size returns roughly the memory that the transcript takes, in bytes, without messages.
func (l *transcript) size() int {
	return 24*len(l.turns) + 16*len(l.wordings) + len(l.text) + 160*len(l.extras) + 120*len(l.filed)
}

// bound forgets turns of a transcript that is too large, if the server bounds transcripts. The caller holds the lock of
// the session.
func (ss *session) bound() {
	l := &ss.log
	if l.size() <= mostTranscript || ss.server.state.mostSessions.Load() == 0 {
		return
	}
	for l.size() > mostTranscript/2 && len(l.turns) > 2*keptTurns {
		l.forget(len(l.turns) / 2)
	}
}

// forget forgets the turns from keptTurns up to an index.
func (l *transcript) forget(to int) {
	filed, extras := l.before(keptTurns)
	filedTo, extrasTo := l.before(to)
	for _, x := range l.extras[extras:extrasTo] {
		if !x.shared {
			l.refused -= int64(len(x.payload))
		}
	}
	chunks := l.chunks
	l.chunks = nil
	for _, i := range chunks {
		switch {
		case i < extras:
			l.chunks = append(l.chunks, i)
		case i >= extrasTo:
			l.chunks = append(l.chunks, i-extrasTo+extras)
		default:
			l.apart = true
		}
	}
	l.forgotten, l.mailed = l.forgotten+to-keptTurns, l.mailed+filedTo-filed
	l.turns = slices.Concat(l.turns[:keptTurns], l.turns[to:])
	l.extras = slices.Concat(l.extras[:extras], l.extras[extrasTo:])
	l.filed = slices.Concat(l.filed[:filed], l.filed[filedTo:])
	l.released = min(l.released, filed) + max(l.released-filedTo, 0)
	l.reword()
}

// before returns how many of the accepted messages and of the extras belong to the turns before an index.
func (l *transcript) before(index int) (filed, extras int) {
	for _, t := range l.turns[:index] {
		if t.filed {
			filed++
		}
		if t.extra {
			extras++
		}
	}
	return filed, extras
}

// reword forgets the wordings that no turn has.
func (l *transcript) reword() {
	old, text := l.wordings, l.text
	l.wordings, l.text = nil, nil
	moved := make(map[int32]int32)
	for i := range l.turns {
		t := &l.turns[i]
		at, known := moved[t.wording]
		if !known {
			w := old[t.wording]
			at = int32(len(l.wordings))
			moved[t.wording] = at
			end := w.at + int(w.command+w.reply)
			l.wordings = append(l.wordings, wording{len(l.text), w.command, w.reply})
			l.text = append(l.text, text[w.at:end]...)
		}
		t.wording = at
	}
	for stage, i := range l.latest {
		l.latest[stage] = 0
		if at, known := moved[i-1]; known {
			l.latest[stage] = at + 1
		}
	}
}
