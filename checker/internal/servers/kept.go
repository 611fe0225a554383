package servers

import (
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// keptAlive looks for sessions that were declared expired although their clients had kept them
// alive. The leader counts a session's timeout from when it last heard of the session: in a
// connect, in a write, or from the server that the client is on, which reports at each half tick
// which sessions it has answered (LearnerHandler, Learner.ping). So an answered request keeps a
// session alive for the session's timeout, less the time that this report takes: at most two ticks,
// or half a timeout if that is less.
//
// That holds while the leader works and hears from the servers: nothing is decided about sessions
// that ended near a fault, a change of leaders or a stall of the harness, or if no quorum answered
// any client for a quarter of a timeout. A leader that stood still may end all sessions when it
// resumes.
func keptAlive(a *evidence.Record) (f frame.Finding) {
	last := map[history.ID]connect{}
	next := 0
	all := connectsOf(a)
	for _, e := range a.History.Facts() {
		if next < len(all) && all[next].Index == e.Index {
			last[e.Session] = all[next]
			next++
		}
		if e.Process != history.SessionProcess || e.F != history.FExpired || len(e.Value) == 0 {
			continue
		}
		f.Count("expired", 1)
		c, ok := last[e.Session]
		if s := a.Session(e.Session); !ok || c.Timeout <= 0 || s.DiedBy <= e.Time { // a client asked for its end
			continue
		}
		var x history.Expired
		a.Decode(e, &x)
		if !wasKept(a, &c, &x, e.Time) {
			continue
		}
		f.Violated([]int{c.Index, e.Index}, "%s told client %d at %s that its session %s had expired, though its timeout is %s, servers had answered requests that it sent all the time from %s to %s, and nothing disturbed them",
			x.Server, e.Client, words.At(e.Time), e.Session, c.Timeout, words.At(x.Since), words.At(x.Answered))
	}
	return f
}

// wasKept reports whether a session had been kept alive up to the moment at which it was declared
// expired.
func wasKept(a *evidence.Record, c *connect, x *history.Expired, at time.Duration) bool {
	word := c.Timeout / 2
	if a.Params.Tick > 0 {
		word = min(word, 2*a.Params.Tick)
	}
	// The leader heard of the session when it was connected. If the client was silent before that, the
	// report of its last request may still have been on its way.
	heard := x.Since <= c.Event.Time || x.Answered-x.Since >= word
	return heard && at-x.Answered < c.Timeout-word &&
		a.Calm(evidence.Span{From: at - c.Timeout, To: at}) &&
		a.Led(evidence.Span{From: max(0, at-c.Timeout-c.Timeout/2), To: at}, c.Timeout/4)
}
