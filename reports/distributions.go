package reports

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
)

// distribution is one sort of times that runs measure, such as fail-overs, with the words for its
// figure, its table and its lines in a summary.
type distribution struct {
	file, title string
	summary     string // first column in the summary of a sweep; "" leaves it out
	metric      *stats.Metric
	whole       string     // what the metric is of without a part
	one         string     // what was measured once: "fail-over"
	axis, share string     // the labels of the axes
	meaning     string     // how to read a point of a line
	longer      string     // what became of a time that is a lower bound, of several; "" if none can be
	tail        []quantile // told beside the median
	least       quantile   // a line needs the times that the interval of this one needs
	interval    bool       // the times are independent enough for the interval of their median
	stretched   bool       // the y axis shows the tail
}

// quantile is a quantile with its name.
type quantile struct {
	name string
	q    float64
}

var (
	median = quantile{"median", 0.5}
	p95    = []quantile{{"p95", 0.95}}
)

var failoverTimes = distribution{
	file: "failover-ecdf", title: "Distribution of the fail-over, over all clients", summary: "fail-over",
	metric: stats.MeasureNamed("failover"),
	one:    "fail-over", axis: "time since the fault took effect", share: "share of the faults", least: median, tail: p95, interval: true,
	meaning: "The height of a line at 1 s is the share of the faults after which some operation succeeded within 1 s.",
	longer:  "without a success before the heal",
}

var affectedTimes = distribution{
	file: "affected-ecdf", title: "Distribution of the fail-over of affected clients",
	metric: stats.MeasureNamed("affected"),
	one:    "affected client", axis: "time since the fault took effect", share: "share of the affected clients", least: median, tail: p95,
	meaning: "The height of a line at 1 s is the share of the affected clients that succeeded within 1 s.",
	longer:  "without a success before the heal",
}

var outageTimes = distribution{
	file: "outage-ecdf", title: "Distribution of the time without service, as the probe of all servers saw it", summary: "no service",
	metric: stats.MeasureNamed("outage"),
	one:    "outage", axis: "time since the fault was injected", share: "share of the faults", least: median, tail: p95, interval: true,
	meaning: "The height of a line at 1 s is the share of the faults during which no two successes of the probe were more than 1 s apart.",
	longer:  "without a success before the heal",
}

var handOverTimes = distribution{
	file: "handover-ecdf", title: "Distribution of the hand-over", summary: "hand-over",
	metric: stats.MeasureNamed("handover"), whole: "holds that no fault ended",
	one: "hand-over", axis: "time since the hold ended", share: "share of the holds", least: median, tail: p95, interval: true,
	meaning: "The height of a line at 1 s is the share of the holds after which the next client got the key within 1 s.",
	longer:  "not granted again",
}

var beliefTimes = distribution{
	file: "belief-ecdf", title: "Distribution of the time during which two clients believed that they held", summary: "false belief",
	metric: stats.MeasureNamed("belief"), whole: "two clients",
	one: "window", axis: "length of the window", share: "share of the windows", least: median, tail: p95,
	meaning: "The height of a line at 1 s is the share of the windows in which two clients believed for no longer than 1 s that they held one key. " +
		"No recipe prevents them if a holder stands still; fencing tokens make them harmless.",
	longer: "to the end of the record",
}

