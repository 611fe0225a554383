package frame

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// A figure that counts what a property compared has two more figures, which count what was compared before the first
// fault and after the heal. The rest was compared in the load, while faults struck or after one had.
const (
	beforeFaults = "_before_faults"
	afterHeal    = "_after_heal"
)

// stages has the times that divide a run.
type stages struct{ fault, heal time.Duration }

var stagesOf = evidence.Once(func(a *evidence.Record) stages {
	return stages{a.Faults.First(), a.Phase(history.PhaseHeal)}
})

// before and after report whether something ended before the first fault, and began after the heal.
func (s stages) before(at evidence.Span) bool { return at.To <= s.fault && !s.after(at) }
func (s stages) after(at evidence.Span) bool  { return at.From >= s.heal }

// StageOf reports whether something was over before the first fault, or began after the heal. It is neither in a history that
// zklab did not write, which has no stages.
func StageOf(a *evidence.Record, s evidence.Span) (before, after bool) {
	if a.Foreign {
		return false, false
	}
	at := stagesOf(a)
	return at.before(s), at.after(s)
}

// Tally counts something that a property compared, by the stage of the run in which it lasted.
func Tally(figures map[string]float64, a *evidence.Record, name string, s evidence.Span) {
	figures[name]++
	if before, after := StageOf(a, s); !a.Foreign {
		figures[name+beforeFaults] += number(before)
		figures[name+afterHeal] += number(after)
	}
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// TallyCall is [Tally] of a call.
func TallyCall(figures map[string]float64, a *evidence.Record, name string, op *history.Operation) {
	Tally(figures, a, name, spanOf(op))
}

func spanOf(op *history.Operation) evidence.Span {
	return evidence.Span{From: op.Began(), To: evidence.Ended(op)}
}

// TallyKey is [Tally] of all that happened on a key which is used once, such as a round.
func TallyKey(figures map[string]float64, k *evidence.Key, name string) {
	s := evidence.Span{From: evidence.Never, To: evidence.Always}
	for _, op := range k.Ops() {
		s.From, s.To = min(s.From, op.Began()), max(s.To, evidence.Ended(op))
	}
	Tally(figures, k.Record, name, s)
}

// CountSpan counts something that a property compared, by the stage of the run in which it lasted: see [Tally].
func (f *Finding) CountSpan(a *evidence.Record, name string, s evidence.Span) {
	f.Count(name, 0)
	Tally(f.Figures, a, name, s)
}

// CountCall is [Finding.CountSpan] of a call.
func (f *Finding) CountCall(a *evidence.Record, name string, op *history.Operation) {
	f.CountSpan(a, name, spanOf(op))
}

// Compared is how much of one kind a property compared in each stage of a run.
type Compared struct {
	What string `json:"what"` // the name of the figure that counts it
	// Before counts it before the first fault, Struck from then to the end of the load, and Healed after the heal.
	Before int `json:"before_faults"`
	Struck int `json:"after_faults"`
	Healed int `json:"after_heal"`
}

// SplitStages divides figures into those that say how much a property compared in each stage, and the others.
func SplitStages(figures map[string]float64) (others map[string]float64, compared []Compared) {
	others = map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		if what, is := strings.CutSuffix(name, afterHeal); is {
			before, after := figures[what+beforeFaults], figures[name]
			compared = append(compared, Compared{what, int(before), int(figures[what] - before - after), int(after)})
		} else if !strings.HasSuffix(name, beforeFaults) {
			others[name] = figures[name]
		}
	}
	return others, compared
}

// Figures returns the figures that SplitStages read, but the sum.
func (c Compared) Figures() map[string]float64 {
	return map[string]float64{c.What + beforeFaults: float64(c.Before), c.What + afterHeal: float64(c.Healed)}
}

// leftOut has the words for figures that count what a property could not compare.
var leftOut = map[string]string{
	"assignments_unknown": "assignments: it is not known when they were made",
	"awaits_unproven":     "waits: nothing shows that their clients had seen the barrier",
	"fenced_unknown":      "fenced reads: their requests are not known",
	"floating":            "holds: it is not known when they certainly lasted, so only their moment counts",
	"grants_unknown":      "grants: their place in the line is not known",
	"marks_unknown":       "grants: their znode is not known",
	"unknown_dequeues":    "dequeues: their outcome is unknown",
	"unknown_outcomes":    "calls: their outcome is unknown",
	"unknown_takes":       "takes: their outcome is unknown",
	"without_token":       "grants: they carry no token",
}

// LeftOut says what a property could not compare, with the reasons.
func LeftOut(figures map[string]float64) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(leftOut)) {
		if n := figures[name]; n > 0 {
			all = append(all, fmt.Sprintf("%.0f %s", n, leftOut[name]))
		}
	}
	return all
}

// Unmet says what a violation of a property needs and did not happen: in the whole run often enough; in the load at all; and, if
// faults struck, at all while they did or after. It returns "" if all happened. short means that it did, but too early or too
// late: what happens after the heal shows nothing of what faults do. But what a property promises for the end is compared there.
func (p *Property) Unmet(a *evidence.Record, figures map[string]float64, compared []Compared, struck bool) (missing string, short bool) {
	if p.Exercise == nil {
		return "", false
	}
	if missing := p.Exercise(a, figures); missing != "" {
		return missing, false
	}
	if p.Liveness {
		return "", false
	}
	loaded, hit := maps.Clone(figures), maps.Clone(figures)
	for _, c := range compared {
		if c.Before+c.Struck <= 0 {
			loaded[c.What] = 0
		}
		if c.Struck <= 0 {
			hit[c.What] = 0
		}
	}
	if missing := p.Exercise(a, loaded); missing != "" {
		return "in the load, before the heal, " + missing, true
	}
	if missing := p.Exercise(a, hit); struck && missing != "" {
		return "from the first fault to the heal, " + missing, true
	}
	return "", false
}
