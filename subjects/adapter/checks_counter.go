package adapter

import (
	"context"
	"errors"
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Counters, nil,
	check{"normal", onTwo(countsAdditions)},
	check{"mismatch", onObject(comparesFirst)},
)

// counts calls an operation of a counter and compares the result.
func (t *trial) counts(o *object, operation string, value any, want int64) error {
	var got models.Count
	err := t.soon(operation, func(ctx context.Context) error { return o.Call(ctx, operation, value, &got) })
	if err == nil && got.Value != want {
		err = fmt.Errorf("%s gave %d, want %d", operation, got.Value, want)
	}
	return err
}

// swaps compares and sets.
func (t *trial) swaps(o *object, from, to int64) error {
	return t.soon(models.FCAS, func(ctx context.Context) error {
		return o.Call(ctx, models.FCAS, models.CountSwap{From: from, To: to}, nil)
	})
}

func countsAdditions(t *trial, a, b *object) error {
	fenced, plain := models.HowRead{Kind: models.ReadFenced}, models.HowRead{Kind: models.ReadPlain}
	return firstError(
		func() error { return t.counts(a, models.FRead, fenced, 0) },
		func() error { return t.counts(a, models.FAdd, models.Addition{Delta: 1}, 1) },
		func() error { return t.counts(b, models.FAdd, models.Addition{Delta: 4}, 5) },
		func() error { return t.counts(a, models.FRead, fenced, 5) },
		func() error { return t.swaps(a, 5, 3) },
		func() error { return t.counts(a, models.FRead, plain, 3) },
		func() error { return t.counts(b, models.FRead, fenced, 3) },
	)
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// comparesFirst: a compare-and-set that finds another value reports that, and does nothing.
func comparesFirst(t *trial, o *object) error {
	if err := t.counts(o, models.FAdd, models.Addition{Delta: 1}, 1); err != nil {
		return err
	}
	err := t.swaps(o, 7, 8)
	switch {
	case err == nil:
		return errors.New("it is 1, and was changed from 7 to 8")
	case !errors.Is(err, subjects.ErrMismatch):
		return fmt.Errorf("it is 1: compared with 7 it failed with another code than %q: %w", models.CodeMismatch, err)
	case !subjects.NoEffect(err):
		return errors.New("a compare-and-set that found another value did not say that it had no effect")
	}
	return t.counts(o, models.FRead, models.HowRead{Kind: models.ReadFenced}, 1)
}
