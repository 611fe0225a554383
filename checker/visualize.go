package checker

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/bounded"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// ErrTooLarge: the history is too large for porcupine's picture.
var ErrTooLarge = errors.New("history too large for porcupine's visualisation")

// mostVisible is how many steps of one key a picture may have: a reader cannot look at more, and
// the partial orders take memory.
const mostVisible = 400

// Visualize writes porcupine's own page, HTML with its script inside, about one key: what the
// reference model saw, and the order that it found, or how far it got. It returns [ErrTooLarge] if
// the key has too many operations, or takes too much time or memory.
func Visualize(ctx context.Context, h *history.History, key string, w io.Writer, opts Options) error {
	m, err := modelOf(h.Header, opts)
	if err != nil {
		return err
	}
	if len(m.References) == 0 {
		return fmt.Errorf("there is no picture: no search decides objects of kind %s", m.Object.Name)
	}
	a := evidence.Read(ctx, h, m.Object, opts.Transactions)
	for _, k := range a.Keys {
		if k.Name == key {
			r := m.References[0]
			for _, other := range m.References[1:] { // the last one that applies covers the most
				if other.Applies == nil || other.Applies(a) {
					r = other
				}
			}
			return visualize(r, ctx, k, w, opts)
		}
	}
	return fmt.Errorf("the history has no key %q", key)
}

func visualize(r *frame.Reference, ctx context.Context, k *evidence.Key, w io.Writer, opts Options) error {
	ops, ok := r.Operations(k)
	if !ok {
		return fmt.Errorf("what happened to %q cannot be put in order: its evidence contradicts itself", k.Name)
	}
	if len(ops) > mostVisible {
		return ErrTooLarge
	}
	m := r.Model(k.Record)
	s := bounded.Search{Ctx: ctx, Memory: opts.memory(), Tries: referenceKeyTries, Step: bounded.StepCost(len(ops)) + 8*int64(len(ops)), Size: r.Size}
	s.Limit(&m)
	res, info := porcupine.CheckOperationsVerbose(m, ops, referenceKey)
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Spent() || res == porcupine.Unknown {
		return ErrTooLarge
	}
	return porcupine.Visualize(r.Model(k.Record), info, w)
}
