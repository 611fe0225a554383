package frame

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// Progress is the property that nobody waits for what it could have. Each object
// has one; what there is to wait for is its own.
func Progress(decider string, rests func(*evidence.Record) string, decide func(context.Context, *evidence.Key) Finding) *Property {
	return &Property{
		Name:     "progress",
		Liveness: true,
		Meaning:  "after the heal, nobody was left waiting without a reason",
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

// settledWaits is how many calls that wait for something went on when they could be judged.
func settledWaits(k *evidence.Key) (n int) {
	for _, op := range k.Ops {
		if k.Object.Operation(op.F).Waits && evidence.Ended(op) > k.Settled {
			n++
		}
	}
	return n
}

// IsOwn says that zklab wrote the history: another one does not say when the
// ensemble was healthy, nor how long a wait may last.
func IsOwn(a *evidence.Record) bool { return !a.Foreign }

// Timed says whether anything with a time limit can be decided; if not, the finding
// is unknown.
func (f *Finding) Timed(a *evidence.Record) bool {
	why := a.Untimed()
	if why != "" {
		f.Unknown("%s", why)
	}
	return why == ""
}
