package stats

import (
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
)

// measureFaults adds to each verified fault how long fail-over took and whether any operation felt
// it. It returns, for each kind of operation, the latency above which an operation is slow.
func measureFaults(faults []Fault, h *history.History, lost losses) (slow map[string]time.Duration) {
	if len(faults) == 0 {
		return nil
	}
	m := models.Of(h)
	quorum := chosen(h, m.NeedsQuorum)
	all, byClient := successesOf(quorum)
	connections := connectionsOf(h)
	before := calm(quorum, firstInjection(faults))
	felt, forced := newFeeling(quorum, before), endedByForce(faults)
	for i := range faults {
		f := &faults[i]
		if f.Outcome != history.StepVerified {
			continue
		}
		span := Span{From: f.Injected, Until: lasted(f, h)}
		f.Felt = felt.during(span) || f.deprived() || lost.during(span, forced)
		f.NoMajority = f.leavesNoMajority(h.Header.Params.Servers)
		if !f.NoMajority {
			f.measure(all, byClient, connections, f.censored(End(h)))
		}
	}
	return before.slow
}

func firstInjection(faults []Fault) time.Duration {
	first := never
	for i := range faults {
		if faults[i].Outcome != history.StepSkipped {
			first = min(first, faults[i].Injected)
		}
	}
	return first
}

// measure sets the fail-over over all clients and of each affected one. Successes after until do
// not count.
func (f *Fault) measure(all *successes, byClient map[int]*successes, connections map[int][]connection, until time.Duration) {
	effects := f.effects()
	if b, _, tried := all.longest(effects, until); tried && b.AtLeast {
		f.FailoverAtLeast = b.Time
	} else if tried {
		f.Failover = b.Time
	}
	if kinds.Named(f.Kind).Hits == kinds.Processes {
		return // a frozen or crashed process can do nothing before the heal
	}
	clients := f.Clients
	if f.hitsAll() {
		clients = slices.Sorted(maps.Keys(byClient))
	}
	for _, c := range clients {
		b, of, tried := byClient[c].longest(effects, until)
		if !tried {
			continue
		}
		a := ClientFailover{Client: c, Bound: b}
		if !b.AtLeast {
			p := phasesOf(connections[c], of, of.at+b.Time)
			a.Phases = &p
		}
		f.Affected = append(f.Affected, a)
		if !b.AtLeast && (f.FailoverAffected < 0 || b.Time < f.FailoverAffected) {
			f.FailoverAffected = b.Time
		}
	}
}

// successes finds, in logarithmic time, the end of the first success among the operations that were
// invoked after an instant.
type successes struct {
	began []time.Duration // rising
	ended []time.Duration // of operations i and later, the earliest end

	// For all operations, successful or not, in order of their invocations: tried holds when they
	// began; untilOK[i] and untilX[i] hold the latest end of the successful and of the other ones
	// among 0 to i.
	tried           []time.Duration
	untilOK, untilX []time.Duration
}

func (s *successes) add(op *history.Operation) {
	var lastOK, lastX time.Duration
	if n := len(s.tried); n > 0 {
		lastOK, lastX = s.untilOK[n-1], s.untilX[n-1]
	}
	switch {
	case op.Outcome() == history.OK:
		s.began = append(s.began, op.Began())
		s.ended = append(s.ended, op.Return.Time)
		lastOK = max(lastOK, op.Return.Time)
	case op.Return == nil:
		lastX = never
	default:
		lastX = max(lastX, op.Return.Time)
	}
	s.tried = append(s.tried, op.Began())
	s.untilOK, s.untilX = append(s.untilOK, lastOK), append(s.untilX, lastX)
}

// finish prepares s for queries. Call it after the last operation was added.
func (s *successes) finish() {
	for i := len(s.ended) - 2; i >= 0; i-- {
		s.ended[i] = min(s.ended[i], s.ended[i+1])
	}
}

// successesOf returns the successes of some operations, of all clients together and by client.
func successesOf(ops operations) (all *successes, byClient map[int]*successes) {
	all, byClient = &successes{}, map[int]*successes{}
	for op := range ops {
		of := byClient[op.Client]
		if of == nil {
			of = &successes{}
			byClient[op.Client] = of
		}
		all.add(op)
		of.add(op)
	}
	all.finish()
	for _, of := range byClient {
		of.finish()
	}
	return all, byClient
}

// longest returns the longest of the times from some effects, each measured by within, and its effect.
func (s *successes) longest(effects []effect, until time.Duration) (longest measured.Bound, of effect, tried bool) {
	for _, e := range effects {
		if b, wanted := s.within(Span{From: e.at, Until: until}); wanted && (!tried || measured.Compare(b, longest) > 0) {
			longest, of, tried = b, e, true
		}
	}
	return longest, of, tried
}

// within returns the time from the beginning of the span to the end of the first success that was
// invoked and ended in it. If there was none, the bound is at least the whole span. tried is false
// if no operation was wanted in the span; then there is nothing to measure.
func (s *successes) within(in Span) (b measured.Bound, tried bool) {
	if s == nil || in.Until <= in.From {
		return measured.Bound{}, false
	}
	if i := after(s.began, in.From); i < len(s.began) && s.ended[i] <= in.Until {
		return measured.Bound{Time: s.ended[i] - in.From}, true
	}
	return measured.Bound{Time: in.Length(), AtLeast: true}, s.wanted(in)
}

// wanted reports whether an operation began in the span, or had begun before and did not succeed
// before the span's end.
func (s *successes) wanted(in Span) bool {
	i := after(s.tried, in.From)
	if i < len(s.tried) && s.tried[i] < in.Until {
		return true
	}
	return i > 0 && (s.untilOK[i-1] >= in.Until || s.untilX[i-1] > in.From)
}
