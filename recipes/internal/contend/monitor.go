package contend

import (
	"errors"
	"log/slog"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// heartbeatInterval returns the interval at which a holder asks a quorum. go-zookeeper leaves a
// silent server after two thirds of the timeout. With a sixth before and a sixth after, that is
// less than the whole timeout.
func (m *monitor) heartbeatInterval() time.Duration { return m.s.Timeout / 6 }

// Watch begins to watch over each of the hold's znodes. One of the monitors sends the heartbeats.
func (h *Hold) Watch() {
	all := h.Line.znodes(h.Contender)
	_ = h.Line.each(h.Contender, func(q Line, c *Contender) error {
		go h.monitor(monitor{
			hold: h, s: q.Client, z: c.Session, path: znodes.Join(q.Folder, c.Name), turn: q.Client.NextJitter(), changed: c.Changed, checks: all,
		})
		all = nil
		return nil
	})
}

// monitor watches over the hold until it ends.
func (h *Hold) monitor(m monitor) {
	now := time.Now()
	m.from, m.lookAt = m.after(now, m.s.Timeout/100), m.after(now, m.s.Timeout)
	if !m.run() {
		return
	}
	// Add the clean-up before Lost closes, so that a Close that comes then waits for
	// it.
	h.Line.CleanUps.Add()
	defer h.Line.CleanUps.Done()
	if h.End(true) {
		m.s.Counters.HoldsLost.Add(1)
		m.s.Tell(slog.LevelWarn, "hold was lost", "path", m.path, "session", client.SessionID(m.z.ID))
		h.Line.Abandon(h.Contender) // no contender shall wait behind a hold that is over
	}
}

// monitor detects that a hold is lost. While no other request does so, it asks a quorum at every
// heartbeatInterval. If no quorum has answered for a whole timeout, counted from when the last
// answered request was sent, the session may have expired, and the hold is lost.
//
// It sends no heartbeat until the hold has lasted for a hundredth of the timeout: most holds are
// shorter.
type monitor struct {
	hold *Hold
	s    *client.Client
	z    *client.Session
	path string // of the contender
	turn time.Duration
	from time.Time // it sends no heartbeat before this

	checks []string // the znodes of the hold, which heartbeats check; none: another monitor sends them

	changed   <-chan zk.Event               // the watch on the contender; nil when it has to be set again
	heartbeat *client.Request[struct{}]     // the last one
	look      *client.Request[client.Value] // the last try to read the contender, and to set the watch again
	notBefore time.Time                     // of the next try
	lookAt    time.Time                     // if the line is revocable: no wait relies on watches alone

	// These close when the last heartbeat, and the last look, have ended. Each is nil once it has
	// woken the monitor. An answer that comes before the monitor sleeps must wake it, too.
	beaten, looked <-chan struct{}
}

// run returns true if the hold is lost, and false if it has ended otherwise.
func (m *monitor) run() (lost bool) {
	for {
		now, contact := time.Now(), m.z.LastContact()
		deadline := m.after(contact, m.s.Timeout)
		if !now.Before(deadline) || !m.s.IsCurrent(m.z) || noNode(m.heartbeat) || noNode(m.look) {
			return true
		}
		due := m.after(contact, m.heartbeatInterval())
		m.send(now, due)
		wake := m.after(now, m.s.Timeout/20)
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

// after returns t plus d, less the turn of the monitor (see WithJitter): the monitors of one session
// have the same last contact, and none may be late.
func (m *monitor) after(t time.Time, d time.Duration) time.Time { return t.Add(d - m.turn) }

// send sends what is due now: the heartbeat, and a read that sets the watch again.
func (m *monitor) send(now, due time.Time) {
	if m.look != nil && m.look.Settled() && m.look.Err == nil {
		m.changed = m.look.Value.Changed
		m.hold.shown(m.look.Value.Data)
		m.look, m.lookAt = nil, m.after(now, m.s.Timeout)
	}
	if !m.s.Usable() {
		return
	}
	if m.hasToLook(now) && m.look.Settled() && !now.Before(m.notBefore) {
		m.notBefore = m.after(now, m.s.Timeout/20)
		m.look = client.Send(m.s, m.z, client.Read, m.reads(m.changed))
		m.looked = m.look.Done
	}
	if len(m.checks) > 0 && !now.Before(due) && !now.Before(m.from) && m.heartbeat.Settled() {
		m.heartbeat = client.Send(m.s, m.z, client.Write, func() (struct{}, error) { return m.s.Check(m.checks...) })
		m.beaten = m.heartbeat.Done
	}
}

func (m *monitor) hasToLook(now time.Time) bool {
	return m.changed == nil || m.hold.listens() && !now.Before(m.lookAt)
}

// reads returns a function that reads the contender, and sets a watch unless there is one:
// go-zookeeper keeps a channel for each watch until it fires.
func (m *monitor) reads(changed <-chan zk.Event) func() (client.Value, error) {
	return func() (v client.Value, err error) {
		if v.Changed = changed; changed != nil {
			v.Data, v.Stat, err = m.s.Conn.Get(m.path)
		} else {
			v.Data, v.Stat, v.Changed, err = m.s.Conn.GetW(m.path)
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
	case <-m.beaten:
		m.beaten = nil
	case <-m.looked:
		m.looked = nil
	case e := <-m.changed:
		m.changed = nil
		client.TakeTurn(e, m.turn)
	case <-m.z.Gone:
	case <-m.s.Context.Done():
		return true, true
	case <-m.hold.ended:
	}
	// A hold that is given back removes the znode itself, so do not look for it.
	return false, await.Closed(m.hold.ended)
}

// noNode reports whether the answer was that the znode does not exist.
func noNode[T any](r *client.Request[T]) bool {
	return r != nil && r.Settled() && errors.Is(r.Err, zk.ErrNoNode)
}
