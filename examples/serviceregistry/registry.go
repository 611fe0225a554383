package main

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

// registry is where instances are found: a group whose members say where they are. It is
// all that this program needs of ZooKeeper.
type registry struct{ *recipes.Group }

func newRegistry(p *program.Program) registry {
	return registry{recipes.NewGroup(p.Session, p.Path)}
}

// instance is what an instance says of itself.
type instance struct {
	Name string `json:"name"`
	Addr string `json:"addr"`
}

// register makes that clients find an instance, until the registry is closed or the process
// dies; should the session be lost meanwhile, it is registered again in the next one.
func (r registry) register(ctx context.Context, i instance) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return r.Join(ctx, data)
}

// follow hands on the instances that there are, at first and each time that they change.
func (r registry) follow(ctx context.Context, p *program.Program, changes chan<- []instance) error {
	for change, err := range r.Changes(ctx) {
		if err != nil {
			return err
		}
		for _, i := range instances(p, change.Joined) {
			p.Say("%s has come, at %s", i.Name, i.Addr)
		}
		for _, i := range instances(p, change.Left) {
			p.Say("%s has gone", i.Name)
		}
		select {
		case changes <- instances(p, change.Members):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// instances reads what members say of themselves. What cannot be read is no instance.
func instances(p *program.Program, members []recipes.Member) (all []instance) {
	for _, m := range members {
		var i instance
		if err := json.Unmarshal(m.Data, &i); err != nil {
			p.Say("%s is no instance: %v", m.Name, err)
			continue
		}
		all = append(all, i)
	}
	return all
}
