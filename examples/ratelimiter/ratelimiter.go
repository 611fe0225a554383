// Package ratelimiter is an example of a recipe whose answers the state does not determine: all clients together get
// a number of permits in each window of time. Its test declares what the recipe promises, and puts it under faults.
package ratelimiter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"
)

// The limit: permits in each window.
const (
	Limit  = 3
	Window = 100 * time.Millisecond
)

// ErrLimit is the error of a refused permit: the window has given all of its permits.
var ErrLimit = errors.New("the limit is reached")

// Limiter gives permits. The znode has the number of the latest window, and how many permits it has given.
type Limiter struct {
	conn     *zk.Conn
	path     string
	careless bool // a mistake, for the test: the write that begins a window does not check the version
}

// New creates the znode, unless another client has done so.
func New(conn *zk.Conn, path string) (*Limiter, error) {
	_, err := conn.Create(path, []byte("0 0"), 0, zk.WorldACL(zk.PermAll))
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return &Limiter{conn: conn, path: path}, nil
}

// newCareless returns a limiter with the mistake.
func newCareless(conn *zk.Conn, path string) (*Limiter, error) {
	l, err := New(conn, path)
	if err == nil {
		l.careless = true
	}
	return l, err
}

// Take takes a permit, and returns the number of its window. Clients' clocks may differ: a window begins when the
// fastest clock says so. After an error other than ErrLimit, the permit may be used up.
func (l *Limiter) Take(ctx context.Context) (int64, error) {
	for ctx.Err() == nil {
		data, stat, err := l.conn.Get(l.path)
		if err != nil {
			return 0, err
		}
		var window, given int64
		if _, err := fmt.Sscan(string(data), &window, &given); err != nil {
			return 0, err
		}
		version := stat.Version
		if now := time.Now().UnixNano() / int64(Window); now > window { // the first permit of a window
			window, given = now, 0
			if l.careless {
				version = -1
			}
		}
		if given == Limit {
			return 0, ErrLimit
		}
		_, err = l.conn.Set(l.path, fmt.Appendf(nil, "%d %d", window, given+1), version)
		if !errors.Is(err, zk.ErrBadVersion) { // otherwise another client was faster
			return window, err
		}
	}
	return 0, ctx.Err()
}
