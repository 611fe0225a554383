package ensemble

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// probe is a session with one server, on one connection. It never reconnects, so everything
// it sees comes from that server. One goroutine at a time may use it.
type probe struct {
	conn  *zkclient.Conn
	ended bool // the session has ended
}

// probeSession is the session timeout that a probe asks for. It matters only if the process dies, or
// the server does not answer: the ephemeral znode is then deleted after that time.
const probeSession = 4 * time.Second

// openProbe connects and waits for the session, which needs a majority.
func openProbe(ctx context.Context, dial DialFunc, addr string) (*probe, error) {
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Session: wire.Session{Timeout: probeSession}, PingEvery: probeSession / 4,
		Dial: zkclient.To(dial, addr),
	})
	if err != nil {
		return nil, because(ctx, err)
	}
	return &probe{conn: conn}, nil
}

// goodbye is how long a probe waits for a server to close a session when its result no
// longer matters.
const goodbye = 300 * time.Millisecond

// end ends the session, and with it the znode that write created.
func (p *probe) end(ctx context.Context) error {
	_, err := p.do(ctx, wire.CloseSession, nil)
	p.ended = err == nil
	return err
}

// close ends the session, if it has not ended and the server still answers, and closes the
// connection.
func (p *probe) close() {
	if !p.ended {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		_ = p.end(ctx)
	}
	p.conn.Close()
}

// do sends a request; an error code in the reply becomes an error.
func (p *probe) do(ctx context.Context, op wire.Op, req any) (zkclient.Reply, error) {
	reply, err := p.conn.Do(ctx, op, req)
	if err == nil && reply.Header.Err != wire.OK {
		err = reply.Header.Err
	}
	return reply, err
}

// write creates an ephemeral znode, so that nothing is left if the check dies. Its name contains the
// session, so that concurrent checks do not collide, and the id of the probe's server: ensembles that were
// started in the same millisecond give the same ids to their sessions (Apache's SessionTrackerImpl), and
// the one's znode must not pass for the other's. folder is "" or a path.
func (p *probe) write(ctx context.Context, folder string, server int) (path string, err error) {
	path = fmt.Sprintf("%s/zklab-health-%x-%d", folder, uint64(p.conn.Session().ID), server)
	_, err = p.do(ctx, wire.Create, &wire.CreateRequest{
		Path: path, Data: []byte(path), Mode: wire.Ephemeral,
		ACL: []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}},
	})
	return path, err
}

var errOtherData = errors.New("other data than was written")

// read reads what write wrote through other servers, and returns the index at which it
// failed. One sync before all reads makes the server catch up with everything written by
// then (Programmer's Guide, Consistency Guarantees). The requests are pipelined: a server
// answers a session in order.
func (p *probe) read(ctx context.Context, paths []string) (failed int, err error) {
	if len(paths) == 0 {
		return 0, nil
	}
	requests := []zkclient.Request{{Op: wire.Sync, Req: &wire.PathRequest{Path: paths[0]}}}
	for _, path := range paths {
		requests = append(requests, zkclient.Request{Op: wire.GetData, Req: &wire.ReadRequest{Path: path}})
	}
	if err := p.conn.SendAll(ctx, requests...); err != nil {
		return 0, err
	}
	if _, err := p.answer(ctx); err != nil { // the answer to the sync
		return 0, err
	}
	for i, path := range paths {
		if err := p.shows(ctx, path); err != nil {
			return i, err
		}
	}
	return 0, nil
}

// answer returns the next answer; an error code in it becomes an error.
func (p *probe) answer(ctx context.Context) (zkclient.Frame, error) {
	f, err := p.conn.Next(ctx)
	if err == nil && f.Header.Err != wire.OK {
		err = f.Header.Err
	}
	return f, err
}

// shows checks that the next answer is the data that write wrote.
func (p *probe) shows(ctx context.Context, path string) error {
	f, err := p.answer(ctx)
	if err != nil {
		return err
	}
	got, err := wire.DecodeDataReply(f.Record)
	if err == nil && string(got.Data) != path {
		err = errOtherData
	}
	return err
}

// Serves opens a session through a server and closes it. A server that can do this is part
// of a majority, since creating a session needs one. If the server closes the connection
// without an answer, as a server without a majority does, the error is [ErrNotServing].
// Serves asks for a session timeout of ask and returns the one that the server granted
// within its bounds.
func Serves(ctx context.Context, dial DialFunc, addr string, ask time.Duration) (granted time.Duration, err error) {
	conn, err := zkclient.Connect(ctx, zkclient.Config{Session: wire.Session{Timeout: ask}, Dial: zkclient.To(dial, addr)})
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(err, wire.ErrNoReply):
		return 0, fmt.Errorf("%w: %w", ErrNotServing, err)
	case err != nil:
		return 0, because(ctx, err)
	}
	p := &probe{conn: conn}
	defer p.close()
	return conn.Session().Timeout, nil
}
