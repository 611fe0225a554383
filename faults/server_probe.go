package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// probe is a session of the harness through one server, on one connection. It sees an
// effect on servers from outside.
type probe struct {
	server ensemble.Server
	conn   *zkclient.Conn
}

// probeSession is the timeout of a probe's session: the session expires so long after the
// probe if its server does not hear the close.
const probeSession = 4 * time.Second

// openProbe connects through a server, which must be part of a majority: a quorum makes
// sessions.
func openProbe(ctx context.Context, e ensemble.Ensemble, s ensemble.Server) (*probe, error) {
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Session: wire.Session{Timeout: probeSession}, PingEvery: probeSession / 4,
		Dial: zkclient.To(e.Dial, s.Addr()),
	})
	if err != nil {
		return nil, fmt.Errorf("a session through server %d: %w", s.ID(), err)
	}
	return &probe{server: s, conn: conn}, nil
}

// nothing is a write that changes nothing: the smallest one that needs a quorum.
var nothing = []wire.MultiOp{{Op: wire.Check, Request: &wire.VersionRequest{Path: "/", Version: -1}}}

// write makes a quorum commit nothing and returns how long that took.
func (p *probe) write(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	reply, err := p.conn.Do(ctx, wire.Multi, nothing)
	took := time.Since(began)
	if err == nil && reply.Header.Err != wire.OK {
		err = reply.Header.Err
	}
	if err != nil {
		return took, fmt.Errorf("a write through server %d: %w", p.server.ID(), err)
	}
	return took, nil
}

// done makes a request that must succeed.
func (p *probe) done(ctx context.Context, op wire.Op, req any) error {
	reply, err := p.conn.Do(ctx, op, req)
	if err == nil && reply.Header.Err != wire.OK {
		err = reply.Header.Err
	}
	if err != nil {
		return fmt.Errorf("%s through server %d: %w", op, p.server.ID(), err)
	}
	return nil
}

// ephemeral is the create of an ephemeral znode that is open to all clients.
func ephemeral(path string) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, ACL: []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}, Mode: wire.Ephemeral}
}

// close ends the session, if the server still answers, and the connection.
func (p *probe) close() {
	ctx, cancel := context.WithTimeout(context.Background(), noAnswer)
	defer cancel()
	_, _ = p.conn.Do(ctx, wire.CloseSession, nil)
	p.conn.Close()
}

// probes holds one probe for each of several servers.
type probes []*probe

// openProbes opens a probe through each server, all at once, and makes each write.
func openProbes(ctx context.Context, e ensemble.Ensemble, servers []ensemble.Server) (probes, error) {
	ctx, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	all, errs := make(probes, len(servers)), make([]error, len(servers))
	each(servers, func(i int) {
		if all[i], errs[i] = openProbe(ctx, e, servers[i]); errs[i] == nil {
			_, errs[i] = all[i].write(ctx)
		}
	})
	for _, err := range errs {
		if err != nil {
			all.close()
			return nil, err
		}
	}
	return all, nil
}

// promptly is how long a healthy server may take on a busy machine.
const promptly = 3 * time.Second

func (ps probes) close() {
	each(ps, func(i int) {
		if ps[i] != nil {
			ps[i].close()
		}
	})
}

// quickest returns the duration of the quickest of a few writes through each probe.
func (ps probes) quickest(ctx context.Context) (time.Duration, error) {
	const tries = 3
	took, errs := make([]time.Duration, len(ps)), make([]error, len(ps))
	each(ps, func(i int) {
		for try := range tries {
			once, err := ps[i].write(ctx)
			if err != nil {
				errs[i] = err
				return
			}
			if try == 0 || once < took[i] {
				took[i] = once
			}
		}
	})
	shortest := took[0]
	for i, err := range errs {
		if err != nil {
			return 0, err
		}
		shortest = min(shortest, took[i])
	}
	return shortest, nil
}

// slowThing names something slow: "the disks were slow", "slow disks", "disks that take".
type slowThing struct{ was, is, takes string }

// slower checks that no write through the probes is faster than least. That proves nothing if writes
// took as long before. It describes what it saw: how long a write took.
func (ps probes) slower(ctx context.Context, before, least time.Duration, what slowThing) (seen string, err error) {
	if before >= least {
		return "", fmt.Errorf("a write took %s before %s: taking %s or more would prove nothing", before, what.was, least)
	}
	ctx, cancel := context.WithTimeout(ctx, promptly+20*least)
	defer cancel()
	took, err := ps.quickest(ctx)
	if err != nil {
		return "", fmt.Errorf("with %s: %w", what.is, err)
	}
	if took < least {
		return "", fmt.Errorf("a write took %s, with %s %s", took, what.takes, least)
	}
	return fmt.Sprintf("a write took %s, and %s before the fault", took.Round(time.Millisecond/10), before.Round(time.Millisecond/10)), nil
}
