package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/zklab/zklab/recipes"
)

// lead is what the master does: it makes a job of each part, unless a master before it has
// done so, and sums up what becomes of them.
//
// It needs no fencing token, since all that it writes may be written twice: a job more of
// the same part has the same result, and so has whoever sums up.
func (w process) lead(ctx context.Context) error {
	w.Say("is the master, token %d", recipes.Fence(ctx))
	defer w.Say("is the master no more")
	go w.watchWorkers(ctx)
	ids := make([]string, *parts)
	for part := range ids {
		var err error
		if ids[part], err = w.plan(ctx, part); err != nil {
			return err
		}
	}
	total := 0
	for part := range ids {
		primes, err := w.result(ctx, part, ids)
		if err != nil {
			return err
		}
		total += primes
		w.Say("has %d of %d parts", part+1, *parts)
	}
	if err := w.total.Set(ctx, strconv.AppendInt(nil, int64(total), 10)); err != nil {
		return err
	}
	<-ctx.Done() // nobody else has to lead
	return nil
}

// watchWorkers says how many there are. The jobs of one that is gone are given to others
// without the master.
func (w process) watchWorkers(ctx context.Context) {
	for change, err := range w.workers.Changes(ctx) {
		if err != nil {
			return
		}
		w.Say("workers: %d (%d have come, %d have gone)", len(change.Members), len(change.Joined), len(change.Left))
	}
}

// plan gives the job of a part, from the plan, which outlives the master. If there is none,
// it is made first and written down then: if the master dies in between there will be two.
func (w process) plan(ctx context.Context, part int) (id string, err error) {
	plan := w.planned(part)
	defer w.Close(plan)
	switch s, err := plan.Get(ctx); {
	case err != nil:
		return "", err
	case s.Exists:
		return string(s.Data), nil
	}
	return w.put(ctx, plan, part)
}

func (w process) planned(part int) *recipes.Config {
	return recipes.NewConfig(w.Client, fmt.Sprintf("%s/plan/%d", w.Path, part))
}

func (w process) put(ctx context.Context, plan *recipes.Config, part int) (id string, err error) {
	id, err = w.jobs.Put(ctx, strconv.AppendInt(nil, int64(part), 10))
	if err != nil && !errors.Is(err, recipes.ErrUnknown) {
		return "", err
	}
	return id, plan.Set(ctx, []byte(id))
}

// result waits for what becomes of a part. A job that is not there, or is dead, is replaced.
func (w process) result(ctx context.Context, part int, ids []string) (primes int, err error) {
	for {
		data, err := w.jobs.Result(ctx, ids[part])
		switch {
		case err == nil:
			return strconv.Atoi(string(data))
		case !errors.Is(err, recipes.ErrDead) && !errors.Is(err, recipes.ErrNoJob):
			return 0, err
		}
		plan := w.planned(part)
		ids[part], err = w.put(ctx, plan, part)
		w.Close(plan)
		if err != nil {
			return 0, err
		}
	}
}
