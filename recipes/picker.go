package recipes

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
)

// Strategy chooses one of some instances: there is at least one, they are in order of ID, and
// no two have the same. A [Picker] calls it again and again, one call at a time, so it need
// not be safe for concurrent use; each Picker has to have one of its own.
type Strategy func(instances []Instance) Instance

// RoundRobin chooses the instances in turn, in order of ID, also when some come or go
// meanwhile.
func RoundRobin() Strategy {
	last := ""
	return func(instances []Instance) Instance {
		i := slices.IndexFunc(instances, func(in Instance) bool { return in.ID > last })
		in := instances[max(i, 0)]
		last = in.ID
		return in
	}
}

// Random chooses any instance, by the numbers of a source: what it chooses follows from
// those. nil is a source of its own.
func Random(source rand.Source) Strategy {
	if source == nil {
		source = rand.NewPCG(rand.Uint64(), rand.Uint64())
	}
	r := rand.New(source)
	return func(instances []Instance) Instance { return instances[r.IntN(len(instances))] }
}

// Sticky stays with one instance, by its ID, for as long as it is there. Another strategy
// chooses it, and the next one.
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

// Picker picks instances of a service. It follows the changes of the service, so that to pick
// takes no request. It is safe for concurrent use.
type Picker struct {
	service *Service
	stop    context.CancelFunc
	done    chan struct{} // closed when it follows no more
	ready   chan struct{} // closed when it has seen the service, or was refused that

	mu       sync.Mutex
	strategy Strategy
	now      []Instance
	err      error // why it can't follow now
}

// Picker returns a picker that begins to follow the service at once. Close it, or the
// service, when it is not needed any more.
func (s *Service) Picker(strategy Strategy) *Picker {
	p := &Picker{service: s, strategy: strategy, done: make(chan struct{}), ready: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	ctx, end, err := s.start(ctx)
	if err != nil {
		p.tell(nil, s.definite("pick", err))
		close(p.done)
		return p
	}
	go func() {
		defer close(p.done)
		defer end()
		p.follow(ctx)
	}()
	return p
}

// follow goes on after an error, such as for want of rights.
func (p *Picker) follow(ctx context.Context) {
	var b backoff
	for {
		for now, err := range p.service.Changes(ctx) {
			if ctx.Err() != nil {
				err = p.service.definite("pick", ErrClosed)
			}
			p.tell(now, err)
			if errors.Is(err, ErrClosed) {
				return
			}
			if err == nil {
				b = backoff{}
			}
		}
		b.pause(ctx)
	}
}

func (p *Picker) tell(now []Instance, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil && p.err == nil {
		close(p.ready)
	}
	if p.err = err; err == nil {
		p.now = now
	}
}

// Pick gives one of the instances that there were when the picker last heard of the service,
// as its strategy chooses. It waits only for the first word of it. While no server can be
// reached it goes by what it heard last.
//
// Its errors have no effect: [ErrNoInstance], [ErrClosed], the error of ctx, or what a server
// refused.
func (p *Picker) Pick(ctx context.Context) (Instance, error) {
	select {
	case <-p.ready:
	case <-ctx.Done():
		return Instance{}, p.service.definite("pick", context.Cause(ctx))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.err != nil:
		return Instance{}, p.err
	case len(p.now) == 0:
		return Instance{}, p.service.definite("pick", ErrNoInstance)
	}
	return p.strategy(p.now), nil
}

// Close ends what the picker follows, and calls that wait.
func (p *Picker) Close() {
	p.stop()
	<-p.done
}
