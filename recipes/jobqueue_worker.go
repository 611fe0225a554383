package recipes

import (
	"context"
	"slices"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// enlist returns this client's worker in z, and makes one if there is none: a contender in
// the line of workers, which counts for as long as it is not lost.
func (q *JobQueue) enlist(ctx context.Context, z *client.Session) (*contend.Hold, error) {
	if err := q.enlisting.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer q.enlisting.Release(1)
	if h := q.enlisted(); h != nil && h.Contender.Session == z && !h.IsLost() {
		return h, nil
	}
	if err := q.ensureFolders(ctx, z); err != nil {
		return nil, contend.Again(err)
	}
	c, err := q.workers.Join(ctx, z, nil)
	if err != nil {
		return nil, contend.Again(err)
	}
	h := contend.NewHold(q.workers, c)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.r.Context.Err() != nil {
		q.workers.Abandon(c)
		return nil, ErrClosed
	}
	q.worker = h
	q.stewards.Add()
	h.Watch()
	go func() {
		defer q.stewards.Done()
		_ = h.During(q.r.Client.WithJitter(q.r.Client.Context), func(ctx context.Context) error { q.steward(ctx, h.Contender); return nil })
	}()
	return h, nil
}

func (q *JobQueue) enlisted() *contend.Hold {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.worker
}

// steward waits until c is the first of the workers. Then, until ctx ends, it gives back the jobs
// that workers had not finished when they ended.
func (q *JobQueue) steward(ctx context.Context, c *contend.Contender) {
	var b client.Backoff
	for ctx.Err() == nil {
		err := q.workers.Front(ctx, c, true, nil)
		for err == nil {
			err = q.recover(ctx, c.Session)
		}
		b.Pause(ctx)
	}
}

// recover gives back the jobs of workers that have gone, and waits until it is worth looking again.
//
// It sets the watch before it lists the taken jobs, so that no worker goes unnoticed in between. If
// a worker of a taken job is missing, it lists the workers once more after that: only a worker that
// is missing then, too, has gone.
func (q *JobQueue) recover(ctx context.Context, z *client.Session) error {
	event := q.r.Client.NextEvent()
	workers, err := q.r.Client.ChildrenW(ctx, z, q.workers.Path)
	if err != nil {
		return err
	}
	names, err := q.r.Client.Children(ctx, z, q.folder("taken"))
	if err != nil {
		return err
	}
	left, err := q.abandoned(ctx, z, jobs(names, kindTaken), workers.Names)
	if err != nil {
		return err
	}
	for _, n := range left {
		if err := q.giveBack(ctx, z, n); err != nil {
			return err
		}
	}
	return q.r.Client.Wait(ctx, z, event, workers.Changed)
}

// abandoned returns the taken jobs whose workers have gone. If some workers of taken jobs are not
// in the earlier list of workers, it lists the workers again.
func (q *JobQueue) abandoned(ctx context.Context, z *client.Session, taken []jobName, workers []string) ([]jobName, error) {
	left := q.ownerless(taken, workers)
	if len(left) == 0 {
		return nil, nil
	}
	now, err := q.r.Client.Children(ctx, z, q.workers.Path)
	if err != nil {
		return nil, err
	}
	return q.ownerless(left, now), nil
}

// ownerless returns the taken jobs whose workers are not in a list.
func (q *JobQueue) ownerless(taken []jobName, workers []string) []jobName {
	alive := make(map[string]bool, len(workers))
	for _, n := range znodes.Nodes(workers, q.workers.Kind) {
		alive[n.ID] = true
	}
	return slices.DeleteFunc(taken, func(n jobName) bool { return alive[n.worker] })
}