var latencyTimes = distribution{
	file: "latency-ecdf", title: "Distribution of the latency", summary: "latency",
	metric: stats.MeasureNamed(stats.Latency),
	one:    "operation that succeeded", axis: "latency", share: "share of the operations (the tail stretched)", stretched: true,
	least: quantile{"p90", 0.9}, tail: []quantile{{"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}},
	meaning: "Where a line reaches 99 %, one operation of a hundred took longer; where it reaches 99.9 %, one of a thousand. " +
		"Of operations that succeeded, from the intended start. A dot is the longest.",
}

// of returns the times of each part of the metric.
func (d distribution) of(s *stats.Samples) []sampled {
	var all []sampled
	for _, part := range d.metric.Parts(s) {
		all = append(all, sampled{cmp.Or(part, d.whole), d.metric.Of(s, part)})
	}
	return withTimes(all)
}

// withTimes leaves out what was never measured, and puts first what was measured most often.
func withTimes(all []sampled) []sampled {
	all = slices.DeleteFunc(all, func(s sampled) bool { return s.count() == 0 })
	slices.SortFunc(all, func(a, b sampled) int {
		return cmp.Or(b.count()-a.count(), cmp.Compare(a.name, b.name))
	})
	return all
}

// quantile formats a quantile. It returns "" if so few times were measured that only the longest
// is beyond it.
func (s sampled) quantile(q float64) string {
	const rounding = 1e-9
	if float64(s.count())*(1-q) < 1-rounding {
		return ""
	}
	return bound(s.times.Quantile(q))
}

// intervalOf formats the confidence interval of the median. It returns "" if there is none.
func (d distribution) intervalOf(s sampled) string {
	i, ok := s.times.QuantileInterval(0.5)
	if !d.interval || !ok || i.Low.AtLeast {
		return ""
	}
	return bound(i.Low) + " to " + bound(i.High)
}

// words describes times: "kill:leader: median 1.01 s (980 ms to 1.05 s), p95 1.4 s, worst 1.52 s,
// of 100".
func (d distribution) words(s sampled) string {
	name := label(s.name, 40) + ": "
	n, censored := s.times.Count()
	if n == 1 {
		text := name + bound(s.worst()) + ", measured once"
		if censored > 0 {
			text += ", " + d.longer
		}
		return text
	}
	text := name + d.quantiles(s) + ", worst " + bound(s.worst()) + ", of " + prose.Grouped(n)
	if censored > 0 {
		text += ", " + prose.Grouped(censored) + " of them " + d.longer
	}
	return text
}

// quantiles describes the median and the tail: "median 1.01 s (980 ms to 1.05 s), p95 1.4 s".
func (d distribution) quantiles(s sampled) string {
	text := "median " + bound(s.times.Quantile(0.5))
	if i := d.intervalOf(s); i != "" {
		text += " (" + i + ")"
	}
	for _, q := range d.tail {
		if v := s.quantile(q.q); v != "" {
			text += ", " + q.name + " " + v
		}
	}
	return text
}

// legend fits the width of a figure. If need be, it tells the median alone.
func (d distribution) legend(s sampled, style lineStyle) legendEntry {
	n, censored := s.times.Count()
	text := label(s.name, 28) + ", " + times(n)
	if censored > 0 {
		text += " (" + prose.Grouped(censored) + " longer)"
	}
	e := legendEntry{name: text + ": " + d.quantiles(s), colour: style.colour, dashes: style.dashes, shape: asLine}
	if e.width() > narrowWidth-2*margin {
		e.name = text + ": median " + bound(s.times.Quantile(median.q))
	}
	return e
}

// lines returns what a figure shows of the times, and what it leaves out because there are too few,
// or because there are too many lines.
func (d distribution) lines(all []sampled) (shown, few, more []sampled) {
	needed := stats.TimesNeeded(d.least.q)
	for _, s := range all {
		switch {
		case s.count() < needed:
			few = append(few, s)
		case len(shown) == mostLines:
			more = append(more, s)
		default:
			shown = append(shown, s)
		}
	}
	return shown, few, more
}

// drawn returns the figure of the times, or why there is none.
func (d distribution) drawn(all []sampled) drawn {
	out := drawn{file: d.file, title: d.title}
	shown, few, more := d.lines(all)
	if len(shown) == 0 {
		out.absent = d.tooFew(few)
		return out
	}
	out.figure = d.figure(shown)
	f := out.figure
	f.file, f.title = d.file, d.title
	if len(few) > 0 {
		f.note += fmt.Sprintf(" Not drawn, with fewer times than the %d that the %s with its interval needs: %s.", stats.TimesNeeded(d.least.q), d.least.name, countsOf(few))
	}
	if len(more) > 0 {
		f.note += fmt.Sprintf(" Not drawn for lack of room: %s with fewer times.", plural(len(more), "more line"))
	}
	return out
}

// tooFew says how many times a figure would need.
func (d distribution) tooFew(few []sampled) string {
	if len(few) == 0 {
		return "No " + d.one + " was measured."
	}
	return fmt.Sprintf("The %s with its interval needs %s; measured were %s.", d.least.name, d.needed(), countsOf(few))
}

// needed says how many times of one kind a line needs.
func (d distribution) needed() string {
	one, more, _ := strings.Cut(d.one, " that ")
	text := plural(stats.TimesNeeded(d.least.q), one) + " of one kind"
	if more != "" {
		text += " that " + more
	}
	return text
}

// countsOf says how often some things were measured: "kill:leader (4), expire:any (1)".
func countsOf(all []sampled) string {
	const most = 4
	var parts []string
	for i, s := range all {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %s more", prose.Grouped(len(all)-most)))
			break
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", label(s.name, 40), prose.Grouped(s.count())))
	}
	return strings.Join(parts, ", ")
}

// alike reports whether the times of most lines are so close to each other that lines over a logarithmic axis
// would be strokes, of which one could hide another.
func alike(all []sampled) bool {
	const close = 1.5
	strokes := 0
	for _, s := range all {
		if low, high := s.times.Quantile(0.1), s.times.Quantile(0.9); !high.AtLeast && logSeconds(high.Time) <= close*logSeconds(low.Time) {
			strokes++
		}
	}
	return 2*strokes > len(all)
}

// dots draws times that are alike, with a row for each line that they would have.
func (d distribution) dots(all []sampled) *figure {
	var rows []dotRow
	for _, s := range all {
		r := dotRow{sampled: s, median: s.times.Quantile(median.q)}
		if i, ok := s.times.QuantileInterval(median.q); ok && d.interval {
			r.interval = &i
		}
		rows = append(rows, r)
	}
	return &figure{
		narrow: true, panels: []panel{dotsPanel("", d.axis, rows)}, note: dotsNote(d.one, rows),
		alt: "Plot of single times as dots, one row each for " + prose.List(namesOf(all), "and") + ".",
	}
}

// namesOf returns the names of what was measured.
func namesOf(all []sampled) (names []string) {
	for _, s := range all {
		names = append(names, s.name)
	}
	return names
}

// figure draws the times.
func (d distribution) figure(all []sampled) *figure {
	if !d.stretched && alike(all) {
		return d.dots(all)
	}
	f := ecdf(all, d.interval, d.stretched)
	for i, s := range all {
		f.legend = append(f.legend, d.legend(s, lineStyles[i]))
	}
	f.panels[0].yLabel = d.share
	f.xLabel = d.axis + " (log scale)"
	f.note = d.meaning
	if d.interval {
		f.note += " A bar near 50 % is the confidence interval (95 %) of the median."
	}
	if slices.ContainsFunc(all, func(s sampled) bool { _, censored := s.times.Count(); return censored > 0 }) {
		f.note += " A stroke across a line is one that took longer: " + d.longer + " (Kaplan and Meier's estimate)."
	}
	f.alt = "Plot of the share of times that were no longer than the time on the x axis, one line each: " + strings.Join(legendNames(f.legend), "; ") + "."
	return f
}

func legendNames(all []legendEntry) (names []string) {
	for _, e := range all {
		names = append(names, e.name)
	}
	return names
}

// noTimes is why there is no figure of a run whose result has no times.
const noTimes = "The zklab that decided this run kept no times; zklab report decides it again."

// distributionOf returns the maker of a plot of a run.
func distributionOf(d distribution) func(*material) (*figure, string) {
	return func(m *material) (*figure, string) {
		if m.r.Stats.Samples == nil {
			return nil, noTimes
		}
		all := d.of(m.r.Stats.Samples)
		if len(all) == 0 {
			return nil, "" // the plot of the fail-overs says why, or there are no holds
		}
		out := d.drawn(all)
		if out.figure == nil {
			out.absent += " zklab sweep puts the times of many runs together."
		}
		return out.figure, out.absent
	}
}

// sweptTimes are the times on the page of a sweep, in its order.
var sweptTimes = []distribution{failoverTimes, affectedTimes, outageTimes, handOverTimes, beliefTimes, latencyTimes}
