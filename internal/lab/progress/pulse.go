package progress

import (
	"slices"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	recorded "github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/models"
)

// Pulse tells what a run is doing, by the events of its record so far: its rate, its latency, the faults in
// force, who holds what. It is for one goroutine at a time. The zero value has seen nothing; it counts no
// operation, because it does not know the object.
type Pulse struct {
	Now    time.Duration // the time of the latest event
	Phase  string
	Ended  bool // the record is complete
	Totals Counts
	Slots  []Counts // operations by the time of their end, in steps of Slot since the beginning
	Faults recorded.List

	model    *models.Model
	activity *faults.Activity
	clients  int                               // the highest number of a client, plus one
	calls    map[history.Process]time.Duration // intended starts of calls under way
	holds    bool                              // the object can be held
	keys     []string                          // the keys of an object that can be held, sorted
	took     []time.Duration                   // the latencies of the successes of the latest seconds, second by second
	firstOf  []int                             // the index in took of the first success of each of these seconds
	p99s     []time.Duration                   // the 99th percentile of each complete second; 0: no success
	open     map[history.ID]bool               // sessions that have not ended; true: connected
	expired  int
}

// Counts are operations by outcome.
type Counts struct{ OK, Fail, Info int }

// Slot is the step of Pulse.Slots. A second is a whole number of slots.
const Slot = 250 * time.Millisecond

const (
	perSecond = int(time.Second / Slot)
	// Recent is the time, in seconds, that Rate and P99 cover.
	Recent = 10
	// Bounds of what a damaged or very large record may claim.
	mostSlots   = 1 << 21
	mostClients = 10_000
	mostKeys    = 100
)

// NewPulse returns the pulse of a run with objects of a model.
func NewPulse(model *models.Model) *Pulse {
	return &Pulse{
		model: model, activity: faults.NewActivity(model),
		holds: slices.ContainsFunc(model.Operations, func(o models.Operation) bool { return o.Begins }),
		calls: map[history.Process]time.Duration{}, open: map[history.ID]bool{},
	}
}

// Observe takes the next event of the record. It keeps nothing of the event's value.
func (p *Pulse) Observe(e *history.Event) {
	p.Now = max(p.Now, e.Time)
	switch {
	case e.Process >= 0 && p.model != nil:
		p.operation(e)
	case e.Process == history.Nemesis:
		p.fact(e)
	case e.Process == history.SessionProcess && p.model != nil && e.Client >= 0:
		p.session(e)
	}
}

func (p *Pulse) operation(e *history.Event) {
	p.clients = max(p.clients, min(e.Client+1, mostClients))
	p.activity.Observe(*e)
	if p.holds && len(p.keys) < mostKeys {
		if i, known := slices.BinarySearch(p.keys, e.Key); !known {
			p.keys = slices.Insert(p.keys, i, e.Key)
		}
	}
	if p.model.Operation(e.F).Local { // it does not count as load
		return
	}
	if e.Type == history.Invoke {
		start := e.Time
		if e.Intended != 0 {
			start = e.Intended
		}
		p.calls[e.Process] = start
		return
	}
	start, ok := p.calls[e.Process]
	delete(p.calls, e.Process)
	at := e.Time / Slot
	if !ok || at < 0 || at >= mostSlots {
		return
	}
	for len(p.Slots) <= int(at) {
		p.Slots = append(p.Slots, Counts{})
	}
	p.Totals.add(e.Type)
	p.Slots[at].add(e.Type)
	if e.Type == history.OK {
		p.success(int(e.Time/time.Second), e.Time-start)
	}
}

// success records the latency of a success in a second.
func (p *Pulse) success(second int, took time.Duration) {
	p.until(second)
	p.took = append(p.took, took)
}

// until begins all seconds up to the given one.
func (p *Pulse) until(second int) {
	for len(p.p99s)+1 <= second || len(p.firstOf) == 0 {
		if n := len(p.firstOf); n > 0 {
			p.p99s = append(p.p99s, p99(p.took[p.firstOf[n-1]:]))
		}
		if p.firstOf = append(p.firstOf, len(p.took)); len(p.firstOf) > Recent {
			gone := p.firstOf[1]
			p.took = slices.Delete(p.took, 0, gone)
			p.firstOf = slices.Delete(p.firstOf, 0, 1)
			for i := range p.firstOf {
				p.firstOf[i] -= gone
			}
		}
	}
}

