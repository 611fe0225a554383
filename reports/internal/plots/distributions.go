package plots

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Distribution is one sort of times that runs measure, such as fail-overs, with the words for its
// figure, its table and its lines in a summary.
type Distribution struct {
	file, title string
	Summary     string // first column in the summary of a sweep; "" leaves it out
	metric      *samples.Metric
	whole       string     // the name of a metric that is not split into parts
	One         string     // what was measured once: "fail-over"
	axis, share string     // the labels of the axes
	meaning     string     // how to read a point of a line
	longer      string     // what became of times that are lower bounds, in the plural; "" if there can be none
	Tail        []quantile // quantiles that are shown beside the median
	least       quantile   // a line needs enough times for the interval of this quantile
	Interval    bool       // the times are independent enough for the interval of their median
	stretched   bool       // the y axis shows the tail
}

// quantile is a quantile with its name.
type quantile struct {
	Name string
	Q    float64
}

var (
	median = quantile{"median", 0.5}
	p95    = []quantile{{"p95", 0.95}}
)

var failoverTimes = Distribution{
	file: "failover-ecdf", title: "Distribution of the fail-over, over all clients", Summary: "fail-over",
	metric: samples.MeasureNamed("failover"),
	One:    "fail-over", axis: "time since the fault took effect", share: "share of the faults", least: median, Tail: p95, Interval: true,
	meaning: "The height of a line at 1 s is the share of the faults after which some operation succeeded within 1 s.",
	longer:  "without a success before the heal",
}

var affectedTimes = Distribution{
	file: "affected-ecdf", title: "Distribution of the fail-over of affected clients",
	metric: samples.MeasureNamed("affected"),
	One:    "affected client", axis: "time since the fault took effect", share: "share of the affected clients", least: median, Tail: p95,
	meaning: "The height of a line at 1 s is the share of the affected clients that succeeded within 1 s.",
	longer:  "without a success before the heal",
}

var outageTimes = Distribution{
	file: "outage-ecdf", title: "Distribution of the time without service, as the probe of all servers saw it", Summary: "no service",
	metric: samples.MeasureNamed("outage"),
	One:    "outage", axis: "time since the fault was injected", share: "share of the faults", least: median, Tail: p95, Interval: true,
	meaning: "The height of a line at 1 s is the share of the faults during which no two successes of the probe were more than 1 s apart.",
	longer:  "without a success before the heal",
}

var handOverTimes = Distribution{
	file: "handover-ecdf", title: "Distribution of the hand-over", Summary: "hand-over",
	metric: samples.MeasureNamed("handover"), whole: "holds that no fault ended",
	One: "hand-over", axis: "time since the hold ended", share: "share of the holds", least: median, Tail: p95, Interval: true,
	meaning: "The height of a line at 1 s is the share of the holds after which the next client got the key within 1 s.",
	longer:  "not granted again",
}

var beliefTimes = Distribution{
	file: "belief-ecdf", title: "Distribution of the time during which two clients believed that they held", Summary: "false belief",
	metric: samples.MeasureNamed("belief"), whole: "two clients",
	One: "window", axis: "length of the window", share: "share of the windows", least: median, Tail: p95,
	meaning: "The height of a line at 1 s is the share of the windows in which two clients believed for no longer than 1 s that they held one key. " +
		"No recipe prevents them if a holder stands still; fencing tokens make them harmless.",
	longer: "to the end of the record",
}

