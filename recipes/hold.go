package recipes

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// hold is the time during which a contender is in front. It ends once: by its
// release, or because it is lost.
type hold struct {
	line *line
	c    *contender
	lost chan struct{} // closed when the hold is lost

	once  sync.Once
	ended chan struct{} // closed at its end, whichever
}

// acquire waits in line until it is in front. When its session is lost, it lines
// up again in the next one.
func (q *line) acquire(ctx context.Context, data []byte) (*hold, error) {
	for removed := 0; ; {
		l, err := q.s.begin(ctx)
		if err != nil {
			return nil, err
		}
		h, err := q.attempt(ctx, l, data)
		switch {
		case errors.Is(err, ErrRemoved) && removed < rebuilds:
			removed++
		case !errors.Is(err, ErrSessionLost):
			return h, err
		}
	}
}

func (q *line) attempt(ctx context.Context, l *life, data []byte) (*hold, error) {
	c, err := q.join(ctx, l, data)
	if err != nil {
		return nil, err
	}
	if err := q.front(ctx, c); err != nil {
		q.abandon(c)
		return nil, err
	}
	if err := q.confirm(ctx, c); err != nil {
		q.abandon(c)
		return nil, err
	}
	h := &hold{line: q, c: c, lost: make(chan struct{}), ended: make(chan struct{})}
	go h.keep()
	return h, nil
}

// confirm makes sure that a quorum has lately known c's session. A server that
// is cut off from the others goes on answering reads, and pings, in the name of
// sessions that have long expired.
func (q *line) confirm(ctx context.Context, c *contender) error {
	if time.Since(c.life.lastTouch()) < q.s.beat() {
		return nil
	}
	exists, err := q.s.fence(ctx, c.life, join(q.path, c.name))
	if err == nil && !exists {
		return ErrRemoved
	}
	return err
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

// beat is how often a holder hears from a quorum. go-zookeeper leaves a server that
// has fallen silent after two thirds of the time-out; a sixth before and a sixth
// after that still make less than the whole.
func (s *Session) beat() time.Duration { return s.timeout / 6 }

// keep watches over the hold until it ends. While no other request does it, it
// asks a quorum at every beat; when none has answered for a whole time-out,
// counted from when the last answered request was sent, the session may have
// expired, and the hold is lost.
func (h *hold) keep() {
	if !h.watch() {
		return
	}
	// From before Lost closes, so that a Close that comes then waits for it.
	h.line.tasks.add()
	defer h.line.tasks.done()
	if h.end(true) {
		h.line.abandon(h.c) // nobody shall wait behind a hold that is over
	}
}

// watch returns true when the hold is lost, false when it has ended otherwise.
func (h *hold) watch() (lost bool) {
	s, l := h.line.s, h.c.life
	own := h.c.own
	var beat *flight[struct{}]        // the last question to a quorum
	var look *flight[<-chan zk.Event] // the last look at the contender
	var again time.Time               // when to look again, if that one fails
	for {
		now, touch := time.Now(), l.lastTouch()
		deadline := touch.Add(s.timeout)
		if !now.Before(deadline) || !s.is(l) || removed(beat) || removed(look) {
			return true
		}
		if own == nil && look != nil && settled(look) && look.err == nil {
			own, look = look.v, nil
		}
		connected := s.up()
		if own == nil && settled(look) && connected && !now.Before(again) {
			look, again = h.look(), now.Add(s.timeout/20)
		}
		due := touch.Add(s.beat())
		if !now.Before(due) && settled(beat) && connected {
			beat = h.ask()
		}
		wake := now.Add(s.timeout / 20)
		if due.After(wake) && own != nil {
			wake = due
		}
		if deadline.Before(wake) {
			wake = deadline
		}
		t := time.NewTimer(wake.Sub(now))
		select {
		case <-t.C:
		case <-under(beat):
		case <-under(look):
		case <-own:
			own = nil
		case <-l.gone:
		case <-s.ctx.Done():
			t.Stop()
			return true
		case <-h.ended:
			t.Stop()
			return false
		}
		t.Stop()
	}
}

// ask asks a quorum whether the contender is there.
func (h *hold) ask() *flight[struct{}] {
	s := h.line.s
	return send(s, h.c.life, write, func() (struct{}, error) {
		_, err := s.conn.Multi(&zk.CheckVersionRequest{Path: join(h.line.path, h.c.name), Version: -1})
		return struct{}{}, err
	})
}

// look looks whether the contender is there, and sets a watch on it.
func (h *hold) look() *flight[<-chan zk.Event] {
	s := h.line.s
	return send(s, h.c.life, read, func() (<-chan zk.Event, error) {
		_, _, ch, err := s.conn.GetW(join(h.line.path, h.c.name))
		return ch, err
	})
}

// removed reports whether the answer was that the znode does not exist.
func removed[T any](fl *flight[T]) bool {
	return fl != nil && fl.settled() && errors.Is(fl.err, zk.ErrNoNode)
}

// settled reports whether nothing is under way.
func settled[T any](fl *flight[T]) bool { return fl == nil || fl.settled() }

// under returns a channel that closes when fl, if under way, has come to its end.
func under[T any](fl *flight[T]) <-chan struct{} {
	if settled(fl) {
		return nil
	}
	return fl.done
}

func (h *hold) isLost() bool {
	select {
	case <-h.lost:
		return true
	default:
		return false
	}
}
