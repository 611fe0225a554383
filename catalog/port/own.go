package port

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// Own is a session that a recipe opened itself. It is safe for concurrent use.
type Own struct {
	Conn *zk.Conn
	ID   int64
	Dead chan struct{} // closed when the session has expired, or counts as expired

	events func(zk.State)
	once   sync.Once
	closed atomic.Bool
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// Dial opens a session. If single is set, the session counts as expired when its connection breaks, and no other
// connection is opened for it. events, if not nil, gets the states after the session began.
func Dial(ctx context.Context, c *subjects.Client, single bool, events func(zk.State)) (*Own, error) {
	dial := c.Dial
	if single {
		dial = once(dial)
	}
	conn, all, err := zk.Connect(c.Servers, c.Timeout, zk.WithDialer(dial), zk.WithLogger(quiet{}))
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	o := &Own{Conn: conn, Dead: make(chan struct{}), events: events}
	c.BeforeEnd(func(context.Context) { o.Close() })
	for {
		select {
		case e, ok := <-all:
			if !ok {
				return nil, subjects.WithoutEffect(zk.ErrClosing)
			}
			if e.State == zk.StateHasSession {
				o.ID = conn.SessionID()
				go o.follow(all, single)
				return o, nil
			}
			if single && e.State == zk.StateDisconnected {
				go o.Close()
				return nil, subjects.WithoutEffect(zk.ErrConnectionClosed)
			}
		case <-ctx.Done():
			go o.Close()
			return nil, Ended(ctx)
		}
	}
}

// once returns a dialer that makes one connection.
func once(dial zk.Dialer) zk.Dialer {
	var mu sync.Mutex
	used := false
	return func(network, address string, timeout time.Duration) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if used {
			return nil, errors.New("this session is given up")
		}
		conn, err := dial(network, address, timeout)
		used = err == nil
		return conn, err
	}
}

func (o *Own) die() { o.once.Do(func() { close(o.Dead) }) }

func (o *Own) follow(events <-chan zk.Event, single bool) {
	for e := range events {
		if e.Type != zk.EventSession {
			continue
		}
		if e.State == zk.StateExpired || single && e.State == zk.StateDisconnected {
			o.die()
			go o.Close()
		}
		if o.events != nil {
			o.events(e.State)
		}
	}
}

// Expired reports whether the session is over, as far as its client knows.
func (o *Own) Expired() bool {
	select {
	case <-o.Dead:
		return true
	default:
		return o.Conn.SessionID() != o.ID
	}
}

// Close closes the session, if the server answers soon.
func (o *Own) Close() {
	if o.closed.CompareAndSwap(false, true) {
		o.Conn.Close()
		o.die()
	}
}
