package ownobjects

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/testkit/ownsession"
	"github.com/zklab/zklab/subjects"
)

// Life says in which sessions the clients of an object work.
type Life struct {
	Name string // one word
	// Processes: clients are processes that crash and start again under the same name. Otherwise all clients
	// are in one process.
	Processes bool

	each   bool // each object has a session of its own, which the harness closes
	closes bool // the object itself closes its session
	calls  bool // each call has a session of its own; a hold keeps the session of the call that began it
}

// Lives lists the ways in which clients live. Tests go through all of them, so a new way needs only an
// entry here.
var Lives = []Life{
	{Name: "shared"},
	{Name: "restarted", Processes: true},
	{Name: "each", each: true},
	{Name: "calls", calls: true},
	{Name: "closes", each: true, closes: true},
	{Name: "each-restarted", Processes: true, each: true},
	{Name: "calls-restarted", Processes: true, calls: true},
}

// seat is the place of one client at one object. It opens the sessions that its life wants.
type seat struct {
	life Life
	c    *subjects.Client
	path string
	own  *subjects.Client // of a session for this object; nil otherwise

	mu   sync.Mutex
	open map[*subjects.Client]bool // clients with sessions of their own
}

// at returns a client's seat, and creates the znode with some data unless another client has created
// it.
func (l Life) at(c *subjects.Client, path, data string) (*seat, error) {
	s := &seat{life: l, c: c, path: path, open: map[*subjects.Client]bool{}}
	c.BeforeEnd(s.end)
	var err error
	if l.each {
		if s.own, err = s.connect(); err != nil {
			return nil, err
		}
	}
	now, done, err := s.session()
	if err != nil {
		return nil, err
	}
	defer done()
	if _, err = now.Conn.Create(path, []byte(data), 0, everyone); errors.Is(err, zk.ErrNodeExists) {
		err = nil
	}
	return s, err
}

// seated returns a function that makes subjects on the seats of their clients.
func seated[S any](life Life, data string, sit func(*seat) S) func(*subjects.Client, string) (S, error) {
	return func(c *subjects.Client, path string) (S, error) {
		s, err := life.at(c, path, data)
		return sit(s), err
	}
}

var everyone = zk.WorldACL(zk.PermAll)

// connect opens a session.
func (s *seat) connect() (*subjects.Client, error) {
	own, err := ownsession.Open(s.c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[own] = true
	return own, nil
}

// session returns the session of a call, and a function that ends the session when the call, or the hold that
// it began, is over.
func (s *seat) session() (now *subjects.Client, done func(), err error) {
	switch {
	case s.own != nil:
		return s.own, func() {}, nil
	case !s.life.calls:
		return s.c, func() {}, nil
	}
	now, err = s.connect()
	return now, func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.close(ctx, now)
	}, err
}

// close closes a session.
func (s *seat) close(ctx context.Context, own *subjects.Client) {
	s.mu.Lock()
	delete(s.open, own)
	s.mu.Unlock()
	_ = own.Close(ctx)
	own.Conn.Close()
}

// end ends what works on the sessions of this seat, before the harness closes them.
func (s *seat) end(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for own := range s.open {
		_ = own.Close(ctx)
	}
}

// Close leaves the seat.
func (s *seat) Close(ctx context.Context) error {
	if s.life.closes {
		s.close(ctx, s.own)
	}
	return nil
}
