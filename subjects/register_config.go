package subjects

import (
	"context"
	"errors"
	"fmt"

	"github.com/zklab/zklab/recipes"
)

// NewConfigRegister is zklab's own configuration as a register, which only SetIf changes: a
// compare-and-set compares with what Get has returned, a write goes on after each conflict. (Set takes
// a write for done that another one has replaced before anybody looked. Nobody can tell the difference
// but who counts versions, as the checks of a register do.)
func NewConfigRegister(c *Client, path string) (Register, error) {
	return ofRecipe(c, func(cl *recipes.Client) Register { return configRegister{recipes.NewConfig(cl, path)} })
}

type configRegister struct{ of *recipes.Config }

func (r configRegister) Write(ctx context.Context, value string) (Mark, error) {
	now, err := r.of.Get(ctx)
	for err == nil {
		err = r.of.SetIf(ctx, []byte(value), now)
		conflict, is := errors.AsType[*recipes.ConflictError](err)
		if !is {
			break
		}
		now, err = conflict.Now, nil
	}
	return Mark{}, err
}

func (r configRegister) CAS(ctx context.Context, from, to string) (Mark, error) {
	was, err := r.of.Get(ctx)
	switch {
	case err != nil:
		return Mark{}, err
	case string(was.Data) != from:
		return Mark{}, WithoutEffect(fmt.Errorf("%w: %q", ErrMismatch, was.Data))
	}
	err = r.of.SetIf(ctx, []byte(to), was)
	if errors.Is(err, recipes.ErrConflict) {
		err = WithoutEffect(fmt.Errorf("%w: %w", ErrConflict, err))
	}
	return Mark{}, err
}

// Read is a fenced one, whatever kind is asked for.
func (r configRegister) Read(ctx context.Context, _ string) (string, Mark, error) {
	now, err := r.of.Get(ctx)
	return string(now.Data), Mark{}, err
}

// Close is part of [Closer].
func (r configRegister) Close(ctx context.Context) error { return r.of.Close(ctx) }
