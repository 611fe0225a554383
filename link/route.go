package link

import (
	"context"
	"fmt"
)

// Route leads every new connection to the server at addr, whichever one the
// client dials. Of several routes the latest counts. Calling release more than
// once is fine.
func (l *Link) Route(addr string) (release func()) { return put(l, &l.in.routes, &addr) }

// route is where a dial to addr leads.
func (in *conditions) route(addr string) string {
	if n := len(in.routes); n > 0 {
		return *in.routes[n-1]
	}
	return addr
}

// Move brings the client to the server at addr: it routes there, cuts what is
// connected elsewhere, and waits until the client's session is connected there,
// which may be a new session if the old one did not live to see it. Afterwards
// the client stays and routing is free again, after an error, too. The error
// tells where the client is when ctx ends; it is ErrClosed after Close.
func (l *Link) Move(ctx context.Context, addr string) error {
	release := l.Route(addr)
	defer release()
	for {
		l.mu.Lock()
		s, closed, changed := l.newest(), l.closed, l.changed
		there := s != nil && s.conns > 0 && s.Server == addr
		location := s.location()
		inForce := l.in.route(addr) == addr // and no later Move's
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

// location says where a session is, nil included. Call it with Link.mu held.
func (s *session) location() string {
	switch {
	case s == nil:
		return "client never connected"
	case s.conns == 0:
		return "client is not connected"
	}
	return "client is on " + s.Server
}
