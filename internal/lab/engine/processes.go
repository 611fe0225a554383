package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// This file handles clients that run in processes of their own (Experiment.Command).

const (
	// processWait is how long all processes together may take to get their sessions.
	processWait = time.Minute
	// startsAtOnce is how many processes start at the same time: a language runtime uses a whole
	// processor while it starts.
	startsAtOnce = 4
	// reviveWait is how long a killed process may take to come back, if no fault restarts it.
	reviveWait = 30 * time.Second
)

// Program is a client's process, usually an [adapter.Process].
type Program interface {
	subjects.Remote
	faults.Process
	Broke() <-chan struct{}
	Broken() error
	Close(ctx context.Context) error
}

// Launch starts a program whose connections come through a link.
type Launch func(ctx context.Context, c adapter.Config, l *link.Link) (Program, error)

// launchAdapter starts an adapter as a process. Its connections come through listeners of the link,
// which close with the link.
func launchAdapter(ctx context.Context, c adapter.Config, l *link.Link) (Program, error) {
	addrs, _, err := l.Listen(c.Servers)
	if err != nil {
		return nil, fmt.Errorf("client %d: %w", c.Client, err)
	}
	c.Servers = addrs
	return adapter.Start(ctx, c)
}

// process wraps one client's process: it watches when the process begins and ends, and records that.
// Faults and the client's loop use only this wrapper.
type process struct {
	Program
	client int
	link   *link.Link
	record *record

	mu      sync.Mutex
	life    int // the number of the present life, or of the latest one
	up      bool
	over    error         // why the process will not run again
	changed chan struct{} // closed and replaced at every change
	closing chan struct{}
	watched chan struct{} // closed when watch has returned
}

// follow begins to follow a running process of a client.
func follow(inner Program, client int, l *link.Link, r *record) *process {
	p := &process{
		Program: inner, client: client, link: l, record: r, changed: make(chan struct{}),
		closing: make(chan struct{}), watched: make(chan struct{}),
	}
	p.began()
	go p.watch()
	return p
}

// Kill kills the process for a fault. The client's loop learns of it first, so that it does not go
// on with a process that is about to end.
func (p *process) Kill() error {
	p.change(func() { p.up = false })
	if err := p.Program.Kill(); err != nil {
		p.change(func() { p.up = true })
		return err
	}
	if p.Broken() == nil {
		p.say(history.FExited, history.Exited{By: history.ByCrash})
	}
	return nil
}

// Restart starts the process again, for another life.
func (p *process) Restart(ctx context.Context) error {
	if p.Life() != 0 {
		return nil
	}
	if err := p.Program.Restart(ctx); err != nil {
		return err
	}
	p.began()
	return nil
}

// Renew implements workloads.Process.
func (p *process) Renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reviveWait)
	defer cancel()
	if err := p.Kill(); err != nil {
		return err
	}
	return p.Restart(ctx)
}

func (p *process) began() {
	p.say(history.FStarted, nil)
	p.change(func() { p.life, p.up = p.life+1, true })
}

// watch waits until the program breaks the protocol, or ends by itself: then it stays down.
func (p *process) watch() {
	defer close(p.watched)
	select {
	case <-p.Broke():
		p.drop(p.Broken())
	case <-p.closing:
	}
}

// drop takes the client out of the run.
func (p *process) drop(err error) {
	first := false
	p.change(func() {
		first = p.over == nil
		p.up = false
		if first {
			p.over = err
		}
	})
	if first {
		p.say(history.FExited, history.Exited{By: history.ByItself, Detail: err.Error()})
	}
}

// Over returns why the process will not run again; nil while it may.
func (p *process) Over() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// Life implements workloads.Process.
func (p *process) Life() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.up {
		return 0
	}
	return p.life
}

// Await implements workloads.Process.
func (p *process) Await(ctx context.Context) (int, error) {
	for {
		p.mu.Lock()
		life, up, over, changed := p.life, p.up, p.over, p.changed
		p.mu.Unlock()
		switch {
		case over != nil:
			return 0, over
		case up:
			return life, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func (p *process) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *process) say(f string, value any) {
	s, _ := p.link.Session()
	p.record.Record(history.Event{
		Process: history.SessionProcess, Client: p.client, Type: history.Info, F: f,
		Value: history.Value(value), Session: history.ID(s.ID),
	})
}

// close asks the process to end, and kills it if it does not. From then on, errors of the process do
// not count, since the client has done its work.
func (p *process) close(ctx context.Context) error {
	close(p.closing)
	<-p.watched
	return p.Close(ctx)
}

// silence is how long a process may say nothing. It is shorter than the wait for a call, so that a
// process that hangs can be distinguished from a subject that does not return.
const silence = 10 * time.Second

// launch is like connect, for a client that is a process.
func (cs *clients) launch(ctx context.Context, id int, l *link.Link) (*workloads.Client, error) {
	servers := cs.links.servers(id)
	inner, err := cs.Launch(ctx, adapter.Config{
		Command: cs.Command, Client: id, Servers: servers, SessionTimeout: cs.SessionTimeout, Silence: silence, Logf: cs.logs.of(id),
	}, l)
	if err != nil {
		return nil, err
	}
	p := follow(inner, id, l, cs.record)
	c := workloads.NewClient(&subjects.Client{
		ID: id, Servers: servers, Timeout: cs.timeout(), Dial: l.Dial, Remote: p,
	}, l, cs.record.Recorder, cs.Clients)
	c.Process = p
	c.GiveUp(cs.calm, workloads.Patience(cs.bound)+silence)
	return c, nil
}

// timeout returns the session timeout that all clients have.
func (cs *clients) timeout() time.Duration { return cs.record.Header().Params.SessionTimeout }

// sessionsAlike returns an error if an adapter has opened a session with another timeout than that
// of the other clients: bounds that follow from the timeout would be wrong.
func (cs *clients) sessionsAlike() error {
	for _, p := range cs.processes() {
		for _, s := range p.link.Sessions() {
			if s.Timeout != cs.timeout() {
				return fmt.Errorf("the adapter of client %d has a session with a timeout of %s, not of %s: it must request the timeout in open", p.client, s.Timeout, cs.timeout())
			}
		}
	}
	return nil
}

// revive restarts the processes that faults could not restart: their clients wait for them. A
// client whose process does not come back is left out.
func (cs *clients) revive(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, reviveWait)
	defer cancel()
	_ = await.All(cs.processes(), func(_ int, p *process) error {
		if p.Over() != nil || p.Life() != 0 {
			return nil
		}
		if err := p.Restart(ctx); err != nil {
			p.drop(fmt.Errorf("could not be started again: %w", err))
		}
		return nil
	})
}

// processes returns the processes of the clients.
func (cs *clients) processes() []*process {
	var all []*process
	for _, c := range cs.open {
		if p, ok := c.Process.(*process); ok {
			all = append(all, p)
		}
	}
	return all
}
