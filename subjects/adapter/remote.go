package adapter

import (
	"context"

	"github.com/zklab/zklab/subjects"
)

// Lock makes a lock in the other process.
func (p *Process) Lock(path string) (subjects.Lock, error) {
	o, err := p.object(request{Recipe: recipeLock, Path: path}, holdOffers...)
	if err != nil {
		return nil, err
	}
	return offering(o), nil
}

// Election makes a candidate in the other process.
func (p *Process) Election(path, id string) (subjects.Election, error) {
	o, err := p.object(request{Recipe: recipeElection, Path: path, Candidate: id}, electionOffers...)
	if err != nil {
		return nil, err
	}
	return offering(o), nil
}

// Queue makes a queue in the other process.
func (p *Process) Queue(path string) (subjects.Queue, error) {
	o, err := p.object(request{Recipe: recipeQueue, Path: path})
	if err != nil {
		return nil, err
	}
	if o.made.Items == "" {
		return queue{o}, nil
	}
	return itemQueue{queue{o}, o.made.Items}, nil
}

// Barrier makes a barrier in the other process.
func (p *Process) Barrier(path string) (subjects.Barrier, error) {
	o, err := p.object(request{Recipe: recipeBarrier, Path: path})
	if err != nil {
		return nil, err
	}
	return barrier{o}, nil
}

// DoubleBarrier makes a double barrier in the other process.
func (p *Process) DoubleBarrier(path string, parties int) (subjects.DoubleBarrier, error) {
	o, err := p.object(request{Recipe: recipeDoubleBarrier, Path: path, Parties: parties})
	if err != nil {
		return nil, err
	}
	return doubleBarrier{o}, nil
}

// simply does an operation without argument or result.
func (o *object) simply(ctx context.Context, op string) error {
	_, err := o.do(ctx, request{Op: op})
	return err
}
