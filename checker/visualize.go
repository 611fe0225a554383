package checker

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/linearize"
)

// ErrTooLarge reports that the history is too large for porcupine's picture.
var ErrTooLarge = errors.New("history too large for porcupine's visualisation")

// ErrNoReference reports that the model has properties, but no reference model that porcupine
// could show.
var ErrNoReference = errors.New("no reference model for porcupine's visualisation")

// mostVisible is how many steps of one key a picture may have: a reader cannot look at more, and
// the partial orders take memory.
const mostVisible = 400

// Pictures draws keys of one history. It is safe for concurrent use.
type Pictures struct {
	a       *evidence.Record
	picture frame.Picture // nil: the model has none
}

// NewPictures reads a history, of the model that it names or else of opts.Model. If zklab has no reference
// model for it, the first [Porcupine] among opts.Extra is drawn. It returns an error if zklab has no
// checks for the model, or when ctx ends.
func NewPictures(ctx context.Context, h *history.History, opts Options) (*Pictures, error) {
	m, err := modelOf(h.Header, opts)
	picture := m.Picture
	for _, c := range opts.Extra {
		own, is := c.(Porcupine)
		if !is || picture != nil || len(m.References) > 0 {
			continue
		}
		rule, wrong := own.rule()
		if wrong != nil {
			return nil, wrong
		}
		picture, err = rule.Picture(), nil
	}
	if err != nil {
		return nil, err
	}
	p := &Pictures{a: opts.read(ctx, h, m), picture: picture}
	p.a.Memory, p.a.SearchTime = opts.memory(), opts.SearchTime
	for i, r := range m.References { // the last one that applies covers the most
		if i == 0 || r.Applies == nil || r.Applies(p.a) {
			p.picture = pictureOf(r)
		}
	}
	return p, ctx.Err()
}

// pictureOf returns what draws a reference model's search.
func pictureOf(r *frame.Reference) frame.Picture {
	return func(k *evidence.Key) (linearize.Problem, linearize.Budget, error) {
		ops, ok := r.Operations(k)
		if !ok {
			return linearize.Problem{}, linearize.Budget{}, fmt.Errorf("what happened to %q cannot be put in order: its evidence contradicts itself", k.Name)
		}
		return linearize.Problem{Model: r.Model(k.Record), Operations: ops}, linearize.Budget{Time: referenceKey, Memory: k.Memory, Tries: referenceKeyTries, Size: r.Size}, nil
	}
}

// Write writes porcupine's own page, HTML with its script inside, about one key: what the reference
// model saw, and the order that it found, or how far it got. It returns [ErrTooLarge] if the key has too
// many operations, or takes too much time or memory, and [ErrNoReference] if the history's model has no
// reference model.
func (p *Pictures) Write(ctx context.Context, key string, w io.Writer) error {
	if p.picture == nil {
		return fmt.Errorf("%w: %s", ErrNoReference, p.a.Object.Name)
	}
	for _, k := range p.a.Keys {
		if k.Name == key {
			defer k.Forget()
			return draw(ctx, p.picture, k, w)
		}
	}
	return fmt.Errorf("the history has no key %q", key)
}

// draw writes porcupine's page about a key.
func draw(ctx context.Context, picture frame.Picture, k *evidence.Key, w io.Writer) error {
	p, b, err := picture(k)
	if err != nil {
		return err
	}
	if len(p.Operations) > mostVisible {
		return ErrTooLarge
	}
	a, err := linearize.Draw(ctx, p, b, w)
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
