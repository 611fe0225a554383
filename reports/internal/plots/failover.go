package plots

import (
	"cmp"
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
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
)

// FailoverFigure shows for each fault how long it took until an operation succeeded again: one
// column per fault, grouped by the fault's specification.
func FailoverFigure(m *material.Run) (*figure.Figure, string) {
	faults := verifiedFaults(m.Result.Stats.Faults)
	switch {
	case len(m.Result.Stats.Faults) == 0:
		return nil, "No fault was injected."
	case len(faults) == 0:
		return nil, "No fault took effect."
	}
	groups := groupFaults(faults)
	f := &figure.Figure{XLabel: "fault, by its number"}
	p := figure.NewPanel()
	lo, hi := failoverRange(faults)
	p.Y.Min, p.Y.Max = lo, hi
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, figure.DurationTicks{}
	arrange(f, groups)
	f.Add(p)
	addFailovers(f, p, groups, hi)
	f.Panels = []figure.Panel{{YLabel: "time (log scale)", Plot: p, Height: 260}}
	f.Note = "Fail-over: from the verified effect of a fault to the end of the first success that was invoked after it, needed a majority of the servers, and ended before the heal began. " +
		"An arrow begins where the heal began, or the record ended, without a success. " +
		"A fault affected no client if no operation failed, stayed unknown, or took longer than twice the p99 of the second half of the time before the first fault" +
		slowWords(m.Result.Stats.FeltOver) + ", and if no client lost what it held, or its place in a group."
	if slices.ContainsFunc(faults, func(f stats.Fault) bool { return len(f.Turns) > 0 }) {
		f.Note += " If servers went down one after the other, it is measured from each of these moments, and the longest time counts."
	}
	if slices.ContainsFunc(faults, func(f stats.Fault) bool { return len(f.HandOvers) > 0 }) {
		f.Note += " Hand-over: from the end of a hold to the next grant of its key."
	}
	f.Alt = "Plot of the fail-over time of each fault, over all clients and of each affected one, and of the hand-over of the holds that it ended, grouped by fault."
	return f, ""
}

// slowWords names the durations above which operations count as slow.
func slowWords(over map[string]time.Duration) string {
	if len(over) == 0 {
		return ""
	}
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(over)) {
		parts = append(parts, words.Label(f, 20)+" "+prose.Length(over[f]))
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

// faultGroup holds the faults with one specification.
type faultGroup struct {
	kind, name string
	faults     []stats.Fault
	x          float64 // the column of the first fault
}

func groupFaults(faults []stats.Fault) []faultGroup {
	byName := map[string]*faultGroup{}
	for _, f := range faults {
		name := cmp.Or(f.Spec, f.Kind)
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
func arrange(f *figure.Figure, groups []faultGroup) {
	kinds := make([]string, 0, len(groups))
	for _, g := range groups {
		kinds = append(kinds, g.kind)
	}
	colours := looks.Tints(kinds)
	var ticks plot.ConstantTicks
	x := 0.0
	for i := range groups {
		g := &groups[i]
		g.x = x + 0.5
		for _, fault := range g.faults {
			ticks = append(ticks, plot.Tick{Value: x + 0.5, Label: "#" + strconv.Itoa(fault.Number)})
			x++
		}
		f.Bands = append(f.Bands, figure.Band{From: g.x - 0.45, Until: x - 0.05, Tint: colours[g.kind], Name: words.Label(g.name, 28)})
	}
	f.XMax = x
	if len(ticks) > 40 { // their numbers would run into each other
		for i := range ticks {
			if i%(len(ticks)/20) != 0 {
				ticks[i].Label = ""
			}
		}
	}
	f.XTicks = ticks
}

func failoverRange(faults []stats.Fault) (lo, hi float64) {
	lo, hi = math.Inf(1), figure.Least
	for i := range faults {
		for _, b := range slices.Concat(faults[i].Bounds()) {
			// Room for the arrow of a time that was longer.
			y, above := figure.LogSeconds(b.Time), 1.0
			if b.AtLeast {
				above = 1.5
			}
			lo, hi = min(lo, y), max(hi, y*above)
		}
	}
	if math.IsInf(lo, 1) {
		lo, hi = 0.1, 10
	}
	return figure.LogRange(lo, hi)
}

// addFailovers draws the points side by side, and a thin line through the points of a fault's
// affected clients.
func addFailovers(f *figure.Figure, p *plot.Plot, groups []faultGroup, top float64) {
	var all, affected, handOvers, unfelt figure.Series
	var none plotter.XYs
	for _, g := range groups {
		for i := range g.faults {
			fault, x := &g.faults[i], g.x+float64(i)
			a, each, over := fault.Bounds()
			handOvers.Add(x+0.2, over...)
			switch {
			case fault.NoMajority:
				none = append(none, plotter.XY{X: x, Y: top / 1.6})
			case !fault.Felt:
				unfelt.Add(x-0.2, a...)
			default:
				all.Add(x-0.2, a...)
				affected.Add(x, each...)
				addRange(f, p, x, each)
			}
		}
	}
	size := vg.Length(min(1, 8/f.XMax+0.45))
	f.AddSeries(p, all, "fail-over, all clients", looks.Blue, figure.Dot, 3.2*size)
	f.AddSeries(p, affected, "each affected client", looks.Vermillion, figure.Square, 3*size)
	f.AddSeries(p, handOvers, "hand-over of a hold it ended", looks.Green, figure.Triangle, 3.5*size)
	f.AddSeries(p, unfelt, "no client was affected", looks.Grey, figure.Ring, 3.5*size)
	f.AddSeries(p, figure.Series{At: none}, "none possible before the heal", looks.Black, figure.Cross, 4*size)
	if slices.ContainsFunc([]figure.Series{all, affected, handOvers, unfelt}, func(s figure.Series) bool { return len(s.Higher) > 0 }) {
		f.Legend = append(f.Legend, figure.LegendEntry{Name: "longer than this", Colour: looks.Black, Mark: figure.Upwards})
	}
}

// addRange draws a line from the best to the worst.
func addRange(f *figure.Figure, p *plot.Plot, x float64, bounds []measured.Bound) {
	if len(bounds) < 2 {
		return
	}
	lo, hi := slices.MinFunc(bounds, words.ByLength), slices.MaxFunc(bounds, words.ByLength)
	at := plotter.XYs{{X: x, Y: figure.LogSeconds(lo.Time)}, {X: x, Y: figure.LogSeconds(hi.Time)}}
	p.Add(&plotter.Line{XYs: at, LineStyle: draw.LineStyle{Color: looks.Vermillion, Width: vg.Points(0.8)}})
}
