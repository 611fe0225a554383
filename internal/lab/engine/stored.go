package engine

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/faults/plan"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// stored returns the run's experiment in the form of experiment.yaml.
func (c Config) stored(p ensemble.Profile, plan []plan.Step) store.Experiment {
	minLoad := c.MinLoad
	s := store.Experiment{
		Recipe: c.Workload.Name(), Subject: c.Subject, Object: workloads.WrittenBy(c.Workload),
		Ensemble: p.Backend, Image: p.Image, Digest: p.Digest, UpgradeTo: p.UpgradeTo, Servers: p.Addrs, Chroot: p.Chroot,
		Settings: c.Settings, MinLoad: &minLoad, Faults: c.Faults.Items(),
		Seed: &c.Seed, Simulate: c.Simulated, Arrivals: StoredArrivals(c.Arrivals), Zklab: version.Line(),
	}
	s.Nodes, s.FaultInterval = p.Servers, c.Faults.Interval()
	if p.Commands != nil {
		s.Commands = *p.Commands
	}
	if p.Access != nil {
		s.Access = *p.Access
	}
	if c.Command != nil {
		s.ClientsAs, s.SubjectCommand = store.Process, line(c.Command)
	}
	if c.Faults.HasGiven() { // the schedule has all steps
		s.Faults = nil
	}
	s.Schedule = Scheduled(plan)
	return s
}

// Scheduled returns steps in the form of experiment.yaml, without steps of an aim that were not played.
func Scheduled(steps []plan.Step) (all []store.Scheduled) {
	for _, step := range steps {
		if step.Gap > 0 { // it was never played
			continue
		}
		one := store.Scheduled{At: step.At, For: step.For, Fault: step.Fault.Spec(), Seed: step.Seed, Lane: step.Lane}
		if !step.Point.Zero() {
			one.Point = step.Point.String()
		}
		all = append(all, one)
	}
	return all
}

// Given returns a schedule of exactly the steps in an experiment.yaml. The error is one line long and
// names the step.
func Given(all []store.Scheduled) (plan.Schedule, error) {
	var steps []plan.Step
	for i, one := range all {
		step, err := plan.ParseStep(one.Fault, one.Point, plan.Step{At: one.At, For: one.For, Seed: one.Seed, Lane: one.Lane})
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
		steps = append(steps, step)
	}
	return plan.Steps(steps...), nil
}

// noArrival stands for a list that is empty, as opposed to one that is left out.
const noArrival = "none"

// StoredArrivals returns the arrivals that take place, in the form of experiment.yaml: nil stays nil and
// means all arrivals, and an empty list becomes a word.
func StoredArrivals(all []workloads.Arrival) (texts []string) {
	if all != nil && len(all) == 0 {
		return []string{noArrival}
	}
	for _, a := range all {
		texts = append(texts, a.String())
	}
	return texts
}

// GivenArrivals parses the arrivals of an experiment.yaml; nil means all. The error is one line long.
func GivenArrivals(texts []string) ([]workloads.Arrival, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	all := []workloads.Arrival{}
	for _, text := range texts {
		if text == noArrival && len(texts) == 1 {
			break
		}
		a, err := workloads.ParseArrival(text)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// line returns the text of a command that the shell runs (adapter.Shell). It returns "" for any other
// command, which is that of zklab's own worker.
func line(command []string) string {
	if len(command) != 3 || !slices.Equal(command[:2], adapter.Shell("")[:2]) {
		return ""
	}
	return command[2]
}
