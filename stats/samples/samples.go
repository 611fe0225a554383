package samples

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/entry"
	"github.com/zklab/zklab/stats/measured"
)

// Samples are the times that a run measured and the outcomes of its operations, in a form that can
// be added up over runs. The zero value is empty; Merge adds another's.
type Samples struct {
	Runs int `json:"runs"`
	// Operations holds the operations of the load on the subject, by name.
	Operations map[string]*Operation `json:"operations,omitempty"`
	// Faults are the verified faults by kind and target, such as kill:leader.
	Faults map[string]*Fault `json:"faults,omitempty"`
	// HandOvers holds the times after holds that no fault ended.
	HandOvers *measured.Times `json:"hand_overs,omitempty"`
	// Probe has the writes of the probe that uses all servers; nil without probes. Latencies count
	// from when a write was due.
	Probe *Operation `json:"probe,omitempty"`
	// Cost is the cost of the runs in which it is known.
	Cost     *Cost     `json:"cost,omitempty"`
	Fairness *Fairness `json:"fairness,omitempty"`
	Belief   *Belief   `json:"belief,omitempty"`
	// BeliefWindows are the lengths of the windows that Belief counts. A window that lasted to the end of the
	// record is a lower bound.
	BeliefWindows *measured.Times `json:"belief_windows,omitempty"`
}

// Operation has the outcomes and latencies of one kind of operation. Latencies count from
// the intended start, of those with outcome ok.
type Operation struct {
	OK      int             `json:"ok"`
	Fail    int             `json:"fail"`
	Info    int             `json:"info"`
	Latency *measured.Times `json:"latency,omitempty"`
}

// Fault has the consequences of the verified faults of one kind and target.
type Fault struct {
	Verified   int `json:"verified"`
	Felt       int `json:"felt"`
	NoMajority int `json:"no_majority,omitempty"`
	// Failovers has one time for each fault, over all clients, Affected one for each affected
	// client, HandOvers one for each hold that a fault ended.
	Failovers *measured.Times `json:"failovers,omitempty"`
	Affected  *measured.Times `json:"affected,omitempty"`
	HandOvers *measured.Times `json:"hand_overs,omitempty"`
	// Phases holds the phases of the fail-overs of affected clients; nil if there are none.
	Phases *Phases `json:"phases,omitempty"`
	// Outages has the time without service of each fault, as the probe that uses all servers saw
	// it; OutagesBest and OutagesWorst have the shortest and the longest of the probes that stay
	// with one server.
	Outages      *measured.Times `json:"outages,omitempty"`
	OutagesBest  *measured.Times `json:"outages_best,omitempty"`
	OutagesWorst *measured.Times `json:"outages_worst,omitempty"`
}

// Merge adds the samples of other runs. others may be nil, and is not changed.
func (s *Samples) Merge(others *Samples) {
	if others == nil {
		return
	}
	s.Runs += others.Runs
	for name, o := range others.Operations {
		entry.Of(&s.Operations, name).Merge(o)
	}
	for name, o := range others.Faults {
		sum := entry.Of(&s.Faults, name)
		sum.Verified += o.Verified
		sum.Felt += o.Felt
		sum.NoMajority += o.NoMajority
		merge(&sum.Failovers, o.Failovers)
		merge(&sum.Affected, o.Affected)
		merge(&sum.HandOvers, o.HandOvers)
		merge(&sum.Phases, o.Phases)
		merge(&sum.Outages, o.Outages)
		merge(&sum.OutagesBest, o.OutagesBest)
		merge(&sum.OutagesWorst, o.OutagesWorst)
	}
	merge(&s.Probe, others.Probe)
	merge(&s.HandOvers, others.HandOvers)
	merge(&s.Cost, others.Cost)
	merge(&s.Fairness, others.Fairness)
	merge(&s.Belief, others.Belief)
	merge(&s.BeliefWindows, others.BeliefWindows)
}

// Merge adds the samples of other runs.
func (o *Operation) Merge(others *Operation) {
	o.OK += others.OK
	o.Fail += others.Fail
	o.Info += others.Info
	merge(&o.Latency, others.Latency)
}

// Add counts an operation with an outcome, and its latency if it is ok.
func (o *Operation) Add(outcome history.Type, latency time.Duration) {
	switch outcome {
	case history.OK:
		o.OK++
		if o.Latency == nil {
			o.Latency = &measured.Times{}
		}
		o.Latency.Add(measured.Bound{Time: latency}, 1)
	case history.Fail:
		o.Fail++
	default:
		o.Info++
	}
}

// merge adds others to a sum that is made if it is missing. Nothing is added for nil.
func merge[T any, P interface {
	*T
	Merge(others *T)
}](sum **T, others *T) {
	if others == nil {
		return
	}
	if *sum == nil {
		*sum = new(T)
	}
	P(*sum).Merge(others)
}
