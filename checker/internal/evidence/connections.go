package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file finds when sessions, and the clients that have them, were connected.

// wires are the sessions of one client's process that are not over, as a sweep over the events
// finds them.
type wires struct {
	of   []*wire // oldest first
	from time.Duration
	up   bool // the client was connected since from
}

// wire is a session that is not over.
type wire struct {
	of    *Session
	up    bool
	since time.Duration // when it was connected or disconnected
}

// connections finds when each session was connected, and when each client was: while at least one
// of its sessions is connected and none is disconnected. A session that is over does not count:
// its client was told so, closed it or gave it up, its process ended, or it was disconnected for
// longer than its timeout.
func (a *Record) connections() {
	all := map[int]*wires{}
	for _, e := range a.History.Facts() {
		if e.Process != history.SessionProcess || e.Client < 0 || e.F == history.FUnreturned || e.F == history.FMade { // which says nothing of connections
			continue
		}
		w := all[e.Client]
		if w == nil {
			w = &wires{}
			all[e.Client] = w
			a.live[e.Client] = nil // known from now on
		}
		a.timeOut(e.Client, w, e.Time)
		a.wired(w, e)
		a.noteLive(e.Client, w, e.Time)
	}
	for client, w := range all {
		a.timeOut(client, w, a.End)
		for _, c := range w.of {
			c.set(c.up, Never)
		}
		a.noteLive(client, &wires{from: w.from, up: w.up}, Never)
	}
}

// wired follows one event of a client.
func (a *Record) wired(w *wires, e *history.Event) {
	s := a.Session(e.Session)
	i := slices.IndexFunc(w.of, func(c *wire) bool { return c.of == s })
	switch {
	case e.F == history.FExited:
		w.end(e.Time, func(*wire) bool { return true })
	case s == nil:
	case e.F == history.FConnected:
		if i < 0 {
			i = len(w.of)
			w.of = append(w.of, &wire{of: s, since: e.Time})
		}
		w.of[i].set(true, e.Time)
		w.end(e.Time, func(c *wire) bool { return c.of.GivenUp != nil && c.of.GivenUp.Next == e })
	case i < 0:
	case e.F == history.FDisconnected:
		w.of[i].set(false, e.Time)
	case e.F == history.FExpired, e.F == history.FDead:
		w.end(e.Time, func(c *wire) bool { return c.of == s })
	}
}

// set notes whether the session is connected from a time on.
func (c *wire) set(up bool, t time.Duration) {
	if c.up {
		c.of.up = append(c.of.up, Span{From: c.since, To: t})
	}
	c.up, c.since = up, t
}

// end drops the sessions that are over at a time.
func (w *wires) end(t time.Duration, over func(*wire) bool) {
	w.of = slices.DeleteFunc(w.of, func(c *wire) bool {
		if !over(c) {
			return false
		}
		c.set(false, t)
		return true
	})
}

// timeOut drops the sessions that had been disconnected for longer than their timeout by a time.
func (a *Record) timeOut(client int, w *wires, t time.Duration) {
	for timeout := a.Params.SessionTimeout; timeout > 0; {
		first := Never
		for _, c := range w.of {
			if !c.up {
				first = min(first, c.since+timeout)
			}
		}
		if first >= t {
			return
		}
		w.end(first, func(c *wire) bool {
			lapsed := !c.up && c.since+timeout <= first
			if lapsed {
				c.of.lapsed = first
			}
			return lapsed
		})
		a.noteLive(client, w, first)
	}
}

// noteLive notes whether a client is connected from a time on.
func (a *Record) noteLive(client int, w *wires, t time.Duration) {
	is := len(w.of) > 0 && !slices.ContainsFunc(w.of, func(c *wire) bool { return !c.up })
	switch {
	case is && !w.up:
		w.from = t
	case w.up && !is:
		a.live[client] = append(a.live[client], Span{From: w.from, To: t})
	}
	w.up = is
}

// ConnectedThroughout reports whether a client was connected all through a span. It returns true if
// that is unknown.
func (a *Sessions) ConnectedThroughout(client int, s Span) bool {
	live, ok := a.live[client]
	i := Reaching(live, s.To+1)
	return !ok || i < len(live) && live[i].From <= s.From
}

// ConnectedAt reports whether a client was connected at a moment. It returns true if
// that is unknown.
func (a *Sessions) ConnectedAt(client int, t time.Duration) bool {
	return a.ConnectedThroughout(client, Span{From: t, To: t})
}
