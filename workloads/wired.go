package workloads

import (
	"context"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/link"
)

// Wired is a workload about the store itself: everything that its clients say and
// hear goes into the record (history/wire.go). Its Env.Admin is recorded, too, and
// it has Env.Visit.
type Wired interface {
	Workload
	Wired()
}

// Sweeping is a workload that makes containers and znodes with a TTL, which are to go while it runs:
// the ensemble is prepared for that, if it can be.
type Sweeping interface {
	Workload
	Sweeps()
}

// Sweeps says that a workload is one.
func Sweeps(w Workload) bool {
	_, ok := w.(Sweeping)
	return ok
}

// Proxied is a workload that can put something between clients and servers.
type Proxied interface {
	Workload
	// Through gives what the links of the clients and visitors of one run reach the
	// servers by: dial, or something around it that corrupts what passes.
	Through(dial zk.Dialer) zk.Dialer
}

// throughProxy is dial, or a proxy around it with a planted defect.
func throughProxy(c corruptproxy.Corruption, dial zk.Dialer) zk.Dialer {
	if c == "" {
		return dial
	}
	return corruptproxy.New(c).Dialer(dial)
}

// Visitor is a session beside those of the clients. The record has it under
// client -1; faults of the clients' links do not reach it, those of servers do.
type Visitor struct {
	Conn    *zk.Conn
	link    *link.Link
	leaving atomic.Bool
	left    chan struct{} // closed when it has
}

// NewVisitor is a visitor that has connected through a link of its own.
func NewVisitor(conn *zk.Conn, l *link.Link) *Visitor {
	return &Visitor{Conn: conn, link: l, left: make(chan struct{})}
}

// Close ends the session in good order. It takes a second at most. More than once
// is fine, also after Vanish: then it waits for that, and the session goes on until
// its time-out.
func (v *Visitor) Close() {
	v.leave(func() {
		v.Conn.Close()
		v.link.Close()
	})
}

// Vanish leaves without a word, in a second at most: the servers end the session at
// its time-out, which may be after the run.
func (v *Visitor) Vanish() {
	v.leave(func() {
		v.link.Close()
		v.Conn.Close()
	})
}

// leave leaves in some way, once, and waits until that is done.
func (v *Visitor) leave(way func()) {
	if !v.leaving.CompareAndSwap(false, true) {
		<-v.left
		return
	}
	defer close(v.left)
	way()
}

// Expire ends the session by a word of somebody else.
func (v *Visitor) Expire(ctx context.Context) error {
	s, _ := v.link.Session()
	_, err := v.link.ExpireSession(ctx, s.ID, s.Server)
	return err
}
