package adapter

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zkconn"
	"github.com/zklab/zklab/subjects"
)

// Subjects are what [Serve] makes when it is asked to. A constructor that is nil
// is a recipe that there is not.
type Subjects struct {
	Name string // for people

	Lock          func(c *subjects.Client, path string) (subjects.Lock, error)
	Queue         func(c *subjects.Client, path string) (subjects.Queue, error)
	Barrier       func(c *subjects.Client, path string) (subjects.Barrier, error)
	DoubleBarrier func(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error)
	Election      func(c *subjects.Client, path, id string) (subjects.Election, error)

	// Dial reaches the servers; nil is net.DialTimeout.
	Dial zk.Dialer
	// Logf takes the stack of a panic of a subject; nil drops it. Called by several
	// goroutines at once.
	Logf func(format string, args ...any)
}

// Serve is the program's side of the protocol: it reads requests from in, does
// what they ask for on one connection to the ensemble, and answers to out, until
// it is asked to quit, in ends, or an answer cannot be written (the error). It
// then closes the session and returns, within some seconds whatever the ensemble
// does. What it calls gets a context that ends with ctx.
func Serve(ctx context.Context, in io.Reader, out io.Writer, s Subjects) error {
	if s.Dial == nil {
		s.Dial = net.DialTimeout
	}
	if s.Logf == nil {
		s.Logf = func(string, ...any) {}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v := &server{
		subjects: s, ctx: ctx, out: out,
		objects: map[int64]*served{}, running: map[int64]context.CancelFunc{},
	}
	quit := v.read(in)
	cancel() // everything that runs
	v.end()
	if quit != 0 {
		v.send(reply{ID: quit, OK: &result{}})
	}
	return v.failed()
}

// server is a Serve under way.
type server struct {
	subjects Subjects
	ctx      context.Context
	tasks    sync.WaitGroup // answers that are being worked on

	writing sync.Mutex
	out     io.Writer
	broken  error // the first error of out

	mu      sync.Mutex
	client  *subjects.Client // nil until it is open
	opening bool
	objects map[int64]*served
	running map[int64]context.CancelFunc // by the request's id
}

// read takes requests until there are no more. It gives the id of the request to
// quit, if there was one.
func (v *server) read(in io.Reader) (quit int64) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), maxLine+1)
	for lines.Scan() && v.failed() == nil {
		var req request
		if err := json.Unmarshal(lines.Bytes(), &req); err != nil {
			v.refuse(0, codeBadRequest, "no request: %s", brief(lines.Bytes()))
			continue
		}
		switch req.Op {
		case opQuit:
			return req.ID
		case opPing:
			v.send(reply{ID: req.ID, OK: &result{}})
		case opCancel:
			v.cancel(req.ID)
		default:
			v.begin(req)
		}
	}
	return 0
}

// begin works on a request in the background.
func (v *server) begin(req request) {
	ctx, cancel := context.WithCancel(v.ctx)
	v.mu.Lock()
	_, twice := v.running[req.ID]
	if !twice {
		v.running[req.ID] = cancel
	}
	v.mu.Unlock()
	if twice || req.ID < 1 {
		cancel()
		v.refuse(req.ID, codeBadRequest, "a request needs an id of its own, from 1")
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
		v.forget(req.ID)
		v.send(r)
		if after != nil {
			after()
		}
	})
}

func (v *server) cancel(id int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if cancel := v.running[id]; cancel != nil {
		cancel()
	}
}

func (v *server) forget(id int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.running, id)
}

// safely does what a request asks for. A panic of the subject is an error: what
// it did is unknown. after is to be called when the answer has been sent.
func (v *server) safely(ctx context.Context, req request) (r *result, after func(), err error) {
	defer func() {
		if p := recover(); p != nil {
			v.subjects.Logf("the subject panicked: %v\n%s", p, debug.Stack())
			err = &Error{Code: codePanic, Message: fmt.Sprintf("the subject panicked: %v", p)}
		}
	}()
	switch req.Op {
	case opOpen:
		r, err = v.open(ctx, req)
	case opMake:
		r, err = v.make(req)
	case opTouch:
		r, err = v.touch(ctx, req)
	default:
		r, after, err = v.operate(ctx, req)
	}
	return r, after, err
}

