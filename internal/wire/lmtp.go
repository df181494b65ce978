package wire

// LMTP: a reply for each recipient (RFC 2033 §4.2).

// finishLMTP concludes a message for one recipient after the other. The engine ends it unheard.
func (c *Conn) finishLMTP(line, data []byte, notes []string, own []byte, toEngine string) error {
	n := c.state.rcpt
	actions := make([]Action, n)
	for i := range n {
		c.beginFor(i+1, line, data)
		actions[i] = *c.ask()
	}
	for i := range n {
		t := c.beginFor(i+1, line, data)
		if i == 0 {
			t.Notes = notes
		} else {
			t.Line, t.Payload = nil, nil
		}
		t.Action = actions[i]
		if err := c.conclude(own); err != nil {
			return err
		}
	}
	c.state.transaction = transaction{}
	c.tell(toEngine)
	return nil
}

// beginFor opens the turn of a recipient.
func (c *Conn) beginFor(recipient int, line, data []byte) *Turn {
	verb := ""
	if line != nil {
		verb = "BDAT"
	}
	t := c.begin(End, verb, line)
	t.Payload, t.Recipient = data, recipient
	return t
}
