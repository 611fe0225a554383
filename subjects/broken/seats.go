package broken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/subjects"
)

// seats are ephemeral znodes with fixed names, one for each client that can hold at a time.
// The data of a seat names the client, by a name that outlives its process. A client has
// one seat at most.
//
// A seat is created again under the same name, and its version is 0 again. So a client that
// looks at a seat and then deletes it can delete the seat of another client, whatever
// version it gives: its look is out of date if the session that owned the seat has ended
// meanwhile.
type seats struct {
	conn *zk.Conn
	path string
	n    int
	name string
	// takesOver makes a client delete the seat that an earlier session of the client has left, and
	// take the seat at once. Otherwise it waits until that session has ended.
	takesOver bool
	seat      string // the seat that the client has
	session   int64  // the session in which it took the seat
}

func newSeats(c *subjects.Client, path string, n int, takesOver bool) (*seats, error) {
	return opened(c, path, func(conn *zk.Conn) *seats {
		return &seats{conn: conn, path: path, n: n, name: "client-" + strconv.Itoa(c.ID), takesOver: takesOver}
	})
}

// take waits for a seat. note is appended to its data.
func (s *seats) take(ctx context.Context, note string) error {
	for {
		_, _, changed, err := s.conn.ChildrenW(s.path)
		if err == nil {
			err = s.tryEach(note)
		}
		switch {
		case err == nil && s.seat != "":
			return nil
		case err == nil:
			_ = waitFor(ctx, changed)
		case ctx.Err() == nil: // a lost connection, or session: it tries again
			_ = await.Sleep(ctx, retryPause)
		}
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), s.leave(context.WithoutCancel(ctx)))
		}
	}
}

// tryEach takes the first seat that is free.
func (s *seats) tryEach(note string) error {
	for i := range s.n {
		seat := fmt.Sprintf("%s/seat-%d", s.path, i)
		err := s.try(seat, note)
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
	}
	return nil
}

func (s *seats) try(seat, note string) error {
	session := s.conn.SessionID()
	_, err := s.conn.Create(seat, []byte(s.name+" "+note), zk.FlagEphemeral, openACL)
	if errors.Is(err, zk.ErrNodeExists) {
		err = s.another(seat, note)
	}
	if err == nil && session == s.conn.SessionID() {
		s.seat, s.session = seat, session
	}
	return err
}

// another looks at a seat that is taken. The seat may be the client's own: the reply to its create
// was lost, or an earlier session has left it.
func (s *seats) another(seat, note string) error {
	data, stat, err := s.conn.Get(seat)
	name, _, _ := strings.Cut(string(data), " ")
	switch {
	case err != nil:
		return err
	case name != s.name:
		return zk.ErrNodeExists
	case stat.EphemeralOwner == s.conn.SessionID():
		return nil
	case !s.takesOver:
		return zk.ErrNodeExists
	}
	if err := s.conn.Delete(seat, stat.Version); err != nil && !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	_, err = s.conn.Create(seat, []byte(s.name+" "+note), zk.FlagEphemeral, openACL)
	return err
}

// leave gives up the client's seat. It retries a number of times until the client certainly has
// none.
func (s *seats) leave(ctx context.Context) (err error) {
	s.seat = ""
	for range retries {
		if err = s.leaveEach(); err == nil {
			return nil
		}
		_ = await.Sleep(ctx, retryPause)
	}
	return err
}

func (s *seats) leaveEach() error {
	for i := range s.n {
		seat := fmt.Sprintf("%s/seat-%d", s.path, i)
		there, stat, err := s.conn.Exists(seat)
		if err == nil && there && stat.EphemeralOwner == s.conn.SessionID() {
			err = s.conn.Delete(seat, stat.Version)
		}
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
	return nil
}

// seatedLock is a lock with one seat.
type seatedLock struct{ *seats }

// LooksThenUnlocks returns a lock whose holder checks whether the lock's znode is its own before it
// deletes it. Property "own-znodes" finds it when a holder is frozen between the two for longer
// than its session lasts.
func LooksThenUnlocks(c *subjects.Client, path string) (subjects.Lock, error) {
	s, err := newSeats(c, path, 1, false)
	return seatedLock{s}, err
}

// TakesOverItsLock returns a lock that a client takes over from its process before a crash: it
// deletes the znode with its name, and creates it again. Property "own-znodes" finds it when the
// earlier session ends between its look and the delete.
func TakesOverItsLock(c *subjects.Client, path string) (subjects.Lock, error) {
	s, err := newSeats(c, path, 1, true)
	return seatedLock{s}, err
}

func (l seatedLock) Lock(ctx context.Context) error   { return l.take(ctx, "") }
func (l seatedLock) Unlock(ctx context.Context) error { return l.leave(ctx) }

// mostSeats is larger than the number of clients of any run.
const mostSeats = 100

// seatedGroup is a group in which each member takes the first free seat. A member whose session
// has ended takes a seat again at its next call.
type seatedGroup struct {
	*plainGroup
	*seats
	mu     chan struct{} // held by a call that may take a seat
	member string        // "" if the client is no member
}

// LooksThenLeaves returns a group in which a member checks whether a seat is its own before it
// deletes it. Property "own-znodes" finds it when a member is frozen between the two for longer
// than its session lasts.
func LooksThenLeaves(c *subjects.Client, path string) (subjects.Group, error) {
	s, err := newSeats(c, path, mostSeats, false)
	if err != nil {
		return nil, err
	}
	g := &seatedGroup{plainGroup: newPlainGroup(c.Conn, path), seats: s, mu: make(chan struct{}, 1)}
	g.list = g.membersOf
	return g, nil
}

func (g *seatedGroup) Join(ctx context.Context, member string) error {
	g.mu <- struct{}{}
	defer func() { <-g.mu }()
	if err := g.take(ctx, member); err != nil {
		return err
	}
	g.member = member
	return nil
}

func (g *seatedGroup) Leave(ctx context.Context) error {
	g.mu <- struct{}{}
	defer func() { <-g.mu }()
	g.member = ""
	return g.leave(ctx)
}

// membersOf lists the members, after this client has returned to its group.
func (g *seatedGroup) membersOf(ctx context.Context, watch bool) ([]string, <-chan zk.Event, error) {
	if err := g.returns(ctx); err != nil {
		return nil, nil, err
	}
	members, changed, err := g.read(ctx, watch)
	for i, m := range members {
		_, members[i], _ = strings.Cut(m, " ")
	}
	slices.Sort(members)
	return members, changed, err
}

// returns takes a seat again if the session of the client's last seat has ended.
func (g *seatedGroup) returns(ctx context.Context) error {
	g.mu <- struct{}{}
	defer func() { <-g.mu }()
	if g.member == "" || g.session == g.seats.conn.SessionID() {
		return nil
	}
	return g.take(ctx, g.member)
}
