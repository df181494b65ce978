package wire

// LMTP: one reply for each recipient (RFC 2033 §4.2).

import "time"

// finishLMTP ends the turn of a message: it decides the replies for all recipients, and then sends them one after the
// other. If the message ended with a BDAT, command is the action that the Handler returned for that BDAT.
func (c *Conn) finishLMTP(own []byte, command Action) error {
	message := c.turn
	turns := make([]Turn, c.state.rcpt)
	for i := range turns {
		t := &c.turn
		*t = message
		t.Recipient = i + 1
		if i > 0 {
			t.Received, command.Delay = time.Now(), 0 // the delay passes once
			t.Notes = nil
		}
		c.askLast(command)
		c.decide(own)
		if i > 0 {
			t.Line, t.Payload = nil, nil // the first turn has them in the transcript
		}
		turns[i] = *t
	}
	for _, t := range turns {
		c.turn = t
		if err := c.carryOut(own); err != nil {
			return err
		}
	}
	c.endTransaction()
	return nil
}
