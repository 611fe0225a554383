package manyruns

import (
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/store"
)

// explorationPage returns the content of the page of an exploration.
func explorationPage(program string, x store.Experiment, subject string, all explored) reports.Exploration {
	e := reports.Exploration{
		Recipe: x.Recipe, Subject: subject, Verdict: all.Verdict, Why: all.Why, Tried: all.Tried(),
		Properties: all.Properties, Unchecked: all.Unchecked, Runs: all.Runs, Nowhere: all.Nowhere, Command: exploreCommand(program, x), Zklab: all.Zklab,
	}
	broke := map[string]int{}
	for _, f := range all.Findings {
		if len(f.Steps) == 1 {
			broke[f.Steps[0].Fault.Kind()]++
		}
	}
	for _, k := range all.Kinds {
		if k.Tried == 0 {
			continue
		}
		e.Kinds = append(e.Kinds, reports.ExploredKind{Kind: k.Kind, Tried: k.Tried, Took: k.Took, Broke: broke[k.Kind]})
	}
	for _, property := range all.Always {
		e.Causes = append(e.Causes, reports.ExploredCause{
			Property: property, Where: "no fault at all", Runs: 1, Shape: "the scenario breaks it by itself", Command: againCommand(program, x),
		})
	}
	for _, c := range all.Causes() {
		e.Causes = append(e.Causes, reports.ExploredCause{
			Property: c.Property, Shape: c.Shape, Where: c.Where, Runs: len(c.Findings), Sorts: c.Sorts(),
			Command: againWith(program, x, plan.Steps(c.Findings[0].Steps...)),
		})
	}
	return e
}
