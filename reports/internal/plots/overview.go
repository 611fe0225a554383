package plots

import (
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
)

// Limits of the overview, so that it fits on a screen.
const (
	mostOverviewLanes = 8
	mostOverviewRules = 6 // violations that are marked, at most
	overviewHeight    = 130
)

// OverviewFile is the name of the overview's files.
const OverviewFile = "overview"

// Overview shows in one picture what happened: how many operations were completed, which faults
// lasted when, who held what or how much was there, and where promises were broken. It returns nil if
// nothing was completed.
func Overview(m *material.Run) *figure.Figure {
	counts := completions(m.Model(), m.Points, windowWidth(m))
	if len(counts) == 0 {
		return nil
	}
	f := overTime(m)
	f.Rules = append(f.Rules, violationRules(m)...)
	f.Alt = "Completed operations per second over the time of the run, with the faults as bands"
	if m.Model().State == models.Exclusive && len(m.Holds) > 0 {
		throughputPanel(m, f, counts, overviewHeight)
		_, left := holdersPanel(m, f, mostOverviewLanes)
		f.Alt += ", and below who held each key"
		f.Note = "Above: operations completed. Below: who held each key, as the clients saw it."
		if left > 0 {
			f.Note += " " + words.Plural(left, "more key") + " not shown."
		}
	} else {
		throughputPanel(m, f, counts, overviewHeight)
		for _, figureOf := range []func(*material.Run) (*figure.Figure, string){leasesFigure, depthFigure} {
			if below, _ := figureOf(m); below != nil {
				below.Panels[0].Height = overviewHeight
				f.Panels = append(f.Panels, below.Panels...)
				f.Legend = append(f.Legend, below.Legend...)
				f.Alt += ", and below the " + below.Panels[0].YLabel
			}
		}
	}
	f.Alt += "."
	f.File, f.Title = OverviewFile, "What happened"
	return f
}

// violationRules marks the ends of the counterexamples of violations that count, the first of each
// property.
func violationRules(m *material.Run) (rules []figure.Rule) {
	var told []string
	u := figure.UnitFor(m.End)
	for _, v := range verdicts.Deciding(verdicts.Violations(m.Result.Verdicts), m.Result.Strict) {
		if slices.Contains(told, v.Property) || len(rules) == mostOverviewRules {
			continue
		}
		if at, ok := seenBy(m, v); ok {
			told = append(told, v.Property)
			rules = append(rules, figure.Rule{At: u.Of(at), Name: words.Label(v.Property, 24) + " violated", Colour: looks.Vermillion})
		}
	}
	return rules
}

// seenBy returns when the last event of a counterexample happened.
func seenBy(m *material.Run, v checker.Verdict) (at time.Duration, ok bool) {
	for _, i := range v.Counterexample {
		if e := material.EventAt(m.History, i); e != nil && (!ok || e.Time > at) {
			at, ok = e.Time, true
		}
	}
	return at, ok
}