// refused is the answer to a request that makes no sense, or not now.
func refused(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), noEffect: true}
}

// refuse is for requests that are not begun.
func (v *server) refuse(id int64, code, format string, args ...any) {
	v.send(reply{ID: id, Error: failed(refused(code, format, args...))})
}

func (v *server) send(r reply) {
	l, err := line(r)
	if err != nil { // an item that is too large
		l, _ = line(reply{ID: r.ID, Error: failed(err)})
	}
	v.writing.Lock()
	defer v.writing.Unlock()
	if v.broken == nil {
		_, v.broken = v.out.Write(l)
	}
}

func (v *server) failed() error {
	v.writing.Lock()
	defer v.writing.Unlock()
	return v.broken
}

// open connects.
func (v *server) open(ctx context.Context, req request) (*result, error) {
	if req.Version != Version {
		return nil, refused(codeVersion, "this adapter speaks version %d, and was asked for %d", Version, req.Version)
	}
	if len(req.Servers) == 0 || req.Client == nil || req.TimeoutMS < 1 {
		return nil, refused(codeBadRequest, "open needs client, servers and timeout_ms")
	}
	v.mu.Lock()
	again := v.opening || v.client != nil
	v.opening = true
	v.mu.Unlock()
	if again {
		return nil, refused(codeBadRequest, "it is open")
	}
	c, err := v.connect(ctx, req)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opening, v.client = false, c
	if err != nil {
		return nil, err
	}
	return &result{Version: Version, Name: v.subjects.Name, Offers: []string{offerTouch}}, nil
}

func (v *server) connect(ctx context.Context, req request) (*subjects.Client, error) {
	var granted granted
	dial := granted.through(v.subjects.Dial)
	conn, events, err := zkconn.Open(ctx, zkconn.Config{
		Servers: req.Servers, Timeout: time.Duration(req.TimeoutMS) * time.Millisecond, Dial: dial,
	})
	if err != nil {
		return nil, err
	}
	return &subjects.Client{
		ID: *req.Client, Servers: req.Servers, Timeout: granted.timeout(),
		Dial: zkconn.Lossy(dial), Conn: conn, Events: events,
	}, nil
}

// present gives the client, once it is open.
func (v *server) present() (*subjects.Client, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.client == nil {
		return nil, refused(codeBadRequest, "it is not open")
	}
	return v.client, nil
}

// touch does one quorum write that changes nothing.
func (v *server) touch(ctx context.Context, req request) (*result, error) {
	c, err := v.present()
	if err != nil {
		return nil, err
	}
	return &result{}, zkconn.Touch(ctx, c.Conn, req.Path)
}

// The end takes a moment for what was cancelled, one for each thing to be
// closed, and the rest for calls that only the end of the connection ends.
const (
	endMoment = time.Second
	endRest   = 2 * time.Second
)

// end closes everything.
func (v *server) end() {
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
	v.mu.Lock()
	c := v.client
	v.mu.Unlock()
	if c != nil {
		ctx, cancel := context.WithTimeout(context.Background(), endMoment)
		defer cancel()
		_ = c.Close(ctx)
		c.Conn.Close()
	}
	within(endRest)
}

// closeObjects closes, all at once, the objects in which no call is stuck.
func (v *server) closeObjects() {
	ctx, cancel := context.WithTimeout(context.Background(), endMoment)
	defer cancel()
	v.mu.Lock()
	var all sync.WaitGroup
	for _, o := range v.objects {
		all.Go(func() { _ = o.close(ctx) })
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
