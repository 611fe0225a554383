package link

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// proxy is the outside of a link for clients in other processes: listeners,
// and what came through them. A client is served by goroutines of its own, so
// that one which is frozen, slow or talks nonsense is in nobody's way.
type proxy struct {
	l         *Link
	ctx       context.Context // of dials
	cancel    context.CancelFunc
	listeners []net.Listener
	wg        sync.WaitGroup

	mu      sync.Mutex
	clients map[net.Conn]struct{}
	closed  bool
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
	return l.listen(servers, func(string) (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") })
}

// listen is Listen with listeners of other kinds.
func (l *Link) listen(servers []string, listener func(server string) (net.Listener, error)) (addrs []string, close func() error, err error) {
	p := &proxy{l: l, clients: map[net.Conn]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	for _, server := range servers {
		ln, err := listener(server)
		if err != nil {
			return nil, nil, errors.Join(err, p.close())
		}
		p.listeners = append(p.listeners, ln)
		addrs = append(addrs, ln.Addr().String())
	}
	if !l.addProxy(p) {
		return nil, nil, errors.Join(ErrClosed, p.close())
	}
	for i, ln := range p.listeners {
		p.wg.Go(func() { p.accept(ln, servers[i]) })
	}
	return addrs, p.close, nil
}

func (l *Link) addProxy(p *proxy) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.proxies[p] = struct{}{}
	}
	return !l.closed
}

func (l *Link) removeProxy(p *proxy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.proxies, p)
}

// close ends everything and waits for it.
func (p *proxy) close() error {
	p.l.removeProxy(p)
	err := p.shut()
	p.wg.Wait()
	return err
}

// shut ends everything.
func (p *proxy) shut() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	p.cancel()
	for _, ln := range p.listeners {
		err = errors.Join(err, ln.Close())
	}
	for c := range p.clients {
		c.Close()
	}
	return err
}

// accept serves who connects, until the listener is closed.
func (p *proxy) accept(ln net.Listener, server string) {
	const pause = 50 * time.Millisecond // when the process has too many open files
	for p.ctx.Err() == nil {
		c, err := ln.Accept()
		if err != nil {
			select {
			case <-p.ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		if p.add(c) {
			p.wg.Go(func() {
				defer p.remove(c)
				p.serve(c, server)
			})
		}
	}
}

// add takes a client in, unless the proxy is closed.
func (p *proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.Close()
		return false
	}
	p.clients[c] = struct{}{}
	return true
}

func (p *proxy) remove(c net.Conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clients, c)
}
