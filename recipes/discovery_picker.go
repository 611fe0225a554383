package recipes

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/zklab/zklab/recipes/internal/client"
)

// Strategy chooses one of several instances. There is at least one, they are sorted by ID, and no
// two have the same ID. A [Picker] makes one call at a time, so a Strategy need not be safe for
// concurrent use. Each Picker needs a Strategy of its own.
type Strategy func(instances []Instance) Instance

// RoundRobin returns a strategy that chooses the instances in turn, in the order of their IDs, even
// if instances come or go in between.
func RoundRobin() Strategy {
	last := ""
	return func(instances []Instance) Instance {
		i := slices.IndexFunc(instances, func(in Instance) bool { return in.ID > last })
		in := instances[max(i, 0)]
		last = in.ID
		return in
	}
}

// Random returns a strategy that chooses instances at random, with the numbers of source. nil stands
// for a new source.
func Random(source rand.Source) Strategy {
	if source == nil {
		source = rand.NewPCG(rand.Uint64(), rand.Uint64())
	}
	r := rand.New(source)
	return func(instances []Instance) Instance { return instances[r.IntN(len(instances))] }
}

// Sticky returns a strategy that keeps to one instance, by its ID, as long as it exists. choose
// chooses the first instance, and each next one.
func Sticky(choose Strategy) Strategy {
	id := ""
	return func(instances []Instance) Instance {
		for _, in := range instances {
			if in.ID == id {
				return in
			}
		}
		in := choose(instances)
		id = in.ID
		return in
	}
}

// Picker picks instances of a service. It follows the changes of the service, so a pick makes no
// request. It is safe for concurrent use.
type Picker struct {
	service *Service
	stop    context.CancelFunc
	done    chan struct{} // closed when the picker no longer follows

	mu       sync.Mutex
	strategy Strategy
	snapshot
}

// snapshot holds what a picker knows. In the beginning it has neither instances nor an error.
type snapshot struct {
	now     []Instance    // not nil once the picker has read the service
	err     error         // why the picker cannot follow now
	changed chan struct{} // closed when there is another one
}

// Picker returns a picker, which begins to follow the service at once. Close it, or the service,
// when you no longer need it.
func (s *Service) Picker(strategy Strategy) *Picker {
	ctx, stop := context.WithCancel(s.r.Client.Context)
	p := &Picker{service: s, stop: stop, done: make(chan struct{}), strategy: strategy, snapshot: snapshot{changed: make(chan struct{})}}
	ctx, end, err := s.r.Start(ctx)
	if err != nil {
		p.tell(nil, s.r.Definite("pick", err))
		stop()
		close(p.done)
		return p
	}
	go func() {
		defer close(p.done)
		defer stop()
		defer end()
		p.follow(ctx)
	}()
	return p
}

// follow follows the service until ctx ends. It goes on after an error, such as a refusal.
func (p *Picker) follow(ctx context.Context) {
	var b client.Backoff
	for {
		for now, err := range p.service.Changes(ctx) {
			if ctx.Err() != nil {
				err = p.service.r.Definite("pick", ErrClosed)
			}
			p.tell(now, err)
			if errors.Is(err, ErrClosed) {
				return
			}
			if err == nil {
				b = client.Backoff{}
			}
		}
		b.Pause(ctx)
	}
}

func (p *Picker) tell(now []Instance, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err = err; err == nil {
		p.now = now
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// sees waits until the picker knows instances for which will returns true, or cannot follow.
func (p *Picker) sees(ctx context.Context, will func([]Instance) bool) ([]Instance, error) {
	for {
		p.mu.Lock()
		s := p.snapshot
		p.mu.Unlock()
		switch {
		case s.err != nil:
			return nil, s.err
		case s.now != nil && will(s.now):
			return s.now, nil
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return nil, p.service.r.Definite("pick", context.Cause(ctx))
		}
	}
}

// Pick returns one of the instances that the picker knows, as its strategy chooses. It only waits
// until the picker knows the service for the first time. While the client reaches no server, Pick
// uses what the picker has learned last.
//
// NoEffect is true for its errors: [ErrNoInstance], [ErrClosed], the error of ctx, or what a server
// refused.
func (p *Picker) Pick(ctx context.Context) (Instance, error) {
	if _, err := p.sees(ctx, func([]Instance) bool { return true }); err != nil {
		return Instance{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.now) == 0 {
		return Instance{}, p.service.r.Definite("pick", ErrNoInstance)
	}
	return p.strategy(p.now), nil
}

// Changes returns the instances that the picker knows, as [Service.Changes] does, and makes no
// requests. A Pick after a step returns one of the instances of that step, or of a later one.
// (Service.Changes reads changes by itself, and can be earlier or later than the picker.)
func (p *Picker) Changes(ctx context.Context) iter.Seq2[[]Instance, error] {
	return func(yield func([]Instance, error) bool) {
		var told []Instance
		for {
			now, err := p.sees(ctx, func(now []Instance) bool { return told == nil || !slices.EqualFunc(now, told, Instance.Equal) })
			told = now
			if !yield(slices.Clone(now), err) || err != nil {
				return
			}
		}
	}
}

// Close stops following the service, and ends calls that wait.
func (p *Picker) Close() {
	p.stop()
	<-p.done
}
