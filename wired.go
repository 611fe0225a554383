package zklab

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zkconn"
	"github.com/zklab/zklab/workloads"
)

// This file is about workloads that have the wire in the record.

// wiring is what the links of a run reach the servers by, and whether they record
// what goes over the wire.
type wiring struct {
	dial     zk.Dialer
	wire     bool
	visitors atomic.Int64
	leave    []func() error // ends the sessions that are in the record
}

func (r *run) connectWires() {
	r.wiring.dial = r.ensemble.Dial
	if w, ok := r.x.Workload.(workloads.Wired); ok {
		r.wiring.dial, r.wiring.wire = w.Wire(r.ensemble.Dial), true
	}
}

// newLink makes the link of a client, or of a visitor.
func (r *run) newLink(client int, dial zk.Dialer) *link.Link {
	return link.New(link.Config{
		Client: client, Dial: dial, Clock: r.record.Now, Wire: r.wiring.wire,
		Record: func(e history.Event) { r.record.Record(e) },
	})
}

// visit opens a session beside those of the clients.
func (r *run) visit(ctx context.Context, dial zk.Dialer) (*workloads.Visitor, error) {
	l := r.newLink(-1, dial)
	n := r.wiring.visitors.Add(1)
	conn, events, err := zkconn.Open(ctx, zkconn.Config{
		Servers: r.serversFor(int(n)), Timeout: r.x.SessionTimeout, Dial: l.Dial,
	})
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("visitor: %w", err)
	}
	go drain(events)
	return workloads.NewVisitor(conn, l), nil
}

// wireUp gives a workload's environment what belongs to the wire: a connection for
// final readings that is in the record, around whatever lies to the clients.
func (r *run) wireUp(ctx context.Context, env *workloads.Env) error {
	if !r.wiring.wire {
		return nil
	}
	admin, err := r.visit(ctx, r.ensemble.Dial)
	if err != nil {
		return err
	}
	r.wiring.leave = []func() error{r.closeClients, closing(admin.Close)}
	r.closers = append(r.closers, closing(admin.Close))
	env.Admin = admin.Conn
	env.Visit = func(ctx context.Context) (*workloads.Visitor, error) { return r.visit(ctx, r.wiring.dial) }
	return nil
}

// leaveWires ends the sessions of the clients, and that for final readings, before the
// servers' transactions are read: those then have their ends, too. Visitors have left;
// of those that vanished a short while ago the servers may not know it yet.
func (r *run) leaveWires() {
	for _, end := range r.wiring.leave {
		_ = end()
	}
}
