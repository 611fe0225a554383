package barriers

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
)

// early requires that no client passes a barrier while it certainly is up.
var early = &frame.Property{
	Name:    "early",
	Meaning: "no client passed a barrier before it was lifted",
	Decider: "interval search",
	Telling: explain.PassedEarly,
	Evidence: func(a *evidence.Record) string {
		if nodesOf(a).Trusted() {
			return "S, L"
		}
		return frame.FromSessions(a)
	},
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		ups := ups(k)
		blocked := 0
		for _, op := range k.Ops() {
			if op.F != models.FAwait || op.Outcome() == history.Fail {
				continue
			}
			f.Count("awaits", 1)
			if u, ok := ups.met(k.Record, op); ok {
				blocked++
				decideEarly(&f, k.Name, op, u)
			} else if _, ok := upAt(ups.of, op.Began()); ok {
				f.Count("awaits_unproven", 1)
			}
		}
		f.Count("rounds", float64(len(ups.of)))
		f.Count("blocked", float64(blocked))
		if blocked >= 2 {
			frame.TallyKey(f.Figures, k, "rounds_blocked")
		}
		return f
	},
	Exercise: blockedRounds,
}

// blockedRounds wants rounds in which several waiters met a raised barrier.
func blockedRounds(a *evidence.Record, figures map[string]float64) string {
	const wanted = 5
	if n := figures["rounds_blocked"]; n < wanted {
		why := frame.MoreRounds
		if a.Params.Clients == 1 {
			why = advice.MoreWaiters.Text()
		}
		if unproven := figures["awaits_unproven"]; unproven > figures["blocked"] {
			why = fmt.Sprintf("%s began while it was up, but nothing shows that their clients had seen it: their sessions got no answer between the raise and the wait. A request on the session of the wait, before it, would show it",
				prose.Count(int(unproven), "other wait"))
		}
		return frame.Because(fmt.Sprintf("only %s had two waiters that certainly met the raised barrier, of %d wanted", prose.Count(int(n), "round"), wanted), why)
	}
	return ""
}

func decideEarly(f *frame.Finding, key string, op *history.Operation, u raised) {
	if op.Outcome() != history.OK || op.Return.Time >= u.To || f.Again() {
		return
	}
	until := "and never lifted"
	counterexample := append(append(evidence.EventsOf(u.raise), u.shown, u.seen), evidence.EventsOf(op)...)
	byLog := u.shown >= 0
	if u.lift != nil {
		until = "and not lifted before " + words.At(u.To)
		counterexample = append(counterexample, u.lift.op.Invoke.Index)
	}
	for _, l := range u.lifts {
		if l.op.Began() > op.Return.Time {
			break
		}
		byLog, counterexample = true, append(counterexample, l.op.Invoke.Index, l.shown)
	}
	f.ByLog = byLog
	f.Violated(counterexample, "client %d waited at %s from %s and passed at %s, though the barrier was raised by %s %s",
		op.Client, key, words.At(op.Began()), words.At(op.Return.Time), words.At(u.From), until)
}
