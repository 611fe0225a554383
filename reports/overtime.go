package reports

import (
	"strconv"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats"
)

// band returns the shading of a fault's window.
func (m *material) band(w stats.Window, u timeUnit, colours map[string]tint) band {
	name := w.Spec
	if name == "" {
		name = w.Kind
	}
	group := "fault: " + label(w.Kind, 24)
	if !w.Verified {
		group = ""
	}
	return band{
		from: u.of(w.From), until: u.of(w.Until), tint: colours[w.Kind],
		name: "#" + strconv.Itoa(w.Fault) + " " + label(name, 28), group: group, outline: !w.Verified,
	}
}

// overTime returns an empty figure over the time of the run.
func (m *material) overTime() *figure {
	u := unitFor(m.end)
	f := &figure{
		xLabel: "time since the run began (" + u.name + ")",
		xTicks: linearTicks{most: 12},
		xMax:   u.of(m.end),
	}
	if f.xMax <= 0 {
		f.xMax = 1
	}
	kinds := make([]string, 0, len(m.windows))
	for _, w := range m.windows {
		kinds = append(kinds, w.Kind)
	}
	colours := tints(kinds)
	for _, w := range m.windows {
		f.bands = append(f.bands, m.band(w, u, colours))
	}
	f.bars = len(colours) > len(faultTints) || overlapping(f.bands)
	for _, p := range m.phases {
		if p.Name != history.PhaseSetup {
			f.rules = append(f.rules, rule{at: u.of(p.From), name: phaseTold(p.Name)})
		}
	}
	return f
}

// phaseTold is the name of a phase with what happens in it.
func phaseTold(name string) string {
	switch name {
	case history.PhaseHeal:
		return name + ": faults undone"
	case history.PhaseQuiesce:
		return name + ": final reads"
	}
	return label(name, 20)
}
