package adapter

import (
	"errors"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

var countersSuite = suiteOf(contracts.Counters, nil,
	check{"normal", onTwo(countsAdditions)},
	check{"mismatch", onObject(comparesFirst)},
)

// counts calls an operation of a counter and compares the result.
func counts[A any](t *trial, o *object, op *contracts.Op[subjects.Counter, A, models.Count], a A, want int64) {
	if got := calls(t, o, op, a); got.Value != want {
		t.failf("%s gave %d, want %d", op.Name(), got.Value, want)
	}
}

func countsAdditions(t *trial, a, b *object) {
	fenced, plain := models.HowRead{Kind: models.ReadFenced}, models.HowRead{Kind: models.ReadPlain}
	counts(t, a, contracts.CounterRead, fenced, 0)
	counts(t, a, contracts.CounterAdd, models.Addition{Delta: 1}, 1)
	counts(t, b, contracts.CounterAdd, models.Addition{Delta: 4}, 5)
	counts(t, a, contracts.CounterRead, fenced, 5)
	calls(t, a, contracts.CounterCompareAndSet, models.CountSwap{From: 5, To: 3})
	counts(t, a, contracts.CounterRead, plain, 3)
	counts(t, b, contracts.CounterRead, fenced, 3)
}

// comparesFirst checks that a compare-and-set that finds another value reports a mismatch
// and changes nothing.
func comparesFirst(t *trial, o *object) {
	counts(t, o, contracts.CounterAdd, models.Addition{Delta: 1}, 1)
	err := caught(func() { calls(t, o, contracts.CounterCompareAndSet, models.CountSwap{From: 7, To: 8}) })
	switch {
	case err == nil:
		t.failf("it is 1, and was changed from 7 to 8")
	case !errors.Is(err, subjects.ErrMismatch):
		t.failf("it is 1: compared with 7 it failed with another code than %q: %w", models.CodeMismatch, err)
	case !subjects.NoEffect(err):
		t.failf("a compare-and-set that found another value did not say that it had no effect")
	}
	counts(t, o, contracts.CounterRead, models.HowRead{Kind: models.ReadFenced}, 1)
}
