package plots

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
	"github.com/zklab/zklab/store"
)

// A run without windows of false belief, or with too few, says how many a plot needs.
func TestBeliefPlot(t *testing.T) {
	for want, n := range map[string]int{
		"At no time did two clients believe that they held one key. The plot needs 6 such windows.":                                                  0,
		"The median with its interval needs 6 windows of one kind; measured were two clients (5). zklab sweep puts the times of many runs together.": 5,
		"": 6,
	} {
		r := &store.Result{Stats: stats.Stats{Belief: &samples.Belief{Windows: n}, Samples: &samples.Samples{BeliefWindows: &measured.Times{}}}}
		for i := range n {
			r.Stats.Samples.BeliefWindows.Add(measured.Bound{Time: time.Duration(i+1) * time.Second}, 1)
		}
		f, absent := beliefFigure(&material.Run{Result: r})
		if absent != want || (f != nil) != (want == "") {
			t.Errorf("%d windows: %q, figure %v", n, absent, f != nil)
		}
	}
	if f, absent := beliefFigure(&material.Run{Result: &store.Result{}}); f != nil || absent != "" {
		t.Errorf("of an object that several clients hold: %q", absent)
	}
}

// The plot of the holders shows each hold as its client saw it.
func TestBarsAreTheHolds(t *testing.T) {
	for _, crashes := range []bool{true, false} {
		m := material.Of("", sample.Crash(crashes), &store.Result{})
		bars, _ := bars(m, map[string]int{"k": 0})
		var want []bar
		for _, h := range m.Holds {
			want = append(want, bar{client: h.Client, Span: material.SpanOf(h)})
		}
		if d := cmp.Diff(want, bars, cmp.AllowUnexported(bar{})); d != "" || len(want) != 3 {
			t.Errorf("holds -, plot +: %s", d)
		}
	}
}

func TestColumnsGoToTheLongestHolder(t *testing.T) {
	hold := func(key string, client, from, until int) *holds.Hold {
		return &holds.Hold{Key: key, Client: client, Granted: time.Duration(from) * time.Second, Until: time.Duration(until) * time.Second}
	}
	end := time.Duration(holdColumns) * 10 * time.Second
	all := []*holds.Hold{
		hold("k", 1, 0, 3),
		hold("k", 2, 3, 8),
		hold("k", 2, 11, 19),
		hold("k", 1, 31, 32),
		hold("elsewhere", 3, 0, 9),
	}
	bars, width := columns(all, map[string]int{"k": 0}, end)
	want := []bar{
		{0, 2, stats.Span{From: 0, Until: 2 * width}},
		{0, 1, stats.Span{From: 3 * width, Until: 4 * width}},
	}
	if d := cmp.Diff(want, bars, cmp.AllowUnexported(bar{})); d != "" {
		t.Error(d)
	}
}

func TestDepth(t *testing.T) {
	h := sample.Queue(5*time.Second, 3)
	items := material.QueuedItems(h)
	left := 0
	var spans []stats.Span
	for _, f := range items {
		if f.Taken < 0 {
			left++
		}
		spans = append(spans, f.Span)
	}
	at := depth(spans, stats.End(h))
	if got := int(at[len(at)-1].Y); got != left || left == 0 {
		t.Errorf("%d items at the end of the line, %d were not taken", got, left)
	}
	if len(at) > 2*depthColumns+2 {
		t.Errorf("%d points", len(at))
	}
}

