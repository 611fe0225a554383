package memnet

import (
	"context"
	"hash/fnv"
	"net"
	"sync"
	"sync/atomic"

	"github.com/zklab/zklab/internal/base/await"
)

// backlog is how many connections may wait to be accepted.
const backlog = 128

type listener struct {
	network *Network
	addr    Addr
	waiting chan *Conn
	closed  chan struct{}
	once    sync.Once
	dialed  atomic.Uint64 // number of connections so far
}

func newListener(n *Network, addr Addr) *listener {
	return &listener{
		network: n,
		addr:    addr,
		waiting: make(chan *Conn, backlog),
		closed:  make(chan struct{}),
	}
}

// number returns the number of this listener's next connection. It follows only from the listener's address
// and the number of connections before; other listeners do not change it. The number after it is also free.
func (l *listener) number() uint64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(l.addr))
	return uint64(h.Sum32())<<32 + 2*l.dialed.Add(1)
}

// enqueue hands the server's end of a connection to the listener.
func (l *listener) enqueue(ctx context.Context, server *Conn) error {
	select {
	case l.waiting <- server:
	case <-l.closed:
		return errRefused()
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.isClosed() { // Close may have emptied the queue before
		l.resetWaiting()
	}
	return nil
}

// Accept waits for the next connection, a [*Conn].
func (l *listener) Accept() (net.Conn, error) {
	if l.isClosed() {
		return nil, l.errClosed("accept")
	}
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.closed:
		return nil, l.errClosed("accept")
	}
}

// Close frees the address and resets connections that were not accepted.
func (l *listener) Close() error {
	err := l.errClosed("close")
	l.once.Do(func() {
		l.network.remove(l)
		close(l.closed)
		l.resetWaiting()
		err = nil
	})
	return err
}

func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) isClosed() bool { return await.Closed(l.closed) }

func (l *listener) resetWaiting() {
	for {
		select {
		case c := <-l.waiting:
			c.Reset()
		default:
			return
		}
	}
}

func (l *listener) errClosed(op string) error {
	return &net.OpError{Op: op, Net: l.addr.Network(), Addr: l.addr, Err: net.ErrClosed}
}
