package adapter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// The ensemble's tick and the session timeout while programs are checked: short, so that
// sessions expire soon.
const (
	conformTick    = 200 * time.Millisecond
	conformSession = 2 * time.Second
)

// aWhile is how long to check that a call waits.
const aWhile = 300 * time.Millisecond

// stand is the environment in which programs are checked.
type stand struct {
	Conformance
	servers []string
	dial    zk.Dialer // of the stand's own connection
	start   func(Config) (*child, error)
	nowhere string // an address without a listener
	conn    *zk.Conn
	running chan struct{} // has an element for each check under way
	folders atomic.Int64

	mu      sync.Mutex
	results []Result
}

func newStand(c Conformance, servers []string, dial zk.Dialer) *stand {
	c.Patience = cmp.Or(c.Patience, 10*time.Second)
	if c.OnResult == nil {
		c.OnResult = func(Result) {}
	}
	return &stand{
		Conformance: c, servers: servers, dial: dial, start: startChild, nowhere: "127.0.0.1:1",
		running: make(chan struct{}, max(1, c.AtOnce)),
	}
}

// connectWithin is how long the stand's own connection may take. Patience does not apply:
// it is for the program.
const connectWithin = time.Minute

// connect opens the stand's own connection.
func (s *stand) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: s.servers, Timeout: 20 * conformTick, Dial: s.dial})
	if err != nil {
		return err
	}
	go func() {
		for range events {
		}
	}()
	s.conn = conn
	return nil
}

// folder returns a path for one check.
func (s *stand) folder() string {
	return fmt.Sprintf("/check-%d", s.folders.Add(1))
}

// trial is one check under way.
type trial struct {
	*stand
	*suite
	ctx     context.Context
	root    string // a znode of its own
	clients []*Process
	talks   []*talk
}

func (t *trial) prepare() error {
	_, err := t.conn.Create(t.root, nil, 0, zk.WorldACL(zk.PermAll))
	return err
}

// path returns the path of the check's objects, except for named ones.
func (t *trial) path() string { return t.root + "/one" }

func (t *trial) config() Config {
	return Config{
		Command: t.Command, Dir: t.Dir, Env: t.Env, Logf: t.Logf, Client: len(t.clients), start: t.start,
		Servers: t.servers, SessionTimeout: conformSession, OpenTimeout: t.Patience, Silence: t.Patience, EndTimeout: t.Patience,
	}.withDefaults()
}

// client starts the program for one more client.
func (t *trial) client() *Process {
	p, err := Start(t.ctx, t.config())
	t.must(err)
	t.clients = append(t.clients, p)
	return p
}

// object starts the program and makes an object of the recipe at path.
func (t *trial) object(path string) *object {
	return t.of(t.client(), path)
}

// first returns the object of a check that needs one.
func (t *trial) first() *object { return t.object(t.path()) }

// pair is like object, for two clients at the same path.
func (t *trial) pair() (a, b *object) { return t.first(), t.first() }

// of makes an object of a client.
func (t *trial) of(p *Process, path string) *object {
	var with any
	if t.with != nil {
		with = t.with(p.cfg.Client)
	}
	return t.made(p, path, with)
}

// made makes an object of a client with a value, or without one if that is nil.
func (t *trial) made(p *Process, path string, with any) (o *object) {
	value, err := encoded(with)
	t.must(err)
	t.soon("make", func(context.Context) (err error) {
		o, err = p.object(request{Recipe: t.recipe, Path: path, Value: value}, t.offers...)
		return err
	})
	return o
}

// finish ends what was started, and returns the result of the check. A breach of the
// protocol takes precedence over errors that followed from it.
func (t *trial) finish(err error) error {
	for _, p := range t.clients {
		if err == nil {
			err = caught(func() { t.settle(p) })
		}
		if broken := p.Broken(); broken != nil && !isBroken(err) {
			err = broken
		}
	}
	for _, p := range t.clients {
		_ = p.Kill() // ending on request is a separate check
		_ = p.Close(t.ctx)
	}
	for _, k := range t.talks {
		k.end()
	}
	return err
}

func isBroken(err error) bool {
	var b *Broken
	return errors.As(err, &b)
}

// settle waits for earlier output of a program: lines come in order.
func (t *trial) settle(p *Process) {
	l, err := p.alive()
	if err != nil {
		return // killed by the check
	}
	t.soon("ping", func(ctx context.Context) error {
		_, _, err := p.send(ctx, l, request{Op: opPing})
		return err
	})
}

// checkError is the value of the panic that ends a check.
type checkError struct{ err error }

// must ends the check with an error, unless it is nil. Like everything that may end the check, it must be called
// by the check's own goroutine.
func (t *trial) must(err error) {
	if err != nil {
		panic(checkError{err})
	}
}

// mustf is like must, with a text before the error.
func (t *trial) mustf(err error, format string, args ...any) {
	if err != nil {
		t.failf("%s: %w", fmt.Sprintf(format, args...), err)
	}
}

