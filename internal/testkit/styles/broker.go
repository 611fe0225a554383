package styles

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// brokers is a group whose members each have a session, in which they register: to leave the group, a
// member closes its session. If the session has expired, the member registers in another one. Lists are
// read on the client's connection.
type brokers struct {
	c    *subjects.Client
	path string
	told []string
	end  context.Context

	stop context.CancelFunc // ends the present member; nil if there is none
	gone chan struct{}      // closed when its sessions are closed
}

// aBroker begins the name of each member's znode, and of no other one.
const aBroker = "broker-"

func newBrokers(c *subjects.Client, path string) (subjects.Group, error) {
	end, stop := context.WithCancel(context.Background())
	b := &brokers{c: c, path: path, end: end}
	c.BeforeEnd(func(context.Context) { stop() })
	_, err := c.Conn.Create(path, nil, 0, everyone)
	if errors.Is(err, zk.ErrNodeExists) {
		err = nil
	}
	return b, err
}

func (b *brokers) Join(ctx context.Context, member string) error {
	member = b.path + "/" + aBroker + member
	conn, events, err := b.register(ctx, member)
	if err != nil {
		return err
	}
	in, stop := context.WithCancel(b.end)
	b.stop, b.gone = stop, make(chan struct{})
	go b.stay(in, b.gone, conn, events, member)
	return nil
}

// register creates the znode of a member in a new session. The session is closed after an error.
func (b *brokers) register(ctx context.Context, path string) (*zk.Conn, <-chan zk.Event, error) {
	conn, events, err := b.c.Connect()
	if err != nil {
		return nil, nil, err
	}
	stay := context.AfterFunc(ctx, conn.Close)
	err = create(ctx, conn, path) // waits until the znode that the last process of this seat left is gone
	if !stay() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, events, nil
}

// stay registers in another session when one has expired, until ctx ends.
func (b *brokers) stay(ctx context.Context, gone chan<- struct{}, conn *zk.Conn, events <-chan zk.Event, path string) {
	defer close(gone)
	for {
		expired(ctx, events)
		conn.Close()
		for conn = nil; conn == nil; {
			if pause(ctx, again) != nil {
				return
			}
			conn, events, _ = b.register(ctx, path)
		}
	}
}

// expired waits until a session has expired, or ctx ends.
func expired(ctx context.Context, events <-chan zk.Event) {
	for {
		select {
		case e, more := <-events:
			if !more || e.State == zk.StateExpired {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (b *brokers) Leave(ctx context.Context) error {
	if b.stop == nil {
		return subjects.WithoutEffect(errNotHeld)
	}
	b.stop()
	b.stop = nil
	select {
	case <-b.gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Members begins with a write: the member's session may have seen more than the client's connection.
func (b *brokers) Members(context.Context) ([]string, error) {
	if _, err := b.c.Conn.Set(b.path, nil, -1); err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	return b.list()
}

func (b *brokers) list() ([]string, error) {
	children, _, err := b.c.Conn.Children(b.path)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	members := []string{}
	for _, child := range children {
		if member, is := strings.CutPrefix(child, aBroker); is {
			members = append(members, member)
		}
	}
	slices.Sort(members)
	return members, nil
}

func (b *brokers) Changed(ctx context.Context) ([]string, error) {
	for {
		members, err := b.list()
		if err == nil && !slices.Equal(members, b.told) {
			b.told = members
			return members, nil
		}
		if err := pause(ctx, again); err != nil {
			return nil, subjects.WithoutEffect(err)
		}
	}
}
