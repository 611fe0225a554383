package reports

import (
	"cmp"
	"image/color"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats"
)

// failoverFigure shows for each fault how long it took until somebody had a
// success again: a column a fault, grouped by what the fault was.
func failoverFigure(m *material) (*figure, string) {
	faults := verifiedFaults(m.r.Stats.Faults)
	switch {
	case len(m.r.Stats.Faults) == 0:
		return nil, "No fault was injected."
	case len(faults) == 0:
		return nil, "No fault took effect."
	}
	groups := groupFaults(faults)
	f := &figure{xLabel: "fault, by its number"}
	p := newPanel()
	lo, hi, none := failoverRange(faults)
	p.Y.Min, p.Y.Max = lo, hi
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, durationTicks{}
	f.arrange(groups)
	f.add(p)
	f.addFailovers(p, groups, hi)
	f.panels = []panel{{yLabel: "fail-over time (log scale)", plot: p, height: 260}}
	f.note = "From the verified effect of a fault to the end of the first success that was invoked after it and needed a majority of the servers. " +
		"A fault nobody felt: no operation failed, stayed unknown or took over twice the p99 from before the first fault" +
		slowWords(m.r.Stats.FeltOver) + ", and no hold was lost."
	if none {
		f.note += " At the top edge: no success until the end of the record."
	}
	f.alt = "Plot of the fail-over time of each fault, over all clients and over the affected ones, grouped by fault."
	return f, ""
}

// slowWords says from when on operations are slow.
func slowWords(over map[string]time.Duration) string {
	if len(over) == 0 {
		return ""
	}
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(over)) {
		parts = append(parts, label(f, 20)+" "+length(over[f]))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func verifiedFaults(faults []stats.Fault) []stats.Fault {
	var out []stats.Fault
	for _, f := range faults {
		if f.Outcome == history.StepVerified {
			out = append(out, f)
		}
	}
	return out
}

// faultGroup are the faults with one specification.
type faultGroup struct {
	kind, name string
	faults     []stats.Fault
	x          float64 // column of the first
}

func groupFaults(faults []stats.Fault) []faultGroup {
	byName := map[string]*faultGroup{}
	for _, f := range faults {
		name := f.Spec
		if name == "" {
			name = f.Kind
		}
		if byName[name] == nil {
			byName[name] = &faultGroup{kind: f.Kind, name: name}
		}
		byName[name].faults = append(byName[name].faults, f)
	}
	var groups []faultGroup
	for _, g := range byName {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b faultGroup) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	return groups
}

// arrange gives each fault a column and each group a shaded band with its name.
func (f *figure) arrange(groups []faultGroup) {
	kinds := make([]string, 0, len(groups))
	for _, g := range groups {
		kinds = append(kinds, g.kind)
	}
	colours := tints(kinds)
	var ticks plot.ConstantTicks
	x := 0.0
	for i := range groups {
		g := &groups[i]
		g.x = x + 0.5
		for _, fault := range g.faults {
			ticks = append(ticks, plot.Tick{Value: x + 0.5, Label: "#" + strconv.Itoa(fault.Number)})
			x++
		}
		f.bands = append(f.bands, band{from: g.x - 0.45, until: x - 0.05, colour: colours[g.kind], name: label(g.name, 28)})
	}
	f.xMax = x
	if len(ticks) > 40 { // their numbers would run into each other
		for i := range ticks {
			if i%(len(ticks)/20) != 0 {
				ticks[i].Label = ""
			}
		}
	}
	f.xTicks = ticks
}

// failoverRange also says whether a fault was without any success after it:
// such faults get a decade of their own at the top.
func failoverRange(faults []stats.Fault) (lo, hi float64, none bool) {
	lo, hi = math.Inf(1), least
	for _, f := range faults {
		for _, d := range []time.Duration{f.Failover, f.FailoverAffected} {
			if d >= 0 {
				lo, hi = min(lo, logSeconds(d)), max(hi, logSeconds(d))
			}
		}
		none = none || f.Failover < 0
	}
	if math.IsInf(lo, 1) {
		lo, hi = 0.1, 10
	}
	lo, hi = logRange(lo, hi)
	if none {
		hi *= 10
	}
	return lo, hi, none
}

// addFailovers draws the points, and a thin line between the two of a fault.
func (f *figure) addFailovers(p *plot.Plot, groups []faultGroup, top float64) {
	var all, affected, unfelt, none plotter.XYs
	for _, g := range groups {
		for i, fault := range g.faults {
			x := g.x + float64(i)
			y := logSeconds(fault.Failover)
			switch {
			case fault.Failover < 0:
				none = append(none, plotter.XY{X: x, Y: top / 1.6})
				continue
			case !fault.Felt:
				unfelt = append(unfelt, plotter.XY{X: x, Y: y})
				continue
			}
			all = append(all, plotter.XY{X: x, Y: y})
			if fault.FailoverAffected >= 0 {
				a := logSeconds(fault.FailoverAffected)
				affected = append(affected, plotter.XY{X: x, Y: a})
				p.Add(&plotter.Line{XYs: plotter.XYs{{X: x, Y: y}, {X: x, Y: a}}, LineStyle: draw.LineStyle{Color: grey, Width: vg.Points(0.8)}})
			}
		}
	}
	size := vg.Length(min(1, 8/f.xMax+0.45))
	f.addSeries(p, affected, "affected clients", vermillion, square, 4.5*size)
	f.addSeries(p, all, "all clients", blue, dot, 3.2*size)
	f.addSeries(p, unfelt, "nobody felt it (all clients)", grey, ring, 3.5*size)
	f.addSeries(p, none, "no success after it", black, cross, 4*size)
}

func (f *figure) addSeries(p *plot.Plot, at plotter.XYs, name string, colour color.NRGBA, shape mark, radius vg.Length) {
	if len(at) == 0 {
		return
	}
	p.Add(marks{at: at, shape: shape, radius: radius, colour: colour})
	f.legend = append(f.legend, legendEntry{name: name, colour: colour, mark: shape})
}
