package zkclient

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Conn is one connection of a session. One goroutine at a time may send, while another one reads; any
// goroutine may call Close.
type Conn struct {
	raw      net.Conn
	response wire.ConnectResponse
	xids     *atomic.Int32 // counts the requests
	in       []byte        // received and not yet returned: the beginning of a frame, or several
	maxFrame int
	skip     int // how many of the next bytes to drop: the rest of a frame that is too large

	mu       sync.Mutex
	lastZxid int64
	pending  []request // requests that were sent and not yet answered, in the order of sending

	writing *semaphore.Weighted // held while a frame is being written
	closed  chan struct{}
	once    sync.Once
	pinging sync.WaitGroup
}

type request struct {
	xid int32
	op  wire.Op
}

// Raw is a request's record that is sent as it is, right or wrong.
type Raw []byte

// Append appends the record to b.
func (r Raw) Append(b []byte) []byte { return append(b, r...) }

// Frame is a message from the server: the reply to a request, or a watch event.
type Frame struct {
	Header wire.ReplyHeader
	// Op is the type of the request that the frame answers. It is wire.Notification for an event and
	// for a reply to a request that was never sent.
	Op wire.Op
	// Record follows the header.
	Record []byte
	// Event is the watch event, nil for a reply.
	Event *wire.WatchEvent
	// TooLarge is the size of a frame beyond the Config's MaxFrame, otherwise 0. The Record of such a
	// frame is skipped, and the connection goes on.
	TooLarge int
}

// Reply is the answer to one request.
type Reply struct {
	Frame
	// Events are the watch events that came between the previous reply and this one.
	Events []Frame
}

func newConn(raw net.Conn, lastZxid int64) *Conn {
	return &Conn{raw: raw, xids: new(atomic.Int32), lastZxid: lastZxid, maxFrame: wire.MaxFrame, writing: semaphore.NewWeighted(1), closed: make(chan struct{})}
}

// LastZxid returns the highest zxid in the replies that were read; at least Config.LastZxid.
func (c *Conn) LastZxid() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastZxid
}

// Pending returns how many requests were sent and not answered.
func (c *Conn) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

// Close ends the connection, but not the session: to end the session, call Do with wire.CloseSession.
func (c *Conn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		close(c.closed)
		err = c.raw.Close()
	})
	c.pinging.Wait()
	return err
}

// Do sends a request and reads until its reply comes. An error code in the reply is not an error of Do.
// Do drops replies to earlier requests: read them with Next first.
func (c *Conn) Do(ctx context.Context, op wire.Op, req any) (Reply, error) {
	xid, err := c.Send(ctx, op, req)
	if err != nil {
		return Reply{}, err
	}
	var events []Frame
	for {
		f, err := c.Next(ctx)
		switch {
		case err != nil:
			return Reply{Events: events}, fmt.Errorf("%s: %w", op, err)
		case f.Event != nil:
			events = append(events, f)
		case f.Header.Xid == xid && f.TooLarge > 0:
			return Reply{Frame: f, Events: events}, fmt.Errorf("%s: %w: %d bytes", op, wire.ErrFrameSize, f.TooLarge)
		case f.Header.Xid == xid:
			return Reply{Frame: f, Events: events}, nil
		default:
			events = nil
		}
	}
}

// Send sends a request and does not wait for its reply. Pings, auth packets and setWatches get the xids
// that the protocol reserves for them. req is a value that wire.AppendRequest accepts, which panics on
// anything else, or Raw.
func (c *Conn) Send(ctx context.Context, op wire.Op, req any) (xid int32, err error) {
	xid = c.nextXid(op)
	return xid, c.SendXid(ctx, xid, op, req)
}

