package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
)

// finals lists each folder until nobody is left in it, or the bound has
// passed: then whoever still is there is an orphan. A recipe may be cleaning
// up until then.
func (r *holdRun) finals(ctx context.Context) error {
	deadline := r.env.Record.Now() + r.env.Bound
	var errs []error
	for i := range r.env.Keys {
		key := r.env.Key(i)
		left, err := r.env.lastContenders(ctx, r.env.Path(key), deadline)
		if err != nil {
			errs = append(errs, fmt.Errorf("final list of %s: %w", key, err))
			continue
		}
		r.env.Record.Record(history.Event{
			Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FFinal, Key: key,
			Value: history.Value(history.Final{Contenders: left}),
		})
	}
	return errors.Join(errs...)
}

// lastContenders gives who is in the folder when it is empty or the deadline,
// on the recorder's clock, has passed.
func (e *Env) lastContenders(ctx context.Context, folder string, deadline time.Duration) ([]history.Contender, error) {
	for {
		var left []history.Contender
		patience := max(deadline-e.Record.Now(), time.Second)
		err := retry(ctx, patience, func() (err error) {
			left, err = e.contenders(ctx, folder)
			return err
		})
		if err != nil || len(left) == 0 || e.Record.Now() >= deadline {
			return left, err
		}
		if !pause(ctx, 50*time.Millisecond) {
			return left, context.Cause(ctx)
		}
	}
}

// contenders lists a folder with the owners of its znodes, fenced.
func (e *Env) contenders(ctx context.Context, folder string) ([]history.Contender, error) {
	names, err := e.fencedChildren(ctx, folder)
	if err != nil {
		return nil, err
	}
	found := []history.Contender{}
	for _, name := range names {
		stat, err := within(ctx, e.Bound, func() (*zk.Stat, error) {
			_, stat, err := e.Admin.Get(folder + "/" + name)
			return stat, err
		})
		if errors.Is(err, zk.ErrNoNode) {
			continue // gone since the list was read
		}
		if err != nil {
			return nil, err
		}
		found = append(found, history.Contender{Name: name, Owner: history.ID(stat.EphemeralOwner)})
	}
	return found, nil
}
