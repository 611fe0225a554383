package stats

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
)

// measureHandOvers adds to each fault the hand-overs after the holds that it ended, and returns
// those after the other holds. The holds are in order of their grants. Objects that several clients
// can hold at once have no hand-overs.
func measureHandOvers(faults []Fault, h *history.History, ops operations, all []*holds.Hold) []measured.Bound {
	model := models.Of(h)
	if model.State != models.Exclusive {
		return nil
	}
	m := handOvers{h: h, end: End(h), faults: faults, wanted: wishes(model, ops)}
	for i := range faults {
		m.spans = append(m.spans, Span{From: faults[i].Injected, Until: lasted(&faults[i], h)})
	}
	next := map[*holds.Hold]*holds.Hold{}
	last := map[string]*holds.Hold{}
	for _, hold := range all {
		if before := last[hold.Key]; before != nil {
			next[before] = hold
		}
		last[hold.Key] = hold
	}
	var released []measured.Bound
	for _, hold := range all {
		if b, by, known := m.measure(hold, next[hold]); known && by == nil {
			released = append(released, b.Bound)
		} else if known {
			by.HandOvers = append(by.HandOvers, b)
		}
	}
	return released
}

// handOvers measures the time from the end of a hold to the next grant of its key.
type handOvers struct {
	h      *history.History
	end    time.Duration
	faults []Fault
	spans  []Span // of the faults
	wanted map[string]*wish
}

// measure returns the hand-over after a hold, and the fault that ended the hold, or nil. known is
// false if the end is not known, if no client wanted the key any more, or if for some time no
// majority of the servers was left to grant it.
func (m *handOvers) measure(hold, next *holds.Hold) (o HandOver, by *Fault, known bool) {
	from, by, known := m.over(hold, next)
	if !known {
		return o, nil, false
	}
	since, wanted := m.wanted[hold.Key].since(from)
	switch until := m.censored(by); {
	case next != nil && next.Granted <= until:
		if !wanted || since > next.Granted { // the leader leads again without a call
			since = from
		}
		o.Bound = measured.Bound{Time: max(0, next.Granted-since)}
	case !wanted || since >= until:
		return o, nil, false
	default:
		o.Bound = measured.Bound{Time: until - since, AtLeast: true}
	}
	o.Key, o.Client, o.From = hold.Key, hold.Client, since
	return o, by, !m.unserved(Span{From: since, Until: since + o.Time})
}

// unserved reports whether a fault that left no majority lasted during part of the span.
func (m *handOvers) unserved(s Span) bool {
	for i := range m.faults {
		if m.faults[i].NoMajority && m.spans[i].From <= s.Until && s.From <= m.spans[i].Until {
			return true
		}
	}
	return false
}

// censored returns when measuring must end for a hold that the fault ended. The heal of a fault
// that ends sessions or processes does not return their keys.
func (m *handOvers) censored(by *Fault) time.Duration {
	if by == nil || by.Traits.Crashes || by.Traits.Sessions != "" {
		return m.end
	}
	return by.censored(m.end)
}

// over returns when a hold ended. A released hold ends when the release begins. A hold that a fault
// ended ends when the client could no longer use it. known is false if the key was granted again
// before that, and no fault explains it.
func (m *handOvers) over(hold, next *holds.Hold) (from time.Duration, by *Fault, known bool) {
	early := next != nil && next.Granted < hold.Until
	if hold.Ended == holds.ByRelease && !early {
		return hold.Until, nil, true
	}
	if by = m.fault(hold); by == nil {
		return hold.Until, nil, hold.Ended == holds.ByLoss && !early
	}
	hit := max(by.Injected, hold.Granted)
	switch silenced := by.Traits.Absent && by.Traits.Sessions != ""; {
	case by.Traits.Sessions == history.EndAtOnce && !silenced:
		if ended := max(hold.Granted, min(by.Verified, hold.Until)); next == nil || ended <= next.Granted {
			return ended, by, true
		}
		return hit, by, true
	case silenced || early:
		return hit, by, true
	}
	return hold.Until, by, true
}

// fault returns the latest fault that hit the holder during the hold, or nil.
func (m *handOvers) fault(hold *holds.Hold) *Fault {
	var found *Fault
	for i := range m.faults {
		f := &m.faults[i]
		if f.Outcome != history.StepVerified || !f.hitsAll() && !slices.Contains(f.Clients, hold.Client) {
			continue
		}
		if s := m.spans[i]; s.From <= hold.Until && hold.Granted <= s.Until && (found == nil || f.Injected > found.Injected) {
			found = f
		}
	}
	return found
}

// wish records when clients wanted a key.
type wish struct {
	began []time.Duration // of the acquires, rising
	until []time.Duration // the latest end of acquires 0 to i
}

func wishes(m *models.Model, ops operations) map[string]*wish {
	out := map[string]*wish{}
	for op := range ops {
		if !m.Grants(op.F) {
			continue
		}
		w := out[op.Key]
		if w == nil {
			w = &wish{}
			out[op.Key] = w
		}
		until := never
		if op.Return != nil {
			until = op.Return.Time
		}
		if n := len(w.until); n > 0 {
			until = max(until, w.until[n-1])
		}
		w.began, w.until = append(w.began, op.Began()), append(w.until, until)
	}
	return out
}

// since returns from when on, at t or later, a client waited for the key. ok is false if none did.
func (w *wish) since(t time.Duration) (from time.Duration, ok bool) {
	if w == nil {
		return 0, false
	}
	i := after(w.began, t)
	switch {
	case i > 0 && w.until[i-1] > t:
		return t, true
	case i < len(w.began):
		return w.began[i], true
	}
	return 0, false
}
