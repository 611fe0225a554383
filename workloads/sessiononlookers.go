package workloads

import (
	"context"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/virtual/jitter"
)

// lookEvery is how often an onlooker reads; lookAgain is how long it waits when it found no
// server.
const (
	lookEvery = 250 * time.Millisecond
	lookAgain = time.Second
)

// lookOn runs onlookers, one for each server, until leave is called, which waits until they
// have left. An onlooker is a session that only reads one znode again and again. Only the
// bound on its age says how new the value must be; a session that writes must be shown its
// own writes.
func (r *sessionRun) lookOn(ctx context.Context) (leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	var looking sync.WaitGroup
	for i := range r.env.Record.Header().Params.Servers {
		looking.Go(func() {
			jitter.Wait(i + len(r.clients))
			for ctx.Err() == nil {
				r.onlook(ctx, r.env.Path(r.env.Key(i%r.env.Keys))+firstPart)
			}
		})
	}
	return func() { cancel(); looking.Wait() }
}

// onlook runs one onlooker until ctx ends or no server accepts its session.
func (r *sessionRun) onlook(ctx context.Context, path string) {
	v, err := r.env.Visit(ctx)
	if err != nil {
		pause(ctx, lookAgain)
		return
	}
	defer v.Close()
	for p := newPipe(v.Conn); pause(ctx, jitter.Stretch(lookEvery)); {
		patience, cancel := context.WithTimeout(ctx, r.env.OpTimeout)
		_ = p.send(patience, get(path)) // it continues whatever the result
		cancel()
	}
}
