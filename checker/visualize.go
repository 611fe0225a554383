package checker

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/ordered"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/linearize"
)

// ErrTooLarge: the history is too large for porcupine's picture.
var ErrTooLarge = errors.New("history too large for porcupine's visualisation")

// ErrNoReference: the model has properties, but no reference model that porcupine could show.
var ErrNoReference = errors.New("no reference model for porcupine's visualisation")

// mostVisible is how many steps of one key a picture may have: a reader cannot look at more, and
// the partial orders take memory.
const mostVisible = ordered.MostDrawn

// Pictures draws keys of one history. It is safe for concurrent use.
type Pictures struct {
	a         *evidence.Record
	reference *frame.Reference                                         // nil: the model has none
	own       func(ctx context.Context, key string, w io.Writer) error // what a Porcupine draws; nil: there is none
	opts      Options
}

// NewPictures reads a history, of the model that it names or else of opts.Model. If zklab has no reference
// model for it, the first [Porcupine] among opts.Extra is drawn. It returns an error if zklab has no
// checks for the model, or when ctx ends.
func NewPictures(ctx context.Context, h *history.History, opts Options) (*Pictures, error) {
	m, err := modelOf(h.Header, opts)
	for _, c := range opts.Extra {
		if own, is := c.(Porcupine); is && len(m.References) == 0 {
			return &Pictures{own: func(ctx context.Context, key string, w io.Writer) error { return own.Visualize(ctx, h, key, w) }}, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	p := &Pictures{a: evidence.Read(ctx, h, m.Object, opts.Transactions), opts: opts}
	for i, r := range m.References { // the last one that applies covers the most
		if i == 0 || r.Applies == nil || r.Applies(p.a) {
			p.reference = r
		}
	}
	return p, ctx.Err()
}

// Write writes porcupine's own page, HTML with its script inside, about one key: what the reference
// model saw, and the order that it found, or how far it got. It returns [ErrTooLarge] if the key has too
// many operations, or takes too much time or memory, and [ErrNoReference] if the history's model has no
// reference model.
func (p *Pictures) Write(ctx context.Context, key string, w io.Writer) error {
	switch {
	case p.own != nil:
		return p.own(ctx, key, w)
	case p.reference == nil:
		return fmt.Errorf("%w: %s", ErrNoReference, p.a.Object.Name)
	}
	for _, k := range p.a.Keys {
		if k.Name == key {
			return visualize(p.reference, ctx, k, w, p.opts)
		}
	}
	return fmt.Errorf("the history has no key %q", key)
}

func visualize(r *frame.Reference, ctx context.Context, k *evidence.Key, w io.Writer, opts Options) error {
	ops, ok := r.Operations(k)
	if !ok {
		return fmt.Errorf("what happened to %q cannot be put in order: its evidence contradicts itself", k.Name)
	}
	return draw(ctx, linearize.Problem{Model: r.Model(k.Record), Operations: ops}, r.Size, w, opts)
}

// draw writes porcupine's page about some operations.
func draw(ctx context.Context, p linearize.Problem, size func(state any) int, w io.Writer, opts Options) error {
	if len(p.Operations) > mostVisible {
		return ErrTooLarge
	}
	a, err := linearize.Draw(ctx, p, linearize.Budget{Time: referenceKey, Memory: opts.memory(), Tries: referenceKeyTries, Size: size}, w)
	switch {
	case err != nil:
		return err
	case a.Err != nil:
		return a.Err
	case ctx.Err() != nil:
		return ctx.Err()
	case a.Result == linearize.Undecided:
		return ErrTooLarge
	}
	return nil
}