// failf ends the check.
func (t *trial) failf(format string, args ...any) { t.must(fmt.Errorf(format, args...)) }

// caught returns the error with which steps of a check ended it; nil if they did not.
func caught(steps func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case checkError:
			err = p.err
		default:
			panic(p)
		}
	}()
	steps()
	return nil
}

// during adds a text to the error with which steps end the check.
func (t *trial) during(what string, steps func()) { t.mustf(caught(steps), "%s", what) }

// calls calls an operation of an object, which must answer soon.
func calls[S, A, R any](t *trial, o *object, op *contracts.Op[S, A, R], a A) (r R) {
	t.soon(op.Name(), func(ctx context.Context) (err error) {
		r, err = op.On(ctx, contracts.At[S]{There: o}, a)
		return err
	})
	return r
}

// attempt is a call under way.
type attempt struct {
	what   string
	done   chan struct{}
	err    error     // err and at may be read once done is closed
	at     time.Time // when it was done
	cancel context.CancelFunc
}

// took returns how long after began the call returned.
func (c *attempt) took(began time.Time) time.Duration { return c.at.Sub(began) }

// begin calls f in the background.
func (t *trial) begin(what string, f func(ctx context.Context) error) *attempt {
	ctx, cancel := context.WithCancel(t.ctx)
	c := &attempt{what: what, done: make(chan struct{}), cancel: cancel}
	go func() { // ends with its program at the latest, which finish kills
		defer close(c.done)
		defer cancel()
		c.err = f(ctx)
		c.at = time.Now()
	}()
	return c
}

// soon calls f, which must return without an error.
func (t *trial) soon(what string, f func(ctx context.Context) error) {
	t.mustf(t.await(t.begin(what, f)), "%s", what)
}

// await waits for a call that should return soon, and returns its error.
func (t *trial) await(c *attempt) error {
	select {
	case <-c.done:
		return c.err
	case <-time.After(t.Patience):
		return fmt.Errorf("no answer within %s", t.Patience)
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
}

// waits checks that a call waits.
func (t *trial) waits(c *attempt, why string) {
	select {
	case <-c.done:
		if c.err != nil {
			t.failf("%s did not wait (%s): %w", c.what, why, c.err)
		}
		t.failf("%s did not wait: %s", c.what, why)
	case <-time.After(aWhile):
	}
}

// cancelled cancels a waiting call, which must end soon and fail.
func (t *trial) cancelled(c *attempt) {
	c.cancel()
	err := t.await(c)
	var e *Error
	switch {
	case err == nil:
		t.failf("%s was cancelled while it could not succeed, and was answered with ok", c.what)
	case !errors.As(err, &e):
		t.failf("%s was cancelled: %w", c.what, err)
	case e.Code != history.CodeCancelled:
		t.failf("%s was cancelled, and was answered with the code %q (%s); it should be %q", c.what, e.Code, e.Message, history.CodeCancelled)
	}
}

// atOnce makes a request that cannot succeed and cancels it while the program is stopped.
// So the program reads both at once, and has perhaps not begun to work on the request when
// it reads the cancel.
func (t *trial) atOnce(o *object, op string) {
	l, err := o.p.alive()
	t.must(err)
	for range 5 {
		t.must(o.p.Freeze())
		c, err := l.x.ask(request{Op: opCall, Object: o.spec.Object, Operation: op})
		t.must(err)
		l.x.cancel(c)
		time.Sleep(aWhile / 10) // until both have been written
		t.must(o.p.Thaw())
		answer := t.begin(op, func(ctx context.Context) error {
			r, err := l.x.await(c, nil)
			if err == nil && r.Error != nil {
				err = r.Error.of(ctx)
			}
			return err
		})
		t.during("right after it was asked for", func() { t.cancelled(answer) })
	}
}

// code expects an answer with an error of that code.
func code(r reply, want string) error {
	switch {
	case r.Error == nil:
		return fmt.Errorf("was answered with ok, but should be an error with the code %q", want)
	case r.Error.Code != want:
		return fmt.Errorf("was answered with the code %q (%s); it should be %q", r.Error.Code, r.Error.Message, want)
	}
	return nil
}

func (t *trial) simply(o *object, op string) {
	t.soon(op, func(ctx context.Context) error { return o.Call(ctx, op, nil, nil) })
}

func (t *trial) beginSimply(o *object, op string) *attempt {
	return t.begin(op, func(ctx context.Context) error { return o.Call(ctx, op, nil, nil) })
}

// zxid returns the zxid of a write by the stand, after which it sees everything.
func (t *trial) zxid() int64 {
	stat, err := t.conn.Set(t.root, nil, -1)
	t.must(err)
	return stat.Mzxid
}

// children lists the present children of a znode; none if it does not exist.
func (t *trial) children(path string) []string {
	t.zxid()
	names, _, err := t.conn.Children(path)
	if !errors.Is(err, zk.ErrNoNode) {
		t.must(err)
	}
	return names
}
