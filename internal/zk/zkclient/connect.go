package zkclient

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// DefaultTimeout is the session timeout that a client requests by default.
const DefaultTimeout = 10 * time.Second

// Config describes the session to connect, and the connection.
type Config struct {
	// Dial opens the connection.
	Dial func(context.Context) (net.Conn, error)
	// Session is the session to resume, as [Conn.Session] of an earlier connection returned it; with ID
	// 0, the server makes a new session. In both cases its Timeout is requested; 0 means
	// DefaultTimeout.
	Session wire.Session
	// LastZxid is the highest zxid that the client says it has seen. A server
	// that is behind it ends the connection without a reply.
	LastZxid int64
	// Short leaves out the readOnly byte, as old clients do. The server then also leaves it out.
	Short bool
	// ReadOnly asks for a server that may serve without a majority.
	ReadOnly bool
	// MaxFrame bounds the body of a frame that the server sends, in bytes; wire.MaxFrame when 0.
	MaxFrame int
	// PingEvery is how often the connection pings by itself; 0 is never.
	PingEvery time.Duration
	// Xids counts the requests of several connections, so that no two of their requests have the same xid.
	// If it is nil, the connection counts its own.
	Xids *atomic.Int32
}

// Connect opens a connection and waits for the server's answer. If the server refuses the session, the
// error wraps wire.ErrRefused; if it ends the connection without an answer, wire.ErrNoReply.
func Connect(ctx context.Context, cfg Config) (*Conn, error) {
	c, err := connect(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c, nil
}

func connect(ctx context.Context, cfg Config) (*Conn, error) {
	raw, err := cfg.Dial(ctx)
	if err != nil {
		return nil, err
	}
	c := newConn(raw, cfg.LastZxid)
	c.xids = cmp.Or(cfg.Xids, c.xids)
	c.maxFrame = cmp.Or(cfg.MaxFrame, wire.MaxFrame)
	if err := c.handshake(ctx, cfg.request()); err != nil {
		c.Close()
		return nil, err
	}
	if cfg.PingEvery > 0 {
		c.pinging.Go(func() { c.ping(cfg.PingEvery) })
	}
	return c, nil
}

func (cfg Config) request() wire.ConnectRequest {
	r := wire.ConnectRequest{
		LastZxid: cfg.LastZxid, Timeout: cfg.Session.Timeout,
		Session: cfg.Session.ID, Password: cfg.Session.Password,
		HasReadOnly: !cfg.Short, ReadOnly: cfg.ReadOnly,
	}
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	if r.Session == 0 && r.Password == nil {
		r.Password = make([]byte, wire.PasswordSize)
	}
	return r
}

func (c *Conn) handshake(ctx context.Context, req wire.ConnectRequest) error {
	if err := c.write(ctx, req.Append(nil)); err != nil {
		return err
	}
	body, _, err := c.frame(ctx) // a frame that is too large is no connect response
	if err != nil {
		return err
	}
	c.response, err = wire.DecodeConnectResponse(body)
	if err != nil {
		return fmt.Errorf("connect response: %w", err)
	}
	if c.response.Refused() {
		return wire.ErrRefused
	}
	return nil
}

// Response returns the server's answer to the connect request.
func (c *Conn) Response() wire.ConnectResponse { return c.response }

// Session returns what is needed to resume the session on another connection.
func (c *Conn) Session() wire.Session {
	return wire.Session{ID: c.response.Session, Password: c.response.Password, Timeout: c.response.Timeout}
}

func (c *Conn) ping(every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			ctx, cancel := context.WithTimeout(context.Background(), every)
			err := c.write(ctx, wire.RequestHeader{Xid: wire.XidPing, Op: wire.Ping}.Append(nil))
			cancel()
			if err != nil {
				return // if the connection has ended, its reader notices
			}
		case <-c.closed:
			return
		}
	}
}

// To returns a Dial for [Config] that connects to addr through dial. It waits until the deadline of the
// context, or for ten seconds if there is none.
func To(dial func(network, addr string, timeout time.Duration) (net.Conn, error), addr string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		wait := DefaultTimeout
		if deadline, ok := ctx.Deadline(); ok {
			wait = max(time.Until(deadline), time.Millisecond)
		}
		return dial("tcp", addr, wait)
	}
}
