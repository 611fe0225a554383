package frame

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// Progress returns the property that no client waits for what it could have. Each object has one, with
// its own waits.
func Progress(decider string, rests func(*evidence.Record) string, decide func(context.Context, *evidence.Key) Finding) *Property {
	return &Property{
		Name:     "progress",
		NoModel:  Timed,
		Liveness: true,
		Meaning:  "after the heal, no client was left waiting without a reason",
		Decider:  decider,
		Evidence: rests,
		Applies:  IsOwn,
		Decide: func(ctx context.Context, k *evidence.Key) Finding {
			f := decide(ctx, k)
			f.Count("waits", float64(settledWaits(k)))
			return f
		},
	}
}

// settledWaits returns how many waiting calls ended after timed properties began to count.
func settledWaits(k *evidence.Key) (n int) {
	for _, op := range k.Ops() {
		if k.Object.Operation(op.F).Waits && evidence.Ended(op) > k.Settled {
			n++
		}
	}
	return n
}

// IsOwn reports whether zklab wrote the history. Other histories do not say when the ensemble was
// healthy, nor how long a wait may last.
func IsOwn(a *evidence.Record) bool { return !a.Foreign }

// Timed reports whether anything with a time limit can be decided. If not, it makes the finding
// unknown.
func (f *Finding) Timed(a *evidence.Record) bool {
	why := a.Untimed()
	if why != "" {
		f.Unknown("%s", why)
	}
	return why == ""
}
