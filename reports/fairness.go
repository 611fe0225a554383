package reports

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
)

// fairnessWords says how the grants were shared among the clients. It returns "" if that is unknown,
// or if only one client asked.
func fairnessWords(f *stats.Fairness) string {
	if f == nil || len(f.Clients) < 2 {
		return ""
	}
	var grants []int
	for _, c := range f.Clients {
		grants = append(grants, c.Grants)
	}
	least, most := slices.Min(grants), slices.Max(grants)
	text := prose.Grouped(least) + " to " + plural(most, "grant") + " per client"
	if least == most {
		text = plural(most, "grant") + " for each client"
	}
	return text + fmt.Sprintf(" (Jain's index %.3f); %s of %s overtook a client that had asked before",
		f.Jain, prose.Grouped(f.Overtook), prose.Grouped(f.Grants)) + mostOvertakenWords(f.Overtook, f.MostOvertaken)
}

func mostOvertakenWords(overtook, most int) string {
	if overtook == 0 {
		return ""
	}
	return fmt.Sprintf(", at most %s in one wait", prose.Grouped(most))
}

// beliefWords says what false belief there was, and what it led to. It returns "" if that is unknown.
func beliefWords(b *stats.Belief) string {
	if b == nil {
		return ""
	}
	text := "no two clients believed at the same time that they held"
	if b.Windows > 0 {
		text = fmt.Sprintf("%s of false belief, %s in all, the longest %s", plural(b.Windows, "window"), length(b.Total), length(b.Longest))
	}
	if b.Writes == 0 {
		return text
	}
	return text + fmt.Sprintf("; a resource that checks tokens refuses %s of %s", prose.Grouped(b.Refused), plural(b.Writes, "guarded write"))
}

// sharedInSweep says how all runs of a sweep shared the object, in parts of a sentence.
func sharedInSweep(s *stats.Samples) (texts []string) {
	if f := s.Fairness; f != nil && f.Grants > 0 {
		text := fmt.Sprintf("%s of %s overtook a client that had asked before", prose.Grouped(f.Overtook), plural(f.Grants, "grant"))
		text += mostOvertakenWords(f.Overtook, f.MostOvertaken)
		texts = append(texts, text+fmt.Sprintf("; Jain's index of grants is at least %.3f", f.LeastJain))
	}
	if words := beliefWords(s.Belief); words != "" {
		texts = append(texts, words)
	}
	return texts
}

// Sharing says how the object was shared, in sentences.
func (p page) Sharing() string {
	var sentences []string
	for _, words := range []string{fairnessWords(p.Stats.Fairness), beliefWords(p.Stats.Belief)} {
		if words != "" {
			sentences = append(sentences, capital(words)+".")
		}
	}
	return strings.Join(sentences, " ")
}

// clientsFigure shows how often each client was granted the object, and how long it waited.
func clientsFigure(m *material) (*figure, string) {
	fair := m.r.Stats.Fairness
	switch {
	case !m.model().Held():
		return nil, ""
	case fair == nil:
		return nil, "No acquire was granted."
	}
	last := fair.Clients[len(fair.Clients)-1].Client
	f := &figure{xLabel: "client", xMin: -0.5, xMax: float64(last) + 0.5, xTicks: linearTicks{most: min(20, last+1)}}
	size := vg.Points(max(1.2, 3.5-0.02*float64(last)))
	f.panels = []panel{
		{name: "grants", yLabel: "grants", plot: f.grantsPanel(fair, size), height: 130},
		{name: "waits", yLabel: "wait (log scale)", plot: f.waitsPanel(fair, size), height: 200},
	}
	f.note = "Of acquires under load, from the invocation to the grant. An arrow is a time that was longer: the acquire was given up or failed after it."
	f.alt = "Plot of the number of grants of each client, and of its median and longest wait."
	return f, ""
}

func (f *figure) grantsPanel(fair *stats.Fairness, size vg.Length) *plot.Plot {
	p := newPanel()
	var grants plotter.XYs
	most := 1
	for _, c := range fair.Clients {
		most = max(most, c.Grants)
		grants = append(grants, plotter.XY{X: float64(c.Client), Y: float64(c.Grants)})
	}
	p.Y.Min, p.Y.Max = 0, 1.1*float64(most)
	p.Y.Tick.Marker = linearTicks{most: 4}
	f.add(p)
	f.addSeries(p, series{at: grants}, "grants", green, square, size)
	return p
}

func (f *figure) waitsPanel(fair *stats.Fairness, size vg.Length) *plot.Plot {
	p := newPanel()
	var medians, longest series
	lo, hi := logSeconds(fair.Clients[0].Median.Time), least
	for _, c := range fair.Clients {
		medians.add(float64(c.Client), c.Median)
		longest.add(float64(c.Client), c.Longest)
		lo, hi = min(lo, logSeconds(c.Median.Time)), max(hi, logSeconds(c.Longest.Time))
	}
	p.Y.Min, p.Y.Max = logRange(lo, hi)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, durationTicks{}
	f.add(p)
	f.addSeries(p, longest, "longest wait", vermillion, triangle, size)
	f.addSeries(p, medians, "median wait", blue, dot, size)
	return p
}

// beliefFigure draws how long two clients believed that they held one key.
func beliefFigure(m *material) (*figure, string) {
	switch b := m.r.Stats.Belief; {
	case b == nil || m.r.Stats.Samples == nil:
		return nil, ""
	case b.Windows == 0:
		return nil, fmt.Sprintf("At no time did two clients believe that they held one key. The plot needs %s.", plural(stats.TimesNeeded(median.q), "such window"))
	}
	return distributionOf(beliefTimes)(m)
}
