package contracts

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// The operations of a [subjects.Counter].
var (
	CounterAdd = NewOp(models.FAdd, func(c subjects.Counter, ctx context.Context, v models.Addition) (models.Count, error) {
		sum, err := c.Add(ctx, v.Delta)
		return models.Count{Value: sum}, err
	})
	CounterCompareAndSet = gives(models.FCAS, func(c subjects.Counter, ctx context.Context, v models.CountSwap) error {
		return c.CompareAndSet(ctx, v.From, v.To)
	})
	CounterRead = NewOp(models.FRead, func(c subjects.Counter, ctx context.Context, v models.HowRead) (models.Count, error) {
		n, err := c.Read(ctx, v.Kind)
		return models.Count{Value: n}, err
	})
)

// Counters is the contract of a [subjects.Counter].
var Counters = &Contract[subjects.Counter, None]{model: models.Counter, operations: []operation[subjects.Counter]{CounterAdd, CounterCompareAndSet, CounterRead}}
