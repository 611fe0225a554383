package adapter

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/panics"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/subjects"
)

// session is the state of a Serve from one open to its quit: a client with one connection,
// and its objects.
type session struct {
	of    *server
	ctx   context.Context
	stop  context.CancelFunc // of everything that runs
	tasks sync.WaitGroup     // answers that are being worked on

	mu      sync.Mutex
	client  *subjects.Client // nil until it is open
	opening bool
	over    bool // nothing more is answered
	objects map[int64]*served
	running map[int64]context.CancelFunc // by the request's id
}

func newSession(v *server) *session {
	s := &session{of: v, objects: map[int64]*served{}, running: map[int64]context.CancelFunc{}}
	s.ctx, s.stop = context.WithCancel(v.ctx)
	return s
}

// begin works on a request in the background.
func (v *session) begin(req request) {
	ctx, cancel := context.WithCancel(v.ctx)
	v.mu.Lock()
	_, twice := v.running[req.ID]
	if !twice {
		v.running[req.ID] = cancel
	}
	v.mu.Unlock()
	if twice || req.ID < 1 {
		cancel()
		v.of.refuse(req.ID, contracts.CodeBadRequest, "a request needs an id of its own, from 1")
		return
	}
	v.tasks.Go(func() {
		defer cancel()
		r := reply{ID: req.ID}
		done, after, err := v.safely(ctx, req)
		if err != nil {
			r.Error = failed(err)
		} else {
			r.OK = done
		}
		if !v.forget(req.ID) {
			return
		}
		v.of.send(r)
		if after != nil {
			after()
		}
	})
}

func (v *session) cancel(id int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if cancel := v.running[id]; cancel != nil {
		cancel()
	}
}

// forget ends a request, and reports whether its answer is still expected.
func (v *session) forget(id int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.running, id)
	return !v.over
}

// safely carries out a request. A panic of the subject becomes an error: its effect is
// unknown. The caller calls after when the answer has been sent.
func (v *session) safely(ctx context.Context, req request) (r *result, after func(), err error) {
	defer func() {
		if p := recover(); p != nil {
			v.of.subjects.Logf("the subject panicked: %v\n%s", p, debug.Stack())
			err = &Error{Code: history.CodePanic, Message: fmt.Sprintf("the subject panicked: %v%s", p, panics.Place())}
		}
	}()
	switch req.Op {
	case opOpen:
		r, err = v.open(ctx, req)
	case opMake:
		r, err = v.make(req)
	case opTouch:
		r, err = v.touch(ctx, req)
	case opCall:
		r, after, err = v.call(ctx, req)
	case opClose:
		r, err = v.close(ctx, req)
	default:
		err = refused(codeUnknown, "there is no request %q", req.Op)
	}
	return r, after, err
}

// open connects.
func (v *session) open(ctx context.Context, req request) (*result, error) {
	if req.Version != Version {
		return nil, refused(codeVersion, "this adapter speaks version %d, and was asked for %d", Version, req.Version)
	}
	if len(req.Servers) == 0 || req.Client == nil || req.TimeoutMS < 1 {
		return nil, refused(contracts.CodeBadRequest, "open needs client, servers and timeout_ms")
	}
	v.mu.Lock()
	again := v.opening || v.client != nil
	v.opening = true
	v.mu.Unlock()
	if again {
		return nil, refused(contracts.CodeBadRequest, "it is open")
	}
	c, err := v.connectOnce(ctx, req)
	if err != nil {
		return nil, err
	}
	r := &result{Version: Version, Name: v.of.subjects.Name}
	if touching(c) != nil {
		r.Offers = []string{offerTouch}
	}
	return r, nil
}

// connectOnce connects, and keeps the client. After a panic of Connect, another open may
// try again.
func (v *session) connectOnce(ctx context.Context, req request) (c *subjects.Client, err error) {
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.opening, v.client = false, c
	}()
	return v.connect(ctx, req)
}

