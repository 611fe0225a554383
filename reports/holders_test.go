package reports

import (
	"image/color"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	told "github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// crashRun is a lock whose holder is killed and comes back after another one has held, or
// whose holder goes on believing meanwhile.
func crashRun(crashes bool) *history.History {
	b := historytest.New(models.Lock.Name)
	held := models.Held{Held: true}
	op := func(client int, session history.ID, f string, from, to float64, arg, result any) {
		b.Op(client, f, "k", from, to, history.OK, arg, result).Session(session).Alive(from)
	}
	op(0, 0xa, models.FAcquire, 900, 1000, nil, models.Grant{Token: 1})
	if crashes {
		b.Session(1500, 0, 0xa, history.FExited, "", history.Exited{By: history.ByCrash})
		b.Session(2000, 0, 0, history.FStarted, "", nil)
	}
	b.Session(4000, 1, 0xa, history.FDead, "", history.Dead{By: "close-reply"})
	op(1, 0xb, models.FAcquire, 1100, 4100, nil, models.Grant{Token: 2})
	if !crashes {
		b.Op(0, models.FConfirm, "k", 4290, 4300, history.OK, nil, held).Session(0xa)
	}
	op(1, 0xb, models.FRelease, 4600, 4601, held, nil)
	op(0, 0xc, models.FAcquire, 4700, 4800, nil, models.Grant{Token: 3})
	op(0, 0xc, models.FRelease, 5000, 5001, held, nil)
	return b.History()
}

// Whoever tells of holders tells of the same ones: verdicts, plots, timeline and drawings.
func TestHoldersAreTheSameEverywhere(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		crashes bool
		first   time.Duration // end of the first hold, as its client saw it
		both    time.Duration // two believed
	}{
		"crash":  {true, 1500 * ms, 0},
		"belief": {false, 4700 * ms, 200 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			h := crashRun(c.crashes)
			rep := checker.Run(t.Context(), h, checker.Options{NoReference: true})
			m := newMaterial("", h, &store.Result{Verdicts: rep.Verdicts})
			bars, _ := m.bars(map[string]int{"k": 0})
			if len(bars) != 3 || bars[0].Until != c.first || bars[1].Until != 4600*ms || bars[2].Until != 5000*ms {
				t.Errorf("plot: %v", bars)
			}
			lines, both := timelineOfHolds(m)
			if d := cmp.Diff(bars, lines, cmp.AllowUnexported(bar{})); d != "" {
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

func timelineOfHolds(m *material) (bars []bar, both time.Duration) {
	b := newTimelineBuilder(m)
	b.objects()
	for _, x := range b.bars {
		span := stats.Span{From: time.Duration(x.from) * time.Microsecond, Until: time.Duration(x.until) * time.Microsecond}
		if b.lanes.names[x.lane] == "believed by two" {
			both += span.Length()
			continue
		}
		client := slices.IndexFunc(clientColours, func(c color.NRGBA) bool { return css(c) == b.colours.names[x.colour] })
		bars = append(bars, bar{client: client, Span: span})
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

func believedByPlot(m *material) (sum time.Duration) {
	for _, o := range m.overlaps {
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
