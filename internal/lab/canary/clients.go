package canary

import (
	"cmp"
	"fmt"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// clients sums up what the clients of all objects have experienced.
type clients struct {
	any, writes service
	of          map[string]*service // the writes of each object
	gaps        []gap               // without a write
	pace        pace
	ended       bool // the load of the window has ended
	moved       int
	expired     int
	at          map[string]string         // server by object and client, or the word for none
	begun       map[string]begun          // the operation under way, by object and process
	counts      map[string]map[string]int // operations by object and outcome
	errors      map[[2]string]int         // by object and code
	times       map[string]*histogram     // of successes, by object
	written     *histogram                // of writes that do not wait for other clients
}

// begun is an operation under way.
type begun struct {
	at     time.Time
	invoke *history.Event
}

func newClients() clients {
	c := clients{
		any: service{what: "operation", lasting: lasting}, writes: service{what: "write", lasting: lasting}, of: map[string]*service{}, pace: pace{usual: newHistogram()}, written: newHistogram(),
		at: map[string]string{}, begun: map[string]begun{}, counts: map[string]map[string]int{}, errors: map[[2]string]int{}, times: map[string]*histogram{},
	}
	for _, of := range objects {
		c.counts[of.recipe], c.times[of.recipe] = map[string]int{}, newHistogram()
		c.of[of.recipe] = &service{what: "write of the " + of.recipe, lasting: lastingOfIt}
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
			k.operation(now, object, &e, model.Operation(e.F))
		}
	}
}

// operation follows the operations. The latency of an operation that waits for other clients says nothing about
// the servers.
func (k *Check) operation(now time.Time, object string, e *history.Event, of *models.Operation) {
	id := fmt.Sprint(object, e.Process)
	if e.Type == history.Invoke {
		k.clients.begun[id] = begun{now, e}
		return
	}
	began := k.clients.begun[id]
	delete(k.clients.begun, id)
	k.clients.counts[object][string(e.Type)]++
	if e.Error != nil {
		k.clients.errors[[2]string{object, e.Error.Code}]++
		k.clients.of[object].failure = cmp.Or(e.Error.Message, e.Error.Code)
	}
	if e.Type != history.OK {
		return
	}
	write := of.Quorum != nil && began.invoke != nil && of.Quorum(&history.Operation{Invoke: began.invoke, Return: e})
	if !of.Waits {
		k.clients.times[object].add(now.Sub(began.at))
		if write {
			k.wrote(now, now.Sub(began.at))
		}
	}
	k.succeeded(now, write)
	if s := k.clients.of[object]; write && k.clients.loaded() {
		told := s.told
		if g := s.succeeded(now); told && g.took() >= lastingOfIt {
			k.waitedFor(s.what, g)
		}
	}
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
		case p.Name == history.PhaseLoad && !k.clients.loaded(): // no write was begun since the window before
			for _, s := range k.clients.services() {
				s.latest, s.told, s.failure = now, false, ""
			}
			k.clients.ended = false
		case p.Name == history.PhaseHeal: // also counts the gap at the end of the load
			k.succeeded(now, true)
			k.clients.ended = true
		}
	case history.FProbe:
		var p history.Probe
		if e.Decode(&p) == nil && p.Server == 0 && len(p.Took) > 0 && p.Took[len(p.Took)-1] > 0 {
			k.wrote(now, time.Duration(p.Took[len(p.Took)-1])*time.Microsecond)
			k.succeeded(now, true)
		}
	}
}

// succeeded records a success of any client.
func (k *Check) succeeded(now time.Time, write bool) {
	c := &k.clients
	if !c.loaded() {
		return
	}
	c.any.succeeded(now)
	if !write {
		return
	}
	g := c.writes.succeeded(now)
	if g.took() >= keptGap {
		c.gaps = keep(c.gaps, g)
	}
	if g.took() >= toldGap {
		k.waitedFor(c.writes.what, g)
	}
}

// waitedFor notes a gap that has ended.
func (k *Check) waitedFor(what string, g gap) {
	took := g.took()
	k.note(Event{At: g.to, Kind: Waited, Took: took, Text: fmt.Sprintf("clients waited %s: no %s succeeded from %s to %s", prose.Elapsed(took), what, clock(g.from), clock(g.to))})
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
