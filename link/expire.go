package link

import (
	"context"
	"fmt"
	"net"

	"github.com/zklab/zklab/internal/zk/wire"
)

// ExpireSession ends a session that the link carries, as if it had timed out. It resumes
// the session on a second connection to the server at via, past the link's faults, and
// closes it there. Meanwhile new connections of the client are held back, because the
// client would take its session back. The client loses its present connection when the
// server moves the session. ExpireSession returns the zxid at which the session ended, and
// records that it is dead.
//
// After an error it is unknown whether the session is dead. That includes wire.ErrRefused:
// a server may say too early that a session is gone. ExpireSession gives up after the
// session timeout, since a client that is held back longer loses its session anyway.
func (l *Link) ExpireSession(ctx context.Context, id int64, via string) (zxid int64, err error) {
	l.mu.Lock()
	s := l.sessions[id]
	if s == nil {
		l.mu.Unlock()
		return 0, fmt.Errorf("session 0x%x is none of this link's", uint64(id))
	}
	secret := s.snapshot().Session
	l.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, secret.Timeout)
	defer cancel()
	release := l.Hold()
	defer release()
	// A connection that is about to resume the session would do so in between.
	l.cut(func(c *conn) bool {
		return c.phase == beforeConnect || c.phase == connecting && c.request.Session == id
	})

	dial := func(ctx context.Context) (net.Conn, error) { return l.dialAround(ctx, via) }
	sent := l.cfg.Clock()
	reply, err := wire.EndSession(ctx, dial, secret)
	if err != nil {
		return 0, fmt.Errorf("via %s: %w", via, err)
	}
	l.recordDead(id, reply.Zxid, sent, false)
	return reply.Zxid, nil
}

// dialAround connects to a server without the link recording it.
func (l *Link) dialAround(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, DefaultConnectTimeout)
	defer cancel()
	return l.cfg.Dial("tcp", addr, remaining(ctx))
}