// SendXid is like Send, with an xid that the caller chooses.
func (c *Conn) SendXid(ctx context.Context, xid int32, op wire.Op, req any) error {
	body := wire.AppendRequest(wire.RequestHeader{Xid: xid, Op: op}.Append(nil), op, req)
	c.mu.Lock()
	c.pending = append(c.pending, request{xid, op})
	c.mu.Unlock()
	if err := c.write(ctx, body); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// Request is one of the requests that [Conn.SendAll] sends.
type Request struct {
	Op  wire.Op
	Req any // as for Send
}

// SendAll is like [Conn.Send], for several requests in a row, which go to the server at once.
func (c *Conn) SendAll(ctx context.Context, requests ...Request) error {
	var frames []byte
	c.mu.Lock()
	for _, r := range requests {
		xid := c.nextXid(r.Op)
		frames = wire.AppendFrame(frames, wire.AppendRequest(wire.RequestHeader{Xid: xid, Op: r.Op}.Append(nil), r.Op, r.Req))
		c.pending = append(c.pending, request{xid, r.Op})
	}
	c.mu.Unlock()
	return c.writeFrames(ctx, frames)
}

func (c *Conn) nextXid(op wire.Op) int32 {
	switch op {
	case wire.Ping:
		return wire.XidPing
	case wire.Auth:
		return wire.XidAuth
	case wire.SetWatches, wire.SetWatches2:
		return wire.XidSetWatches
	}
	return c.xids.Add(1)
}

// Next reads the next frame. Answers to the connection's own pings are left
// out. When ctx ends first the connection stays usable. The end of the
// connection is wire.ErrNoReply, whichever side ended it and however.
func (c *Conn) Next(ctx context.Context) (Frame, error) {
	for {
		f, err := c.next(ctx)
		if err != nil || !c.ownPing(f) {
			return f, err
		}
	}
}

// ownPing reports whether a frame answers a ping that Send did not send.
func (c *Conn) ownPing(f Frame) bool { return f.Header.Xid == wire.XidPing && f.Op != wire.Ping }

func (c *Conn) next(ctx context.Context) (Frame, error) {
	body, tooLarge, err := c.frame(ctx)
	if err != nil {
		return Frame{}, err
	}
	h, record, err := wire.DecodeReplyHeader(body)
	if err != nil {
		return Frame{}, fmt.Errorf("reply header: %w", err)
	}
	f := Frame{Header: h, Record: record, TooLarge: tooLarge}
	c.mu.Lock()
	c.lastZxid = max(c.lastZxid, h.Zxid)
	c.mu.Unlock()
	if h.Xid == wire.XidEvent {
		event, err := wire.DecodeWatchEvent(record)
		if err != nil {
			return f, fmt.Errorf("watch event: %w", err)
		}
		f.Event = &event
		return f, nil
	}
	f.Op = c.answered(h.Xid)
	return f, nil
}

// answered removes the oldest request with an xid from the list of pending ones.
func (c *Conn) answered(xid int32) wire.Op {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.pending, func(r request) bool { return r.xid == xid })
	if i < 0 {
		return wire.Notification
	}
	op := c.pending[i].op
	c.pending = slices.Delete(c.pending, i, i+1)
	return op
}

// write writes one frame. Concurrent calls take turns.
func (c *Conn) write(ctx context.Context, body []byte) error {
	return c.writeFrames(ctx, wire.AppendFrame(make([]byte, 0, 4+len(body)), body))
}

func (c *Conn) writeFrames(ctx context.Context, frames []byte) error {
	if c.writing.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	defer c.writing.Release(1)
	release := interrupt(ctx, c.raw.SetWriteDeadline)
	defer release()
	if _, err := c.raw.Write(frames); err != nil {
		return ended(ctx, err)
	}
	return nil
}

// frame reads until a frame is complete and returns its body. If ctx ends first, the part of the frame
// that has come is kept for the next call.
func (c *Conn) frame(ctx context.Context) (body []byte, tooLarge int, err error) {
	release := interrupt(ctx, c.raw.SetReadDeadline)
	defer release()
	for {
		body, tooLarge, err := c.take()
		if body != nil || err != nil {
			return body, tooLarge, err
		}
		c.in = slices.Grow(c.in, 4<<10)
		n, err := c.raw.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+n]
		if err != nil && n == 0 {
			return nil, 0, ended(ctx, err)
		}
	}
}

const (
	replyHeader = 16
	// maxSkipped bounds the bytes that are skipped: a peer that sends more does not speak this
	// protocol.
	maxSkipped = 256 << 20
)

// take removes and returns a whole frame from what was received, if there is one. The body is a copy;
// for a frame that is too large, it is only the header.
func (c *Conn) take() (body []byte, tooLarge int, err error) {
	if c.skip > 0 {
		n := min(c.skip, len(c.in))
		c.skip -= n
		c.in = append(c.in[:0], c.in[n:]...)
	}
	if c.skip > 0 || len(c.in) < 4 {
		return nil, 0, nil
	}
	n := int32(binary.BigEndian.Uint32(c.in))
	if n < 0 || int(n) > max(maxSkipped, c.maxFrame) {
		return nil, 0, fmt.Errorf("%w: %d bytes", wire.ErrFrameSize, n)
	}
	keep := int(n)
	if int(n) > c.maxFrame {
		keep, tooLarge = replyHeader, int(n)
	}
	end := 4 + keep
	if len(c.in) < end {
		return nil, 0, nil
	}
	body = append(make([]byte, 0, keep), c.in[4:end]...)
	c.in = append(c.in[:0], c.in[end:]...)
	c.skip = int(n) - keep
	return body, tooLarge, nil
}

// interrupt makes blocking calls fail when ctx ends, until release is called.
func interrupt(ctx context.Context, setDeadline func(time.Time) error) (release func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		setDeadline(time.Unix(1, 0))
		close(done)
	})
	return func() {
		if !stop() {
			<-done
			setDeadline(time.Time{})
		}
	}
}

// ended returns the cause of a context that ended, or else an error that says that the connection
// ended.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var code wire.Code
	if errors.As(err, &code) { // a server's answer to something that was sent earlier on the connection: secure.AuthError
		return err
	}
	return fmt.Errorf("%w: %w", wire.ErrNoReply, err)
}
