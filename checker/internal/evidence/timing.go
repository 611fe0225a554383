package evidence

import (
	"cmp"
	"time"

	"github.com/zklab/zklab/history"
)

// Clamp limits a time to what a search needs: before the first event, or after the last one.
func (a *Record) Clamp(t time.Duration) int64 { return int64(min(max(t, -1), a.End+1)) }

// StallLimit is how late the harness's heartbeat may be before properties with a time limit no
// longer trust its clocks and goroutines.
const StallLimit = 250 * time.Millisecond

// Timing has the times of the run, and from when on time counts.
type Timing struct {
	phases  []phaseAt
	Health  map[string]healthAt // by history.Health.When
	Stalls  []Span              // of the harness itself
	Settled time.Duration       // from here on timed properties count; never if not known
	Bound   time.Duration       // B: what a timed property allows
	End     time.Duration       // time of the last event
	ahead   time.Duration       // the most by which the wall clock was ahead of the record's
	behind  time.Duration       // the most by which the wall clock was behind the record's
}

type phaseAt struct {
	name string
	at   time.Duration
}

type healthAt struct {
	history.Health
	at time.Duration
}

// Phase returns when a phase began; never if it did not.
func (a *Timing) Phase(name string) time.Duration {
	for _, p := range a.phases {
		if p.name == name {
			return p.at
		}
	}
	return Never
}

// Bound returns how long a correct recipe may need after the heal for anything that has a time
// limit: for a dead session to end (a timeout and up to two ticks), for a client to find a server
// again, and the slack for everything else.
func Bound(p history.Params) time.Duration {
	return p.SessionTimeout + 2*p.Tick + p.Reconnect + cmp.Or(p.Slack, history.UsualSlack)
}

// settleTimes computes from when on timed properties count: from when the last fault was undone;
// without any fault, from the start of the load; and not at all if the ensemble was not healthy
// after the heal.
//
// The load waits for its last operations: a client that is stuck in one has given up before the
// ensemble is checked again. The client's own connection shows that the ensemble served from then
// on: a server without a leader keeps no connection.
func (a *Record) settleTimes() {
	a.Bound = Bound(a.Params)
	a.Settled = a.Phase(history.PhaseQuiesce)
	if len(a.Faults.All) == 0 {
		a.Settled = min(a.Settled, a.Phase(history.PhaseLoad))
	} else {
		a.Settled = min(a.Settled, a.Faults.Over())
	}
	if after, ok := a.Health["after"]; ok && !after.Healthy {
		a.Settled = Never
	}
}

func (a *Timing) drifted(by time.Duration) {
	a.ahead, a.behind = max(a.ahead, by), max(a.behind, -by)
}

// Wall returns how far a time by the wall clock can lie from the same time by the record's clock:
// the measured and the unmeasured difference, and the millisecond to which subjects know the time.
func (a *Timing) Wall() time.Duration { return a.Moved() + 2*time.Millisecond }

// Moved returns how far the wall clock moved against the record's, as recorded.
func (a *Timing) Moved() time.Duration { return a.ahead + a.behind }

// Stepped reports whether the wall clock was set while the record was written: nothing that depends
// on it can be decided.
func (a *Timing) Stepped() bool { return a.Moved() > stepped }

// stepped is more than a steered clock moves away in a run of minutes (NTP: 500 parts in a
// million).
const stepped = 100 * time.Millisecond

// WhileLive returns the part of s during which the client was connected, its process ran, and timed
// properties count. Each reconnect begins a new span: it restarts the clock.
func (a *Record) WhileLive(client int, s Span) []Span {
	if a.Settled == Never {
		return nil
	}
	s.From, s.To = max(s.From, a.Settled), min(s.To, a.End)
	live, ok := a.live[client]
	if !ok {
		live = []Span{{From: Always, To: Never}}
	}
	return a.presentWithin(client, live, s)
}

// WhileConnected returns the part of s during which a session was connected and not known to be
// over, its process ran, and timed properties count. Each reconnect begins a new span.
func (a *Record) WhileConnected(in *Session, s Span) []Span {
	if a.Settled == Never {
		return nil
	}
	s.From, s.To = max(s.From, a.Settled), min(s.To, a.End)
	return a.presentWithin(in.Client, in.up, s)
}

// presentWithin returns the parts of s that lie in one of some spans, in order, and in which a
// client's process ran and its link was not held up.
func (a *Record) presentWithin(client int, live []Span, s Span) []Span {
	var of []Span
	for _, l := range live[Reaching(live, s.From):] {
		if l.From >= s.To {
			break
		}
		if from, to := max(l.From, s.From), min(l.To, s.To); from < to {
			of = append(of, Span{From: from, To: to})
		}
	}
	away := a.away[client]
	return Subtract(of, away[Reaching(away, s.From):])
}

// Stalled sums the harness's own stalls that touch s.
func (a *Timing) Stalled(s Span) time.Duration {
	var sum time.Duration
	for _, st := range a.Stalls {
		if st.Length() > StallLimit && st.From < s.To && s.From < st.To {
			sum += st.Length()
		}
	}
	return sum
}

// Untimed returns the reason why timed properties cannot be decided, or "" if they can.
func (a *Timing) Untimed() string {
	if a.Settled == Never {
		return "the record has no moment from which on the ensemble was healthy and free of faults, so no property with a time limit can be decided"
	}
	return ""
}
