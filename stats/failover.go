package stats

import (
	"math"
	"sort"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// never is later than everything.
const never = time.Duration(math.MaxInt64)

// measureFaults adds to each verified fault how long fail-over took and
// whether anybody felt it. It returns from when on operations of each kind are slow.
func measureFaults(faults []Fault, h *history.History, ops []*history.Operation) (slow map[string]time.Duration) {
	if len(faults) == 0 {
		return nil
	}
	m := models.Of(h)
	var quorum []*history.Operation
	for _, op := range ops {
		if m.NeedsQuorum(op) {
			quorum = append(quorum, op)
		}
	}
	all := newSuccesses(quorum)
	byClient := successesByClient(quorum)
	before := calm(quorum, firstInjection(faults))
	felt := newFeeling(quorum, before)
	for i := range faults {
		f := &faults[i]
		if f.Outcome != history.StepVerified {
			continue
		}
		f.Failover = all.after(f.Verified)
		f.FailoverAffected = affectedFailover(f, byClient)
		if f.hitsAll() {
			f.FailoverAffected = f.Failover
		}
		span := Span{From: f.Injected, Until: lasted(f, h)}
		f.Felt = felt.during(span) || holdLost(h, span)
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

// affectedFailover is the shortest among the affected clients, -1 without any.
func affectedFailover(f *Fault, byClient map[int]*successes) time.Duration {
	shortest := time.Duration(-1)
	for _, c := range f.Clients {
		if s := byClient[c]; s != nil {
			if d := s.after(f.Verified); d >= 0 && (shortest < 0 || d < shortest) {
				shortest = d
			}
		}
	}
	return shortest
}

// successes answers in logarithmic time when the first success ended of those
// that were invoked after an instant.
type successes struct {
	began []time.Duration // rising
	ended []time.Duration // of operations i and later, the earliest end
}

func newSuccesses(ops []*history.Operation) *successes {
	s := &successes{}
	for _, op := range ops {
		if op.Outcome() == history.OK {
			s.began = append(s.began, op.Began())
			s.ended = append(s.ended, op.Return.Time)
		}
	}
	for i := len(s.ended) - 2; i >= 0; i-- {
		s.ended[i] = min(s.ended[i], s.ended[i+1])
	}
	return s
}

func successesByClient(ops []*history.Operation) map[int]*successes {
	groups := map[int][]*history.Operation{}
	for _, op := range ops {
		groups[op.Client] = append(groups[op.Client], op)
	}
	out := make(map[int]*successes, len(groups))
	for c, group := range groups {
		out[c] = newSuccesses(group)
	}
	return out
}

// after is the time from t to the end of the first success invoked after it, -1 for none.
func (s *successes) after(t time.Duration) time.Duration {
	i := sort.Search(len(s.began), func(i int) bool { return s.began[i] > t })
	if i == len(s.began) {
		return -1
	}
	return s.ended[i] - t
}
