package link

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"
)

// Dial connects to a server through the link; it is a zk.Dialer. While connections are held
// back or stalled it waits, at most timeout (0: no limit). After Close it returns
// ErrClosed.
func (l *Link) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	c, err := l.dial(ctx, network, addr, 0)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// dial is like Dial, until ctx ends. If attempt is not 0, it bounds how long connecting takes once
// nothing holds it back.
func (l *Link) dial(ctx context.Context, network, addr string, attempt time.Duration) (*conn, error) {
	l.attempt(+1)
	defer l.attempt(-1)
	for {
		to, err := l.awaitRoute(ctx, network, addr)
		if err == nil {
			err = l.delayHandshake(ctx, network, to)
		}
		if err != nil {
			return nil, err
		}
		inner, err := l.cfg.Dial(network, to, least(attempt, remaining(ctx)))
		if err != nil {
			return nil, err
		}
		if c := l.register(inner, addr, to); c != nil {
			return c, nil
		}
		inner.Close()
	}
}

// awaitRoute waits until a connection to addr may be made, and returns the address to use.
func (l *Link) awaitRoute(ctx context.Context, network, addr string) (to string, err error) {
	for {
		l.mu.Lock()
		to = l.in.route(addr)
		closed, changed := l.closed, l.changed
		wait, err := l.in.obstacle(network, to)
		l.mu.Unlock()
		switch {
		case closed:
			return "", fmt.Errorf("dial %s: %w", addr, ErrClosed)
		case !wait:
			return to, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", err
		}
	}
}

// delayHandshake waits as long as a slow network takes to connect.
func (l *Link) delayHandshake(ctx context.Context, network, to string) error {
	l.mu.Lock()
	d := l.in.handshake()
	l.mu.Unlock()
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return dialError(network, to, os.ErrDeadlineExceeded)
	}
}

// remaining returns the time until ctx ends, for dialers that take 0 as no limit.
func remaining(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(deadline), time.Nanosecond)
}

// least returns the smaller of two durations for which 0 means no limit.
func least(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// register adds a new connection, unless it may not be made any more. The client asked for
// addr and was routed to to.
func (l *Link) register(inner net.Conn, addr, to string) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait, err := l.in.obstacle("", to)
	if l.closed || wait || err != nil || l.in.route(addr) != to {
		return nil
	}
	l.dials++
	c := newConn(l, inner, to, l.dials)
	l.conns[c] = struct{}{}
	l.idleness.change(+1, l.cfg.Clock())
	l.apply(c)
	return c
}

// attempt notes that an attempt to connect begins or ends.
func (l *Link) attempt(by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idleness.change(by, l.cfg.Clock())
}
