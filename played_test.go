package zklab_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/internal/zkconn"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
)

// played is a client's process that only plays one, so that it can be stopped and
// killed in virtual time: nothing of it comes through while it is stopped, and
// nothing that is left of it when it was killed reaches anybody.
type played struct {
	config adapter.Config
	link   *link.Link
	left   sync.WaitGroup // what is left of its lives

	mu     sync.Mutex
	thawed chan struct{} // open while it is frozen
	life   *playedLife   // nil while it is down
}

// playedLife is one life of it.
type playedLife struct {
	of     *played
	client *subjects.Client
	dead   chan struct{}

	mu    sync.Mutex
	conns []net.Conn
	made  map[string]any
}

var (
	_ zklab.Program = (*played)(nil)

	errPlayed = errors.New("the process was killed")
	closed    = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
)

// play starts one.
func play(ctx context.Context, c adapter.Config, l *link.Link) (zklab.Program, error) {
	p := &played{config: c, link: l, thawed: closed}
	return p, p.Restart(ctx)
}

func (p *played) Restart(ctx context.Context) error {
	l := &playedLife{of: p, dead: make(chan struct{}), made: map[string]any{}}
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: p.config.Servers, Timeout: p.config.SessionTimeout, Dial: l.dial})
	if err != nil {
		return err
	}
	s, _ := p.link.Session()
	l.client = &subjects.Client{
		ID: p.config.Client, Servers: p.config.Servers, Timeout: s.Timeout, Dial: l.dial, Conn: conn, Events: events,
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life = l
	return nil
}

func (p *played) present() *playedLife {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

func (p *played) Freeze() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.thawed == closed {
		p.thawed = make(chan struct{})
	}
	return nil
}

func (p *played) Thaw() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.thawed != closed {
		close(p.thawed)
		p.thawed = closed
	}
	return nil
}

func (p *played) Frozen() (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.thawed != closed, nil
}

func (p *played) Running() bool { return p.present() != nil }

func (p *played) Kill() error {
	p.mu.Lock()
	l := p.life
	p.life = nil
	p.mu.Unlock()
	if l == nil {
		return nil
	}
	close(l.dead)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		c.Close()
	}
	p.left.Go(l.end) // which nobody sees
	return p.Thaw()
}

func (p *played) Broke() <-chan struct{} { return nil }
func (p *played) Broken() error          { return nil }

func (p *played) Close(context.Context) error {
	if l := p.present(); l != nil {
		_ = p.Thaw()
		l.end()
		close(l.dead)
	}
	p.left.Wait()
	return nil
}

func (l *playedLife) end() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.client.Close(ctx)
	l.client.Conn.Close()
}

// gate waits until the process is not frozen; false when it was killed.
func (l *playedLife) gate() bool {
	for {
		l.of.mu.Lock()
		thawed := l.of.thawed
		l.of.mu.Unlock()
		select {
		case <-l.dead:
			return false
		default:
		}
		select {
		case <-thawed:
			if thawed == closed {
				return true
			}
		case <-l.dead:
			return false
		}
	}
}

func (l *playedLife) dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	if !l.gate() {
		return nil, errPlayed
	}
	c, err := l.of.link.Dial(network, addr, timeout)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.dead:
		c.Close()
		return nil, errPlayed
	default:
	}
	l.conns = append(l.conns, c)
	return &playedConn{c, l}, nil
}

// playedConn is a connection of the process.
type playedConn struct {
	net.Conn
	l *playedLife
}

func (c *playedConn) Write(b []byte) (int, error) {
	if !c.l.gate() {
		return 0, errPlayed
	}
	return c.Conn.Write(b)
}

func (c *playedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.l.gate() {
		return 0, errPlayed
	}
	return n, err
}

// downPlayed is the error of a call to a process that is down, or went down.
type downPlayed struct{ unsent bool }

func (downPlayed) Error() string    { return errPlayed.Error() }
func (downPlayed) Unwrap() error    { return subjects.ErrProcess }
func (e downPlayed) NoEffect() bool { return e.unsent }

