package adapter

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/internal/base/procgroup"
	"github.com/zklab/zklab/subjects"
)

// Process is a client that lives in its own program, which [Start] started. It makes
// subjects ([subjects.Remote]), and faults can freeze, kill and restart it
// (faults.Process). Its methods are safe for concurrent use.
//
// While it is frozen, calls to its subjects wait. If a context ends meanwhile, the program
// is told after the thaw, and the call returns when it is answered. When the process is
// killed, calls under way end with an error that wraps [subjects.ErrProcess], and their
// effect is unknown. Calls made while it is down fail at once, without effect. The holds of a
// killed process are not reported lost, because the client that would notice has ended. After a
// restart its subjects are made again at their next use.
//
// A program that breaks the protocol is killed, and stays down: see [Process.Broken].
type Process struct {
	cfg      Config
	starting *semaphore.Weighted // held while starting or closing the program

	mu      sync.Mutex
	present *incarnation // the present one; nil while it is down
	frozen  bool         // by Freeze
	closed  bool
	broken  *Broken
	broke   chan struct{} // closed when broken is set
	objects map[int64]*object
	last    int64 // the latest object's id
}

var _ subjects.Remote = (*Process)(nil)

// Start starts the program and waits until it has a session, at most cfg.OpenTimeout. The
// error is a [*Broken] if it does not speak the protocol. After any error nothing is left
// of the program. The caller must close the process.
func Start(ctx context.Context, cfg Config) (*Process, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p := &Process{cfg: cfg, starting: semaphore.NewWeighted(1), broke: make(chan struct{}), objects: map[int64]*object{}}
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// Freeze stops the program and all its children (SIGSTOP), and returns when they are
// stopped. It returns nil if the program is frozen, and an error that wraps
// [subjects.ErrProcess] if it does not run.
func (p *Process) Freeze() error {
	l, err := p.alive()
	if err != nil {
		return err
	}
	p.setFrozen(l, true) // before, so that its silence does not count
	if err := l.child.Freeze(); err != nil {
		p.setFrozen(l, false)
		return fmt.Errorf("freeze client %d: %w", p.cfg.Client, err)
	}
	return nil
}

// Thaw resumes the program (SIGCONT). It returns nil if the program is not frozen, or does
// not run.
func (p *Process) Thaw() error {
	p.mu.Lock()
	l := p.present
	p.mu.Unlock()
	if l == nil {
		return nil
	}
	if err := l.child.Thaw(); err != nil && !l.child.IsGone() {
		return fmt.Errorf("thaw client %d: %w", p.cfg.Client, err)
	}
	p.setFrozen(l, false)
	return nil
}

func (p *Process) setFrozen(l *incarnation, frozen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.present == l {
		p.frozen = frozen
	}
}

// Frozen asks the operating system whether all of its processes are stopped.
func (p *Process) Frozen() (bool, error) {
	l, err := p.alive()
	if err != nil {
		return false, nil
	}
	return l.child.Frozen()
}

// Running asks the operating system whether it runs, frozen or not.
func (p *Process) Running() bool {
	l, err := p.alive()
	return err == nil && !l.child.IsGone() && !procgroup.Gone(l.child.PID())
}

// Kill kills the program (SIGKILL), frozen or not, and returns when it has ended. It
// returns nil if the program does not run.
func (p *Process) Kill() error {
	p.mu.Lock()
	l := p.present
	if l != nil {
		l.expected = true
	}
	p.mu.Unlock()
	if l == nil {
		return nil
	}
	if err := l.child.Kill(); err != nil {
		return fmt.Errorf("kill client %d: %w", p.cfg.Client, err)
	}
	<-l.over
	return nil
}

// Restart starts the program again after Kill and waits until it has a new session. If that
// fails, it stays down and may be restarted. Restart returns nil if the program runs.
func (p *Process) Restart(ctx context.Context) error {
	if p.starting.Acquire(ctx, 1) != nil {
		return fmt.Errorf("restart client %d: %w", p.cfg.Client, context.Cause(ctx))
	}
	defer p.starting.Release(1)
	p.mu.Lock()
	runs, closed, broken := p.present != nil, p.closed, p.broken
	p.mu.Unlock()
	switch {
	case broken != nil:
		return broken.unsent()
	case closed:
		return &downError{p.cfg.Client, "is closed", true}
	case runs:
		return nil
	}
	return p.start(ctx)
}

// Close asks the program to close its session and end. If it has not done so within
// cfg.EndTimeout, or when ctx ends, Close kills it and returns an error. Close may be
// called more than once.
func (p *Process) Close(ctx context.Context) error {
	_ = p.starting.Acquire(context.Background(), 1) // a Restart takes a bounded time
	defer p.starting.Release(1)
	p.mu.Lock()
	l := p.present
	p.closed = true
	if l != nil {
		l.expected = true
	}
	p.mu.Unlock()
	if l == nil {
		return nil
	}
	_ = p.Thaw()
	ctx, cancel := context.WithTimeout(ctx, p.cfg.EndTimeout)
	defer cancel()
	ended := l.quit(ctx)
	_ = l.child.Kill()
	<-l.over
	if !ended {
		return fmt.Errorf("the adapter of client %d (%s) did not end when asked to, and was killed", p.cfg.Client, p.cfg.name())
	}
	return nil
}

// Broken returns a [*Broken] if the program broke the protocol; nil otherwise.
func (p *Process) Broken() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken == nil {
		return nil
	}
	return p.broken
}

// Broke returns a channel that is closed when the program breaks the protocol.
func (p *Process) Broke() <-chan struct{} { return p.broke }

// Name returns the name that the program gives itself; "" if it gives none.
func (p *Process) Name() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.present == nil {
		return ""
	}
	return p.present.hello.Name
}

// PID returns the process id of the program, which is also that of its process group; 0 while it is
// down.
func (p *Process) PID() int {
	l, err := p.alive()
	if err != nil {
		return 0
	}
	return l.child.PID()
}

// Touch makes one quorum write on the program's session that changes nothing. The error
// wraps [subjects.ErrCannot] if the program does not offer that.
func (p *Process) Touch(ctx context.Context, path string) error {
	l, err := p.alive()
	if err != nil {
		return err
	}
	if !has(l.hello.Offers, offerTouch) {
		return fmt.Errorf("touch by client %d: %w", p.cfg.Client, subjects.ErrCannot)
	}
	_, _, err = p.send(ctx, l, request{Op: opTouch, Path: path})
	return err
}

// alive returns the present incarnation, or the reason why there is none.
func (p *Process) alive() (*incarnation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.present != nil:
		return p.present, nil
	case p.broken != nil:
		return nil, p.broken.unsent()
	case p.closed:
		return nil, &downError{p.cfg.Client, "is closed", true}
	}
	return nil, &downError{p.cfg.Client, "does not run", true}
}
