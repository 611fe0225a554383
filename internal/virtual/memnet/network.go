// Package memnet is a network inside the process: listeners, and connections that hold up to 64 KiB
// each way, as loopback TCP would, without the operating system. It does not know what the bytes mean.
// Connections block on nothing but sync.Cond and channels and use no goroutine, so they work in a
// testing/synctest bubble, where the time of a deadline is the bubble's.
//
// Like TCP: a Dial is refused if nothing listens; Write does not wait for the reader unless the buffer
// is full; what was written before Close can still be read, followed by io.EOF; after [Conn.Reset] the
// peer sees a process that was killed. Unlike TCP: a Write that follows the peer's Close fails at once,
// and Close with unread bytes does not reset the connection.
//
// Start with [Network].
package memnet

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/zklab/zklab/internal/virtual/delivery"
)

// Network is a name space of listeners. The zero value is an empty network. It is safe for concurrent
// use.
type Network struct {
	// Delivery, if given, makes written data arrive after a while, one message at a time. It must not
	// be changed once there are connections.
	Delivery *delivery.Scheduler

	mu        sync.Mutex
	listeners map[string]*listener
	lastPort  int
}

// Addr is an address in a network, such as "zk1:2181" or "127.0.0.1:40001".
// Addresses are compared as they are written: nothing is resolved.
type Addr string

// Network returns "memory".
func (Addr) Network() string { return "memory" }

func (a Addr) String() string { return string(a) }

// The range of ports for dialers, and for listeners that ask for port 0. After the last port comes the first
// again; a dialer gets it even if it is still in use.
const (
	firstPort = 32768
	lastPort  = 60999
)

// Listen makes a listener at an address, any string. If it ends in ":0" a free
// port is chosen. An address that is in use is an error that wraps
// syscall.EADDRINUSE.
func (n *Network) Listen(addr string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr, err := n.freeAddr(addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: Addr("").Network(), Addr: Addr(addr), Err: err}
	}
	l := newListener(n, Addr(addr))
	if n.listeners == nil {
		n.listeners = map[string]*listener{}
	}
	n.listeners[addr] = l
	return l, nil
}

// freeAddr returns the address if it is free. For port 0 it chooses a free port.
func (n *Network) freeAddr(addr string) (string, error) {
	host, choose := strings.CutSuffix(addr, ":0")
	if !choose {
		if n.listeners[addr] != nil {
			return addr, os.NewSyscallError("bind", syscall.EADDRINUSE)
		}
		return addr, nil
	}
	for range lastPort - firstPort + 1 {
		if a := fmt.Sprint(host, ":", n.nextPort()); n.listeners[a] == nil {
			return a, nil
		}
	}
	return addr, os.NewSyscallError("bind", syscall.EADDRINUSE)
}

func (n *Network) nextPort() int {
	n.lastPort++
	if n.lastPort < firstPort || n.lastPort > lastPort {
		n.lastPort = firstPort
	}
	return n.lastPort
}

// Dial connects to a listener. The connection, a [*Conn], comes from 127.0.0.1 and an unused port. It
// may be used before the listener has accepted it. If nothing listens, the error wraps
// syscall.ECONNREFUSED; if the listener has many connections that it has not accepted, Dial waits for
// it until ctx is done. It ignores the name of the network.
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := n.dial(ctx, addr)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: Addr("").Network(), Addr: Addr(addr), Err: err}
	}
	return c, nil
}

// DialTimeout is like Dial with a timeout; 0 means none. It has the type of go-zookeeper's zk.Dialer.
func (n *Network) DialTimeout(network, addr string, timeout time.Duration) (net.Conn, error) {
	ctx := context.Background()
	if timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		ctx = limited
	}
	return n.Dial(ctx, network, addr)
}

func (n *Network) dial(ctx context.Context, addr string) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	l := n.listeners[addr]
	from := Addr(fmt.Sprint("127.0.0.1:", n.nextPort()))
	n.mu.Unlock()
	if l == nil {
		return nil, errRefused()
	}
	requests, replies := n.streams(l)
	client, server := newConns(from, l.addr, requests, replies)
	if err := l.enqueue(ctx, server); err != nil {
		return nil, err
	}
	return client, nil
}

// streams returns the streams of a connection to a listener; nil without a scheduler.
func (n *Network) streams(l *listener) (requests, replies *delivery.Stream) {
	if n.Delivery == nil {
		return nil, nil
	}
	number := l.number()
	return n.Delivery.Stream(number), n.Delivery.Stream(number + 1)
}

func (n *Network) remove(l *listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.listeners, string(l.addr))
}

func errRefused() error { return os.NewSyscallError("connect", syscall.ECONNREFUSED) }
