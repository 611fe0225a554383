package recipes

import (
	"errors"
	"log/slog"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// heartbeatInterval is how often a holder hears from a quorum. go-zookeeper leaves
// a server that has fallen silent after two thirds of the time-out; a sixth before
// and a sixth after that still make less than the whole.
func (m *monitor) heartbeatInterval() time.Duration { return m.s.timeout / 6 }

// watch begins to watch over each of the hold's znodes. One monitor sends the heartbeats.
func (h *hold) watch() {
	all := h.line.znodes(h.c)
	_ = h.line.each(h.c, func(q line, c *contender) error {
		go h.monitor(monitor{
			hold: h, s: q.s, z: c.session, path: znodes.Join(q.folder, c.Name), turn: q.s.nextTurn(), changed: c.changed, checks: all,
		})
		all = nil
		return nil
	})
}

// monitor watches over the hold until it ends.
func (h *hold) monitor(m monitor) {
	now := time.Now()
	m.from, m.lookAt = m.after(now, m.s.timeout/100), m.after(now, m.s.timeout)
	if !m.run() {
		return
	}
	// From before Lost closes, so that a Close that comes then waits for it.
	h.line.cleanUps.add()
	defer h.line.cleanUps.done()
	if h.end(true) {
		m.s.counters.holdsLost.Add(1)
		m.s.tell(slog.LevelWarn, "hold was lost", "path", m.path, "session", sessionID(m.z.id))
		h.line.abandon(h.c) // nobody shall wait behind a hold that is over
	}
}

// monitor finds out that a hold is lost. While no other request does it, it asks
// a quorum at every heartbeatInterval; when none has answered for a whole
// time-out, counted from when the last answered request was sent, the session may
// have expired, and the hold is lost.
//
// It sends no heartbeat until the hold has lasted for a hundredth of the time-out: most are
// shorter.
type monitor struct {
	hold *hold
	s    *client
	z    *zkSession
	path string // of the contender
	turn time.Duration
	from time.Time // no heartbeat is sent before

	checks []string // what heartbeats ask for: the znodes of the hold; none: another monitor does

	changed   <-chan zk.Event    // the watch on it; nil when it has to be set again
	heartbeat *request[struct{}] // the last one
	look      *request[value]    // the last try to read it, and to set the watch again
	notBefore time.Time          // of the next try
	lookAt    time.Time          // if the hold can be asked for: no wait relies on watches alone
}

// run returns true when the hold is lost, false when it has ended otherwise.
func (m *monitor) run() (lost bool) {
	for {
		now, contact := time.Now(), m.z.lastContact()
		deadline := m.after(contact, m.s.timeout)
		if !now.Before(deadline) || !m.s.isCurrent(m.z) || noNode(m.heartbeat) || noNode(m.look) {
			return true
		}
		due := m.after(contact, m.heartbeatInterval())
		m.send(now, due)
		wake := m.after(now, m.s.timeout/20)
		if due.After(wake) && m.changed != nil {
			wake = due
		}
		if m.hold.listens() && m.lookAt.After(now) && m.lookAt.Before(wake) {
			wake = m.lookAt
		}
		if m.from.After(now) {
			wake = m.from
		}
		if deadline.Before(wake) {
			wake = deadline
		}
		if lost, ended := m.sleep(wake.Sub(now)); ended {
			return lost
		}
	}
}

// after is a while after t: for each monitor at a moment of its own (see withTurn), as those of
// one session go by the same last contact. None is later than is asked for.
func (m *monitor) after(t time.Time, d time.Duration) time.Time { return t.Add(d - m.turn) }

// send sends what has to be sent now: the heartbeat, when it is due, and a read
// that sets the watch again.
func (m *monitor) send(now, due time.Time) {
	if m.look != nil && m.look.settled() && m.look.err == nil {
		m.changed = m.look.v.changed
		m.hold.shown(m.look.v.data)
		m.look, m.lookAt = nil, m.after(now, m.s.timeout)
	}
	if !m.s.usable() {
		return
	}
	if m.hasToLook(now) && m.look.settled() && !now.Before(m.notBefore) {
		m.notBefore = m.after(now, m.s.timeout/20)
		m.look = send(m.s, m.z, read, m.reads(m.changed))
	}
	if len(m.checks) > 0 && !now.Before(due) && !now.Before(m.from) && m.heartbeat.settled() {
		m.heartbeat = send(m.s, m.z, write, func() (struct{}, error) { return m.s.check(m.checks...) })
	}
}

func (m *monitor) hasToLook(now time.Time) bool {
	return m.changed == nil || m.hold.listens() && !now.Before(m.lookAt)
}

// reads reads the contender, and sets a watch unless there is one: go-zookeeper keeps a
// channel for each until it fires.
func (m *monitor) reads(changed <-chan zk.Event) func() (value, error) {
	return func() (v value, err error) {
		if v.changed = changed; changed != nil {
			v.data, v.stat, err = m.s.conn.Get(m.path)
		} else {
			v.data, v.stat, v.changed, err = m.s.conn.GetW(m.path)
		}
		return v, err
	}
}

// sleep waits for d, or until something has happened.
func (m *monitor) sleep(d time.Duration) (lost, ended bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-underWay(m.heartbeat):
	case <-underWay(m.look):
	case <-m.changed:
		m.changed = nil
	case <-m.z.gone:
	case <-m.s.ctx.Done():
		return true, true
	case <-m.hold.ended:
	}
	// A hold that is given back removes the znode itself: nothing is to be looked for.
	return false, isClosed(m.hold.ended)
}

// noNode reports whether the answer was that the znode does not exist.
func noNode[T any](r *request[T]) bool {
	return r != nil && r.settled() && errors.Is(r.err, zk.ErrNoNode)
}

// underWay returns a channel that closes when r, if it is under way, has come to
// its end.
func underWay[T any](r *request[T]) <-chan struct{} {
	if r.settled() {
		return nil
	}
	return r.done
}
