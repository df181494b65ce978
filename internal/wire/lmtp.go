package wire

// LMTP: a reply for each recipient (RFC 2033 §4.2).

import "time"

// finishLMTP concludes the message of the turn for all of its recipients, and then tells the
// client, one after the other. If its last bytes came with a BDAT, command is what the Handler wanted for that.
func (c *Conn) finishLMTP(own []byte, command Action) error {
	message := c.turn
	turns := make([]Turn, c.state.rcpt)
	for i := range turns {
		t := &c.turn
		*t = message
		t.Recipient = i + 1
		if i > 0 {
			t.Received, command.Delay = time.Now(), 0 // which passes once
			t.Notes = nil
		}
		c.askLast(command)
		c.decide(own)
		if i > 0 {
			t.Line, t.Payload = nil, nil // in the transcript, they are there already
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
