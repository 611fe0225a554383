package stats

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
)

// Samples are the times that a run measured and the outcomes of its operations, in a form that can
// be added up over runs. The zero value is empty; Merge adds another's.
type Samples struct {
	Runs int `json:"runs"`
	// Operations holds the operations of the load on the subject, by name.
	Operations map[string]*OperationSamples `json:"operations,omitempty"`
	// Faults are the verified faults by kind and target, such as kill:leader.
	Faults map[string]*FaultSamples `json:"faults,omitempty"`
	// HandOvers holds the times after holds that no fault ended.
	HandOvers *measured.Times `json:"hand_overs,omitempty"`
	// Probe has the writes of the probe that uses all servers; nil without probes. Latencies count
	// from when a write was due.
	Probe *OperationSamples `json:"probe,omitempty"`
	// Cost is the cost of the runs in which it is known.
	Cost     *Cost            `json:"cost,omitempty"`
	Fairness *FairnessSamples `json:"fairness,omitempty"`
	Belief   *Belief          `json:"belief,omitempty"`
	// BeliefWindows are the lengths of the windows that Belief counts. A window that lasted to the end of the
	// record is a lower bound.
	BeliefWindows *measured.Times `json:"belief_windows,omitempty"`
}

// OperationSamples are the outcomes and latencies of one kind of operation. Latencies count from
// the intended start, of those with outcome ok.
type OperationSamples struct {
	OK      int             `json:"ok"`
	Fail    int             `json:"fail"`
	Info    int             `json:"info"`
	Latency *measured.Times `json:"latency,omitempty"`
}

// FaultSamples are the consequences of the verified faults of one kind and target; see
// [FailoverSum].
type FaultSamples struct {
	Verified   int `json:"verified"`
	Felt       int `json:"felt"`
	NoMajority int `json:"no_majority,omitempty"`
	// Failovers has one time for each fault, over all clients, Affected one for each affected
	// client, HandOvers one for each hold that a fault ended.
	Failovers *measured.Times `json:"failovers,omitempty"`
	Affected  *measured.Times `json:"affected,omitempty"`
	HandOvers *measured.Times `json:"hand_overs,omitempty"`
	// Phases holds the phases of the fail-overs of affected clients; nil if there are none.
	Phases *PhaseSamples `json:"phases,omitempty"`
	// Outages has the time without service of each fault as the probe saw it that uses all servers;
	// OutagesBest and OutagesWorst have the shortest and the longest of the probes that stay with one
	// server.
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
		entry(&s.Operations, name).Merge(o)
	}
	for name, o := range others.Faults {
		sum := entry(&s.Faults, name)
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
func (o *OperationSamples) Merge(others *OperationSamples) {
	o.OK += others.OK
	o.Fail += others.Fail
	o.Info += others.Info
	merge(&o.Latency, others.Latency)
}

// add counts an operation with an outcome, and its latency if it is ok.
func (o *OperationSamples) add(outcome history.Type, latency time.Duration) {
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

// entry returns the entry of a map, which it makes if it is missing.
func entry[T any](of *map[string]*T, name string) *T {
	if *of == nil {
		*of = map[string]*T{}
	}
	if (*of)[name] == nil {
		(*of)[name] = new(T)
	}
	return (*of)[name]
}

// operationSamples returns those of the operations of the load on the subject.
func operationSamples(m *models.Model, ops operations) map[string]*OperationSamples {
	var all map[string]*OperationSamples
	for op := range ops {
		if m.Operation(op.F).Local {
			continue
		}
		var took time.Duration
		if op.Outcome() == history.OK {
			took = latency(op)
		}
		entry(&all, op.F).add(op.Outcome(), took)
	}
	return all
}

// probeSamples returns those of the probe that uses all servers; nil if there is none.
func probeSamples(probes []Writes) *OperationSamples {
	at := slices.IndexFunc(probes, func(w Writes) bool { return w.Server == 0 })
	if at < 0 {
		return nil
	}
	all := &OperationSamples{}
	for _, p := range probes[at].Points {
		outcome := history.Info // a write that failed may have been made
		if p.OK {
			outcome = history.OK
		}
		all.add(outcome, p.Latency)
	}
	return all
}

// faultSamples returns the consequences of faults by kind and target.
func faultSamples(groups map[string]*consequences) map[string]*FaultSamples {
	var all map[string]*FaultSamples
	for name, c := range groups {
		s := entry(&all, name)
		*s = FaultSamples{
			Verified: c.verified, Felt: c.felt, NoMajority: c.noMajority,
			Failovers: measured.TimesOf(c.all), Affected: measured.TimesOf(c.affected), HandOvers: measured.TimesOf(c.handOvers),
			Outages: measured.TimesOf(c.outage), OutagesBest: measured.TimesOf(c.best), OutagesWorst: measured.TimesOf(c.worst),
		}
		if c.phases.Clients > 0 {
			s.Phases = &c.phases
		}
	}
	return all
}
