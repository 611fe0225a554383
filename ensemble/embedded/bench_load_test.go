package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/internal/wire"
	"github.com/zklab/zklab/internal/zkclient"
)

// benchSession is long enough for sessions that nobody pings.
const benchSession = time.Minute

// connect opens a session, and tries again until the server serves.
func (c *contender) connect(ctx context.Context, addr string) (*zkclient.Conn, error) {
	cfg := zkclient.Config{
		Dial:    func(context.Context) (net.Conn, error) { return c.dial(addr) },
		Session: wire.Session{Timeout: benchSession},
	}
	for {
		conn, err := zkclient.Connect(ctx, cfg)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// crew is clients that are spread over the servers.
type crew []*zkclient.Conn

func (c *contender) crew(ctx context.Context, n int) (crew, error) {
	conns := make(crew, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(50)
	for i := range conns {
		group.Go(func() (err error) {
			conns[i], err = c.connect(ctx, c.addrs[i%len(c.addrs)])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		conns.close()
		return nil, err
	}
	return conns, nil
}

// close ends the sessions, too.
func (c crew) close() {
	var group errgroup.Group
	for _, conn := range c {
		if conn != nil {
			group.Go(func() error {
				conn.Do(context.Background(), wire.CloseSession, nil)
				return conn.Close()
			})
		}
	}
	group.Wait()
}

// each does something with all clients at once.
func (c crew) each(do func(i int, conn *zkclient.Conn) error) error {
	var group errgroup.Group
	for i, conn := range c {
		group.Go(func() error { return do(i, conn) })
	}
	return group.Wait()
}

// operation is what a client does as its nth.
type operation func(client, n int) (wire.Op, any)

// run makes the clients do so many operations together, each with up to depth
// requests on their way.
func (c crew) run(count, depth int, next operation) error {
	var begun atomic.Int64
	return c.each(func(i int, conn *zkclient.Conn) error {
		for n, sent, more := 0, 0, true; ; {
			for more && sent < depth {
				if more = begun.Add(1) <= int64(count); more {
					op, req := next(i, n)
					if _, err := conn.Send(context.Background(), op, req); err != nil {
						return err
					}
					n, sent = n+1, sent+1
				}
			}
			if sent == 0 {
				return nil
			}
			f, err := conn.Next(context.Background())
			if err != nil {
				return err
			}
			if f.Header.Err != wire.OK {
				return fmt.Errorf("%v: %v", f.Op, f.Header.Err)
			}
			sent--
		}
	})
}

var (
	benchData = make([]byte, 100)
	benchACL  = []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}
)

func create(path string) (wire.Op, any) {
	return wire.Create, &wire.CreateRequest{Path: path, Data: benchData, ACL: benchACL}
}

// nodes makes a znode for each client.
func (c crew) nodes(root string) ([]string, error) {
	paths := make([]string, len(c))
	for i := range paths {
		paths[i] = fmt.Sprintf("%s-%d", root, i)
	}
	return paths, c.run1(func(i int) (wire.Op, any) { return create(paths[i]) })
}

// run1 makes each client do one operation.
func (c crew) run1(next func(client int) (wire.Op, any)) error {
	return c.each(func(i int, conn *zkclient.Conn) error {
		op, req := next(i)
		return must(conn.Do(context.Background(), op, req))
	})
}

// must takes an error code for an error.
func must(r zkclient.Reply, err error) error {
	if err == nil && r.Header.Err != wire.OK {
		err = fmt.Errorf("%v: %v", r.Op, r.Header.Err)
	}
	return err
}

func writing(paths []string) operation {
	return func(i, _ int) (wire.Op, any) {
		return wire.SetData, &wire.SetDataRequest{Path: paths[i], Data: benchData, Version: -1}
	}
}

func reading(paths []string) operation {
	return func(i, _ int) (wire.Op, any) { return wire.GetData, &wire.ReadRequest{Path: paths[i]} }
}

// mixing is nine reads and one write, in turn; not all clients write at once.
func mixing(paths []string) operation {
	read, write := reading(paths), writing(paths)
	return func(i, n int) (wire.Op, any) {
		if (i+n)%10 == 0 {
			return write(i, n)
		}
		return read(i, n)
	}
}
