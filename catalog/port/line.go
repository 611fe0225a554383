package port

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// Line is a mended lock or semaphore of one client: contenders have a znode each in a line, and the first ones hold. The name
// of a znode contains an identifier of the attempt that created it. A client holds only if it finds its own znode, in the
// session that created it.
type Line struct {
	c      *subjects.Client
	path   string
	places int             // how many hold at a time
	id     string          // of the present attempt: the name of its znode begins with it
	end    context.Context // ends with the client
}

// NewLine returns a client's place in a line whose first places hold.
func NewLine(c *subjects.Client, path string, places int) (*Line, error) {
	end, stop := context.WithCancel(context.Background())
	c.BeforeEnd(func(context.Context) { stop() })
	return &Line{c: c, path: path, places: places, end: end}, Ensure(c, path)
}

var errGone = errors.New("our znode has gone")

// Acquire waits in the line. It leaves nothing behind when it fails.
func (l *Line) Acquire(ctx context.Context) error {
	for {
		err := l.contend(ctx)
		if err == nil {
			return nil
		}
		if left := l.Release(ctx); left != nil {
			return left
		}
		if !errors.Is(err, errGone) {
			return err
		}
	}
}

// contend creates a znode, and waits for its turn. It also looks each second.
func (l *Line) contend(ctx context.Context) error {
	l.id = rand.Text() + "-"
	_, err := l.c.Conn.Create(l.path+"/"+l.id, nil, EphSeq, ACL)
	for err == nil || ConnectionLoss(err) || errors.Is(err, zk.ErrSessionExpired) {
		var changed <-chan zk.Event
		if err = allowed(ctx, func() (err error) { changed, err = l.turn(); return err }); err != nil || changed == nil {
			return err
		}
		select {
		case <-changed: // whatever it says, the line is read again
		case <-time.After(time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}

// turn returns nil if it is our turn, or else a watch of the line. The sync makes the server catch up with what an earlier
// one has done.
func (l *Line) turn() (<-chan zk.Event, error) {
	session := l.c.Conn.SessionID()
	if _, err := l.c.Conn.Sync(l.path); err != nil {
		return nil, err
	}
	names, _, changed, err := l.c.Conn.ChildrenW(l.path)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(Seq(a), Seq(b)) })
	ours := WithPrefix(names, l.id)
	if len(ours) == 0 {
		return nil, errGone
	}
	_, stat, err := l.c.Conn.Get(l.path + "/" + ours[0])
	switch {
	case errors.Is(err, zk.ErrNoNode) || err == nil && (stat.EphemeralOwner != session || l.c.Conn.SessionID() != session):
		return nil, errGone
	case err != nil:
		return nil, err
	case slices.Index(names, ours[0]) < l.places:
		return nil, nil
	}
	return changed, nil
}

// Release deletes the znode of the attempt. It goes on after the end of its context, because others wait behind it.
func (l *Line) Release(context.Context) error {
	return allowed(l.end, func() error {
		if _, err := l.c.Conn.Sync(l.path); err != nil {
			return err
		}
		names, _, err := l.c.Conn.Children(l.path)
		for _, name := range WithPrefix(names, l.id) {
			if err := l.c.Conn.Delete(l.path+"/"+name, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
		return err
	})
}

// Lock is Acquire, and Unlock is Release.
func (l *Line) Lock(ctx context.Context) error   { return l.Acquire(ctx) }
func (l *Line) Unlock(ctx context.Context) error { return l.Release(ctx) }

// allowed repeats a request that got no answer or was denied until ctx ends.
func allowed(ctx context.Context, request func() error) error {
	for {
		err := request()
		if !ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) && !errors.Is(err, zk.ErrNoAuth) {
			return err
		}
		if !Wait(ctx, 20*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}
