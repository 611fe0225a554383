package adapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/recipes"
	"github.com/zklab/zklab/subjects"
)

// library stands for a library with connections of its own.
type library struct {
	client *recipes.Client
	conn   *zk.Conn
}

func (l *library) Close(ctx context.Context) error {
	defer l.conn.Close()
	return l.client.Close(ctx)
}

// touchingLibrary is the library with a write that changes nothing.
type touchingLibrary struct{ *library }

func (l touchingLibrary) Touch(ctx context.Context, path string) error {
	return zkconn.NoopWrite(ctx, l.conn, path)
}

// openLibrary opens the library's connection, for Connect.
func openLibrary(ctx context.Context, c *subjects.Client) (*library, error) {
	var granted granted
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: c.Servers, Timeout: c.Timeout, Dial: granted.through(c.Dial)})
	if err != nil {
		return nil, err
	}
	c.Timeout = granted.timeout()
	return &library{recipes.NewClient(conn, events, c.Timeout), conn}, nil
}

// ofLibrary returns the subjects of the library.
func ofLibrary() Subjects {
	return Subjects{
		Name: "library",
		Connect: func(ctx context.Context, c *subjects.Client) (Connection, error) {
			l, err := openLibrary(ctx, c)
			return touchingLibrary{l}, err
		},
		Recipes: map[string]subjects.Maker{models.Lock.Name: contracts.ServeOn(contracts.Locks, func(c *subjects.Client, path string) (subjects.Lock, error) {
			l, err := subjects.Own[touchingLibrary](c)
			return recipes.NewLock(l.client, path), err
		})},
	}
}

// A library with a connection of its own conforms, and offers what a library with go-zookeeper's
// connection does, although its code names no line of the protocol.
func TestConformOwnLibrary(t *testing.T) {
	const library = "own library"
	s := ofLibrary()
	fakes[library] = fake{serves: &s}
	defer delete(fakes, library)
	results, err := conformed(t, library, Conformance{Recipes: []string{models.Lock.Name}})
	must.Do(t, err)
	allOK(t, results)
	if !slices.ContainsFunc(results, func(r Result) bool { return r.Check == "touch" }) {
		t.Errorf("no touch in %v", results)
	}
}

// A cache that cannot say when its copy is current conforms: no check asks it for a current
// copy.
func TestConformNeverCurrent(t *testing.T) {
	const never = "never current"
	s := Subjects{Name: "never current", Recipes: map[string]subjects.Maker{
		models.Cache.Name: contracts.ServeOn(contracts.Caches, func(c *subjects.Client, path string) (subjects.Cache, error) {
			own, err := subjects.NewCache(c, path)
			return neverCurrent{own}, err
		}),
	}}
	fakes[never] = fake{serves: &s}
	defer delete(fakes, never)
	results, err := conformed(t, never, Conformance{Recipes: []string{models.Cache.Name}})
	must.Do(t, err)
	allOK(t, results)
}

type neverCurrent struct{ subjects.Cache }

func (neverCurrent) NeverCurrent() {}

func (c neverCurrent) Look(ctx context.Context, current bool) (models.Copy, error) {
	if current {
		return models.Copy{}, errors.New("asked for a current copy")
	}
	return c.Cache.Look(ctx, false)
}

// noSession stands for the session of a library each of whose objects has a session of
// its own.
type noSession struct{}

func (noSession) Close(context.Context) error { return nil }

// ownSessionLock is a lock with a session of its own, which ends with the lock.
type ownSessionLock struct {
	*libraryLock
	library
}

type libraryLock = recipes.Lock

func (l *ownSessionLock) Close(ctx context.Context) error {
	return errors.Join(l.libraryLock.Close(ctx), l.library.Close(ctx))
}

// A program each of whose objects has a session of its own conforms. Its open waits for nothing,
// and it has no session to touch.
func TestConformSessionForEachObject(t *testing.T) {
	const name = "session for each object"
	fakes[name] = fake{serves: &Subjects{
		Name:    name,
		Connect: func(context.Context, *subjects.Client) (Connection, error) { return noSession{}, nil },
		Recipes: map[string]subjects.Maker{models.Lock.Name: contracts.ServeOn(contracts.Locks, func(c *subjects.Client, path string) (subjects.Lock, error) {
			conn, events, err := c.Connect()
			if err != nil {
				return nil, err
			}
			client := recipes.NewClient(conn, events, c.Timeout)
			return &ownSessionLock{recipes.NewLock(client, path), library{client, conn}}, nil
		})},
	}}
	defer delete(fakes, name)
	results, err := conformed(t, name, Conformance{Recipes: []string{models.Lock.Name}})
	must.Do(t, err)
	for _, r := range results {
		want := OK
		if r.Check == "touch" || r.Check == "open-cancel" {
			want = NotOffered
		}
		if r.Outcome != want {
			t.Errorf("%s %s: %s %s", r.Recipe, r.Check, r.Outcome, r.Detail)
		}
	}
}

