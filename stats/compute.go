package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

// stallFloor is the shortest gap of the harness's heartbeat that counts as a stall. Shorter gaps
// cannot hide or fake what is measured in seconds.
const stallFloor = 250 * time.Millisecond

// Compute computes the figures of a history. In a history without phases, from another tool, the
// load lasts from the first invocation to the end.
func Compute(h *history.History) Stats {
	m := models.Of(h)
	ops := h.Operations()
	load := loadPhase(h)
	told := faults.Of(h)
	faults := faultsOf(told)
	outlast(faults, h)
	record := holds.Of(h)
	slow := measureFaults(faults, h, ops, lossesOf(h, record))
	all := record.All()
	probes := Probes(h)
	measureOutages(faults, h, probes)
	handOver := measureHandOvers(faults, h, ops, all)
	measurePhases(faults, h)
	groups := consequencesOf(faults)
	inLoad := begunIn(load, ops)
	cost := costOf(m, ops, inLoad, all)
	fairness := fairnessOf(m, h, inLoad)
	belief, windows := beliefOf(m, ops, all)
	s := Stats{
		Load:       load.Length(),
		ByF:        byF(ops, load),
		Contended:  contended(inLoad, all),
		Elections:  elections(h, len(told.Elections)),
		Faults:     faults,
		FeltOver:   slow,
		FaultKinds: faultKinds(faults),
		Failovers:  failovers(groups),
		HandOver:   spreadOf(handOver),
		Cost:       cost,
		Fairness:   fairness,
		Belief:     belief,
		Stalls:     stalls(h),
		Samples: &Samples{
			Runs: 1, Operations: operationSamples(m, inLoad), Faults: faultSamples(groups), HandOvers: timesOf(handOver),
			Probe: probeSamples(probes), Cost: cost, Fairness: fairness.samples(), Belief: belief, BeliefWindows: timesOf(windows),
		},
	}
	for _, f := range s.ByF {
		if !m.Operation(f.F).Local {
			s.OK += f.OK
			s.Fail += f.Fail
			s.Info += f.Info
		}
	}
	s.Operations = s.OK + s.Fail + s.Info
	s.Rate = rate(m, ops, load)
	return s
}

// rate returns the ok completions per second within the span.
func rate(m *models.Model, ops []*history.Operation, in Span) float64 {
	if in.Length() <= 0 {
		return 0
	}
	n := 0
	for _, op := range ops {
		if !m.Operation(op.F).Local && op.Outcome() == history.OK && in.Contains(op.Return.Time) {
			n++
		}
	}
	return float64(n) / in.Length().Seconds()
}

// byF returns the figures of each kind of operation, in order of name.
func byF(ops []*history.Operation, load Span) []ByF {
	groups := map[string][]*history.Operation{}
	for _, op := range ops {
		groups[op.F] = append(groups[op.F], op)
	}
	out := make([]ByF, 0, len(groups))
	for f, group := range groups {
		out = append(out, figures(f, group, load))
	}
	slices.SortFunc(out, func(a, b ByF) int { return cmp.Compare(a.F, b.F) })
	return out
}

func figures(f string, ops []*history.Operation, load Span) ByF {
	out := ByF{F: f}
	for _, op := range ops {
		switch op.Outcome() {
		case history.OK:
			out.OK++
		case history.Fail:
			out.Fail++
		default:
			out.Info++
		}
	}
	var l latencies
	for _, op := range begunIn(load, ops) {
		if op.Outcome() == history.OK {
			l.record(latency(op))
		}
	}
	out.P50, out.P90, out.P99, out.Max = l.quantile(50), l.quantile(90), l.quantile(99), l.max
	return out
}

// begunIn returns the operations that began in the load phase. Later operations are the final look
// of all clients at all keys, which measures nothing. If none began in the load phase, begunIn
// returns all.
func begunIn(load Span, ops []*history.Operation) []*history.Operation {
	in := make([]*history.Operation, 0, len(ops))
	for _, op := range ops {
		if load.Contains(op.Began()) {
			in = append(in, op)
		}
	}
	if len(in) == 0 {
		return ops
	}
	return in
}

// stalls counts the stalls of the harness.
func stalls(h *history.History) int {
	n := 0
	for i := range h.Events {
		if s, ok := decoded[history.Stall](&h.Events[i], history.FStall); ok && s.Gap > stallFloor {
			n++
		}
	}
	return n
}

// decoded returns the value of the named fact; false if e is another event, or if its value cannot be read.
func decoded[T any](e *history.Event, f string) (T, bool) {
	if !isFact(e, f) {
		var none T
		return none, false
	}
	v := new(T) // allocated for facts only, and not for each event of a record
	err := e.Decode(v)
	return *v, err == nil
}

// isFact reports whether e is the named fact of the run.
func isFact(e *history.Event, f string) bool {
	return e.Process == history.Nemesis && e.Type == history.Info && e.F == f
}
