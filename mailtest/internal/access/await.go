package access

// Waiting for the client, and for time to pass.

import (
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// await waits until the client has sent something.
func (c *Conn) await() error {
	if c.in.Buffered() > 0 {
		return nil
	}
	start, silent := time.Now(), time.Duration(0)
	for {
		c.waits(true)
		patience := c.server.patience(silent)
		next := patience
		if idle := c.server.cfg.Idle; idle > 0 && (next == 0 || idle <= next) {
			next = idle
		}
		var until time.Time
		if next > 0 {
			until = start.Add(next)
		}
		c.awaitUntil(until)
		_, err := c.in.Peek(1)
		hurried := c.waits(false)
		if err == nil {
			c.setReadDeadline(time.Time{})
			return nil
		}
		if err := c.readError(err); err != ErrIdle {
			return err
		}
		if hurried {
			continue
		}
		silent = next
		if next == patience {
			if err := c.idle(silent); err != nil {
				return err
			}
		}
		if next == c.server.cfg.Idle {
			return ErrIdle
		}
	}
}

// idle lets a rule act on a silent client.
func (c *Conn) idle(silent time.Duration) error {
	t, err := c.attempt("", &mailtest.Attempt{Stage: mailtest.Idle, Silent: silent})
	if err != nil || t.rule == nil {
		return err
	}
	return t.End(true) // the server has no reply of its own here
}

// idleAt returns the time at which a client that begins to be silent now is cut off, or zero for never.
func (c *Conn) idleAt(now time.Time) time.Time {
	if c.server.cfg.Idle == 0 {
		return time.Time{}
	}
	return now.Add(c.server.cfg.Idle)
}

// waits notes whether the session waits for the client, and reports whether hurry was called since it last did so.
func (c *Conn) waits(awaiting bool) (hurried bool) {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	hurried = c.hurried
	c.awaiting, c.hurried = awaiting, false
	return hurried
}

// awaitUntil sets the read deadline of the wait, unless the wait has ended.
func (c *Conn) awaitUntil(t time.Time) {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if !c.stopping && !c.aborted && !c.hurried {
		c.raw.SetReadDeadline(t)
	}
}

// hurry makes the session look for rules again if it waits for the client. It is called from other goroutines.
func (c *Conn) hurry() {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if c.awaiting && !c.stopping && !c.aborted {
		c.hurried = true
		c.raw.SetReadDeadline(time.Unix(1, 0))
	}
}

// setReadDeadline sets the read deadline, unless stop or Abort was called. Zero means no deadline.
func (c *Conn) setReadDeadline(t time.Time) {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if !c.stopping && !c.aborted {
		c.raw.SetReadDeadline(t)
	}
}

// sleep waits for d, or until the server ends.
func (c *Conn) sleep(d time.Duration) error {
	_, err := c.Await(nil, d)
	return err
}

// Await waits for at most d until a channel is closed, and reports whether it is. The error says that the server ends.
func (c *Conn) Await(closed <-chan struct{}, d time.Duration) (bool, error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-closed:
		return true, nil
	case <-timer.C:
		return false, nil
	case <-c.closing:
		return false, errStopped
	}
}
