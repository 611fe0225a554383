package engine

import (
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/plan"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/base/advice"
)

// Plan returns the steps of the schedule, which follow from the seed and the time limit.
func (c Config) Plan() []plan.Step {
	// The schedule has a source of its own, so that it does not depend on what clients draw.
	return c.Faults.Plan(c.TimeLimit, mrand.New(mrand.NewPCG(uint64(c.Seed), 0)))
}

// leastLoad is how many operations a load needs so that something could fail in it.
const leastLoad = 10

// UsualLoad returns the default of MinLoad: 200, or a quarter of the operations before the first fault,
// or of all operations that clients are to do, whichever is least. It is at least 10, or 1 if the first
// fault comes before ten operations.
func (c Config) UsualLoad() int {
	least, most := leastLoad, c.brings(c.TimeLimit)
	if plan := c.Plan(); len(plan) > 0 && most >= leastLoad {
		least, most = 1, c.brings(plan[0].At)
	}
	return max(least, int(min(200, most/4)))
}

// brings returns how many operations begin until a time of the load.
func (c Config) brings(until time.Duration) float64 {
	most := c.Rate * until.Seconds()
	if c.Ops > 0 {
		most = min(most, float64(c.Ops*c.Clients))
	}
	return most
}

// Sketched chooses the faults with a sketch of the ensemble, if it can have one, and reports
// unsupported faults before anything starts. The ensembles of the returned Config's starter have the
// abilities that the faults need.
func (c Config) Sketched() (Config, error) {
	if len(c.Faults) == 0 {
		return c, nil
	}
	sketcher, ok := prepared(c.Ensemble, c.Faults.Needs()).(ensemble.Sketcher)
	if !ok {
		return c, nil
	}
	e, err := sketcher.Sketch()
	if err != nil {
		return c, err
	}
	defer e.Close()
	c, err = c.choose(e)
	c.Ensemble = prepared(c.Ensemble, c.Faults.Needs())
	return c, err
}

// choose leaves in the schedule only faults that the ensemble supports. It returns an ErrUsage if the
// ensemble does not support a fault that was asked for by name.
func (c Config) choose(e ensemble.Ensemble) (Config, error) {
	setting := faults.Setting{Ensemble: e, Processes: c.Command != nil}
	var left []plan.LeftOut
	c.Faults, left = c.Faults.Choose(setting)
	c.LeftOut = slices.Concat(c.LeftOut, left)
	if err := c.Faults.Unavailable(setting); err != nil {
		return c, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return c, nil
}

// prepared returns a starter whose ensembles have the abilities, as far as the starter supports
// them.
func prepared(s ensemble.Starter, abilities []ensemble.Ability) ensemble.Starter {
	for _, a := range abilities {
		if p, ok := s.(ensemble.Preparer); ok {
			s = p.Prepare(a)
		}
	}
	return s
}

// Warnings returns what a user should know about a complete experiment before it runs: faults that
// the ensemble does not support, and faults whose time never comes.
func (c Config) Warnings() []string {
	var texts []string
	without := map[string][]string{} // kinds by reason
	for _, l := range c.LeftOut {
		without[l.Why.Error()] = append(without[l.Why.Error()], l.Kind)
	}
	for why, kinds := range without {
		texts = append(texts, fmt.Sprintf("all is without %s: %s", strings.Join(kinds, ", "), why))
	}
	slices.Sort(texts)
	plan := c.Plan()
	return slices.Concat(texts, c.Missed(plan), c.tight(plan))
}

// lastMoment is how long before the end of a load a fault may begin too late to take effect.
const lastMoment = time.Second

// tight lists the kinds of faults whose only turns are in the last moment of the load.
func (c Config) tight(steps []plan.Step) (texts []string) {
	last := map[string]bool{}
	for _, s := range steps {
		tight := s.Point.Zero() && s.Gap == 0 && s.At > c.TimeLimit-lastMoment
		before, known := last[s.Fault.Kind()]
		last[s.Fault.Kind()] = tight && (before || !known)
	}
	for _, kind := range planned(steps) {
		if last[kind] {
			texts = append(texts, fmt.Sprintf("%s begins less than %s before the load ends at %s, which may be too late to take effect; %s",
				kind, lastMoment, c.TimeLimit, advice.LongerLimit.Text()))
		}
	}
	return texts
}

// Missed lists the faults and the weights for which the plan has no room.
func (c Config) Missed(plan []plan.Step) []string {
	missed := c.Faults.Missed(plan, c.TimeLimit)
	if kinds := c.Expected(plan)[len(planned(plan)):]; len(missed) == 0 && len(kinds) > 0 {
		missed = append(missed, fmt.Sprintf("%s has no turn within the time limit of %s", strings.Join(kinds, ", "), c.TimeLimit))
	}
	if len(plan) == 0 && len(missed) > 0 {
		missed = []string{"no fault was injected: " + strings.Join(missed, ", ")}
	}
	if len(plan) > 0 {
		missed = append(missed, c.Faults.Weightless(c.TimeLimit)...)
	}
	for i := range missed {
		missed[i] += "; " + advice.LongerLimit.Text()
	}
	return append(missed, c.Faults.Unweighed()...)
}

// Expected lists the kinds of faults that are expected, each once: those in the plan in order of
// appearance, and then those that were asked for by name and do not fit into the plan. If no fault
// fits, it lists all of them. A run without the expected faults is not the one that was asked for,
// and nothing in it is valid.
func (c Config) Expected(plan []plan.Step) []string {
	kinds, asked := planned(plan), c.Faults.Named()
	if len(plan) == 0 {
		asked = c.Faults.Faults()
	}
	for _, f := range asked {
		if !slices.Contains(kinds, f.Kind()) {
			kinds = append(kinds, f.Kind())
		}
	}
	return kinds
}

// expects returns the kinds of faults without which nothing in the run is valid.
func (r *run) expects() []string {
	if r.OptionalFaults {
		return nil
	}
	return r.Expected(r.Schedule)
}

// optional lists the kinds of faults in a plan that the user did not ask for by name.
func (c Config) optional(plan []plan.Step) []string {
	named := c.Faults.Named()
	return slices.DeleteFunc(planned(plan), func(kind string) bool {
		return slices.ContainsFunc(named, func(f faults.Fault) bool { return f.Kind() == kind })
	})
}

// planned lists the kinds of faults in a plan, each once, in order of appearance.
func planned(plan []plan.Step) []string {
	var kinds []string
	for _, s := range plan {
		if k := s.Fault.Kind(); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}
