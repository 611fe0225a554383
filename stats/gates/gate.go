package gates

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Gate is a bound that a metric must stay below, such as failover(kill:leader).p95<10s.
type Gate struct {
	// Text is the gate as it was written.
	Text   string
	Metric *samples.Metric
	Part   string // operation or fault; "" for all
	// Quantile is the quantile of a metric with times, between 0 and 1.
	Quantile float64
	// Below is the bound: nanoseconds, a share from 0 to 1, or events per operation.
	Below float64
	// Relative means that Below bounds how much the value exceeds that of another group, as a
	// share of the other group's value: 0.1 for <+10%.
	Relative bool
}

// State tells whether a gate is kept.
type State string

// The states of a gate.
const (
	Kept      State = "kept"
	Exceeded  State = "exceeded"
	Undecided State = "undecided" // there are too few measurements
)

// Result is the outcome of a gate.
type Result struct {
	Gate   string `json:"gate"`
	Result State  `json:"result"`
	// Value and Bound are in the unit Unit: "ns", "share", "ratio" for events per operation, or "change"
	// for the relative change between two groups. AtLeast means that Value is a lower bound.
	Value   float64 `json:"value"`
	Bound   float64 `json:"bound"`
	Unit    string  `json:"unit"`
	AtLeast bool    `json:"at_least,omitempty"`
	// Samples is the number of measurements, Needed how many would decide an undecided gate, and NeededRuns
	// about how many runs have as many; 0 if that is not known.
	Samples    int `json:"samples"`
	Needed     int `json:"needed,omitempty"`
	NeededRuns int `json:"needed_runs,omitempty"`
	// Text states the result in a sentence.
	Text string `json:"text"`
}

