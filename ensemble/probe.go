package ensemble

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// probe is a session with one server, on one connection: it never reconnects, so
// what it sees is that server's. One goroutine at a time may use it.
type probe struct{ conn *zkclient.Conn }

// probeSession is the time-out that a probe asks for. It only matters when the
// process dies: then the ephemeral znode goes after that long.
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
	return &probe{conn}, nil
}

// goodbye is how long a server may take to end a session of which nobody waits for
// more.
const goodbye = 300 * time.Millisecond

// close ends the session, if the server still answers, and the connection.
func (p *probe) close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_, _ = p.conn.Do(ctx, wire.CloseSession, nil)
	p.conn.Close()
}

// do sends a request; a code in its reply is an error.
func (p *probe) do(ctx context.Context, op wire.Op, req any) (zkclient.Reply, error) {
	reply, err := p.conn.Do(ctx, op, req)
	if err == nil && reply.Header.Err != wire.OK {
		err = reply.Header.Err
	}
	return reply, err
}

// write makes an ephemeral znode that names its session, so that no two checks
// meet and nothing is left when the check dies. folder is "" or a path.
func (p *probe) write(ctx context.Context, folder string) (path string, err error) {
	path = fmt.Sprintf("%s/zklab-health-%x", folder, uint64(p.conn.Session().ID))
	_, err = p.do(ctx, wire.Create, &wire.CreateRequest{
		Path: path, Data: []byte(path), Mode: wire.Ephemeral,
		ACL: []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}},
	})
	return path, err
}

var errOtherData = errors.New("other data than was written")

// read reads what write wrote through another server. The sync before it makes
// the server catch up (Programmer's Guide, Consistency Guarantees).
func (p *probe) read(ctx context.Context, path string) error {
	if _, err := p.do(ctx, wire.Sync, &wire.PathRequest{Path: path}); err != nil {
		return err
	}
	reply, err := p.do(ctx, wire.GetData, &wire.ReadRequest{Path: path})
	if err != nil {
		return err
	}
	got, err := wire.DecodeDataReply(reply.Record)
	if err == nil && string(got.Data) != path {
		err = errOtherData
	}
	return err
}

func (p *probe) remove(ctx context.Context, path string) error {
	_, err := p.do(ctx, wire.Delete, &wire.VersionRequest{Path: path, Version: -1})
	return err
}

// Serves opens a session through a server and ends it. A server that can is part of a
// majority, since sessions are made by one. One that ends the connection without an
// answer is an [ErrNotServing], as one without a majority does. The session's
// time-out, of which a server has its bounds, is as near to ask as it grants.
func Serves(ctx context.Context, dial DialFunc, addr string, ask time.Duration) (granted time.Duration, err error) {
	conn, err := zkclient.Connect(ctx, zkclient.Config{Session: wire.Session{Timeout: ask}, Dial: zkclient.To(dial, addr)})
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(err, wire.ErrNoReply):
		return 0, fmt.Errorf("%w: %w", ErrNotServing, err)
	case err != nil:
		return 0, because(ctx, err)
	}
	p := &probe{conn}
	defer p.close()
	return conn.Session().Timeout, nil
}
