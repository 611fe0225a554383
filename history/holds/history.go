package holds

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// grace is how long a client may still claim to hold after it was told that its session expired.
const grace = time.Second

// Record is a history read with the evidence in it alone. It is not safe for concurrent use.
type Record struct {
	ops   map[string][]*history.Operation
	lost  map[string][]*history.Event
	read  map[string][]*Hold
	exits map[int][]Moment
	told  map[history.ID]Moment // when a session was reported expired, or given up
	r     Reader
}

// Of reads a history once, for later calls of Key and All.
func Of(h *history.History) *Record {
	r := &Record{
		ops: map[string][]*history.Operation{}, lost: map[string][]*history.Event{}, read: map[string][]*Hold{},
		exits: map[int][]Moment{}, told: map[history.ID]Moment{},
	}
	r.r = Reader{Object: models.Of(h), Evidence: r, Decode: func(e *history.Event, v any) { _ = e.Decode(v) }} // ignores values that cannot be read
	// No client holds an object whose record is packed.
	if !h.Packed() {
		for _, op := range h.Operations() {
			r.ops[op.Key] = append(r.ops[op.Key], op)
		}
	}
	for e := range h.All() {
		r.fact(e)
	}
	for s, g := range history.GivenUp(h.Facts()) {
		if _, known := r.told[s]; !known {
			r.told[s] = Moment{g.Next.Time, g.Next.Index}
		}
	}
	return r
}

func (r *Record) fact(e *history.Event) {
	r.r.End = max(r.r.End, e.Time)
	switch {
	case e.Process == history.Nemesis && e.F == history.FOffers:
		var o history.Offers
		_ = e.Decode(&o)
		r.r.Remote = o.Remote && o.TellsLost
	case e.Process != history.SessionProcess:
	case e.F == history.FLost:
		r.lost[e.Key] = append(r.lost[e.Key], e)
	case e.F == history.FExited:
		r.exits[e.Client] = append(r.exits[e.Client], Moment{e.Time, e.Index})
	case e.F == history.FExpired:
		if _, known := r.told[e.Session]; !known {
			r.told[e.Session] = Moment{e.Time, e.Index}
		}
	}
}

// Exited implements Evidence.
func (r *Record) Exited(client int, t time.Duration) Moment {
	for _, x := range r.exits[client] {
		if x.At >= t {
			return x
		}
	}
	return None
}

// Expired implements Evidence.
func (r *Record) Expired(op *history.Operation, _ *Hold) Moment {
	if m, known := r.told[op.Return.Session]; known {
		return m
	}
	return None
}

// Resumes implements Evidence.
func (r *Record) Resumes(*Hold, time.Duration) bool { return false }

// Knows implements Evidence.
func (r *Record) Knows(h *Hold, t time.Duration) bool { return t-h.Expired.At > grace }

// Key returns the holds of a key, in order of their grants.
func (r *Record) Key(key string) []*Hold {
	if _, done := r.read[key]; !done {
		r.read[key] = r.r.Read(key, r.ops[key], r.lost[key]).Holds
	}
	return r.read[key]
}

// All returns the holds of all keys, in order of their grants.
func (r *Record) All() []*Hold {
	var all []*Hold
	for key := range r.ops {
		all = append(all, r.Key(key)...)
	}
	slices.SortFunc(all, byGrant)
	return all
}
