package workloads

import (
	"context"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/link"
)

// Wired is a workload about the store itself: everything that its clients send and receive
// is recorded (history/wire.go). The requests of its Env.Admin are also recorded, and it
// has Env.Visit.
type Wired interface {
	Workload
	Wired()
}

// Sweeping is a workload that creates containers and znodes with a TTL, which should be
// deleted while it runs. The ensemble is prepared for that, if possible.
type Sweeping interface {
	Workload
	Sweeps()
}

// Sweeps reports whether a workload is Sweeping.
func Sweeps(w Workload) bool {
	_, ok := w.(Sweeping)
	return ok
}

// Proxied is a workload that can put a proxy between clients and servers.
type Proxied interface {
	Workload
	// Through returns the dialer with which the links of the clients and visitors of one
	// run reach the servers: dial, or a wrapper that corrupts what passes.
	Through(dial zk.Dialer) zk.Dialer
}

// through returns dial, or a proxy around it.
func through(proxy func(zk.Dialer) zk.Dialer, dial zk.Dialer) zk.Dialer {
	if proxy == nil {
		return dial
	}
	return proxy(dial)
}

// Visitor is a session in addition to those of the clients. The record has it under client
// -1. Faults on the clients' links do not reach it; faults on servers do.
type Visitor struct {
	Conn    *zk.Conn
	link    *link.Link
	leaving atomic.Bool
	left    chan struct{} // closed when it has left
}

// NewVisitor returns a visitor that has connected through its own link.
func NewVisitor(conn *zk.Conn, l *link.Link) *Visitor {
	return &Visitor{Conn: conn, link: l, left: make(chan struct{})}
}

// Close closes the session. It takes at most a second and may be called more than once.
// After Vanish it waits for Vanish, and the session lives on until its timeout.
func (v *Visitor) Close() {
	v.leave(func() {
		v.Conn.Close()
		v.link.Close()
	})
}

// Vanish leaves without closing the session, in at most a second. The servers end the
// session at its timeout, which may be after the run.
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

// Expire ends the session from another connection.
func (v *Visitor) Expire(ctx context.Context) error {
	s, _ := v.link.Session()
	_, err := v.link.ExpireSession(ctx, s.ID, s.Server)
	return err
}
