package subjects

import (
	"context"
	"errors"
	"fmt"

	"github.com/zklab/zklab/recipes"
)

// NewConfigRegister returns zklab's own configuration as a register that is changed only by SetIf.
// A compare-and-set compares with what Get has returned; a write retries after each conflict. (Set
// counts a write as done if another one replaced it before any client looked. Only clients that
// count versions, as the checks of a register do, can tell the difference.)
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

// Read makes a fenced read, whatever kind is asked for.
func (r configRegister) Read(ctx context.Context, _ string) (string, Mark, error) {
	now, err := r.of.Get(ctx)
	return string(now.Data), Mark{}, err
}

// Close implements [Closer].
func (r configRegister) Close(ctx context.Context) error { return r.of.Close(ctx) }
