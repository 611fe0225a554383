package timeline

import (
	"image/color"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	told "github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// Verdicts, plots, timeline and drawings all name the same holders.
func TestHoldersAreTheSameEverywhere(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		crashes bool
		first   time.Duration // the end of the first hold, as its client saw it
		both    time.Duration // for how long two clients believed that they held
	}{
		"crash":  {true, 1500 * ms, 0},
		"belief": {false, 4700 * ms, 200 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			h := sample.Crash(c.crashes)
			rep := checker.Run(t.Context(), h, checker.Options{NoReference: true})
			m := material.Of("", h, &store.Result{Verdicts: rep.Verdicts})
			if len(m.Holds) != 3 || m.Holds[0].Until != c.first || m.Holds[1].Until != 4600*ms || m.Holds[2].Until != 5000*ms {
				t.Errorf("plot: %v", m.Holds)
			}
			var want []held
			for _, h := range m.Holds {
				want = append(want, held{h.Client, material.SpanOf(h)})
			}
			lines, both := timelineOfHolds(m)
			if d := cmp.Diff(want, lines, cmp.AllowUnexported(held{})); d != "" {
				t.Errorf("plot -, timeline +: %s", d)
			}
			for where, got := range map[string]time.Duration{
				"verdict": believedByVerdict(rep), "plot": believedByPlot(m), "timeline": both, "drawing": believedByDrawing(h),
			} {
				if got != c.both {
					t.Errorf("%s: two believed for %v, want %v", where, got, c.both)
				}
			}
		})
	}
}

// held is a hold: which client held, and when.
type held struct {
	client int
	stats.Span
}

func timelineOfHolds(m *material.Run) (bars []held, both time.Duration) {
	b := newBuilder(m)
	b.objects()
	for _, x := range b.bars {
		span := stats.Span{From: time.Duration(x.from) * time.Microsecond, Until: time.Duration(x.until) * time.Microsecond}
		if b.lanes.names[x.lane] == "believed by two" {
			both += span.Length()
			continue
		}
		client := slices.IndexFunc(looks.ClientColours, func(c color.NRGBA) bool { return looks.Css(c) == b.colours.names[x.colour] })
		bars = append(bars, held{client, span})
	}
	return bars, both
}

func believedByVerdict(rep checker.Report) time.Duration {
	for _, v := range rep.Verdicts {
		if v.Property == "belief" {
			return time.Duration(v.Figures["total_seconds"] * float64(time.Second)).Round(time.Millisecond)
		}
	}
	return -1
}

func believedByPlot(m *material.Run) (sum time.Duration) {
	for _, o := range m.Overlaps {
		sum += o.Length()
	}
	return sum
}

func believedByDrawing(h *history.History) time.Duration {
	all := make([]int, len(h.Events))
	for i := range all {
		all[i] = i
	}
	if o := told.Read(h).Scene(told.BelievedHeld, "k", all).Overlap; o != nil {
		return o.To - o.From
	}
	return 0
}
