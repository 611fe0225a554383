package recipes

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// hold is the time during which a contender is in front. It ends once: by its
// release, or because it is lost.
type hold struct {
	line line
	c    *contender
	lost chan struct{} // closed when the hold is lost
	// revoked is closed when somebody has asked for the hold; nil: nobody can.
	revoked chan struct{}

	once  sync.Once
	ended chan struct{} // closed at its end, whichever
}

// errBusy: others hold, or wait, and the call is not to wait for them.
var errBusy error = failures.Conclusion("others are ahead")

// acquire waits in line until it is in front, or answers errBusy if it is not to
// wait. When its session is lost, it lines up again in the next one.
func (q line) acquire(ctx context.Context, data []byte, wait bool) (h *hold, err error) {
	removed := 0
	err = q.Client.EachSession(ctx, func(z *client.Session) error {
		for {
			h, err = q.attempt(ctx, z, data, wait)
			if !errors.Is(err, failures.ErrRemoved) || removed == client.MaxRecreate {
				return err
			}
			removed++
			q.Client.Repeat("a place in line at "+q.folder, err)
		}
	})
	return h, err
}

func (q line) attempt(ctx context.Context, z *client.Session, data []byte, wait bool) (*hold, error) {
	q.Client.Counters.Attempts.Add(1)
	c, err := q.join(ctx, z, data)
	if err != nil {
		return nil, err
	}
	if q.agree != nil {
		err = q.agree(ctx, z)
	}
	ask := func() { q.ask(c) }
	if err == nil {
		err = q.each(c, func(q line, c *contender) error { return q.front(ctx, c, wait, ask) })
	}
	if err == nil {
		err = q.confirm(ctx, c)
	}
	switch {
	case errors.Is(err, errBusy):
		_ = q.leave(ctx, c) // what fails goes on in the background
		return nil, err
	case err != nil:
		q.abandon(c)
		return nil, err
	}
	h := newHold(q, c)
	h.watch()
	return h, nil
}

func newHold(q line, c *contender) *hold {
	q.Client.Counters.Holds.Add(1)
	h := &hold{line: q, c: c, lost: make(chan struct{}), ended: make(chan struct{})}
	if q.revocable {
		h.revoked = make(chan struct{})
		h.shown(c.data)
	}
	return h
}

// confirm makes sure that a quorum has lately known c's session. A server that
// is cut off from the others goes on answering reads, and pings, in the name of
// sessions that have long expired. And that one is in front in one line was read
// before one waited in the next.
func (q line) confirm(ctx context.Context, c *contender) error {
	if c.asked != nil {
		_, err := c.asked.Wait(ctx)
		switch {
		case failures.Stopped(err):
			return err
		case errors.Is(err, zk.ErrNoNode):
			return failures.ErrRemoved
		}
	}
	if q.inContact(c) && !q.disturbed(c) {
		return nil
	}
	exists, err := q.Client.QuorumSync(ctx, c.session, q.znodes(c)...)
	if err == nil && !exists {
		return failures.ErrRemoved
	}
	return err
}

// ask asks what confirm will want to know. Who waited for long, and is woken, is likely to be
// in front, so the answer comes along with the list that says so.
func (q line) ask(c *contender) {
	if c.asked.Settled() && !q.inContact(c) && q.Client.Usable() {
		c.asked = client.Send(q.Client, c.session, client.Write, func() (struct{}, error) { return q.Client.Check(q.znodes(c)...) })
	}
}

// inContact says whether a quorum has answered c's session lately: its hold then has half a
// time-out left for the first heartbeat, which is due soon and which nobody waits for.
func (q line) inContact(c *contender) bool {
	return time.Since(c.session.LastContact()) < q.Client.Timeout/2
}

// end ends the hold and reports whether it had not ended before.
func (h *hold) end(lost bool) bool {
	first := false
	h.once.Do(func() {
		first = true
		if lost {
			close(h.lost)
		}
		close(h.ended)
	})
	return first
}

// shown learns what the contender's data say now. The monitor calls it, alone.
func (h *hold) shown(data []byte) {
	if h.listens() && says(data, wordUnlock) {
		close(h.revoked)
	}
}

// listens reports whether the hold can still be asked for.
func (h *hold) listens() bool { return h.revoked != nil && !client.IsClosed(h.revoked) }

func (h *hold) isLost() bool { return client.IsClosed(h.lost) }
