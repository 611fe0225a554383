package faults

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// What a client is doing, as far as faults care.
const (
	// Holding is between a grant and its release, or inside; who raised a barrier that is up;
	// where nothing is held, whoever wrote last, and in rounds all who wrote in one.
	Holding = "holding"
	Waiting = "waiting" // in a call that may wait for others
	Idle    = "idle"
)

// Activity follows the record as it grows and knows what each client does now,
// and did a moment ago. Safe for concurrent use.
type Activity struct {
	model   *models.Model
	written bool // nothing begins a stay: who wrote last counts as holder
	mu      sync.Mutex
	recent  map[int][]change // the last few of each client, oldest first
	ever    map[string]bool  // states that somebody was in
	changed chan struct{}    // closed and replaced at every change
}

// change is what a client does since a time of the record.
type change struct {
	at    time.Duration
	state string
	key   string // of the operation that made it so
}

// remembered is how many changes of a client are kept: more than can happen
// between the moment at which a fault hits a client and its look back at it.
const remembered = 16

// NewActivity is that of clients of a model's objects. It knows nothing yet: everybody is idle.
func NewActivity(model *models.Model) *Activity {
	written := !slices.ContainsFunc(model.Operations, func(o models.Operation) bool { return o.Begins })
	return &Activity{model: model, written: written, recent: map[int][]change{}, ever: map[string]bool{}, changed: make(chan struct{})}
}

// Observe takes one event of the record.
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

// overwrite takes note that what others wrote before under the same key is not the last any
// more. Call it with mu held.
func (a *Activity) overwrite(e history.Event) {
	for client := range a.recent {
		if now := a.of(client); client != e.Client && now.state == Holding && now.key == e.Key {
			a.remember(client, change{e.Time, Idle, e.Key})
		}
	}
}

// remember takes note of what a client does. Call it with mu held.
func (a *Activity) remember(client int, c change) {
	recent := append(a.recent[client], c)
	if len(recent) > remembered {
		recent = slices.Delete(recent, 0, 1)
	}
	a.recent[client] = recent
}

// next gives what a client does after an event; false if the event says nothing of it.
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

// At gives what a client did at a time of the record, a moment ago.
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

// Ever says whether some client was in one of the states at some time: there are
// workloads in which nobody holds, or nobody waits.
func (a *Activity) Ever(states ...string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(states, func(s string) bool { return a.ever[s] })
}

// Doing gives what a client does now.
func (a *Activity) Doing(client int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of(client).state
}

// Key gives the key of the object with which a client did something last; ""
// if it did nothing, or the object has none.
func (a *Activity) Key(client int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of(client).key
}

// Keys gives the keys of the objects with which somebody does what a state says
// now, sorted, each once.
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

// of gives what a client does now. Call it with mu held.
func (a *Activity) of(client int) change {
	if recent := a.recent[client]; len(recent) > 0 {
		return recent[len(recent)-1]
	}
	return change{state: Idle}
}

// Who gives the clients of which one of the states is true now, in order, and
// a channel that is closed at the next change of anybody.
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
