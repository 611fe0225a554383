// Package played simulates clients' processes within this process and in its time, so that they can
// also be frozen and crashed in virtual time. While a simulated process is frozen, none of its messages
// pass; after a crash, nothing that is left of it has an effect. It has no memory and no clock of its
// own, as a real process has.
package played

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/panics"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
)

// played is a simulated process of a client, which can be stopped and killed in virtual time: none
// of its messages pass while it is stopped, and nothing that is left of it after it was killed has
// an effect.
type played struct {
	config adapter.Config
	link   *link.Link
	left   sync.WaitGroup // goroutines that are left of its lives
	makers map[string]subjects.Maker
	astray zk.Dialer // with which it reconnects without its link; nil: it always uses its link

	mu     sync.Mutex
	thawed chan struct{} // open while it is frozen
	life   *playedLife   // nil while it is down
	lives  []*playedLife // all lives so far
}

// playedLife is one life of a simulated process.
type playedLife struct {
	of     *played
	client *subjects.Client
	dead   chan struct{}
	mortal *bubble.Mortal

	mu    sync.Mutex
	conns []net.Conn
	made  map[*playedObject]*subjects.Served
	calls int  // under way
	over  bool // the run is over
}

var (
	_ engine.Program = (*played)(nil)

	errPlayed = errors.New("the process was killed")
	closed    = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
)

// Launch returns the function that starts simulated processes, with the subjects of some recipes.
func Launch(makers map[string]subjects.Maker) engine.Launch { return Astray(makers, nil) }

// Astray is Launch for programs that connect through their links once, and later through a
// dialer of their own, like clients that learn the servers' addresses from the ensemble. With a
// nil dialer, they always use their links.
func Astray(makers map[string]subjects.Maker, dial zk.Dialer) engine.Launch {
	return func(ctx context.Context, c adapter.Config, l *link.Link) (engine.Program, error) {
		p := &played{config: c, link: l, thawed: closed, makers: makers, astray: dial}
		return p, p.Restart(ctx)
	}
}

func (p *played) Restart(ctx context.Context) error {
	l := &playedLife{of: p, dead: make(chan struct{}), mortal: bubble.NewMortal(), made: map[*playedObject]*subjects.Served{}}
	conn, events, err := zkconn.OpenEvents(ctx, zkconn.Config{Servers: p.config.Servers, Timeout: p.config.SessionTimeout, Dial: l.dial})
	if err != nil {
		return err
	}
	s, _ := p.link.Session()
	l.client = &subjects.Client{
		ID: p.config.Client, Servers: p.config.Servers, Timeout: s.Timeout, Dial: zkconn.Lossy(l.dial),
		Conn: conn, Events: events.All(), Subscribe: events.Subscribe,
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life, p.lives = l, append(p.lives, l)
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
	l.mortal.Kill()
	close(l.dead)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		c.Close()
	}
	p.left.Go(l.end) // no client sees its effects
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
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lives {
		l.mu.Lock()
		l.over = true
		l.closeSubjects()
		l.mu.Unlock()
	}
	return nil
}

// closeSubjects lets subjects end the goroutines that they have started, as the end of a real process does.
// It does not wait for the subjects, and nothing that they still send reaches a server, so the run does not
// change. Since subjects need not be safe for concurrent use, it does nothing until the last call has ended.
// Call it with l.mu held.
func (l *playedLife) closeSubjects() {
	if l.calls > 0 {
		return
	}
	for o, s := range l.made {
		delete(l.made, o)
		if c, ok := subjects.Offered[subjects.Closer](s.Subject); ok {
			go func() {
				defer func() { _ = recover() }() // the process is gone
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				_ = c.Close(ctx)
			}()
		}
	}
}

func (l *playedLife) end() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.client.Close(ctx)
	l.client.Conn.Close()
}

// count counts the calls under way: 1 begins, -1 has ended.
func (l *playedLife) count(calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls += calls
	if l.over {
		l.closeSubjects()
	}
}

