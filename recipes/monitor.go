package recipes

import (
	"errors"
	"time"

	"github.com/go-zookeeper/zk"
)

// heartbeatInterval is how often a holder hears from a quorum. go-zookeeper leaves
// a server that has fallen silent after two thirds of the time-out; a sixth before
// and a sixth after that still make less than the whole.
func (s *Session) heartbeatInterval() time.Duration { return s.timeout / 6 }

// monitor watches over the hold until it ends.
func (h *hold) monitor() {
	m := monitor{hold: h, s: h.line.s, z: h.c.session, path: join(h.line.path, h.c.name), changed: h.c.changed}
	if !m.run() {
		return
	}
	// From before Lost closes, so that a Close that comes then waits for it.
	h.line.cleanUps.add()
	defer h.line.cleanUps.done()
	if h.end(true) {
		h.line.abandon(h.c) // nobody shall wait behind a hold that is over
	}
}

// monitor finds out that a hold is lost. While no other request does it, it asks
// a quorum at every heartbeatInterval; when none has answered for a whole
// time-out, counted from when the last answered request was sent, the session may
// have expired, and the hold is lost.
type monitor struct {
	hold *hold
	s    *Session
	z    *zkSession
	path string // of the contender

	changed   <-chan zk.Event           // the watch on it; nil when it has to be set again
	heartbeat *request[struct{}]        // the last one
	rewatch   *request[<-chan zk.Event] // the last try to set the watch again
	notBefore time.Time                 // of the next try
}

// run returns true when the hold is lost, false when it has ended otherwise.
func (m *monitor) run() (lost bool) {
	for {
		now, contact := time.Now(), m.z.lastContact()
		deadline := contact.Add(m.s.timeout)
		if !now.Before(deadline) || !m.s.isCurrent(m.z) || noNode(m.heartbeat) || noNode(m.rewatch) {
			return true
		}
		due := contact.Add(m.s.heartbeatInterval())
		m.send(now, due)
		wake := now.Add(m.s.timeout / 20)
		if due.After(wake) && m.changed != nil {
			wake = due
		}
		if deadline.Before(wake) {
			wake = deadline
		}
		if lost, ended := m.sleep(wake.Sub(now)); ended {
			return lost
		}
	}
}

// send sends what has to be sent now: the heartbeat, when it is due, and a read
// that sets the watch again.
func (m *monitor) send(now, due time.Time) {
	if m.changed == nil && m.rewatch != nil && m.rewatch.settled() && m.rewatch.err == nil {
		m.changed, m.rewatch = m.rewatch.v, nil
	}
	if !m.s.usable() {
		return
	}
	if m.changed == nil && m.rewatch.settled() && !now.Before(m.notBefore) {
		m.notBefore = now.Add(m.s.timeout / 20)
		m.rewatch = send(m.s, m.z, read, func() (<-chan zk.Event, error) {
			_, _, ch, err := m.s.conn.GetW(m.path)
			return ch, err
		})
	}
	if !now.Before(due) && m.heartbeat.settled() {
		m.heartbeat = send(m.s, m.z, write, func() (struct{}, error) { return m.s.check(m.path) })
	}
}

// sleep waits for d, or until something has happened.
func (m *monitor) sleep(d time.Duration) (lost, ended bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-underWay(m.heartbeat):
	case <-underWay(m.rewatch):
	case <-m.changed:
		m.changed = nil
	case <-m.z.gone:
	case <-m.s.ctx.Done():
		return true, true
	case <-m.hold.ended:
		return false, true
	}
	return false, false
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
