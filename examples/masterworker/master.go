package main

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/recipes"
)

// master runs for master, and prints which process leads, which workers there are, and which tasks are
// assigned to them. Everything that a master has to know is in ZooKeeper, so the next master goes on
// where this one stops.
func (w process) master(ctx context.Context) error {
	all, inner := errgroup.WithContext(ctx)
	all.Go(func() error { return w.followMasters(inner) })
	all.Go(func() error { return w.followWorkers(inner) })
	all.Go(func() error {
		return w.tasks.Lead(recipes.WithTrace(inner, recipes.Trace{Assigned: w.assigned, PutBack: w.putBack}))
	})
	err := all.Wait()
	if ctx.Err() != nil {
		w.Say("stands for master no more")
		return nil
	}
	return err
}

func (w process) followMasters(ctx context.Context) error {
	for term, err := range w.tasks.Terms(ctx) {
		switch {
		case err != nil:
			return err
		case term.Fence == 0:
			w.Say("nobody is the master: it stands for election")
		case term.ID == w.Name:
			w.Say("is the master, token %d", term.Fence)
		default:
			w.Say("waits: %s is the master, token %d", term.ID, term.Fence)
		}
	}
	return nil
}

func (w process) followWorkers(ctx context.Context) error {
	for change, err := range w.crew.Changes(ctx) {
		if err != nil {
			return err
		}
		w.Say("workers: [%s]", names(change.Members))
	}
	return nil
}

func names(members []recipes.Member) string {
	all := make([]string, len(members))
	for i, m := range members {
		all[i] = string(m.Data)
	}
	return strings.Join(all, ", ")
}

func (w process) assigned(a recipes.Assignment) {
	w.Say("workers available: [%s]. Assigns task %s to %s, attempt %d", strings.Join(a.Free, ", "), a.Data, a.Worker, a.Attempt)
}

func (w process) putBack(a recipes.Assignment) {
	w.Say("%s has gone: takes task %s back", a.Worker, a.Data)
}
