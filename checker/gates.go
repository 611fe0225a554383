package checker

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// assumptions are what must hold for a valid to count. A history from
// elsewhere states no facts about its run: there is nothing to assume.
func (a *analysis) assumptions() []Assumption {
	if a.foreign {
		return nil
	}
	return []Assumption{
		a.healthy("healthy-before", "before", "before the load"),
		a.healthy("healthy-after", "after", "after the heal"),
		a.loaded(),
		a.faulted(),
		a.working(),
		a.unbroken(),
		a.recorded(),
	}
}

func (a *analysis) healthy(name, when, words string) Assumption {
	v, ok := a.health[when]
	switch {
	case !ok:
		return Assumption{name, false, "nobody looked whether the ensemble was healthy " + words}
	case !v.Healthy:
		return Assumption{name, false, strings.TrimSuffix(fmt.Sprintf("the ensemble was not healthy %s: %s", words, v.Detail), ": ")}
	}
	return Assumption{name, true, "the ensemble was healthy " + words}
}

// loadOnKey is how many operations some key must have seen, where keys live
// longer than one round.
const loadOnKey = 10

// loaded asks for enough operations that succeeded before the first fault: a
// subject that never worked must not pass because nothing happened.
func (a *analysis) loaded() Assumption {
	until, words := a.firstFault, "before the first fault"
	if until == never {
		until, words = a.phase(history.PhaseHeal), "in the load phase"
	}
	total, most := 0, 0
	for _, k := range a.keys {
		n := 0
		for _, op := range k.ops {
			if op.Outcome() == history.OK && op.Return.Time <= until && history.OnSubject(a.model, op.F) {
				n++
			}
		}
		total, most = total+n, max(most, n)
	}
	want := a.params.MinLoad
	text := fmt.Sprintf("%s succeeded %s, of %d wanted", count(total, "operation"), words, want)
	met := total >= want
	if met && !a.inRounds() && most < min(loadOnKey, want) {
		met = false
		text = fmt.Sprintf("no key saw more than %d operations that succeeded %s, of %d wanted on some key", most, words, loadOnKey)
	}
	return Assumption{"load", met, text}
}

// faulted asks that each kind of scheduled fault took effect at least once. One
// that nobody asked for by name may have found no target.
func (a *analysis) faulted() Assumption {
	verified, outcomes := map[string]int{}, map[string]string{}
	for _, f := range a.faults {
		if f.verified {
			verified[f.kind]++
		} else if f.outcome != "" {
			outcomes[f.kind] = f.outcome
		}
	}
	var missing, excused, seen []string
	for _, kind := range a.expectedKinds() {
		switch {
		case verified[kind] > 0:
			seen = append(seen, kind)
		case slices.Contains(a.params.Optional, kind) && strings.HasPrefix(outcomes[kind], history.StepSkipped):
			excused = append(excused, kind)
		default:
			missing = append(missing, kind)
		}
	}
	switch {
	case len(missing) > 0:
		text := fmt.Sprintf("scheduled but never seen to take effect: %s", strings.Join(missing, ", "))
		if why := outcomes[missing[0]]; why != "" {
			text += " (" + why + ")"
		}
		return Assumption{"faults", false, text}
	case len(seen)+len(excused) == 0:
		return Assumption{"faults", true, "no fault was scheduled"}
	case len(seen) == 0:
		return Assumption{"faults", false, "no fault found a target: " + strings.Join(excused, ", ")}
	}
	slices.Sort(seen)
	for i, kind := range seen {
		seen[i] = fmt.Sprintf("%s %d times", kind, verified[kind])
	}
	text := "faults took effect: " + strings.Join(seen, ", ")
	if len(excused) > 0 {
		text += "; no occasion for " + strings.Join(excused, ", ")
	}
	return Assumption{"faults", true, text}
}

// expectedKinds are the kinds of scheduled faults, each once.
func (a *analysis) expectedKinds() []string {
	var kinds []string
	for _, spec := range a.params.Expects {
		if kind := faultKind(spec); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// working asks that not every client ended in a call that never returned: where
// all are stuck nobody waits for anybody, and nothing can go wrong any more.
func (a *analysis) working() Assumption {
	last := map[int]*history.Operation{}
	for _, k := range a.keys {
		for _, op := range k.ops {
			if l := last[op.Client]; l == nil || op.Began() >= l.Began() {
				last[op.Client] = op
			}
		}
	}
	stuck := 0
	for _, op := range last {
		if op.Return == nil {
			stuck++
		}
	}
	text := fmt.Sprintf("%s ended in a call that never returned, of %d", count(stuck, "client"), len(last))
	return Assumption{"working", stuck == 0 || stuck < len(last), text}
}

// recorded asks for a whole record.
func (a *analysis) recorded() Assumption {
	damage := slices.Clone(a.h.Damage)
	for _, i := range slices.Sorted(maps.Keys(a.damage)) {
		damage = append(damage, a.damage[i])
	}
	switch {
	case len(damage) > 0:
		return Assumption{"record", false, "the record is damaged: " + some(damage)}
	case a.h.Truncated:
		return Assumption{"record", false, "the record is cut off in its last line; it was checked up to there"}
	case !a.h.Complete:
		return Assumption{"record", false, "the record has no end mark: the run did not end by itself; it was checked up to its last event"}
	}
	return Assumption{"record", true, "the record is complete"}
}

// gate turns each valid that counts into unknown when an assumption does not
// hold. A violation stands whatever happened around it.
func gate(a *analysis, as []Assumption, vs []Verdict, opts Options) []Verdict {
	var unmet []string
	for _, s := range as {
		if !s.Met {
			unmet = append(unmet, s.Text)
		}
	}
	for i := range vs {
		v := &vs[i]
		if a.h.Truncated && a.foreign {
			v.Notes = append(v.Notes, "the record is cut off in its last line; it was checked up to there")
		}
		if v.Result == Valid && len(unmet) > 0 && (!v.Measured || opts.Strict) {
			v.Result = Unknown
			v.Reason = "nothing wrong was found, but " + strings.Join(unmet, "; ")
		}
	}
	return vs
}