var gateForm = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9_-]*)(?:\(([^()]+)\))?(?:\.([A-Za-z][A-Za-z0-9.]*))?\s*<\s*(\S+)\s*$`)

// Parse parses a gate. of is the model whose operations it may name; nil allows any. The
// error is one line, and says what a gate can be.
func Parse(text string, of *models.Model) (Gate, error) {
	g := Gate{Text: strings.TrimSpace(text)}
	wrong := func(format string, args ...any) (Gate, error) {
		return Gate{}, fmt.Errorf("gate %q: %s", g.Text, fmt.Sprintf(format, args...))
	}
	m := gateForm.FindStringSubmatch(text)
	if m == nil {
		return wrong("expected METRIC<BOUND, such as failover(kill:leader).p95<10s or errors<1%%; metrics are %s", metricNames(of))
	}
	name, quantity, bound := m[1], m[3], m[4]
	g.Part = m[2]
	g.Metric = samples.MetricNamed(name)
	if g.Metric == nil {
		// If the operations are not known, a bare name that is close to a metric's does not count
		// as an operation.
		if g.Part != "" || !knowsOperation(of, name) || of == nil && quantity == "" && nearest.To(name, wholeMetrics()) != "" {
			return wrong("there is no metric %q%smetrics are %s", name, nearest.DidYouMean(name, append(wholeMetrics(), operationsOf(of)...)), metricNames(of))
		}
		g.Metric, g.Part = samples.MetricNamed(samples.Latency), name
	}
	switch split := g.Metric.Split; {
	case g.Part == "" && split != "" && g.Metric.Whole == samples.NoWhole:
		return wrong("say of which %s: %s(NAME)", split, name)
	case g.Part != "" && split == samples.ByOperation && !knowsOperation(of, g.Part):
		return wrong("there is no operation %q; metrics are %s", g.Part, metricNames(of))
	case g.Part != "" && split == samples.ByFault && !knownFault(g.Part):
		return wrong("there is no fault %q (%s); metrics are %s", g.Part, advice.ListFaults.Text(), metricNames(of))
	case g.Part != "" && split == "":
		return wrong("%s has no parts", name)
	}
	if problem := g.setQuantity(quantity); problem != "" {
		return wrong("%s", problem)
	}
	if problem := g.setBound(bound); problem != "" {
		return wrong("%s", problem)
	}
	return g, nil
}

// ParseAll parses gates in their order. baseline means that there is a group to which relative gates
// can refer; without one, they are an error.
func ParseAll(texts []string, of *models.Model, baseline bool) (gates []Gate, err error) {
	for _, text := range texts {
		g, err := Parse(text, of)
		if err != nil {
			return nil, err
		}
		if g.Relative && !baseline {
			return nil, fmt.Errorf("gate %q: a change needs a baseline: zklab compare has one", g.Text)
		}
		gates = append(gates, g)
	}
	return gates, nil
}

func (g *Gate) setQuantity(text string) (problem string) {
	if !g.Metric.Timed() {
		if text != "" {
			return g.Metric.Name + " is one number and has no " + text
		}
		return ""
	}
	if text == "median" {
		text = "p50"
	}
	q, err := strconv.ParseFloat(strings.TrimPrefix(text, "p"), 64)
	if !strings.HasPrefix(text, "p") || err != nil || !(q > 0 && q < 100) {
		title := g.Metric.Title(g.Part)
		return fmt.Sprintf("name a quantile between 0 and 100: %s.median, %s.p95 or %s.p99.9", title, title, title)
	}
	g.Quantile = q / 100
	return ""
}

func (g *Gate) setBound(text string) (problem string) {
	share, isShare := strings.CutSuffix(text, "%")
	p, err := strconv.ParseFloat(share, 64)
	positive := err == nil && p > 0 && !math.IsInf(p, 0)
	switch {
	case isShare && strings.HasPrefix(share, "+") && g.Metric.Share == nil:
		if err != nil || !(p >= 0) || math.IsInf(p, 0) {
			return fmt.Sprintf("%q is no percentage", text)
		}
		g.Below, g.Relative = p/100, true
	case g.Metric.Timed():
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return fmt.Sprintf("%q is neither a time above 0, like 500ms or 10s, nor a change, like +10%%", text)
		}
		g.Below = float64(d)
	case g.Metric.Ratio != nil:
		if isShare || !positive {
			return fmt.Sprintf("%q is neither a number above 0, like 2, nor a change, like +10%%", text)
		}
		g.Below = p
	default:
		if !isShare || !positive || p > 100 || strings.HasPrefix(share, "+") {
			return fmt.Sprintf("%q is no percentage above 0, like 1%%", text)
		}
		g.Below = p / 100
	}
	return ""
}

// metricNames lists metrics for an error.
func metricNames(of *models.Model) string {
	operations := operationsOf(of)
	if operations == nil {
		operations = []string{"operations"}
	}
	return strings.Join(wholeMetrics(), ", ") + ", and the latencies of " + strings.Join(operations, ", ")
}

// wholeMetrics returns the names of the metrics beside the latencies of operations.
func wholeMetrics() (names []string) {
	for _, m := range samples.Metrics {
		if m.Name != samples.Latency {
			names = append(names, m.Name)
		}
	}
	return names
}

// operationsOf returns the operations of a model whose latencies are metrics; nil if there is no model.
func operationsOf(m *models.Model) (names []string) {
	if m == nil {
		return nil
	}
	for _, o := range m.Operations {
		if !o.Local {
			names = append(names, o.F)
		}
	}
	return names
}

func knowsOperation(m *models.Model, f string) bool {
	return m == nil || m.Knows(f) && !m.Operation(f).Local
}

func knownFault(part string) bool {
	kind, _, _ := strings.Cut(part, ":")
	return kinds.Named(kind).Name == kind && slices.ContainsFunc(kinds.All(), func(k kinds.Kind) bool { return k.Name == kind })
}

// Title returns what the gate bounds: failover(kill:leader).p95.
func (g *Gate) Title() string { return g.Metric.Title(g.Part) + QuantileName(g.Quantile) }

// QuantileName returns a quantile as gates write it: .median, .p99; "" for 0.
func QuantileName(q float64) string {
	switch q {
	case 0:
		return ""
	case 0.5:
		return ".median"
	}
	return ".p" + strconv.FormatFloat(100*q, 'g', 6, 64)
}

// JudgeAll parses and judges gates that are not relative.
func JudgeAll(texts []string, of *models.Model, s *samples.Samples) (results []Result, err error) {
	gates, err := ParseAll(texts, of, false)
	for _, g := range gates {
		results = append(results, g.Judge(s))
	}
	return results, err
}

// Judge decides whether samples keep a gate that is not relative. With fewer measurements than a
// confidence interval of 95 % needs, it decides only where that interval, open at one end, lies on one side of
// the bound. It also leaves the gate undecided if lower bounds hide the value.
func (g *Gate) Judge(s *samples.Samples) Result {
	if s == nil {
		s = &samples.Samples{}
	}
	switch {
	case g.Metric.Share != nil:
		return g.judgeShare(s)
	case g.Metric.Ratio != nil:
		return g.judgeRatio(s)
	}
	return g.judgeTimes(s)
}

func (g *Gate) judgeTimes(s *samples.Samples) Result {
	t := g.Metric.Times(s, g.Part)
	n, censored := t.Count()
	v := t.Quantile(g.Quantile)
	below := time.Duration(g.Below)
	r := Result{Gate: g.Text, Unit: "ns", Value: float64(v.Time), AtLeast: v.AtLeast, Bound: g.Below, Samples: n}
	shorter, longer := t.Sides(below)
	switch needed := measured.Needed(g.Quantile); {
	case n < needed && measured.Significant(longer, n, 1-g.Quantile):
		r.Result = Exceeded
		r.Text = fmt.Sprintf("%s exceeds %s: %d of %d times do, which decides with a confidence of 95 %%", g.Title(), below, longer, n)
	case n < needed && measured.Significant(shorter, n, g.Quantile):
		r.Result = Kept
		r.Text = fmt.Sprintf("%s is below %s: %d of %d times are, which decides with a confidence of 95 %%", g.Title(), below, shorter, n)
	case n == 0:
		r.undecided(needed, s.Runs)
		r.Text = fmt.Sprintf("%s was never measured, and needs %d times%s", g.Title(), needed, g.source(s))
	case n < needed:
		r.undecided(needed, s.Runs)
		r.Text = fmt.Sprintf("%s was measured %s, and needs %d%s", g.Title(), prose.Times(n), needed, Repeat(r.NeededRuns))
	case v.AtLeast && v.Time < below:
		r.Result = Undecided
		r.Text = fmt.Sprintf("%s is more than %s, how much is not known: %d of %d times are lower bounds", g.Title(), v.Time, censored, n)
	case v.Time < below:
		r.Result = Kept
		r.Text = fmt.Sprintf("%s is %s, below %s", g.Title(), v.Time, below)
	default:
		r.Result = Exceeded
		r.Text = fmt.Sprintf("%s is %s%s, which exceeds %s by %s", g.Title(), atLeast(v), v.Time, below, by(float64(v.Time), g.Below, (v.Time-below).String()))
	}
	return r
}

// source names the options without which samples have no time of the metric.
func (g *Gate) source(s *samples.Samples) string {
	probed := g.Metric.Probed
	switch verified, ofFaults := g.Metric.Verified(s, g.Part); {
	case !ofFaults:
		return ""
	case verified > 0 && probed:
		return ": " + advice.Probe.Text()
	case verified > 0:
		return fmt.Sprintf(": none of %s led to one; %s", prose.Count(verified, "fault"), advice.MoreRuns.Text())
	}
	faults := strings.TrimSpace(": " + advice.TheseFaults.Text(g.Part))
	if probed {
		faults += " and --probe 10"
	}
	return faults
}

// undecided notes how many measurements would decide the gate. runs is the number of runs from which the
// samples are.
func (r *Result) undecided(needed, runs int) {
	r.Result, r.Needed = Undecided, needed
	r.NeededRuns = RunsNeeded(needed, r.Samples, runs)
}

// RunsNeeded returns about how many runs have needed measurements, where some runs had samples of them; 0 if that
// is not known.
func RunsNeeded(needed, samples, runs int) int {
	if samples == 0 || runs == 0 {
		return 0
	}
	return int(math.Ceil(float64(needed) * float64(runs) / float64(samples)))
}

// Repeat returns, for the end of a sentence, the options that make n runs; "" for 0.
func Repeat(runs int) string {
	if runs == 0 {
		return ""
	}
	return ": " + advice.ThisMany.Text(prose.Count(runs, "run"), runs, runs)
}

func atLeast(b measured.Bound) string {
	if b.AtLeast {
		return "at least "
	}
	return ""
}

// by returns by how much a value exceeds a bound, in its unit and in per cent.
func by(value, bound float64, difference string) string {
	return fmt.Sprintf("%s (%s)", difference, Percent((value-bound)/bound))
}

// Percent returns a share in per cent, with three digits.
func Percent(share float64) string {
	text := strconv.FormatFloat(100*share, 'g', 3, 64)
	if strings.Contains(text, "e") {
		text = strconv.FormatFloat(100*share, 'f', 0, 64)
	}
	return text + " %"
}

// judgeShare judges a bound on a share. It needs so many operations that the share would prove to
// be below the bound if none of them counted. With fewer, it decides only that the share exceeds
// the bound.
func (g *Gate) judgeShare(s *samples.Samples) Result {
	some, all := g.Metric.Share(s, g.Part)
	value := float64(some) / float64(max(all, 1))
	r := Result{Gate: g.Text, Unit: "share", Value: value, Bound: g.Below, Samples: all}
	needed := 1
	if g.Below < 1 {
		needed = int(math.Ceil(math.Log(1-measured.Confidence) / math.Log1p(-g.Below)))
	}
	switch {
	case all < needed && !measured.Significant(some, all, g.Below):
		r.undecided(needed, s.Runs)
		r.Text = fmt.Sprintf("%s needs %s, and there are %d%s", g.Title(), prose.Count(needed, "operation"), all, Repeat(r.NeededRuns))
	case value < g.Below:
		r.Result = Kept
		r.Text = fmt.Sprintf("%s is %s (%d of %d), below %s", g.Title(), Percent(value), some, all, Percent(g.Below))
	default:
		r.Result = Exceeded
		r.Text = fmt.Sprintf("%s is %s (%d of %d), which exceeds %s by %s", g.Title(), Percent(value), some, all, Percent(g.Below),
			by(value, g.Below, strconv.FormatFloat(100*(value-g.Below), 'g', 3, 64)+" points"))
	}
	return r
}

// fewest is the minimum number of operations that can have caused events for which a
// ratio is judged.
const fewest = 20

// judgeRatio judges a bound on a ratio. It needs operations that can have caused events: a lock that no
// client waits for has no herd, however bad it is.
func (g *Gate) judgeRatio(s *samples.Samples) Result {
	of := g.Metric.Ratio(s)
	value := of.Value()
	r := Result{Gate: g.Text, Unit: "ratio", Value: value, Bound: g.Below, Samples: of.Telling}
	says := fmt.Sprintf("%s is %s (%d watch events, %s)", g.Title(), threeDigitsOf(value), of.Events, prose.Count(of.Operations, of.What))
	switch {
	case of.Telling < fewest:
		r.undecided(fewest, s.Runs)
		waited, more := "", Repeat(r.NeededRuns)
		if of.What == samples.Releases {
			waited, more = " while another client waited", cmp.Or(more, ": "+advice.Contention.Text())
		}
		r.Text = fmt.Sprintf("%s needs %s%s, and there are %d%s", g.Title(), prose.Count(fewest, of.What), waited, of.Telling, more)
	case value < g.Below:
		r.Result = Kept
		r.Text = fmt.Sprintf("%s, below %s", says, threeDigitsOf(g.Below))
	default:
		r.Result = Exceeded
		r.Text = fmt.Sprintf("%s, which exceeds %s by %s", says, threeDigitsOf(g.Below), by(value, g.Below, threeDigitsOf(value-g.Below)))
	}
	return r
}

func threeDigitsOf(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
