package main

import (
	"context"
	"slices"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

// registry is the list of instances: a service in which each instance has the name of its process as
// its ID, and an address host:port. It is all that this program needs of ZooKeeper.
type registry struct{ *recipes.Service }

func newRegistry(p *program.Program) registry {
	return registry{recipes.NewService(p.Client, p.Path+"/"+p.Args[1])}
}

// register lets clients find an instance, until the registry is closed or the process dies; if the session is
// lost meanwhile, the instance is registered again in the next session. It replaces an instance that was
// registered under the same name before, and may have just crashed: if the new one has the same address,
// clients see no change.
func (r registry) register(ctx context.Context, name, address string) error {
	_, err := r.Register(ctx, recipes.Instance{ID: name, Address: address})
	return err
}

// follow passes on the present instances, at first and each time that they change.
func (r registry) follow(ctx context.Context, p *program.Program, changes chan<- []recipes.Instance) error {
	var before []recipes.Instance
	for now, err := range r.Changes(ctx) {
		if err != nil {
			return err
		}
		for _, i := range without(now, before) {
			p.Say("%s has come, at %s", i.ID, i.Address)
		}
		for _, i := range without(before, now) {
			p.Say("%s has gone from %s", i.ID, i.Address)
		}
		before = now
		select {
		case changes <- now:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// without returns the instances of one list that are not in the other.
func without(list, other []recipes.Instance) []recipes.Instance {
	return slices.DeleteFunc(slices.Clone(list), func(i recipes.Instance) bool { return slices.ContainsFunc(other, i.Equal) })
}
