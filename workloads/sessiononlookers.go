package workloads

import (
	"context"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/virtual/apart"
)

// lookEvery is how often an onlooker reads, and lookAgain how long it waits when it found no
// server.
const (
	lookEvery = 250 * time.Millisecond
	lookAgain = time.Second
)

// lookOn brings onlookers, one for each server, until leave is called: that waits for them to
// go. An onlooker is a session that does nothing but read one znode again and again. Of what it
// is shown nothing says how new it has to be, except the bound on its age: a session that
// writes has to be shown what it wrote.
func (r *sessionRun) lookOn(ctx context.Context) (leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	var looking sync.WaitGroup
	for i := range r.env.Record.Header().Params.Servers {
		looking.Go(func() {
			apart.Wait(i + len(r.clients))
			for ctx.Err() == nil {
				r.onlook(ctx, r.env.Path(r.env.Key(i%r.env.Keys))+firstPart)
			}
		})
	}
	return func() { cancel(); looking.Wait() }
}

// onlook is one onlooker's, until ctx ends or no server takes its session.
func (r *sessionRun) onlook(ctx context.Context, path string) {
	v, err := r.env.Visit(ctx)
	if err != nil {
		pause(ctx, lookAgain)
		return
	}
	defer v.Close()
	for p := newPipe(v.Conn); pause(ctx, apart.Odd(lookEvery)); {
		patience, cancel := context.WithTimeout(ctx, r.env.OpTimeout)
		_ = p.send(patience, get(path)) // it goes on, whatever comes of this
		cancel()
	}
}
