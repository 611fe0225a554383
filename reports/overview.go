package reports

import (
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
)

// Bounds of the overview, which is to fit on a screen.
const (
	mostOverviewLanes = 8
	mostOverviewRules = 6 // violations that are marked
	overviewHeight    = 130
)

// overviewFile is the name of the overview's files.
const overviewFile = "overview"

// overviewFigure shows in one picture what happened: how many operations were completed, which faults
// lasted when, who held what or how much was there, and where promises were broken. It returns nil if
// nothing was completed.
func overviewFigure(m *material) *figure {
	counts := completions(m.model(), m.points, m.windowWidth())
	if len(counts) == 0 {
		return nil
	}
	f := m.overTime()
	f.rules = append(f.rules, m.violationRules()...)
	f.alt = "Completed operations per second over the time of the run, with the faults as bands"
	if m.model().State == models.Exclusive && len(m.holds) > 0 {
		m.throughputPanel(f, counts, overviewHeight)
		_, left := m.holdersPanel(f, mostOverviewLanes)
		f.alt += ", and below who held each key"
		f.note = "Above: operations completed. Below: who held each key, as the clients saw it."
		if left > 0 {
			f.note += " " + plural(left, "more key") + " not shown."
		}
	} else {
		m.throughputPanel(f, counts, overviewHeight)
		for _, figureOf := range []func(*material) (*figure, string){leasesFigure, depthFigure} {
			if below, _ := figureOf(m); below != nil {
				below.panels[0].height = overviewHeight
				f.panels = append(f.panels, below.panels...)
				f.legend = append(f.legend, below.legend...)
				f.alt += ", and below the " + below.panels[0].yLabel
			}
		}
	}
	f.alt += "."
	f.file, f.title = overviewFile, "What happened"
	return f
}

// violationRules marks the ends of the counterexamples of violations that count, the first of each
// property.
func (m *material) violationRules() (rules []rule) {
	var told []string
	u := unitFor(m.end)
	for _, v := range deciding(violations(m.r.Verdicts), m.r.Strict) {
		if slices.Contains(told, v.Property) || len(rules) == mostOverviewRules {
			continue
		}
		if at, ok := m.seenBy(v); ok {
			told = append(told, v.Property)
			rules = append(rules, rule{at: u.of(at), name: label(v.Property, 24) + " violated", colour: vermillion})
		}
	}
	return rules
}

// seenBy returns when the last event of a counterexample happened.
func (m *material) seenBy(v checker.Verdict) (at time.Duration, ok bool) {
	for _, i := range v.Counterexample {
		if e := eventAt(m.h, i); e != nil && (!ok || e.Time > at) {
			at, ok = e.Time, true
		}
	}
	return at, ok
}