// inPlay calls into the process: it answers when it is not frozen.
func inPlay[T any](p *played, f func(l *playedLife) (T, error)) (T, error) {
	var none T
	l := p.present()
	if l == nil {
		return none, downPlayed{true}
	}
	if !l.gate() {
		return none, downPlayed{false}
	}
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := f(l)
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		if !l.gate() {
			return none, downPlayed{false}
		}
		return a.value, a.err
	case <-l.dead:
		return none, downPlayed{false}
	}
}

// on is a call of a subject, which is made in each life when it is first used.
func on[S, T any](p *played, name string, make func(c *subjects.Client) (S, error), f func(S) (T, error)) (T, error) {
	return inPlay(p, func(l *playedLife) (T, error) {
		l.mu.Lock()
		s, ok := l.made[name]
		l.mu.Unlock()
		if !ok {
			made, err := make(l.client)
			if err != nil {
				var none T
				return none, err
			}
			l.mu.Lock()
			l.made[name], s = made, made
			l.mu.Unlock()
		}
		return f(s.(S))
	})
}

func (p *played) Touch(ctx context.Context, path string) error {
	_, err := inPlay(p, func(l *playedLife) (any, error) {
		return nil, zkconn.Touch(ctx, l.client.Conn, path)
	})
	return err
}

// exclusive is what a lock and an election of package recipes have in common.
type exclusive interface {
	subjects.Fencer
	subjects.Holder
	subjects.Owner
}

// playedHold is a lock or a candidate.
type playedHold struct {
	p       *played
	name    string
	make    func(c *subjects.Client) (exclusive, error)
	acquire func(s exclusive, ctx context.Context) error
	release func(s exclusive, ctx context.Context) error

	mu    sync.Mutex
	grant playedGrant
}

type playedGrant struct {
	token, session int64
	lost           chan struct{}
}

