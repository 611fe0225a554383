package link

import (
	"context"
	"fmt"
)

// Move moves the client to the server at addr: it routes there, cuts connections to other
// servers, and waits until the client's session is connected there. That may be a new
// session if the old one has expired meanwhile. Afterwards, even after an error, routing is
// free again; the client stays. If ctx ends, the error tells where the client is. After
// Close it is ErrClosed.
func (l *Link) Move(ctx context.Context, addr string) error {
	release := l.Route(addr)
	defer release()
	for {
		l.mu.Lock()
		s, closed, changed := l.newest, l.closed, l.changed
		there := s != nil && s.conns > 0 && s.Server == addr
		location := s.location()
		inForce := l.in.route(addr) == addr // no later Move has replaced it
		l.mu.Unlock()
		switch {
		case there:
			return nil
		case closed:
			return fmt.Errorf("move to %s: %w", addr, ErrClosed)
		case inForce:
			l.cut(func(c *conn) bool { return c.addr != addr })
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("move to %s: %s: %w", addr, location, context.Cause(ctx))
		}
	}
}

// Route directs every new connection to the server at addr, whichever server the client dials. If there
// are several routes, the latest applies. Release may be called more than once.
func (l *Link) Route(addr string) (release func()) { return put(l, &l.in.routes, &addr) }
