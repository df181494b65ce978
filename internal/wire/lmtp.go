package wire

// LMTP: a reply for each recipient (RFC 2033 §4.2).

// finishLMTP concludes a message for all of its recipients, and then tells the client, one after the other. The engine
// ends it unheard.
func (c *Conn) finishLMTP(line, data []byte, cut int64, notes []string, own []byte, toEngine string) error {
	turns := make([]Turn, c.state.rcpt)
	for i := range turns {
		verb := ""
		if line != nil {
			verb = "BDAT"
		}
		t := c.begin(End, verb, line)
		t.Payload, t.Cut, t.Recipient = data, cut, i+1
		c.ask()
		c.decide(own)
		if i == 0 {
			t.Notes = notes
		} else {
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
	c.state.transaction = transaction{}
	c.tell(toEngine)
	return nil
}