func (h *playedHold) take(ctx context.Context) error {
	g, err := on(h.p, h.name, h.make, func(s exclusive) (playedGrant, error) {
		if err := h.acquire(s, ctx); err != nil {
			return playedGrant{}, err
		}
		return playedGrant{s.Fence(), s.Session(), h.watch(s.Lost())}, nil
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.grant = g
	return err
}

// watch tells of a loss when the process is not frozen.
func (h *playedHold) watch(inner <-chan struct{}) chan struct{} {
	l := h.p.present()
	lost := make(chan struct{})
	if l != nil {
		h.p.left.Go(func() {
			select {
			case <-inner:
			case <-l.dead:
				return
			}
			if l.gate() {
				close(lost)
			}
		})
	}
	return lost
}

func (h *playedHold) give(ctx context.Context) error {
	_, err := on(h.p, h.name, h.make, func(s exclusive) (any, error) { return nil, h.release(s, ctx) })
	return err
}

func (h *playedHold) Held(context.Context) (bool, error) {
	return on(h.p, h.name, h.make, func(s exclusive) (bool, error) {
		select {
		case <-s.Lost():
			return false, nil
		default:
			return true, nil
		}
	})
}

func (h *playedHold) of() playedGrant {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.grant
}

func (h *playedHold) Fence() int64          { return h.of().token }
func (h *playedHold) Session() int64        { return h.of().session }
func (h *playedHold) Lost() <-chan struct{} { return h.of().lost }

type playedLock struct{ *playedHold }

func (l playedLock) Lock(ctx context.Context) error   { return l.take(ctx) }
func (l playedLock) Unlock(ctx context.Context) error { return l.give(ctx) }

func (p *played) Lock(path string) (subjects.Lock, error) {
	return playedLock{&playedHold{
		p: p, name: "lock " + path,
		make: func(c *subjects.Client) (exclusive, error) {
			l, err := subjects.NewLock(c, path)
			return l.(exclusive), err
		},
		acquire: func(s exclusive, ctx context.Context) error { return s.(subjects.Lock).Lock(ctx) },
		release: func(s exclusive, ctx context.Context) error { return s.(subjects.Lock).Unlock(ctx) },
	}}, nil
}

type playedElection struct{ *playedHold }

func (e playedElection) Campaign(ctx context.Context) error { return e.take(ctx) }
func (e playedElection) Resign(ctx context.Context) error   { return e.give(ctx) }
func (e playedElection) Leader(ctx context.Context) (string, error) {
	return on(e.p, e.name, e.make, func(s exclusive) (string, error) { return s.(subjects.LeaderTeller).Leader(ctx) })
}

func (p *played) Election(path, id string) (subjects.Election, error) {
	return playedElection{&playedHold{
		p: p, name: "election " + path,
		make: func(c *subjects.Client) (exclusive, error) {
			e, err := subjects.NewElection(c, path, id)
			return e.(exclusive), err
		},
		acquire: func(s exclusive, ctx context.Context) error { return s.(subjects.Election).Campaign(ctx) },
		release: func(s exclusive, ctx context.Context) error { return s.(subjects.Election).Resign(ctx) },
	}}, nil
}

// simply calls something without a result.
func simply[S any](p *played, name string, make func(c *subjects.Client) (S, error), f func(S) error) error {
	_, err := on(p, name, make, func(s S) (any, error) { return nil, f(s) })
	return err
}

type playedQueue struct {
	p    *played
	path string
}

func (q playedQueue) make(c *subjects.Client) (subjects.Queue, error) {
	return subjects.NewQueue(c, q.path)
}

func (q playedQueue) Put(ctx context.Context, item []byte) error {
	return simply(q.p, "queue "+q.path, q.make, func(s subjects.Queue) error { return s.Put(ctx, item) })
}

func (q playedQueue) Take(ctx context.Context) ([]byte, error) {
	return on(q.p, "queue "+q.path, q.make, func(s subjects.Queue) ([]byte, error) { return s.Take(ctx) })
}

func (q playedQueue) IsItem(child string) bool {
	is, err := on(q.p, "queue "+q.path, q.make, func(s subjects.Queue) (bool, error) {
		return s.(subjects.Itemizer).IsItem(child), nil
	})
	return is || err != nil
}

func (p *played) Queue(path string) (subjects.Queue, error) { return playedQueue{p, path}, nil }

type playedBarrier struct {
	p    *played
	path string
}

func (b playedBarrier) make(c *subjects.Client) (subjects.Barrier, error) {
	return subjects.NewBarrier(c, b.path)
}

func (b playedBarrier) Raise(ctx context.Context) error {
	return simply(b.p, "barrier "+b.path, b.make, func(s subjects.Barrier) error { return s.Raise(ctx) })
}

func (b playedBarrier) Lift(ctx context.Context) error {
	return simply(b.p, "barrier "+b.path, b.make, func(s subjects.Barrier) error { return s.Lift(ctx) })
}

func (b playedBarrier) Await(ctx context.Context) error {
	return simply(b.p, "barrier "+b.path, b.make, func(s subjects.Barrier) error { return s.Await(ctx) })
}

func (p *played) Barrier(path string) (subjects.Barrier, error) { return playedBarrier{p, path}, nil }

type playedDouble struct {
	p       *played
	path    string
	parties int
}

func (b playedDouble) make(c *subjects.Client) (subjects.DoubleBarrier, error) {
	return subjects.NewDoubleBarrier(c, b.path, b.parties)
}

func (b playedDouble) Enter(ctx context.Context) error {
	return simply(b.p, "double "+b.path, b.make, func(s subjects.DoubleBarrier) error { return s.Enter(ctx) })
}

func (b playedDouble) Leave(ctx context.Context) error {
	return simply(b.p, "double "+b.path, b.make, func(s subjects.DoubleBarrier) error { return s.Leave(ctx) })
}

func (p *played) DoubleBarrier(path string, parties int) (subjects.DoubleBarrier, error) {
	return playedDouble{p, path, parties}, nil
}
