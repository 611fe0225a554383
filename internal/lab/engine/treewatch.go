package engine

import (
	"context"
	"slices"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/treewatch"
)

// treeWatched watches what changes below the run's znode, in place of a transaction log.
type treeWatched struct {
	*treewatch.Watch
	authors treewatch.Authors
}

// watchTree begins to watch, if the run wants it. It comes before the links of clients.
func (r *run) watchTree(ctx context.Context) {
	_, logged := r.ensemble.(ensemble.TransactionReader)
	if r.TreeWatch == Never || r.TreeWatch == IfUnlogged && logged {
		return
	}
	r.treeWatch = &treeWatched{}
	r.links.onAcknowledged, r.links.onRestricted = r.treeWatch.authors.Acknowledged, r.treeWatch.authors.Restricted
	r.treeWatch.Watch = treewatch.Start(ctx, treewatch.Config{
		Servers: r.links.addrs, Root: r.admin.root, Dial: r.links.dial, Timeout: r.SessionTimeout,
	})
	r.undo.add(func() error { _, _ = r.treeWatch.Finish(); return nil })
}

// denies reports whether a fault takes permissions away.
func denies(s plan.Step) bool { return kinds.Named(s.Fault.Kind()).Traits.Denies }

// mostTreeChanges is how many changes one event of the record has at most.
const mostTreeChanges = 500

// recordTreeWatch records what changed.
func (r *run) recordTreeWatch() {
	if r.treeWatch == nil {
		return
	}
	sights, err := r.treeWatch.Finish()
	w := history.TreeWatch{}
	if slices.ContainsFunc(r.Schedule, denies) {
		r.treeWatch.authors.Restricted()
	}
	if err != nil {
		w.Why = err.Error()
	} else {
		w = treewatch.Told(sights, &r.treeWatch.authors)
	}
	for {
		part := w
		part.Changes = w.Changes[:min(mostTreeChanges, len(w.Changes))]
		r.record.fact(history.FTreeWatch, part)
		if w.Changes = w.Changes[len(part.Changes):]; len(w.Changes) == 0 {
			return
		}
		w.Stretches = nil
	}
}
