package sample

import (
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// Result returns what a run with this history would have stored, were every
// property valid.
func Result(h *history.History) *store.Result {
	r := &store.Result{
		Verdict: checker.Valid,
		Assumptions: []checker.Assumption{
			{Name: "healthy-before", Met: true, Text: "every server served and server 2 led before the load"},
			{Name: "load", Met: true, Text: "812 operations succeeded before the first fault, 200 were wanted"},
			{Name: "healthy-after", Met: true, Text: "every server served and server 3 led after the heal"},
		},
		Recipe: h.Header.Model, Subject: h.Header.Params.Subject, Seed: h.Header.Params.Seed,
		Started: h.Header.Wall, Zklab: "v0.1.0, commit d2b60349a1b2 of 2026-11-25T20:00:00Z, go1.26.8 linux/amd64",
		Ensemble: ensemble.Profile{
			Backend: "container", Servers: 3, Image: "zookeeper:3.9", Digest: "sha256:4c3f9e2b8d1a", Version: "3.9.3",
			Tick: 500 * ms, InitLimit: 20, SyncLimit: 4, Settings: []string{"admin.enableServer=false", "maxClientCnxns=0"},
		},
		Stats:   stats.Compute(h),
		Timings: map[string]time.Duration{"start": 2100 * ms, "check": 240 * ms},
		Replay:  "zklab run " + h.Header.Model + " --ensemble container --faults pause,expire --time-limit 60s --seed 42",
	}
	for _, p := range properties(h.Header.Model) {
		for _, k := range []string{"k0", "k1", "k2"} {
			r.Verdicts = append(r.Verdicts, checker.Verdict{
				Property: p, Key: k, Result: checker.Valid, Decider: "interval sweep", Evidence: "R, S",
				Figures: map[string]float64{"holds": 312, "proven_share": 0.97}, Measured: p == "belief",
			})
		}
	}
	return r
}

func properties(model string) []string {
	switch model {
	case models.Queue.Name:
		return []string{"integrity", "order", "loss", "progress"}
	case models.Barrier.Name:
		return []string{"early", "late"}
	case models.DoubleBarrier.Name:
		return []string{"enter", "leave", "progress"}
	}
	return []string{"exclusion", "belief", "tokens", "fencing", "lost", "progress"}
}

// Deletion describes a transaction in [Violated].
const Deletion = "Client 4, in session 0x4, deleted k0/lock, which client 0 had created, at 3.412 s: zxid 0x70000068e."

// Violated is like Result, for a history with two holders at a time: exclusion is violated with the
// events of the first overlap, belief is measured, progress is not decided.
func Violated(h *history.History) *store.Result {
	r := Result(h)
	r.Verdict = checker.Violation
	overlaps := holds.Overlaps(holds.Of(h).All())
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		switch {
		case v.Property == "exclusion" && len(overlaps) > 0 && v.Key == overlaps[0].First.Key:
			v.Result, v.Counterexample = checker.Violation, counterexample(h, overlaps[0])
			v.Reason = "clients held the lock at the same time"
			v.Committed = []checker.Transaction{{Zxid: 0x70000068e, Type: "delete", Text: Deletion}}
		case v.Property == "belief":
			v.Result, v.Reason = checker.Violation, "two clients believed at one time that they held the key"
		case v.Property == "progress" && v.Key == "k1":
			v.Result, v.Reason = checker.Unknown, "the harness was held up for 412 ms inside the stretch that would decide"
		}
	}
	r.Warnings = []string{"a pause of the leader of 1s is shorter than an election takes (about 3s)"}
	return r
}

// counterexample returns the events of the grants and releases of the two holds that overlap.
func counterexample(h *history.History, o holds.Overlap) []int {
	var out []int
	released := map[int]bool{}
	for _, op := range h.Operations() {
		first, second := op.Client == o.First.Client, op.Client == o.Second.Client
		if op.Key != o.First.Key || op.Return == nil || !first && !second {
			continue
		}
		granted := op.F == models.FAcquire && op.Return.Time <= o.From && op.Return.Time > o.From-100*ms
		release := op.F == models.FRelease && op.Invoke.Time >= o.Until && !released[op.Client]
		if granted || release {
			released[op.Client] = release
			out = append(out, op.Invoke.Index, op.Return.Index)
		}
	}
	slices.Sort(out)
	return out
}
