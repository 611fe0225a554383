package link

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// front is the outside of a link for clients in other processes: listeners,
// and what came through them. A visitor is served by goroutines of its own, so
// that one which is frozen, slow or talks nonsense is in nobody's way.
type front struct {
	l         *Link
	ctx       context.Context // of dials
	cancel    context.CancelFunc
	listeners []net.Listener
	wg        sync.WaitGroup

	mu       sync.Mutex
	visitors map[net.Conn]struct{}
	closed   bool
}

// Listen makes a listener on 127.0.0.1 for each server, for clients in other
// processes: whoever connects to addrs[i] gets to servers[i] through the link.
// close ends the listeners and what came through them, and returns when nothing of
// them runs any more; Close of the link ends them, too. More than once is fine.
//
// The system accepts a connection before the link does. So a client sees a
// refusal as a reset right after it connected, and while connections are held
// back or stalled it sees silence; it counts as connected for the link once its
// way is free, unless it has gone away meanwhile.
func (l *Link) Listen(servers []string) (addrs []string, close func() error, err error) {
	f := &front{l: l, visitors: map[net.Conn]struct{}{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	for range servers {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, errors.Join(err, f.close())
		}
		f.listeners = append(f.listeners, ln)
		addrs = append(addrs, ln.Addr().String())
	}
	if !l.addFront(f) {
		return nil, nil, errors.Join(ErrClosed, f.close())
	}
	for i, ln := range f.listeners {
		f.wg.Go(func() { f.accept(ln, servers[i]) })
	}
	return addrs, f.close, nil
}

func (l *Link) addFront(f *front) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.fronts[f] = struct{}{}
	}
	return !l.closed
}

func (l *Link) removeFront(f *front) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.fronts, f)
}

// close ends everything and waits for it.
func (f *front) close() error {
	f.l.removeFront(f)
	err := f.shut()
	f.wg.Wait()
	return err
}

// shut ends everything.
func (f *front) shut() (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	f.cancel()
	for _, ln := range f.listeners {
		err = errors.Join(err, ln.Close())
	}
	for c := range f.visitors {
		c.Close()
	}
	return err
}

// accept serves who connects, until the listener is closed.
func (f *front) accept(ln net.Listener, server string) {
	const pause = 50 * time.Millisecond // when the process has too many open files
	for f.ctx.Err() == nil {
		c, err := ln.Accept()
		if err != nil {
			select {
			case <-f.ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		if f.enter(c) {
			f.wg.Go(func() {
				defer f.leave(c)
				f.serve(c, server)
			})
		}
	}
}

// enter takes a visitor in, unless the front is closed.
func (f *front) enter(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		c.Close()
		return false
	}
	f.visitors[c] = struct{}{}
	return true
}

func (f *front) leave(c net.Conn) {
	c.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.visitors, c)
}
