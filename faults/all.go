package faults

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/ensemble"
)

// AllFaults is a turn that stands for many: one for each fault that the setting has,
// but those that break what recipes rely on, and those that other turns of the
// schedule name. A schedule with it must be asked to [Choose] before it is
// planned.
func AllFaults() Turn { return Turn{all: true} }

// LeftOut is a kind of fault that a setting does not have, and why.
type LeftOut struct {
	Kind string
	Why  error
}

// Choose gives the schedule for a setting, in which AllFaults has become the
// faults that there are; of any other schedule, itself. The second result is what
// AllFaults stands for elsewhere. A schedule may be asked again, of a setting that
// has less than the one before.
func Choose(schedule Schedule, s Setting) (Schedule, []LeftOut) {
	if c, ok := schedule.(interface {
		Choose(Setting) (Schedule, []LeftOut)
	}); ok {
		return c.Choose(s)
	}
	return schedule, nil
}

// Choose replaces AllFaults.
func (m Mix) Choose(s Setting) (_ Schedule, left []LeftOut) {
	m.Turns, left = choose(m.Turns, s)
	return m, left
}

// Choose replaces AllFaults.
func (q Sequence) Choose(s Setting) (_ Schedule, left []LeftOut) {
	q.Turns, left = choose(q.Turns, s)
	return q, left
}

func choose(turns []Turn, s Setting) (out []Turn, left []LeftOut) {
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
		for _, k := range kinds {
			f := k.build(arguments{})
			if k.harsh || slices.ContainsFunc(turns, of(k.name)) {
				continue
			}
			if why := f.Available(s); why != nil {
				left = append(left, LeftOut{k.name, why})
				continue
			}
			out = append(out, Turn{Faults: []Fault{f}, For: t.For, Weight: t.Weight, chosen: true})
		}
	}
	return out, left
}

// of asks whether a turn is of one kind alone.
func of(kind string) func(Turn) bool {
	return func(t Turn) bool { return len(t.Faults) == 1 && t.Faults[0].Kind() == kind }
}

// Named gives the faults of a schedule that were asked for by name.
func Named(schedule Schedule) []Fault {
	if c, ok := schedule.(interface{ named() []Fault }); ok {
		return c.named()
	}
	return schedule.Faults()
}

func (m Mix) named() []Fault      { return namedOf(m.Turns) }
func (s Sequence) named() []Fault { return namedOf(s.Turns) }

func (o overlay) named() []Fault {
	var all []Fault
	for _, s := range o {
		all = append(all, Named(s)...)
	}
	return all
}

func namedOf(turns []Turn) []Fault {
	return faultsOf(slices.DeleteFunc(slices.Clone(turns), func(t Turn) bool { return t.chosen }))
}

// Needs gives the abilities for which an ensemble must be prepared to have the
// faults of a schedule, each once.
func Needs(schedule Schedule) []ensemble.Ability {
	var needs []ensemble.Ability
	all := schedule.Faults()
	if leavesOpen(schedule) {
		for _, k := range kinds {
			if !k.harsh {
				all = append(all, k.build(arguments{}))
			}
		}
	}
	for _, f := range all {
		if p, ok := f.(Preparing); ok && !slices.Contains(needs, p.Needs()) {
			needs = append(needs, p.Needs())
		}
	}
	return needs
}

// leavesOpen says whether a schedule has AllFaults in it.
func leavesOpen(schedule Schedule) bool {
	all := func(t Turn) bool { return t.all }
	switch s := schedule.(type) {
	case Mix:
		return slices.ContainsFunc(s.Turns, all)
	case Sequence:
		return slices.ContainsFunc(s.Turns, all)
	case overlay:
		return slices.ContainsFunc(s, leavesOpen)
	}
	return false
}

// Unavailable says which of a schedule's faults a setting does not have, and
// why; nil if it has them all.
func Unavailable(schedule Schedule, s Setting) error {
	var texts []string
	for _, f := range schedule.Faults() {
		if why := f.Available(s); why != nil {
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
