package engine

import (
	"context"
	"path"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/agreement"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
)

// agree compares the servers with each other while the clients' sessions are still there. In an
// ensemble of the run's own it compares all znodes, in a shared one only those of the run. The sessions
// for it write nothing below the run's znode, so the record need not name them.
func (r *run) agree(ctx context.Context) error {
	if found, ok := r.compare(ctx); ok {
		r.record.fact(history.FAgreement, found)
	}
	return nil
}

// longLoad is the length from which on the servers are also compared in the middle of a load: a difference
// may be mended before the end, when a server gets a snapshot.
const longLoad = time.Minute

// agreeMeanwhile compares the servers in the middle of a long load, in real time.
func (r *run) agreeMeanwhile(load context.Context) {
	if r.Virtual || r.TimeLimit < longLoad || await.Sleep(load, r.TimeLimit/2) != nil {
		return
	}
	if found, ok := r.compare(load); ok {
		found.During = true
		r.record.fact(history.FAgreement, found)
	}
}

// compare compares the servers' trees; false if there are none to compare, or ctx has ended.
func (r *run) compare(ctx context.Context) (found history.Agreement, ok bool) {
	servers := r.ensemble.Servers()
	if len(servers) < 2 {
		return found, false
	}
	root := "/"
	if _, shared := r.ensemble.(ensemble.Shared); shared {
		root = r.admin.root
	}
	found = agreement.Config{
		Servers: servers, Dial: r.ensemble.Dial, Root: root, Fence: path.Dir(r.admin.root),
		Ask: !r.Virtual, // embedded servers read files for their answers
	}.Compare(ctx)
	return found, ctx.Err() == nil
}
