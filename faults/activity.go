package faults

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// The states of a client, as far as faults care.
const (
	// Holding lasts from a grant to its release, or from entering to leaving. The client
	// that raised a barrier holds while the barrier is up. In workloads without holds, the
	// last writer holds; in workloads with rounds, every client that wrote in the round.
	Holding = "holding"
	Waiting = "waiting" // in a call that may wait for others
	Idle    = "idle"
)

// making is the state of a client whose create a server has carried out, although the client may not know it yet.
// Faults see this state; the record does not show it.
const making = "making"

// Activity follows the growing record and knows what each client does now, and what it did
// a moment ago. It is safe for concurrent use.
type Activity struct {
	model   *models.Model
	written bool // the workload has no holds: the last writer counts as holder
	mu      sync.Mutex
	recent  map[int][]change // the last few changes of each client, oldest first
	ever    map[string]bool  // states that some client was in
	changed chan struct{}    // closed and replaced at every change
}

// change is a client's new activity from a time of the record on.
type change struct {
	at    time.Duration
	state string
	key   string // of the operation that caused the change
}

// remembered is how many changes are kept per client. A client makes fewer between the
// moment a fault hits it and the fault's look back at it.
const remembered = 16

// NewActivity returns the Activity of clients of a model's objects. At first every client
// is idle.
func NewActivity(model *models.Model) *Activity {
	written := !slices.ContainsFunc(model.Operations, func(o models.Operation) bool { return o.Begins })
	return &Activity{model: model, written: written, recent: map[int][]change{}, ever: map[string]bool{}, changed: make(chan struct{})}
}

// Observe reads one event of the record.
func (a *Activity) Observe(e history.Event) {
	if e.Process < 0 {
		return
	}
	state, ok := a.next(e)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := a.of(e.Client); now.state == state && (now.key == e.Key || state == Idle) {
		return
	}
	a.remember(e.Client, change{e.Time, state, e.Key})
	a.ever[state] = true
	if state == Holding && a.written && !a.model.Rounds {
		a.overwrite(e)
	}
	close(a.changed)
	a.changed = make(chan struct{})
}

// overwrite records that earlier writes of other clients under the same key are no longer the last.
// Call it with mu held.
func (a *Activity) overwrite(e history.Event) {
	for client := range a.recent {
		if now := a.of(client); client != e.Client && now.state == Holding && now.key == e.Key {
			a.remember(client, change{e.Time, Idle, e.Key})
		}
	}
}

// remember records what a client does. Call it with mu held.
func (a *Activity) remember(client int, c change) {
	recent := append(a.recent[client], c)
	if len(recent) > remembered {
		recent = slices.Delete(recent, 0, 1)
	}
	a.recent[client] = recent
}

// next returns what a client does after an event; false if the event does not tell.
func (a *Activity) next(e history.Event) (string, bool) {
	o := a.model.Operation(e.F)
	begins := o.Begins || a.written && o.Quorum != nil && !o.Waits
	switch {
	case o.Waits && e.Type == history.Invoke:
		return Waiting, true
	case begins && e.Type == history.OK:
		return Holding, true
	case o.Waits, o.Ends:
		return Idle, true
	}
	return "", false
}

// At returns what a client did at a recent time of the record.
func (a *Activity) At(client int, t time.Duration) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	state := Idle
	for _, c := range a.recent[client] {
		if c.at <= t {
			state = c.state
		}
	}
	return state
}

// Ever reports whether some client was in one of the states at some time. In some workloads
// no client ever holds, or none ever waits.
func (a *Activity) Ever(states ...string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(states, func(s string) bool { return a.ever[s] })
}

// saw records a state that the record does not show.
func (a *Activity) saw(state string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ever[state] = true
}

// Doing returns what a client does now.
func (a *Activity) Doing(client int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of(client).state
}

// Key returns the key of the object that a client used last; "" if it used none, or the
// object has no key.
func (a *Activity) Key(client int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of(client).key
}

// Keys returns the keys of the objects with which some client is in the state now, sorted
// and without duplicates.
func (a *Activity) Keys(state string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	keys := map[string]bool{}
	for client := range a.recent {
		if now := a.of(client); now.state == state && now.key != "" {
			keys[now.key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// of returns what a client does now. Call it with mu held.
func (a *Activity) of(client int) change {
	if recent := a.recent[client]; len(recent) > 0 {
		return recent[len(recent)-1]
	}
	return change{state: Idle}
}

// Who returns the clients that are in one of the states now, in order, and a channel that
// is closed at the next change of any client.
func (a *Activity) Who(clients []Client, states ...string) (ids []int, changed <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range clients {
		for _, s := range states {
			if a.of(c.ID).state == s {
				ids = append(ids, c.ID)
			}
		}
	}
	return ids, a.changed
}
