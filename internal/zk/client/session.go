package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Client is a session. Its methods are safe for concurrent use.
type Client struct {
	cfg     Config
	ctx     context.Context // ends with the client; its cause says why
	cancel  context.CancelFunc
	ended   chan struct{}       // closed when no goroutine is left
	writing *semaphore.Weighted // requests are sent in the order of their xids
	closing atomic.Bool
	plain   atomic.Bool // the servers know no Create2
	knows   atomic.Bool // they know Create2

	mu       sync.Mutex
	link     *link         // nil: not connected
	up       chan struct{} // closed while connected
	next     int           // the server to try next
	session  wire.Session
	lastZxid int64 // the highest zxid in replies and events: a server that is behind it is of no use
	told     int64 // the zxid of the last reply: all events up to it have come
	xid      int32
	auth     []Credential
	watches  watches
	err      error // why the session is over

	queue queue
}

// link is a connection, and the calls that wait for their replies on it.
type link struct {
	*zkclient.Conn
	addr  string
	calls map[int32]*call // guarded by Client.mu
	// ending means that the server is about to end the connection: nothing more is sent on it.
	ending bool
}

var errEnding = errors.New("the server does not know a request, and ends the connection on which it came")

func newClient(cfg Config) *Client {
	c := &Client{
		cfg: cfg, ended: make(chan struct{}), writing: semaphore.NewWeighted(1), up: make(chan struct{}),
		session: wire.Session{Timeout: cfg.Timeout}, auth: append([]Credential(nil), cfg.Auth...),
		watches: make(watches), queue: newQueue(),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Server returns the address of the server that the client is connected to, or "" while it is not
// connected.
func (c *Client) Server() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil {
		return ""
	}
	return c.link.addr
}

// Chroot returns the znode that the client calls "/", or "" if that is the root of the tree.
func (c *Client) Chroot() string { return strings.TrimSuffix(c.cfg.Chroot, "/") }

// Session returns the session, with the timeout that the server granted.
func (c *Client) Session() wire.Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// ReadOnly reports whether the present server serves without a majority.
func (c *Client) ReadOnly() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link != nil && c.link.Response().ReadOnly
}

// run serves one connection after the other until the session is over.
func (c *Client) run(conn *zkclient.Conn) {
	defer close(c.ended)
	for {
		c.serve(conn)
		var err error
		if conn, err = c.reconnect(); err != nil {
			c.end(err)
			return
		}
	}
}

// reconnect resumes the session, however long that takes.
func (c *Client) reconnect() (*zkclient.Conn, error) {
	for {
		if c.closing.Load() {
			return nil, ErrClosed
		}
		conn, err := c.round(c.ctx)
		switch {
		case err == nil:
			return conn, nil
		case c.ctx.Err() != nil:
			return nil, ErrClosed
		case errors.Is(err, wire.ErrRefused):
			return nil, ErrExpired
		case errors.Is(err, wire.AuthFailed):
			return nil, err
		}
		c.pause(c.ctx)
	}
}

const betweenRounds = 100 * time.Millisecond

func (c *Client) pause(ctx context.Context) { _ = await.Sleep(ctx, betweenRounds) }

// round tries each server once.
func (c *Client) round(ctx context.Context) (*zkclient.Conn, error) {
	var failed attempts
	for range c.cfg.Servers {
		addr := c.cfg.Servers[c.next%len(c.cfg.Servers)]
		c.next++
		conn, err := c.attempt(ctx, addr)
		if err == nil {
			return conn, nil
		}
		failure := attempt{addr, err}
		if errors.Is(err, wire.ErrRefused) || errors.Is(err, wire.AuthFailed) {
			return nil, failure
		}
		failed = append(failed, failure)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// attempt connects to one server. Each server has an equal share of two thirds of the session timeout
// to answer, so that all can be tried before the session expires.
func (c *Client) attempt(ctx context.Context, addr string) (*zkclient.Conn, error) {
	patience := max(c.silence()/time.Duration(len(c.cfg.Servers)), 100*time.Millisecond)
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSilent)
	defer cancel()
	session := c.Session()
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Dial: c.dialer(addr), Session: session, LastZxid: c.lastZxid, ReadOnly: c.cfg.ReadOnly, MaxFrame: c.cfg.MaxFrame,
	})
	if err != nil {
		return nil, err
	}
	zxid, err := c.restore(ctx, conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	c.connected(conn, addr, zxid)
	return conn, nil
}

var errSilent = errors.New("it is silent")

