package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
)

// noteWatches records the remaining watches of the sessions, while these still exist. It asks only servers
// that belong to the run: with many watches, the answer can keep a server busy for a long time
// ("Administrator's Guide", wchc).
func (r *run) noteWatches(ctx context.Context) error {
	if _, shared := r.ensemble.(ensemble.Shared); shared || r.unhealthy || r.links.wire {
		return nil
	}
	var all history.Watches
	for _, s := range r.ensemble.Servers() {
		watches, err := ensemble.AskWatches(ctx, r.ensemble.Dial, s.Addr())
		if err != nil {
			all.Unread = append(all.Unread, history.ServerNote{Server: s.ID(), Text: err.Error()})
			continue
		}
		for id, paths := range watches {
			if len(paths) > 0 {
				slices.Sort(paths)
				all.Sessions = append(all.Sessions, history.SessionWatches{Session: history.ID(id), Paths: paths})
			}
		}
	}
	slices.SortFunc(all.Sessions, func(x, y history.SessionWatches) int { return cmp.Compare(x.Session, y.Session) })
	if ctx.Err() == nil {
		r.record.fact(history.FWatches, all)
	}
	return nil
}