// p99 returns the 99th percentile, or 0 if there are no latencies.
func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[len(sorted)*99/100]
}

func (c *Counts) add(outcome history.Type) {
	switch outcome {
	case history.OK:
		c.OK++
	case history.Fail:
		c.Fail++
	default:
		c.Info++
	}
}

// Plus adds the counts of d.
func (c *Counts) Plus(d Counts) { c.OK, c.Fail, c.Info = c.OK+d.OK, c.Fail+d.Fail, c.Info+d.Info }

func (p *Pulse) fact(e *history.Event) {
	if step, ok := recorded.StepOf(e); ok {
		p.Faults.Add(e, step)
		return
	}
	switch e.F {
	case history.FPhase:
		var phase history.Phase
		if e.Decode(&phase) == nil {
			p.Phase = phase.Name
		}
	case history.FEnd:
		p.Ended = true
	}
}

func (p *Pulse) session(e *history.Event) {
	switch e.F {
	case history.FConnected:
		p.open[e.Session] = true
	case history.FDisconnected:
		if _, known := p.open[e.Session]; known {
			p.open[e.Session] = false
		}
	case history.FExpired, history.FDead:
		delete(p.open, e.Session)
		if e.F == history.FExpired {
			p.expired++
		}
	}
}

// Seconds returns the number of operations in each of the latest complete seconds, at most n of them.
func (p *Pulse) Seconds(most int) []Counts {
	over := min(int(p.Now/time.Second), mostSlots/perSecond)
	from := max(0, over-most)
	sums := make([]Counts, over-from)
	for i := range sums {
		for at := (from + i) * perSecond; at < min((from+i+1)*perSecond, len(p.Slots)); at++ {
			sums[i].Plus(p.Slots[at])
		}
	}
	return sums
}

// Rate returns the successes per second in the recent complete seconds; false if there is none.
func (p *Pulse) Rate() (float64, bool) {
	last := p.Seconds(Recent)
	sum := 0
	for _, s := range last {
		sum += s.OK
	}
	return float64(sum) / float64(max(1, len(last))), len(last) > 0
}

// P99 returns the 99th percentile of the latencies of recent successes; false if there are none.
func (p *Pulse) P99() (time.Duration, bool) {
	p.until(min(int(p.Now/time.Second), mostSlots/perSecond))
	return p99(p.took), len(p.took) > 0
}

// P99s returns the 99th percentile of each of the latest complete seconds, at most n of them; 0: no
// operation succeeded.
func (p *Pulse) P99s(most int) []time.Duration {
	p.until(min(int(p.Now/time.Second), mostSlots/perSecond))
	return p.p99s[max(0, len(p.p99s)-most):]
}

// FaultsNow returns the faults that have begun and are not over.
func (p *Pulse) FaultsNow() (all []*recorded.Fault) {
	for _, f := range p.Faults.All {
		if f.Over == history.Never && f.Injected <= p.Now {
			all = append(all, f)
		}
	}
	return all
}

// Held is a key and the clients that hold it now, as they see it. An object without keys has one empty
// key.
type Held struct {
	Key     string
	Clients []int
}

// Holders returns who holds each key that was used so far, and how many clients wait for others. There are
// no keys if the object cannot be held.
func (p *Pulse) Holders() (all []Held, waiting int) {
	by := map[string][]int{}
	for client := range p.clients {
		switch p.activity.Doing(client) {
		case faults.Holding:
			key := p.activity.Key(client)
			by[key] = append(by[key], client)
		case faults.Waiting:
			waiting++
		}
	}
	for _, key := range p.keys {
		all = append(all, Held{key, by[key]})
	}
	return all, waiting
}

// Sessions are the sessions of clients.
type Sessions struct {
	Connected, Disconnected int // sessions that have not ended, as far as clients know
	Expired                 int // as many as clients have noticed
}

// Sessions returns the sessions of clients so far.
func (p *Pulse) Sessions() Sessions {
	s := Sessions{Expired: p.expired}
	for _, connected := range p.open {
		if connected {
			s.Connected++
		} else {
			s.Disconnected++
		}
	}
	return s
}
