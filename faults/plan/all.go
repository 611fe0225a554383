package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
)

// AllFaults is a turn that stands for many: one for each fault that the setting has,
// but those that break what recipes rely on, and those that other turns of the part
// name. A schedule with it must be asked to [Schedule.Choose] before it is planned.
//
// Kinds of which one is given are left out, whatever else is given of them:
//
//	plan.Mix(time.Second, plan.AllFaults(faults.Move{}, faults.Kill{}))
func AllFaults(without ...faults.Fault) Turn {
	t := Turn{all: true}
	for _, f := range without {
		t.without = append(t.without, f.Kind())
	}
	return t
}

// LeftOut is a kind of fault that a setting does not have, and why.
type LeftOut struct {
	Kind string
	Why  error
}

// Choose gives the schedule for a setting, in which AllFaults has become the
// faults that there are. The second result is what AllFaults stands for elsewhere. A
// schedule may be asked again, of a setting that has less than the one before.
func (s Schedule) Choose(in faults.Setting) (Schedule, []LeftOut) {
	var out Schedule
	var left []LeftOut
	for _, p := range s {
		turns, without := choose(p.Turns, in)
		p.Turns = turns
		out, left = append(out, p), append(left, without...)
	}
	return out, left
}

func choose(turns []Turn, s faults.Setting) (out []Turn, left []LeftOut) {
	for _, t := range turns {
		if !t.all {
			if t.chosen {
				if why := t.Faults[0].Available(s); why != nil {
					left = append(left, LeftOut{t.Faults[0].Kind(), why})
					continue
				}
			}
			out = append(out, t)
			continue
		}
		for _, k := range faults.Kinds() {
			f := k.Plain()
			if !t.standsFor(k) || slices.ContainsFunc(turns, of(k.Name)) {
				continue
			}
			if why := f.Available(s); why != nil {
				left = append(left, LeftOut{k.Name, why})
				continue
			}
			out = append(out, Turn{Faults: []faults.Fault{f}, For: t.For, Weight: t.Weight, chosen: true, without: t.without})
		}
	}
	return out, left
}

// of asks whether a turn is of one kind alone.
func of(kind string) func(Turn) bool {
	return func(t Turn) bool { return len(t.Faults) == 1 && t.Faults[0].Kind() == kind }
}

// Needs gives the abilities for which an ensemble must be prepared to have the
// faults of the schedule, each once.
func (s Schedule) Needs() []ensemble.Ability {
	var needs []ensemble.Ability
	all := s.Faults()
	if slices.ContainsFunc(s.turns(), func(t Turn) bool { return t.all }) {
		for _, k := range faults.Kinds() {
			if !k.Harsh {
				all = append(all, k.Plain())
			}
		}
	}
	for _, f := range all {
		if p, ok := f.(faults.Preparing); ok && !slices.Contains(needs, p.Needs()) {
			needs = append(needs, p.Needs())
		}
	}
	return needs
}

// Unavailable says which of the schedule's faults a setting does not have, and
// why; nil if it has them all.
func (s Schedule) Unavailable(in faults.Setting) error {
	var texts []string
	for _, f := range s.Faults() {
		if why := f.Available(in); why != nil {
			if text := fmt.Sprintf("fault %s is not available: %v", f.Spec(), why); !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}
