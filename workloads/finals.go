package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// finals lists the contenders of each key until none is left or the bound has passed;
// contenders that are still there are orphans. Until then a recipe may be cleaning up.
func (r *holdRun) finals(ctx context.Context) error {
	deadline := r.env.Record.Now() + r.env.Bound
	return r.env.look(history.FFinal, "final list", func(key string) (any, error) {
		left, err := r.env.lastContenders(ctx, deadline, func() ([]models.Contender, error) { return r.contenders(ctx, key) })
		return models.Final{Contenders: left}, err
	})
}

// contenders returns the contenders of an object, or of each of its lines.
func (r *holdRun) contenders(ctx context.Context, key string) ([]models.Contender, error) {
	if r.lines == nil {
		return r.env.contenders(ctx, r.env.Path(key))
	}
	var all []models.Contender
	for _, line := range r.lines {
		found, err := r.env.contenders(ctx, r.env.Path(key)+"/"+line)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			c.Name = line + "/" + c.Name
			all = append(all, c)
		}
	}
	return all, nil
}

// look records a fact about each key: what the harness itself sees there.
func (e *Env) look(f, what string, see func(key string) (any, error)) error {
	var errs []error
	for i := range e.Keys {
		key := e.Key(i)
		seen, err := see(key)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s of %s: %w", what, key, err))
			continue
		}
		e.fact(f, key, seen)
	}
	return errors.Join(errs...)
}

// fact records something that the harness did or saw.
func (e *Env) fact(f, key string, value any) {
	e.Record.Record(history.Event{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Key: key, Value: history.Value(value),
	})
}

// lastContenders returns the result of list once it is empty or the deadline, on the
// recorder's clock, has passed.
func (e *Env) lastContenders(ctx context.Context, deadline time.Duration, list func() ([]models.Contender, error)) ([]models.Contender, error) {
	for {
		var left []models.Contender
		patience := max(deadline-e.Record.Now(), time.Second)
		err := retry(ctx, patience, func() (err error) {
			left, err = list()
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

// contenders lists the present children of path with their owners.
func (e *Env) contenders(ctx context.Context, path string) ([]models.Contender, error) {
	names, err := e.freshChildren(ctx, path)
	if err != nil {
		return nil, err
	}
	found := []models.Contender{}
	for _, name := range names {
		stat, err := within(ctx, e.Bound, func() (*zk.Stat, error) {
			_, stat, err := e.Admin.Get(path + "/" + name)
			return stat, err
		})
		if errors.Is(err, zk.ErrNoNode) {
			continue // gone since the list was read
		}
		if err != nil {
			return nil, err
		}
		found = append(found, models.Contender{Name: name, Owner: history.ID(stat.EphemeralOwner)})
	}
	return found, nil
}