// gate waits while the process is frozen. It returns false if the process was killed.
func (l *playedLife) gate() bool {
	for {
		l.of.mu.Lock()
		thawed := l.of.thawed
		l.of.mu.Unlock()
		if await.Closed(l.dead) {
			return false
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
	dial := l.of.link.Dial
	if l.of.astray != nil && l.connected() {
		dial = l.of.astray
	}
	c, err := dial(network, addr, timeout)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if await.Closed(l.dead) {
		c.Close()
		return nil, errPlayed
	}
	l.conns = append(l.conns, c)
	return &playedConn{c, l}, nil
}

// connected reports whether there has been a connection.
func (l *playedLife) connected() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns) > 0
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

// downPlayed is the error of a call to a process that is down, or goes down during the call.
type downPlayed struct{ unsent bool }

func (downPlayed) Error() string    { return errPlayed.Error() }
func (downPlayed) Unwrap() error    { return subjects.ErrProcess }
func (e downPlayed) NoEffect() bool { return e.unsent }

// inPlay calls a function of the process, and returns its answer once the process is not frozen.
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
	l.count(1)
	l.mortal.Go(func() {
		var a answer
		defer l.count(-1)
		defer func() {
			if p := recover(); p != nil { // a program that serves its subjects answers in the same way
				a.err = &adapter.Error{Code: history.CodePanic, Message: fmt.Sprintf("the subject panicked: %v%s", p, panics.Place())}
			}
			answers <- a
		}()
		a.value, a.err = f(l)
	})
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

// Touch implements [subjects.Remote].
func (p *played) Touch(ctx context.Context, path string) error {
	_, err := inPlay(p, func(l *playedLife) (any, error) {
		return nil, zkconn.NoopWrite(ctx, l.client.Conn, path)
	})
	return err
}

// playedObject is a subject in the process. Each life of the process makes the subject when it first
// uses it.
type playedObject struct {
	p      *played
	make   func(c *subjects.Client) (*subjects.Served, error)
	offers []string
	about  any
}

// Make implements [subjects.Remote].
func (p *played) Make(recipe, path string, value any, _ ...string) (subjects.Object, error) {
	with, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	maker, ok := p.makers[recipe]
	if !ok {
		return nil, fmt.Errorf("%w: the process has no subjects of the recipe %s", subjects.ErrCannot, recipe)
	}
	o := &playedObject{p: p, make: func(c *subjects.Client) (*subjects.Served, error) { return maker(c, path, with) }}
	_, err = o.on(func(_ *playedLife, s *subjects.Served) (any, error) {
		o.offers, o.about = s.Offers, s.About
		return nil, nil
	})
	return o, err
}

func (o *playedObject) on(f func(l *playedLife, s *subjects.Served) (any, error)) (any, error) {
	return inPlay(o.p, func(l *playedLife) (any, error) {
		l.mu.Lock()
		s := l.made[o]
		l.mu.Unlock()
		if s == nil {
			var err error
			if s, err = o.make(l.client); err != nil {
				return nil, err
			}
			l.mu.Lock()
			l.made[o] = s
			l.mu.Unlock()
		}
		return f(l, s)
	})
}

// call calls an operation. It returns the life in which the call ended, and the subject of that life.
func (o *playedObject) call(ctx context.Context, operation string, value, result any) (*playedLife, *subjects.Served, error) {
	with, err := json.Marshal(value)
	if err != nil {
		return nil, nil, err
	}
	type called struct {
		of     *playedLife
		s      *subjects.Served
		answer any
	}
	got, err := o.on(func(l *playedLife, s *subjects.Served) (any, error) {
		answer, err := s.Operations[operation](ctx, with)
		return called{l, s, answer}, err
	})
	if err != nil {
		return nil, nil, err
	}
	c := got.(called)
	if result == nil {
		return c.of, c.s, nil
	}
	b, err := json.Marshal(c.answer)
	if err != nil {
		return nil, nil, err
	}
	return c.of, c.s, json.Unmarshal(b, result)
}

func (o *playedObject) Call(ctx context.Context, operation string, value, result any) error {
	_, _, err := o.call(ctx, operation, value, result)
	return err
}

// Hold reports a loss once the process is not frozen.
func (o *playedObject) Hold(ctx context.Context, operation string, value, result any) (<-chan struct{}, error) {
	l, s, err := o.call(ctx, operation, value, result)
	if err != nil {
		return nil, err
	}
	lost := make(chan struct{})
	if s.Lost == nil {
		return lost, nil // its loss is not reported
	}
	inner := s.Lost()
	o.p.left.Go(func() {
		select {
		case <-inner:
		case <-l.dead:
			return
		}
		if l.gate() {
			close(lost)
		}
	})
	return lost, nil
}

func (o *playedObject) Offers(offer string) bool { return slices.Contains(o.offers, offer) }

func (o *playedObject) About(v any) error {
	b, err := json.Marshal(o.about)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// Close does nothing: the end of the process closes the subject.
func (o *playedObject) Close(context.Context) error { return nil }
