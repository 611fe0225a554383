package embedded_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// benchSession is a timeout long enough for sessions without pings.
const benchSession = time.Minute

// loader is a client that costs as little as possible, so that benchmarks measure the servers: it
// encodes requests into one buffer and sends them together.
type loader struct {
	net.Conn
	in  *bufio.Reader
	out []byte
	xid int32
}

// connect opens a session, and tries again until the server serves.
func (c *contender) connect(ctx context.Context, addr string) (*loader, error) {
	l := &loader{}
	cfg := zkclient.Config{
		Dial: func(context.Context) (raw net.Conn, err error) {
			l.Conn, err = c.dial(addr)
			return l.Conn, err
		},
		Session: wire.Session{Timeout: benchSession},
	}
	for {
		_, err := zkclient.Connect(ctx, cfg)
		if err == nil {
			l.in = bufio.NewReaderSize(l.Conn, 1<<10)
			return l, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// add encodes a request.
func (l *loader) add(op wire.Op, req any) {
	l.xid++
	start := len(l.out)
	l.out = wire.RequestHeader{Xid: l.xid, Op: op}.Append(wire.BeginFrame(l.out))
	l.out = wire.AppendRequest(l.out, op, req)
	wire.EndFrame(l.out, start)
}

// flush sends the added requests.
func (l *loader) flush() error {
	_, err := l.Write(l.out)
	l.out = l.out[:0]
	return err
}

// next reads a frame and decodes only its header.
func (l *loader) next() (wire.ReplyHeader, error) {
	head, err := l.in.Peek(20)
	if err != nil {
		return wire.ReplyHeader{}, err
	}
	h, _, err := wire.DecodeReplyHeader(head[4:])
	if err != nil {
		return h, err
	}
	_, err = l.in.Discard(4 + int(binary.BigEndian.Uint32(head)))
	return h, err
}

// reply reads a frame, which must be the reply to a successful request.
func (l *loader) reply() error {
	h, err := l.next()
	if err == nil && (h.Err != wire.OK || h.Xid < 0) {
		err = fmt.Errorf("%+v in place of a reply", h)
	}
	return err
}

// do makes a request and waits for its reply.
func (l *loader) do(op wire.Op, req any) error {
	l.add(op, req)
	if err := l.flush(); err != nil {
		return err
	}
	return l.reply()
}

// crew is a set of clients that are spread over the servers.
type crew []*loader

func (c *contender) crew(ctx context.Context, n int) (crew, error) {
	all := make(crew, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(50)
	for i := range all {
		group.Go(func() (err error) {
			all[i], err = c.connect(ctx, c.addrs[i%len(c.addrs)])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		all.close()
		return nil, err
	}
	return all, nil
}

// close ends the sessions and the connections.
func (c crew) close() {
	c.each(func(_ int, l *loader) error {
		if l != nil {
			l.do(wire.CloseSession, nil)
			io.Copy(io.Discard, l)
			l.Close()
		}
		return nil
	})
}

// each calls do for all clients concurrently.
func (c crew) each(do func(i int, l *loader) error) error {
	var group errgroup.Group
	for i, l := range c {
		group.Go(func() error { return do(i, l) })
	}
	return group.Wait()
}

// operation returns the nth request of a client.
type operation func(client, n int) (wire.Op, any)

// run makes the clients do count operations together, each with up to depth requests in flight.
func (c crew) run(count, depth int, next operation) error {
	var begun atomic.Int64
	return c.while(func() bool { return begun.Add(1) <= int64(count) }, depth, next)
}

// runFor makes the clients do as many operations as they can in a time, and returns their number.
func (c crew) runFor(d time.Duration, depth int, next operation) (count int64, err error) {
	var begun atomic.Int64
	var over atomic.Bool
	defer time.AfterFunc(d, func() { over.Store(true) }).Stop()
	err = c.while(func() bool { return !over.Load() && begun.Add(1) > 0 }, depth, next)
	return begun.Load(), err
}

func (c crew) while(goOn func() bool, depth int, next operation) error {
	return c.each(func(i int, l *loader) error {
		for n, sent, more := 0, 0, true; ; {
			for more && sent < depth {
				if more = goOn(); more {
					l.add(next(i, n))
					n, sent = n+1, sent+1
				}
			}
			if len(l.out) > 0 {
				if err := l.flush(); err != nil {
					return err
				}
			}
			if sent == 0 {
				return nil
			}
			// Handle together all replies that came together.
			for first := true; sent > 0 && (first || l.in.Buffered() > 0); first = false {
				if err := l.reply(); err != nil {
					return err
				}
				sent--
			}
		}
	})
}

var (
	benchData = make([]byte, 100)
	benchACL  = []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}
)

func creating(path string) (wire.Op, any) {
	return wire.Create, &wire.CreateRequest{Path: path, Data: benchData, ACL: benchACL}
}

// nodes creates a znode for each client.
func (c crew) nodes(root string) ([]string, error) {
	paths := make([]string, len(c))
	for i := range paths {
		paths[i] = fmt.Sprintf("%s-%d", root, i)
	}
	return paths, c.each(func(i int, l *loader) error { return l.do(creating(paths[i])) })
}

// writing makes each client write to its own znode.
func writing(paths []string) operation {
	reqs := make([]*wire.SetDataRequest, len(paths))
	for i, path := range paths {
		reqs[i] = &wire.SetDataRequest{Path: path, Data: benchData, Version: -1}
	}
	return func(i, _ int) (wire.Op, any) { return wire.SetData, reqs[i] }
}

func reading(paths []string) operation {
	reqs := make([]*wire.ReadRequest, len(paths))
	for i, path := range paths {
		reqs[i] = &wire.ReadRequest{Path: path}
	}
	return func(i, _ int) (wire.Op, any) { return wire.GetData, reqs[i] }
}

// mixing alternates nine reads and one write; not all clients write at once.
func mixing(paths []string) operation {
	read, write := reading(paths), writing(paths)
	return func(i, n int) (wire.Op, any) {
		if (i+n)%10 == 0 {
			return write(i, n)
		}
		return read(i, n)
	}
}

// load describes the requests of 50 clients.
type load struct {
	name  string
	depth int // requests of each client in flight
	next  operation
}

func loads(paths []string) []load {
	var all []load
	for _, depth := range []int{1, 20} {
		all = append(all,
			load{"writes", depth, writing(paths)},
			load{"reads", depth, reading(paths)},
			load{"mix", depth, mixing(paths)})
	}
	return all
}
