package canary

import (
	"fmt"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// Some operation should succeed each second. A gap that is a little longer is kept, and an even longer one is
// also reported as an event.
const (
	keptGap = 1200 * time.Millisecond / probeRate
	toldGap = 1500 * time.Millisecond / probeRate
)

// clients sums up what the clients of all objects have experienced.
type clients struct {
	latest  time.Time     // when the latest operation succeeded, or the first one began
	ended   bool          // the load has ended
	longest time.Duration // the longest time between two successes
	gaps    []gap
	moved   int
	expired int
	at      map[string]string         // server by object and client, or the word for none
	begun   map[string]time.Time      // the operation under way, by object and process
	counts  map[string]map[string]int // operations by object and outcome
	times   map[string]*histogram     // of successes, by object
}

// gap is a time without a success.
type gap struct{ from, to time.Time }

func newClients() clients {
	c := clients{at: map[string]string{}, begun: map[string]time.Time{}, counts: map[string]map[string]int{}, times: map[string]*histogram{}}
	for _, of := range objects {
		c.counts[of.recipe], c.times[of.recipe] = map[string]int{}, newHistogram()
	}
	return c
}

// follow returns the function to call with each event of an object's record.
func (k *Check) follow(object string) func(history.Event) {
	model := models.Named(object)
	return func(e history.Event) {
		k.mu.Lock()
		defer k.mu.Unlock()
		now := time.Now()
		switch {
		case e.Process == history.SessionProcess && e.Client >= 0:
			k.session(now, object, &e)
		case e.Process == history.Nemesis:
			k.fact(now, &e)
		case e.Process >= 0 && !model.Operation(e.F).Local:
			k.operation(now, object, &e, model.Operation(e.F).Waits)
		}
	}
}

// operation follows the operations. The latency of an operation that waits for other clients says nothing about
// the servers.
func (k *Check) operation(now time.Time, object string, e *history.Event, waits bool) {
	id := fmt.Sprint(object, e.Process)
	if e.Type == history.Invoke {
		k.clients.begun[id] = now
		return
	}
	began := k.clients.begun[id]
	delete(k.clients.begun, id)
	k.clients.counts[object][string(e.Type)]++
	if e.Type != history.OK {
		return
	}
	if !waits {
		k.clients.times[object].add(now.Sub(began))
	}
	k.succeeded(now)
}

// fact follows the phases of the run, and the probe that uses all servers.
func (k *Check) fact(now time.Time, e *history.Event) {
	switch e.F {
	case history.FPhase:
		var p history.Phase
		if e.Decode(&p) != nil {
			return
		}
		switch {
		case p.Name == history.PhaseLoad && k.clients.latest.IsZero():
			k.clients.latest = now
		case p.Name == history.PhaseHeal: // also counts the gap at the end of the load
			k.succeeded(now)
			k.clients.ended = true
		}
	case history.FProbe:
		var p history.Probe
		if e.Decode(&p) == nil && p.Server == 0 && len(p.Took) > 0 && p.Took[len(p.Took)-1] > 0 {
			k.succeeded(now)
		}
	}
}

// succeeded records a success of any client, and the gap before it.
func (k *Check) succeeded(now time.Time) {
	c := &k.clients
	if c.latest.IsZero() || c.ended {
		return // there is no load
	}
	g := gap{c.latest, now}
	c.latest = now
	took := g.to.Sub(g.from)
	c.longest = max(c.longest, took)
	if took >= keptGap && len(c.gaps) < mostKept {
		c.gaps = append(c.gaps, g)
	}
	if took < toldGap {
		return
	}
	k.note(Event{At: now, Kind: Waited, Took: took, Text: fmt.Sprintf("clients waited %s: no operation succeeded from %s to %s", prose.Elapsed(took), clock(g.from), clock(now))})
}

// session follows the sessions of clients.
func (k *Check) session(now time.Time, object string, e *history.Event) {
	c := &k.clients
	id := fmt.Sprint(object, e.Client)
	who := fmt.Sprintf("%s of client %d (%s)", e.Session, e.Client, object)
	switch e.F {
	case history.FConnected:
		var v history.Connected
		if e.Decode(&v) != nil {
			return
		}
		was := c.at[id]
		c.at[id] = v.Server
		if was != "" && was != v.Server && v.Asked == e.Session {
			c.moved++
			k.note(Event{At: now, Kind: Moved, Text: fmt.Sprintf("session %s moved from %s to %s", who, was, v.Server)})
		}
	case history.FExpired:
		c.expired++
		k.note(Event{At: now, Kind: Expired, Text: fmt.Sprintf("session %s expired", who)})
	}
}
