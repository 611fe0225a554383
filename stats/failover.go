package stats

import (
	"math"
	"sort"
	"time"

	"github.com/zklab/zklab/history"
)

// never is later than everything.
const never = time.Duration(math.MaxInt64)

// needsQuorum says whether an operation that succeeded proves that the
// ensemble serves writes again. Writes to the guarded resource and confirms
// are answered within the harness; awaits, reads of the leader or the store and
// empty dequeues can be answered by one server alone.
func needsQuorum(model string, op *history.Operation) bool {
	switch model {
	case history.ModelRegister:
		return changesRegister(op)
	case history.ModelSession:
		return op.F != history.FReads && op.F != history.FWatch && op.F != history.FSyncRead
	}
	switch op.F {
	case history.FAcquire, history.FEnqueue, history.FRaise, history.FLift, history.FEnter, history.FLeave:
		return true
	case history.FDequeue:
		var item history.Item
		return op.Outcome() != history.OK || (op.Return.Decode(&item) == nil && item.Item != "")
	case history.FRelease:
		// Nothing is left to give up when the hold is known to be lost.
		held := history.Held{Held: true}
		return op.Invoke.Decode(&held) == nil && held.Held
	}
	return false
}

// changesRegister says the same of an operation on a register: reads can be
// answered by one server, and a compare-and-set that lost has failed for no fault
// of the servers.
func changesRegister(op *history.Operation) bool {
	switch {
	case op.F == history.FRead:
		return false
	case op.F == history.FCAS && op.Outcome() == history.Fail && op.Return.Error != nil:
		code := op.Return.Error.Code
		return code != history.CodeMismatch && code != history.CodeConflict
	}
	return true
}

// measureFaults adds to each verified fault how long fail-over took and
// whether anybody felt it.
func measureFaults(faults []Fault, h *history.History, ops []*history.Operation) {
	if len(faults) == 0 {
		return
	}
	var quorum []*history.Operation
	for _, op := range ops {
		if needsQuorum(h.Header.Model, op) {
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
