package prep

import (
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// multi prepares the operations one after another, each on top of those before it, all with one zxid.
// If one is refused, all fail with it; the multi itself does not fail.
func (p *Prep) multi(r *Request, ops []wire.MultiOp) (tree.Body, wire.Code) {
	parts := make([]tree.MultiPart, len(ops))
	for i, o := range ops {
		body, code := p.change(r, o.Op, o.Request)
		if code != wire.OK {
			p.rollback()
			fail(parts, ops, i, code)
			break
		}
		parts[i] = tree.MultiPart{Op: o.Op, Body: body}
	}
	return &tree.Multi{Parts: parts}, wire.OK
}

// fail turns every part into a failure.
func fail(parts []tree.MultiPart, ops []wire.MultiOp, culprit int, code wire.Code) {
	for i := range parts {
		f := tree.Failure{Code: code}
		switch {
		case i < culprit:
			f.Code = wire.OK
		case i > culprit:
			f.Code = wire.RuntimeInconsistency
		}
		parts[i] = tree.MultiPart{Op: ops[i].Op, Body: f}
	}
}
