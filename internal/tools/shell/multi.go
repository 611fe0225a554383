package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// multi is a transaction that the user is writing.
type multi struct {
	ops   []wire.MultiOp
	names []string // each operation in words, for errors
}

func (s *Shell) begin(context.Context, []string) error {
	s.pending = new(multi)
	return nil
}

func (s *Shell) abort(context.Context, []string) error {
	if s.pending == nil {
		return usagef("abort: no multi has begun")
	}
	s.pending = nil
	return nil
}

// collect adds a statement to the multi.
func (s *Shell) collect(words []word) error {
	c, args, err := lookup(texts(words))
	if err != nil {
		return err
	}
	if c.op == nil {
		return usagef("%s does not work in a multi: use create, set, rm or check, and then end or abort", c.name)
	}
	f := c.noFlags()
	op := c.op(f)
	if args, err = c.parse(f, args); err != nil {
		return err
	}
	if c.most < 0 && len(args) > 1 {
		return usagef("%s takes one path in a multi", c.name)
	}
	o, err := op(s, args)
	if err == nil {
		s.pending.ops = append(s.pending.ops, o)
		s.pending.names = append(s.pending.names, c.name+" "+quote(args[0]))
	}
	return err
}

func (s *Shell) end(ctx context.Context, _ []string) error {
	if s.pending == nil {
		return usagef("end: no multi has begun")
	}
	m := s.pending
	s.pending = nil
	if len(m.ops) == 0 {
		return nil
	}
	results, err := s.Client.Multi(ctx, m.ops)
	if err != nil {
		return m.explain(results, err)
	}
	r := multiResult{Results: make([]opResult, len(results))}
	for i, o := range results {
		r.Results[i] = opResult{Op: m.ops[i].Op.Kind().String(), Path: m.path(i, o)}
	}
	return s.emit(r)
}

// path returns the path of a result: a server adds a number to the path of a sequential create.
func (m *multi) path(i int, o wire.OpResult) string {
	switch r := m.ops[i].Request.(type) {
	case *wire.CreateRequest:
		return o.Path
	case *wire.VersionRequest:
		return r.Path
	case *wire.SetDataRequest:
		return r.Path
	}
	return ""
}

// culprit returns the index of the operation that failed, -1 if none did. The operations after it
// have the code RuntimeInconsistency.
func culprit(results []wire.OpResult) int {
	return slices.IndexFunc(results, func(r wire.OpResult) bool { return r.Err != wire.OK && r.Err != wire.RuntimeInconsistency })
}

// explain names the operation that failed.
func (m *multi) explain(results []wire.OpResult, err error) error {
	if i := culprit(results); i >= 0 && i < len(m.names) {
		return explain(fmt.Sprintf("multi, nothing was done: operation %d, %s", i+1, m.names[i]), results[i].Err)
	}
	// Only an answer of a server proves that nothing was done; a lost connection does not.
	var code wire.Code
	if errors.As(err, &code) && code != wire.ConnectionLoss {
		return explain("multi, nothing was done", err)
	}
	return explain("multi", err)
}

// multiResult is the result of a transaction.
type multiResult struct {
	Results []opResult `json:"results"`
}

type opResult struct {
	Op   string `json:"op"`
	Path string `json:"path"`
}

func (r multiResult) text(p *page) {
	for _, o := range r.Results {
		if o.Op == wire.Create.String() {
			p.printf("%s\n", legible(o.Path))
		}
	}
}
