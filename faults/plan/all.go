package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
)

// AllFaults returns a turn that stands for many turns: one for each fault that the setting has, except
// harsh ones and those that other turns of the part name. Call [Schedule.Choose] on a schedule that
// contains it before planning it.
//
// Each fault in without leaves out its whole kind, whatever its arguments:
//
//	plan.Mix(time.Second, plan.AllFaults(faults.Move{}, faults.Kill{}))
func AllFaults(without ...faults.Fault) Turn {
	t := Turn{all: true}
	for _, f := range without {
		t.without = append(t.without, f.Kind())
	}
	return t
}

// LeftOut is a kind of fault that a setting does not have, and the reason.
type LeftOut struct {
	Kind string
	Why  error
}

// Choose returns the schedule for a setting, with AllFaults replaced by the faults that the
// setting has. The second result lists what AllFaults stands for but this setting does not
// have. Choose may be called again for a setting that has fewer faults.
func (s Schedule) Choose(in faults.Setting) (Schedule, []LeftOut) {
	var out Schedule
	var left []LeftOut
	for _, p := range s {
		turns, without := choose(p.Turns, in, p.Order == Aimed)
		p.Turns = turns
		p.Interval = p.fitting()
		out, left = append(out, p), append(left, without...)
	}
	return out, left
}

// choose replaces AllFaults. If aimed is set, it stands for faults at messages only.
func choose(turns []Turn, s faults.Setting, aimed bool) (out []Turn, left []LeftOut) {
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
			if !t.standsFor(k) || aimed && k.Messages() == 0 || slices.ContainsFunc(turns, of(k.Name)) {
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

// fitting returns the longest interval with which each turn ends within the part's limit, but none below the least one.
func (p Part) fitting() time.Duration {
	for (p.Order == Mixed || p.Order == InOrder) && !p.fits() && p.Interval > leastInterval {
		p.Interval = max(p.Interval-100*time.Millisecond, leastInterval)
	}
	return p.Interval
}

// fits reports whether each turn ends within the limit, if there is one.
func (p Part) fits() bool { return p.within <= 0 || p.length() <= p.within }

// of returns a function that reports whether a turn has faults of one kind only.
func of(kind string) func(Turn) bool {
	return func(t Turn) bool { return len(t.Faults) == 1 && t.Faults[0].Kind() == kind }
}

// Needs returns the abilities for which an ensemble must be prepared to have the faults of
// the schedule, without duplicates.
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

// Unavailable returns which of the schedule's faults a setting does not have, and why; nil
// if it has them all.
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
