package zklab

import (
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"strings"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/store"
)

// Plan gives the schedule of faults that an experiment with this seed and time
// limit plays. Faults that the schedule leaves to the ensemble are in it once
// the experiment is [Experiment.Complete].
func (x Experiment) Plan() []faults.Step {
	if x.Faults == nil {
		return nil
	}
	// A source of its own: the schedule is the same whatever clients draw.
	return x.Faults.Plan(x.TimeLimit, mrand.New(mrand.NewPCG(uint64(x.Seed), 0)))
}

// sketched chooses the faults by a sketch of the ensemble, where there can be
// one, and says what cannot be had before anything starts. The starter then is
// one whose ensembles have what the faults need.
func (x Experiment) sketched() (Experiment, error) {
	if x.Faults == nil {
		return x, nil
	}
	sketcher, ok := prepared(x.Ensemble, faults.Needs(x.Faults)).(ensemble.Sketcher)
	if !ok {
		return x, nil
	}
	e, err := sketcher.Sketch()
	if err != nil {
		return x, err
	}
	defer e.Close()
	x, err = x.choose(e)
	x.Ensemble = prepared(x.Ensemble, faults.Needs(x.Faults))
	return x, err
}

// choose leaves in the schedule what the ensemble has. A fault that was asked
// for by name and cannot be had is wrong usage.
func (x Experiment) choose(e ensemble.Ensemble) (Experiment, error) {
	if x.Faults == nil {
		return x, nil
	}
	setting := faults.Setting{Ensemble: e, Processes: x.Command != nil}
	var left []faults.LeftOut
	x.Faults, left = faults.Choose(x.Faults, setting)
	x.leftOut = slices.Concat(x.leftOut, left)
	if err := faults.Unavailable(x.Faults, setting); err != nil {
		return x, usage("%v", err)
	}
	return x, nil
}

// prepared gives a starter whose ensembles have the abilities, as far as it can.
func prepared(s ensemble.Starter, abilities []ensemble.Ability) ensemble.Starter {
	for _, a := range abilities {
		if p, ok := s.(ensemble.Preparer); ok {
			s = p.Prepare(a)
		}
	}
	return s
}

// Warnings are what somebody should know of a complete experiment before it
// runs: faults that the ensemble does not have, and those whose time never comes.
func (x Experiment) Warnings() []string {
	var texts []string
	without := map[string][]string{} // kinds by reason
	for _, l := range x.leftOut {
		without[l.Why.Error()] = append(without[l.Why.Error()], l.Kind)
	}
	for why, kinds := range without {
		texts = append(texts, fmt.Sprintf("all is without %s: %s", strings.Join(kinds, ", "), why))
	}
	slices.Sort(texts)
	return append(texts, x.missed(x.Plan())...)
}

// missed says which faults the plan has no room for.
func (x Experiment) missed(plan []faults.Step) []string {
	if x.Faults == nil {
		return nil
	}
	const remedy = "take a longer time limit or a shorter interval of faults (--time-limit, --fault-interval)"
	missed := faults.Missed(x.Faults, plan, x.TimeLimit)
	if kinds := x.kinds(plan)[len(planned(plan)):]; len(missed) == 0 && len(kinds) > 0 {
		missed = append(missed, fmt.Sprintf("%s has no turn within the time limit of %s", strings.Join(kinds, ", "), x.TimeLimit))
	}
	if len(plan) == 0 && len(missed) > 0 {
		missed = []string{"no fault was injected: " + strings.Join(missed, ", ")}
	}
	for i := range missed {
		missed[i] += "; " + remedy
	}
	return missed
}

// kinds lists the kinds of faults that are expected, each once: those in the
// plan in order of appearance, and then those that were asked for by name and
// for which it has no room. A run without them is not the one that was asked
// for, and nothing in it is valid.
func (x Experiment) kinds(plan []faults.Step) []string {
	kinds := planned(plan)
	if x.Faults == nil {
		return kinds
	}
	for _, f := range faults.Named(x.Faults) {
		if !slices.Contains(kinds, f.Kind()) {
			kinds = append(kinds, f.Kind())
		}
	}
	return kinds
}

// optional lists the kinds of faults in a plan that nobody asked for by name.
func (x Experiment) optional(plan []faults.Step) []string {
	if x.Faults == nil {
		return nil
	}
	named := faults.Named(x.Faults)
	return slices.DeleteFunc(planned(plan), func(kind string) bool {
		return slices.ContainsFunc(named, func(f faults.Fault) bool { return f.Kind() == kind })
	})
}

// planned lists the kinds of faults in a plan, each once, in order of appearance.
func planned(plan []faults.Step) []string {
	var kinds []string
	for _, s := range plan {
		if k := s.Fault.Kind(); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// storeFaults writes the schedule, and what it came to, into the stored form.
func (x Experiment) storeFaults(s *store.Experiment, plan []faults.Step) {
	if x.Faults == nil {
		return
	}
	expression, interval, _ := faults.Written(x.Faults)
	s.Faults, s.FaultInterval = expression.Items(), interval
	for _, step := range plan {
		s.Schedule = append(s.Schedule, store.Scheduled{At: step.At, For: step.For, Fault: step.Fault.Spec()})
	}
}
