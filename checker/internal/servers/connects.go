package servers

import (
	"fmt"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// connect is a connect that a server answered with a session.
type connect struct {
	history.Connected
	*history.Event
}

// connectsOf returns all connects, in order.
var connectsOf = evidence.Once(func(a *evidence.Record) (all []connect) {
	for _, e := range a.History.Facts() {
		if e.Process != history.SessionProcess || e.F != history.FConnected {
			continue
		}
		c := connect{Event: e}
		if len(e.Value) > 0 {
			a.Decode(e, &c.Connected)
		}
		all = append(all, c)
	}
	return all
})

// connects compares the servers' answers to connects with what the clients asked for. A server
// answers with the session that the client asked for, or refuses, which a link records as an end. A
// client library that does not compare the two continues with the session that it got.
func connects(a *evidence.Record) (f frame.Finding) {
	known := map[history.ID]connect{} // the first connect of each session
	for _, c := range connectsOf(a) {
		first, old := known[c.Session]
		if !old {
			known[c.Session] = c
		}
		if c.Wanted == 0 { // the record is from an older version
			continue
		}
		f.Count("connects", 1)
		if c.Asked != 0 {
			f.Count("reconnects", 1)
		}
		switch {
		case c.Asked != 0 && c.Session != c.Asked:
			f.Violated([]int{known[c.Asked].index(), c.Index}, "client %d asked %s for its session %s, and was given session %s at %s: a server that does not have a session must refuse it",
				c.Client, c.Server, c.Asked, c.Session, words.At(c.Event.Time))
		case c.Asked == 0 && old:
			f.Violated([]int{first.Index, c.Index}, "client %d asked %s for a new session, and was given session %s at %s, which client %d had got before, at %s",
				c.Client, c.Server, c.Session, words.At(c.Event.Time), first.Client, words.At(first.Event.Time))
		}
		if why := outOfBounds(a, &c.Connected); why != "" {
			f.Violated([]int{c.Index}, "client %d asked %s for a timeout of %s, and was given %s at %s: %s",
				c.Client, c.Server, c.Wanted, c.Timeout, words.At(c.Event.Time), why)
		}
		if e := toldBefore(a, &c); e != nil {
			f.Violated([]int{e.Index, c.Index}, "client %d got the answer at %s that session %s had expired, though nothing disturbed the servers, and was connected in it again at %s",
				e.Client, words.At(e.Time), c.Session, words.At(c.Event.Time))
		}
	}
	if f.Figures["reconnects"] == 0 {
		f.Note("no client connected again: only connects for new sessions were looked at")
	}
	return f
}

// index returns the index of the connect's event; -1: there was none.
func (c connect) index() int {
	if c.Event == nil {
		return -1
	}
	return c.Index
}

// outOfBounds returns the reason why a server must not have granted a timeout, or "" if it may. A
// server grants the timeout that it is asked for, or the nearest bound
// (ZooKeeperServer.processConnectRequest).
func outOfBounds(a *evidence.Record, c *history.Connected) string {
	least, most := a.Params.MinSession, a.Params.MaxSession
	if least == 0 || most == 0 {
		return ""
	}
	if want := min(max(c.Wanted, least), most); c.Timeout != want.Truncate(time.Millisecond) {
		return fmt.Sprintf("servers grant from %s to %s, so that it should be %s", least, most, want)
	}
	return ""
}

// toldBefore returns the event at which a server, without an excuse, had declared a session
// expired that is connected again; nil if there is none.
func toldBefore(a *evidence.Record, c *connect) *history.Event {
	s := a.Session(c.Session)
	if s == nil || s.GivenUp != nil || s.ExpiredEvent < 0 || s.Expired >= c.Event.Time {
		return nil
	}
	if !a.Calm(evidence.Span{From: s.Expired, To: c.Event.Time}) {
		return nil
	}
	return a.History.At(s.ExpiredEvent)
}