func (v *session) connect(ctx context.Context, req request) (*subjects.Client, error) {
	timeout := time.Duration(req.TimeoutMS) * time.Millisecond
	if v.of.subjects.Connect != nil {
		return v.connectOwn(ctx, &subjects.Client{ID: *req.Client, Servers: req.Servers, Timeout: timeout, Dial: v.of.subjects.Dial})
	}
	var granted granted
	dial := granted.through(v.of.subjects.Dial)
	conn, events, err := zkconn.OpenEvents(ctx, zkconn.Config{
		Servers: req.Servers, Timeout: timeout, Dial: dial,
	})
	if err != nil {
		return nil, err
	}
	return &subjects.Client{
		ID: *req.Client, Servers: req.Servers, Timeout: granted.timeout(),
		Dial: zkconn.Lossy(dial), Conn: conn, Events: events.All(), Subscribe: events.Subscribe,
	}, nil
}

// connectOwn connects with the program's own library. A session that opens too late is
// closed.
func (v *session) connectOwn(ctx context.Context, c *subjects.Client) (*subjects.Client, error) {
	own, err := v.of.subjects.Connect(ctx, c)
	if err != nil {
		return nil, err
	}
	if own == nil {
		return nil, errors.New("function Connect of the program gave no connection, and no error")
	}
	if ctx.Err() != nil {
		closeOwn(own)
		return nil, context.Cause(ctx)
	}
	c.Own = own
	return c, nil
}

// closeOwn closes a session of the program's own library, and waits only a moment for that.
func closeOwn(own Connection) {
	ctx, cancel := context.WithTimeout(context.Background(), endMoment)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = own.Close(ctx)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// touching returns the function with which the client makes a write that changes nothing;
// nil if it cannot.
func touching(c *subjects.Client) func(context.Context, string) error {
	if c.Own == nil {
		return func(ctx context.Context, path string) error { return zkconn.NoopWrite(ctx, c.Conn, path) }
	}
	if t, ok := c.Own.(Toucher); ok {
		return t.Touch
	}
	return nil
}

// present returns the client, once it is open.
func (v *session) present() (*subjects.Client, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.client == nil {
		return nil, refused(contracts.CodeBadRequest, "it is not open")
	}
	return v.client, nil
}

// touch does one quorum write that changes nothing.
func (v *session) touch(ctx context.Context, req request) (*result, error) {
	c, err := v.present()
	if err != nil {
		return nil, err
	}
	touch := touching(c)
	if touch == nil {
		return nil, refused(contracts.Code(subjects.ErrCannot), "touch is not offered")
	}
	return &result{}, touch(ctx, req.Path)
}

// At the end, cancelled calls get a moment, each Close gets another, and calls that end only with
// the connection get the rest.
const (
	endMoment = time.Second
	endRest   = 2 * time.Second
)

// end closes everything.
func (v *session) end() {
	v.stop()
	done := make(chan struct{})
	go func() {
		v.tasks.Wait()
		close(done)
	}()
	within := func(limit time.Duration) {
		select {
		case <-done:
		case <-time.After(limit):
		}
	}
	within(endMoment)
	v.closeObjects()
	if c, err := v.present(); err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), endMoment)
		defer cancel()
		_ = c.Close(ctx)
		if own, ok := c.Own.(Connection); ok {
			closeOwn(own)
		} else {
			c.Conn.Close()
		}
	}
	within(endRest)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.over = true
}

// closeObjects closes, all at once, the objects in which no call is stuck.
func (v *session) closeObjects() {
	ctx, cancel := context.WithTimeout(context.Background(), endMoment)
	defer cancel()
	v.mu.Lock()
	var all sync.WaitGroup
	for _, o := range v.objects {
		all.Go(func() { _ = o.end(ctx) })
	}
	v.mu.Unlock()
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

var errBusy = errors.New("another request of this object has not been answered")