// restore sends the credentials and then the watches, since the client's permissions decide which watches are
// set. It keeps the events of watches that fire at once. zxid is the server's zxid when the watches were set,
// 0 if there are none.
func (c *Client) restore(ctx context.Context, conn *zkclient.Conn) (zxid int64, err error) {
	c.mu.Lock()
	auth := append([]Credential(nil), c.auth...)
	requests := c.watches.again(c.told)
	c.mu.Unlock()
	for _, a := range auth {
		if _, err := c.restoring(ctx, conn, wire.Auth, a.request()); err != nil {
			return 0, err
		}
	}
	for _, r := range requests {
		if zxid, err = c.restoring(ctx, conn, r.op, r.record); err != nil {
			return 0, err
		}
	}
	return zxid, nil
}

func (c *Client) restoring(ctx context.Context, conn *zkclient.Conn, op wire.Op, record any) (zxid int64, err error) {
	reply, err := conn.Do(ctx, op, record)
	for _, f := range reply.Events {
		c.watched(*f.Event, f.Header.Zxid)
	}
	if err == nil && reply.Header.Err != wire.OK {
		err = fmt.Errorf("%s: %w", op, reply.Header.Err)
	}
	return reply.Header.Zxid, err
}

func (a Credential) request() *wire.AuthRequest {
	return &wire.AuthRequest{Scheme: a.Scheme, Auth: a.Auth}
}

func (c *Client) connected(conn *zkclient.Conn, addr string, zxid int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = conn.Session()
	c.told = max(c.told, zxid) // the events of the watches that were set again came before
	c.link = &link{Conn: conn, addr: addr, calls: make(map[int32]*call)}
	close(c.up)
	c.queue.add(Event{Session: Connected, Server: addr, Zxid: zxid})
}

// silence returns how long a server may say nothing before the client tries the next one.
func (c *Client) silence() time.Duration { return c.Session().Timeout * 2 / 3 }

// serve reads what the server sends until the connection is lost.
func (c *Client) serve(conn *zkclient.Conn) {
	ctx, cancel := context.WithCancel(c.ctx)
	var pinging sync.WaitGroup
	pinging.Go(func() { c.ping(ctx, conn) })
	err := c.listen(ctx, conn)
	cancel()
	conn.Close()
	pinging.Wait()
	c.lost(err)
}

func (c *Client) listen(ctx context.Context, conn *zkclient.Conn) error {
	for {
		f, err := c.frame(ctx, conn)
		if err != nil {
			return err
		}
		switch {
		case f.Event != nil:
			c.watched(*f.Event, f.Header.Zxid)
		case f.Op != wire.Ping:
			c.answered(f)
		}
	}
}

func (c *Client) frame(ctx context.Context, conn *zkclient.Conn) (zkclient.Frame, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.silence(), errSilent)
	defer cancel()
	return conn.Next(ctx)
}

func (c *Client) ping(ctx context.Context, conn *zkclient.Conn) {
	for await.Sleep(ctx, c.Session().Timeout/3) == nil {
		if err := c.sendPing(ctx, conn); err != nil {
			return
		}
	}
}

func (c *Client) sendPing(ctx context.Context, conn *zkclient.Conn) error {
	if err := c.writing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer c.writing.Release(1)
	_, err := conn.Send(ctx, wire.Ping, nil)
	return err
}

// lost tells all waiting calls that no answer will come.
func (c *Client) lost(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := c.link
	if c.link = nil; gone.ending {
		why = errEnding
	} else {
		c.up = make(chan struct{})
	}
	for _, call := range gone.calls {
		if errors.Is(why, wire.ErrFrameSize) {
			call.err = why
		}
		call.done <- zkclient.Frame{Header: wire.ReplyHeader{Err: wire.ConnectionLoss}}
	}
	if !c.closing.Load() {
		c.queue.add(Event{Session: Disconnected, Server: gone.addr, Err: why})
	}
}

// end marks the client as over.
func (c *Client) end(why error) {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = why
	if errors.Is(why, ErrExpired) {
		c.queue.add(Event{Session: Expired})
	}
	c.queue.end(why)
}

// goodbye is how long a server may take to end a session that no caller uses any more.
const goodbye = 300 * time.Millisecond

// Close ends the session, if a server answers at once, and the client. If none does, the session
// expires by itself. Close may be called more than once.
func (c *Client) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if !c.closing.Swap(true) && c.Server() != "" {
		_, _ = c.write(ctx, wire.CloseSession, nil)
	}
	c.cancel()
	<-c.ended
}

// Done returns a channel that is closed when the client is closed, or its session expired.
func (c *Client) Done() <-chan struct{} { return c.ended }