// The makers get the value that Connect returns, and it is closed once for each
// session.
func TestServeOwn(t *testing.T) {
	var closed atomic.Int32
	s := ofLibrary()
	s.Connect = func(ctx context.Context, c *subjects.Client) (Connection, error) {
		if c.Conn != nil || c.ID != 0 || c.Timeout.Seconds() != 4 || len(c.Servers) == 0 {
			return nil, fmt.Errorf("%+v", c)
		}
		l, err := openLibrary(ctx, c)
		return counted{l, &closed}, err
	}
	s.Recipes = map[string]subjects.Maker{
		"lock": contracts.ServeOn(contracts.Locks, func(c *subjects.Client, path string) (subjects.Lock, error) {
			l, err := subjects.Own[counted](c)
			return recipes.NewLock(l.client, path), err
		}),
		"zklab's": contracts.ServeOn(contracts.Locks, subjects.NewLock),
		"another's": contracts.ServeOn(contracts.Locks, func(c *subjects.Client, _ string) (subjects.Lock, error) {
			_, err := subjects.Own[*zk.Conn](c)
			return nil, err
		}),
	}
	converse(t, s, func(d *dialogue) {
		for n := range 2 {
			d.open()
			d.say(`{"id":2,"op":"make","object":1,"recipe":"lock","path":"/lock"}`)
			d.hears("2 ok")
			d.say(`{"id":3,"op":"call","object":1,"operation":"acquire"}`)
			d.hears("3 ok")
			d.say(`{"id":4,"op":"touch","path":"/lock"}`)
			d.hears("4 not-offered touch is not offered")
			d.say(`{"id":5,"op":"make","object":2,"recipe":"zklab's","path":"/lock"}`)
			d.hears("5 error client 0 has a session of its own library, not a go-zookeeper connection")
			d.say(`{"id":6,"op":"make","object":3,"recipe":"another's","path":"/lock"}`)
			d.hears("6 error client 0 has no session of the type *zk.Conn of its own library: Connect of adapter.Subjects gave adapter.counted")
			d.say(`{"id":7,"op":"quit"}`)
			d.hears("7 ok")
			if got := int(closed.Load()); got != n+1 {
				t.Errorf("closed %d times after %d sessions", got, n+1)
			}
		}
	})
	if got := closed.Load(); got != 2 {
		t.Errorf("closed %d times in all", got)
	}
}

// counted counts its closings, and offers no touch.
type counted struct {
	*library
	closed *atomic.Int32
}

func (c counted) Close(ctx context.Context) error {
	c.closed.Add(1)
	return c.library.Close(ctx)
}

// A Connect that fails or panics is answered with its error, and may be called again. A connection
// that it opens although the call was cancelled is closed.
func TestServeOwnFails(t *testing.T) {
	var closed atomic.Int32
	s := ofLibrary()
	try, cancelled := 0, make(chan struct{})
	s.Connect = func(ctx context.Context, c *subjects.Client) (Connection, error) {
		switch try++; try {
		case 1:
			return nil, fmt.Errorf("no luck: %w", zk.ErrNoServer)
		case 2:
			return nil, nil
		case 3:
			panic("over the cliff")
		case 4:
			return nil, &Error{Code: "no-auth", Message: "who are you?"}
		}
		l, err := openLibrary(ctx, c)
		close(cancelled)
		<-ctx.Done()
		return counted{l, &closed}, err
	}
	converse(t, s, func(d *dialogue) {
		opens := func(id int) {
			d.say(fmt.Sprintf(`{"id":%d,"op":"open","version":2,"client":0,"timeout_ms":4000,"servers":[%q]}`, id, d.e.Addrs()[0]))
		}
		for id, want := range []string{"1 no-server no luck: zk: could not connect", "2 error function Connect of the program gave no connection", "3 panic the subject panicked: over the cliff", "4 no-auth who are you?"} {
			opens(id + 1)
			d.hears(want)
		}
		opens(5)
		<-cancelled
		d.say(`{"id":5,"op":"cancel"}`)
		d.hears("5 cancelled")
	})
	if got := closed.Load(); got != 1 {
		t.Errorf("closed %d times", got)
	}
}

// The end does not wait for a library whose Close hangs.
func TestServeOwnEndsAlthoughStuck(t *testing.T) {
	var stuck, over chan struct{}
	s := ofLibrary()
	s.Connect = func(ctx context.Context, c *subjects.Client) (Connection, error) {
		l, err := openLibrary(ctx, c)
		return hanging{l, stuck, over}, err
	}
	converse(t, s, func(d *dialogue) {
		stuck, over = make(chan struct{}), make(chan struct{}) // they belong to the bubble
		d.open()
		d.say(`{"id":2,"op":"quit"}`)
		d.hears("2 ok")
		close(stuck)
		<-over
	})
}

type hanging struct {
	*library
	until, over chan struct{}
}

func (h hanging) Close(context.Context) error {
	defer close(h.over)
	<-h.until
	h.conn.Close()
	return nil
}
