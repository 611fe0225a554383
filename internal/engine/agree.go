package engine

import (
	"context"
	"path"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/agreement"
	"github.com/zklab/zklab/history"
)

// agree compares the servers with each other while the clients' sessions are still there. In
// an ensemble of the run's own it compares all znodes, in another one those of the run. The
// sessions for it write nothing below the run's znode: the record need not name them.
func (r *run) agree(ctx context.Context) error {
	servers := r.ensemble.Servers()
	if len(servers) < 2 {
		return nil
	}
	root := "/"
	if _, shared := r.ensemble.(ensemble.Shared); shared {
		root = r.admin.root
	}
	found := agreement.Config{
		Servers: servers, Dial: r.ensemble.Dial, Root: root, Fence: path.Dir(r.admin.root),
		Ask: !r.Virtual, // embedded servers read files for their answers
	}.Compare(ctx)
	if ctx.Err() == nil {
		r.record.fact(history.FAgreement, found)
	}
	return nil
}