// TestLeases checks the count of clients that hold at a time; several holders at once
// are no false belief.
func TestLeases(t *testing.T) {
	b := historytest.New(models.Semaphore.Name)
	for client, from := range []float64{1000, 2000, 3000} { // 1, 2 and then 2 holders at a time
		b.Op(client, models.FAcquire, "k", from-10, from, history.OK, nil, models.Grant{Token: history.ID(client + 1)})
		b.Op(client, models.FRelease, "k", from+1500, from+1510, history.OK, models.Held{Held: true}, nil)
	}
	h := b.History()
	h.Header.Params.Leases = 2
	m := material.Of("", h, &store.Result{})
	if len(m.Overlaps) > 0 {
		t.Errorf("%d times two clients believed", len(m.Overlaps))
	}
	f, absent := leasesFigure(m)
	if f == nil {
		t.Fatal(absent)
	}
	if !strings.Contains(f.Note, "Dashed: each key has 2 leases.") || len(f.Legend) != 1 || f.Legend[0].Name != "k" {
		t.Errorf("note %q, legend %+v", f.Note, f.Legend)
	}
	var spans []stats.Span
	for _, h := range m.Holds {
		spans = append(spans, material.SpanOf(h))
	}
	most := 0.0
	for _, at := range depth(spans, m.End) {
		most = max(most, at.Y)
	}
	if most != 2 {
		t.Errorf("%v at a time", most)
	}
	if f, absent := holdersFigure(m); f != nil || absent != "" {
		t.Error("holders are drawn as if one held at a time")
	}
}

// Phases are explained where they stand.
func TestPhasesAreExplained(t *testing.T) {
	h := sample.ShortRun()
	svg := string(Overview(material.Of("", h, sample.Result(h))).SVG())
	for _, text := range []string{">heal: faults undone<", ">quiesce: final reads<"} {
		if !strings.Contains(svg, text) {
			t.Errorf("no %s", text)
		}
	}
}

// Every text of every plot says how long it is, and lies within the plot, in whatever
// font a browser draws it: where the plot's own font is missing, others are wider.
func TestTextsOfPlotsKeepTheirRoom(t *testing.T) {
	whole := regexp.MustCompile(`(?s)<text ([^>]*)>([^<]*)</text>`)
	attribute := func(of, name string) (float64, bool) {
		m := regexp.MustCompile(`\b` + name + `="(-?[0-9.]+)"`).FindStringSubmatch(of)
		if m == nil {
			return 0, false
		}
		v, err := strconv.ParseFloat(m[1], 64)
		return v, err == nil
	}
	for _, length := range []time.Duration{2 * time.Second, 15 * time.Second, 3 * time.Minute} {
		h := sample.Lock{Length: length, Clients: 5, Keys: 2, Faults: true, Seed: 1}.History()
		texts := 0
		for _, d := range Of(material.Of("", h, sample.Result(h))) {
			if d.Figure == nil {
				continue
			}
			for _, m := range whole.FindAllStringSubmatch(string(d.Figure.SVG()), -1) {
				texts++
				w, ok := attribute(m[1], "textLength")
				if !ok {
					t.Errorf("%s of %v: %q has no length", d.File, length, html.UnescapeString(m[2]))
				}
				if x, ok := attribute(m[1], "x"); ok && !regexp.MustCompile(`rotate`).MatchString(m[1]) && (x < 0 || x+w > figure.FigureWidth) {
					t.Errorf("%s of %v: %q lies from %v to %v", d.File, length, html.UnescapeString(m[2]), x, x+w)
				}
			}
		}
		if texts < 20 {
			t.Errorf("%d texts in the plots of %v", texts, length)
		}
	}
}

// The note under the title says what is left out; a plot that shows everything has none
// about that.
func TestNoteSaysWhatIsLeftOut(t *testing.T) {
	for model, want := range map[string]string{
		models.Lock.Name:  "From the intended start of an operation to its end. Operations that the harness itself answers (write) are left out.",
		models.Queue.Name: "From the intended start of an operation to its end.",
	} {
		h := sample.Lock{Length: 2 * time.Second, Clients: 3, Keys: 1, Seed: 1}.History()
		if model == models.Queue.Name {
			h = sample.Queue(2*time.Second, 1)
		}
		for _, d := range Of(material.Of("", h, sample.Result(h))) {
			if d.File == "latency" && d.Figure.Note != want {
				t.Errorf("%s: %s", model, d.Figure.Note)
			}
		}
	}
}
