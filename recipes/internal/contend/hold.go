package contend

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// Hold is the time during which a contender is in front. It ends once: because it is released, or
// because it is lost.
type Hold struct {
	Line      Line          // the line in which it is held
	Contender *Contender    // the contender in front
	Lost      chan struct{} // closed when the hold is lost
	// Revoked closes when a client has asked for the hold. It is nil if the line is not revocable.
	Revoked chan struct{}

	once  sync.Once
	ended chan struct{} // closed when the hold ends, for either reason
}

// errBusy: other contenders hold, or wait, and the call does not wait for them.
var errBusy error = failures.Conclusion("others are ahead")

// acquire waits in line until it is in front, or returns errBusy if wait is false. If its session
// is lost, it lines up again in the next one.
func (q Line) acquire(ctx context.Context, data []byte, wait bool) (h *Hold, err error) {
	removed := 0
	err = q.Client.EachSession(ctx, func(z *client.Session) error {
		for {
			h, err = q.attempt(ctx, z, data, wait)
			if !errors.Is(err, failures.ErrRemoved) || removed == client.MaxRecreate {
				return err
			}
			removed++
			q.Client.Repeat("a place in line at "+q.Folder, err)
		}
	})
	return h, err
}

func (q Line) attempt(ctx context.Context, z *client.Session, data []byte, wait bool) (*Hold, error) {
	q.Client.Counters.Attempts.Add(1)
	c, err := q.Join(ctx, z, data)
	if err != nil {
		return nil, err
	}
	if q.Agree != nil {
		err = q.Agree(ctx, z)
	}
	ask := func() { q.ask(c) }
	if err == nil {
		err = q.each(c, func(q Line, c *Contender) error { return q.Front(ctx, c, wait, ask) })
	}
	if err == nil {
		err = q.confirm(ctx, c)
	}
	switch {
	case errors.Is(err, errBusy):
		_ = q.Leave(ctx, c) // if it fails, the removal goes on in the background
		return nil, err
	case err != nil:
		q.Abandon(c)
		return nil, err
	}
	h := NewHold(q, c)
	h.Watch()
	return h, nil
}

// NewHold returns the hold of a contender that is in front. The caller must call Watch.
func NewHold(q Line, c *Contender) *Hold {
	q.Client.Counters.Holds.Add(1)
	h := &Hold{Line: q, Contender: c, Lost: make(chan struct{}), ended: make(chan struct{})}
	if q.Revocable {
		h.Revoked = make(chan struct{})
		h.shown(c.Data)
	}
	return h
}

// confirm makes sure that a quorum has lately known c's session. A server that is cut off from the
// others goes on answering reads, and pings, for sessions that have long expired. Also, c may have
// been read to be in front of one line before it waited in the next.
func (q Line) confirm(ctx context.Context, c *Contender) error {
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
	exists, err := q.Client.QuorumSync(ctx, c.Session, q.znodes(c)...)
	if err == nil && !exists {
		return failures.ErrRemoved
	}
	return err
}

// ask sends the request whose answer confirm will need. A contender that has waited for long, and
// wakes up, is likely to be in front, so the answer comes along with the list that shows it.
func (q Line) ask(c *Contender) {
	if c.asked.Settled() && !q.inContact(c) && q.Client.Usable() {
		c.asked = client.Send(q.Client, c.Session, client.Write, func() (struct{}, error) { return q.Client.Check(q.znodes(c)...) })
	}
}

// inContact reports whether a quorum has answered c's session lately. The hold then has half a
// timeout left for the first heartbeat, which is due soon and for which no call waits.
func (q Line) inContact(c *Contender) bool {
	return time.Since(c.Session.LastContact()) < q.Client.Timeout/2
}

// End ends the hold and reports whether it had not ended before.
func (h *Hold) End(lost bool) bool {
	first := false
	h.once.Do(func() {
		first = true
		if lost {
			close(h.Lost)
		}
		close(h.ended)
	})
	return first
}

// shown handles the present data of the contender. Only the monitor calls it.
func (h *Hold) shown(data []byte) {
	if h.listens() && Says(data, WordUnlock) {
		close(h.Revoked)
	}
}

// listens reports whether a client can still ask for the hold.
func (h *Hold) listens() bool { return h.Revoked != nil && !await.Closed(h.Revoked) }

// IsLost reports whether the hold is lost.
func (h *Hold) IsLost() bool { return await.Closed(h.Lost) }