var latencyTimes = Distribution{
	file: "latency-ecdf", title: "Distribution of the latency", Summary: "latency",
	metric: samples.MeasureNamed(samples.Latency),
	One:    "operation that succeeded", axis: "latency", share: "share of the operations (the tail stretched)", stretched: true,
	least: quantile{"p90", 0.9}, Tail: []quantile{{"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}},
	meaning: "Where a line reaches 99 %, one operation of a hundred took longer; where it reaches 99.9 %, one of a thousand. " +
		"Operations that succeeded, from their intended start. The dot at the end of a line is the longest time.",
}

// Of returns the times of each part of the metric.
func (d Distribution) Of(s *samples.Samples) []figure.Sampled {
	var all []figure.Sampled
	for _, part := range d.metric.Parts(s) {
		all = append(all, figure.Sampled{Name: cmp.Or(part, d.whole), Times: d.metric.Of(s, part)})
	}
	return withTimes(all)
}

// withTimes leaves out kinds that were never measured, and sorts the others by the number of times,
// most first.
func withTimes(all []figure.Sampled) []figure.Sampled {
	all = slices.DeleteFunc(all, func(s figure.Sampled) bool { return s.Count() == 0 })
	slices.SortFunc(all, func(a, b figure.Sampled) int {
		return cmp.Or(b.Count()-a.Count(), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// QuantileOf formats a quantile. It returns "" if so few times were measured that only the longest
// is beyond it.
func QuantileOf(s figure.Sampled, q float64) string {
	const rounding = 1e-9
	if float64(s.Count())*(1-q) < 1-rounding {
		return ""
	}
	return words.Bound(s.Times.Quantile(q))
}

// IntervalOf formats the confidence interval of the median. It returns "" if there is none.
func (d Distribution) IntervalOf(s figure.Sampled) string {
	i, ok := s.Times.QuantileInterval(0.5)
	if !d.Interval || !ok || i.Low.AtLeast {
		return ""
	}
	return words.Bound(i.Low) + " to " + words.Bound(i.High)
}

// Words describes times: "kill:leader: median 1.01 s (980 ms to 1.05 s), p95 1.4 s, worst 1.52 s,
// of 100".
func (d Distribution) Words(s figure.Sampled) string {
	name := words.Label(s.Name, 40) + ": "
	n, censored := s.Times.Count()
	if n == 1 {
		text := name + words.Bound(s.Worst()) + ", measured once"
		if censored > 0 {
			text += ", " + d.longer
		}
		return text
	}
	text := name + d.quantiles(s) + ", worst " + words.Bound(s.Worst()) + ", of " + prose.Grouped(n)
	if censored > 0 {
		text += ", " + prose.Grouped(censored) + " of them " + d.longer
	}
	return text
}

// quantiles describes the median and the tail: "median 1.01 s (980 ms to 1.05 s), p95 1.4 s".
func (d Distribution) quantiles(s figure.Sampled) string {
	text := "median " + words.Bound(s.Times.Quantile(0.5))
	if i := d.IntervalOf(s); i != "" {
		text += " (" + i + ")"
	}
	for _, q := range d.Tail {
		if v := QuantileOf(s, q.Q); v != "" {
			text += ", " + q.Name + " " + v
		}
	}
	return text
}

// legend returns an entry that fits the width of a figure. If necessary, it contains only the median.
func (d Distribution) legend(s figure.Sampled, style figure.LineStyle) figure.LegendEntry {
	n, censored := s.Times.Count()
	text := words.Label(s.Name, 28) + ", " + words.Times(n)
	if censored > 0 {
		text += " (" + prose.Grouped(censored) + " longer)"
	}
	e := figure.LegendEntry{Name: text + ": " + d.quantiles(s), Colour: style.Colour, Dashes: style.Dashes, Shape: figure.AsLine}
	if e.Width() > figure.NarrowWidth-2*figure.Margin {
		e.Name = text + ": median " + words.Bound(s.Times.Quantile(median.Q))
	}
	return e
}

// lines returns what a figure shows of the times, and what it leaves out because there are too few,
// or because there are too many lines.
func (d Distribution) lines(all []figure.Sampled) (shown, few, more []figure.Sampled) {
	needed := measured.Needed(d.least.Q)
	for _, s := range all {
		switch {
		case s.Count() < needed:
			few = append(few, s)
		case len(shown) == figure.MostLines:
			more = append(more, s)
		default:
			shown = append(shown, s)
		}
	}
	return shown, few, more
}

// Drawn returns the figure of the times, or why there is none.
func (d Distribution) Drawn(all []figure.Sampled) figure.Drawn {
	out := figure.Drawn{File: d.file, Title: d.title}
	shown, few, more := d.lines(all)
	if len(shown) == 0 {
		out.Absent = d.tooFew(few)
		return out
	}
	out.Figure = d.figure(shown)
	f := out.Figure
	f.File, f.Title = d.file, d.title
	if len(few) > 0 {
		f.Note += fmt.Sprintf(" Not drawn: %s. The interval of the %s needs %d times.", countsOf(few), d.least.Name, measured.Needed(d.least.Q))
	}
	if len(more) > 0 {
		f.Note += fmt.Sprintf(" Not drawn for lack of room: %s with fewer times.", words.Plural(len(more), "more line"))
	}
	return out
}

// tooFew explains how many times a figure would need.
func (d Distribution) tooFew(few []figure.Sampled) string {
	if len(few) == 0 {
		return "No " + d.One + " was measured."
	}
	return fmt.Sprintf("The %s with its interval needs %s; measured were %s.", d.least.Name, d.needed(), countsOf(few))
}

// needed describes how many times of one kind a line needs.
func (d Distribution) needed() string {
	one, more, _ := strings.Cut(d.One, " that ")
	text := words.Plural(measured.Needed(d.least.Q), one) + " of one kind"
	if more != "" {
		text += " that " + more
	}
	return text
}

// countsOf returns how often some things were measured: "kill:leader (4), expire:any (1)".
func countsOf(all []figure.Sampled) string {
	const most = 4
	var parts []string
	for i, s := range all {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %s more", prose.Grouped(len(all)-most)))
			break
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", words.Label(s.Name, 40), prose.Grouped(s.Count())))
	}
	return strings.Join(parts, ", ")
}

// alike reports whether the times of most lines are so close to each other that lines over a logarithmic axis
// would be strokes, of which one could hide another.
func alike(all []figure.Sampled) bool {
	const close = 1.5
	strokes := 0
	for _, s := range all {
		if low, high := s.Times.Quantile(0.1), s.Times.Quantile(0.9); !high.AtLeast && figure.LogSeconds(high.Time) <= close*figure.LogSeconds(low.Time) {
			strokes++
		}
	}
	return 2*strokes > len(all)
}

// dots draws times that are alike, with a row for each line that they would have.
func (d Distribution) dots(all []figure.Sampled) *figure.Figure {
	var rows []figure.DotRow
	for _, s := range all {
		r := figure.DotRow{Sampled: s, Median: s.Times.Quantile(median.Q)}
		if i, ok := s.Times.QuantileInterval(median.Q); ok && d.Interval {
			r.Interval = &i
		}
		rows = append(rows, r)
	}
	return &figure.Figure{
		Narrow: true, Panels: []figure.Panel{figure.DotsPanel("", d.axis, rows)}, Note: figure.DotsNote(d.One, rows),
		Alt: "Plot of single times as dots, one row each for " + prose.List(namesOf(all), "and") + ".",
	}
}

// namesOf returns the names of what was measured.
func namesOf(all []figure.Sampled) (names []string) {
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// figure draws the times.
func (d Distribution) figure(all []figure.Sampled) *figure.Figure {
	if !d.stretched && alike(all) {
		return d.dots(all)
	}
	f := figure.Ecdf(all, d.Interval, d.stretched)
	for i, s := range all {
		f.Legend = append(f.Legend, d.legend(s, figure.LineStyles[i]))
	}
	f.Panels[0].YLabel = d.share
	f.XLabel = d.axis + " (log scale)"
	f.Note = d.meaning
	if d.Interval {
		f.Note += " A bar near 50 % is the confidence interval (95 %) of the median."
	}
	if slices.ContainsFunc(all, func(s figure.Sampled) bool { _, censored := s.Times.Count(); return censored > 0 }) {
		f.Note += " A stroke across a line is a lower bound: " + d.longer + " (the line is Kaplan and Meier's estimate)."
	}
	f.Alt = "Plot of the share of times that were no longer than the time on the x axis, one line each: " + strings.Join(legendNames(f.Legend), "; ") + "."
	return f
}

func legendNames(all []figure.LegendEntry) (names []string) {
	for _, e := range all {
		names = append(names, e.Name)
	}
	return names
}

// NoTimes is why there is no figure of a run whose result has no times.
const NoTimes = "The zklab that decided this run kept no times; zklab report decides it again."

// distributionOf returns the maker of a plot of a run.
func distributionOf(d Distribution) func(*material.Run) (*figure.Figure, string) {
	return func(m *material.Run) (*figure.Figure, string) {
		if m.Result.Stats.Samples == nil {
			return nil, NoTimes
		}
		all := d.Of(m.Result.Stats.Samples)
		if len(all) == 0 {
			return nil, "" // the plot of the fail-overs says why, or there are no holds
		}
		out := d.Drawn(all)
		if out.Figure == nil {
			out.Absent += " zklab sweep puts the times of many runs together."
		}
		return out.Figure, out.Absent
	}
}

// SweptTimes are the times on the page of a sweep, in its order.
var SweptTimes = []Distribution{failoverTimes, affectedTimes, outageTimes, handOverTimes, beliefTimes, latencyTimes}
