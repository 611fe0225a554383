package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// stallFloor is the shortest gap of the harness's heartbeat that counts as a stall. Shorter gaps
// cannot hide or fake effects that are measured in seconds.
const stallFloor = 250 * time.Millisecond

// Compute computes the figures of a history. In a history without phases, from another tool, the
// load lasts from the first invocation to the end.
func Compute(h *history.History) Stats {
	m := models.Of(h)
	ops := h.EachOperation()
	load := loadPhase(h)
	told := faults.Of(h)
	faults := faultsOf(told)
	outlast(faults, h)
	record := holds.Of(h)
	slow := measureFaults(faults, h, lossesOf(h, record))
	all := record.All()
	probes := Probes(h)
	measureOutages(faults, h, probes)
	handOver := measureHandOvers(faults, h, ops, all)
	groups := consequencesOf(faults)
	inLoad := begunIn(load, h)
	cost := costOf(m, ops, inLoad, all)
	fairness := fairnessOf(m, h, inLoad)
	belief, windows := beliefOf(m, ops, all)
	s := Stats{
		Load:       load.Length(),
		ByF:        byF(h, load),
		Contended:  contended(m, inLoad, all),
		Elections:  elections(h, len(told.Elections)),
		Faults:     faults,
		FeltOver:   slow,
		FaultKinds: faultKinds(faults),
		Failovers:  failovers(groups),
		HandOver:   measured.SpreadOf(handOver),
		Cost:       cost,
		Fairness:   fairness,
		Belief:     belief,
		Samples: &samples.Samples{
			Runs: 1, Operations: operationSamples(m, inLoad), Faults: faultSamples(groups), HandOvers: measured.TimesOf(handOver),
			Probe: probeSamples(probes), Cost: cost, Fairness: fairness.samples(), Belief: belief, BeliefWindows: measured.TimesOf(windows),
		},
	}
	s.Stalls, s.LongestStall = stalls(h)
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
func rate(m *models.Model, ops operations, in Span) float64 {
	if in.Length() <= 0 {
		return 0
	}
	n := 0
	for op := range ops {
		if !m.Operation(op.F).Local && op.Outcome() == history.OK && in.Contains(op.Return.Time) {
			n++
		}
	}
	return float64(n) / in.Length().Seconds()
}

// byF returns the figures of each kind of operation, in order of name.
func byF(h *history.History, load Span) []ByF {
	kinds := map[string]*kind{}
	for op := range h.EachOperation() {
		k := kinds[op.F]
		if k == nil {
			k = &kind{ByF: ByF{F: op.F}}
			kinds[op.F] = k
		}
		k.count(op, load.Contains(op.Began()))
	}
	out := make([]ByF, 0, len(kinds))
	for _, k := range kinds {
		l := &k.took[0]
		if k.inLoad {
			l = &k.took[1]
		}
		k.P50, k.P90, k.P99, k.Max = l.quantile(50), l.quantile(90), l.quantile(99), l.max
		out = append(out, k.ByF)
	}
	slices.SortFunc(out, func(a, b ByF) int { return cmp.Compare(a.F, b.F) })
	return out
}

// kind is one kind of operation.
type kind struct {
	ByF
	inLoad bool         // an operation of this kind began in the load phase
	took   [2]latencies // of operations outside the load phase, and in it
}

func (k *kind) count(op *history.Operation, inLoad bool) {
	k.inLoad = k.inLoad || inLoad
	switch op.Outcome() {
	case history.OK:
		k.OK++
		at := 0
		if inLoad {
			at = 1
		}
		k.took[at].record(latency(op))
	case history.Fail:
		k.Fail++
	default:
		k.Info++
	}
}

// begunIn returns the operations that began in the load phase. Later operations are the final look
// of all clients at all keys, which measures nothing. If no operation began in the load phase,
// begunIn returns all.
func begunIn(load Span, h *history.History) operations {
	in := chosen(h, func(op *history.Operation) bool { return load.Contains(op.Began()) })
	for range in {
		return in
	}
	return h.EachOperation()
}

// stalls counts the stalls of the harness.
func stalls(h *history.History) (n int, longest time.Duration) {
	for _, e := range h.Facts() {
		if s, ok := decoded[history.Stall](e, history.FStall); ok && s.Gap > stallFloor {
			n++
			longest = max(longest, s.Gap)
		}
	}
	return n, longest
}
