package promises

import (
	"fmt"
	"time"
)

// at returns a moment for people: seconds since the run began.
func at(t time.Duration) string { return fmt.Sprintf("%.3f s", t.Seconds()) }

// name returns a request for people: setData of /a/b.
func (q *request) name() string {
	if q.Path == "" {
		return q.Op
	}
	return q.Op + " of " + q.Path
}

// wrote describes who made a change, for people.
func (c *change) wrote() string {
	switch {
	case c.closing:
		return fmt.Sprintf("the end of session %s at zxid %s", c.session, c.zxid)
	case c.by != nil:
		return fmt.Sprintf("client %d's %s at zxid %s", c.by.conn.client, c.by.name(), c.zxid)
	}
	return fmt.Sprintf("the change at zxid %s", c.zxid)
}

// shown returns the events that show a change.
func (c *change) shown() []int {
	if c.by == nil {
		return nil
	}
	return c.by.events()
}

// events returns the indices of a request and its reply.
func (q *request) events() []int {
	if q.reply == nil {
		return []int{q.index}
	}
	return []int{q.index, q.reply.index}
}

// from returns the event that began a connection, or -1.
func (c *conn) from() int {
	if c.opened == nil {
		return -1
	}
	return c.opened.Index
}
