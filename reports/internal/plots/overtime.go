package plots

import (
	"cmp"
	"strconv"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
)

// band returns the shading of a fault's window.
func band(m *material.Run, w stats.Window, u figure.TimeUnit, colours map[string]looks.Tint) figure.Band {
	name := cmp.Or(w.Spec, w.Kind)
	group := "fault: " + words.Label(w.Kind, 24)
	if !w.Verified {
		group = ""
	}
	return figure.Band{
		From: u.Of(w.From), Until: u.Of(w.Until), Tint: colours[w.Kind],
		Name: "#" + strconv.Itoa(w.Fault) + " " + words.Label(name, 28), Group: group, Outline: !w.Verified,
	}
}

// overTime returns an empty figure over the time of the run.
func overTime(m *material.Run) *figure.Figure {
	u := figure.UnitFor(m.End)
	f := &figure.Figure{
		XLabel: "time since the run began (" + u.Name + ")",
		XTicks: figure.LinearTicks{Most: 12},
		XMax:   u.Of(m.End),
	}
	if f.XMax <= 0 {
		f.XMax = 1
	}
	kinds := make([]string, 0, len(m.Windows))
	for _, w := range m.Windows {
		kinds = append(kinds, w.Kind)
	}
	colours := looks.Tints(kinds)
	for _, w := range m.Windows {
		f.Bands = append(f.Bands, band(m, w, u, colours))
	}
	f.Bars = len(colours) > len(looks.FaultTints) || figure.Overlapping(f.Bands)
	for _, p := range m.Phases {
		if p.Name != history.PhaseSetup {
			f.Rules = append(f.Rules, figure.Rule{At: u.Of(p.From), Name: phaseTold(p.Name)})
		}
	}
	return f
}

// phaseTold returns the name of a phase, and for some what happens in it.
func phaseTold(name string) string {
	switch name {
	case history.PhaseHeal:
		return name + ": faults undone"
	case history.PhaseQuiesce:
		return name + ": final reads"
	}
	return words.Label(name, 20)
}
