package barriers

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
)

// DoubleBarrier is a double barrier: its members go in together and come out
// together. A key is a round.
var DoubleBarrier = frame.Model{
	Object:     models.DoubleBarrier,
	Properties: []*frame.Property{entering, leaving, roundProgress, frame.LogAgrees(nil, nil)},
	References: []*frame.Reference{enterReference, leaveReference},
}

// onRound decides a property of one round, if its size and its evidence allow.
func onRound(decide func(context.Context, *frame.Finding, *round)) func(context.Context, *evidence.Key) frame.Finding {
	return func(ctx context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		if k.Params.Parties <= 0 {
			f.Unknown("the history does not say how many parties a round has")
			return f
		}
		r := roundOf(k)
		for _, m := range r.members {
			if m.death.Contradictory {
				f.Unknown("the evidence about the session of a member contradicts itself")
				return f
			}
		}
		r.figures(&f)
		decide(ctx, &f, r)
		return f
	}
}

// figures counts full rounds, and rounds in which a member's session died inside.
func (r *round) figures(f *frame.Finding) {
	entered, left, crashed := 0, map[int]bool{}, 0
	for _, op := range r.leaves {
		left[op.Client] = true
	}
	through := 0
	for _, m := range r.members {
		if m.enter.Outcome() == history.OK {
			entered++
			if left[m.client] {
				through++
			}
		}
		if m.crashed() {
			crashed++
		}
	}
	f.Count("rounds", 1)
	f.Count("entered", float64(entered))
	if through >= r.Params.Parties {
		frame.TallyKey(f.Figures, r.Key, "full_rounds")
	}
	if crashed > 0 {
		f.Count("crashes_inside", 1)
	}
}

// fullRounds returns the exercise condition of entering and leaving.
func fullRounds(a *evidence.Record, figures map[string]float64) string {
	const wanted = 5
	if a.Params.Parties < 2 {
		return "a round of one member waits for no other member"
	}
	if n := figures["full_rounds"]; n < wanted {
		why := frame.MoreRounds
		if all := figures["rounds"]; all >= wanted {
			why = fmt.Sprintf("in the other %.0f, some of them did not enter or leave in time; %s", all-n, advice.CalmerRounds.Text())
		}
		return frame.Because(fmt.Sprintf("all parties entered and left only %s, of %d wanted", prose.Count(int(n), "round"), wanted), why)
	}
	if a.ExpectsDeaths() && figures["crashes_inside"] == 0 {
		return frame.Because("sessions were to end, but none ended inside a round", frame.MoreDeaths)
	}
	return ""
}
