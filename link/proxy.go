package link

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/pipe"
)

// proxy is the part of a link that faces clients in other processes: listeners, and their connections.
// Each client is served by its own goroutines, so that a client that is frozen or slow, or that sends
// nonsense, does not affect others.
type proxy struct {
	l         *Link                     // of all clients; nil if there is of
	of        func(session int64) *Link // see Serve
	ctx       context.Context           // of dials
	cancel    context.CancelFunc
	listeners []net.Listener
	wg        sync.WaitGroup

	mu      sync.Mutex
	clients map[net.Conn]struct{}
	closed  bool
}

// Listen opens a listener on 127.0.0.1 for each server, for clients in other processes. A client that
// connects to addrs[i] reaches servers[i] through the link. close ends the listeners and their
// connections, and returns when all their goroutines have ended. Closing the link also ends them. close
// may be called more than once.
//
// The operating system accepts a connection before the link does. So a client sees a refusal as a reset
// right after it has connected, and silence while connections are held back or stalled. The link counts
// the client as connected once nothing holds it back, unless the client has left by then.
func (l *Link) Listen(servers []string) (addrs []string, close func() error, err error) {
	return l.listen(servers, func(string) (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") })
}

// listen is like Listen, with other kinds of listeners.
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

// Serve serves the clients of a program with any number of them, which reach server through links of their own: of returns
// the link of a client by the session that it asks for, 0 for a new one. It is called for several connections at a time.
// Connections that do not begin with a request for a session (four-letter words) pass without the knowledge of these links.
// close ends the listener and all connections, and returns when all their goroutines have ended; it may be called more than
// once.
func Serve(listener net.Listener, server string, of func(session int64) *Link) (close func() error) {
	p := &proxy{of: of, listeners: []net.Listener{listener}, clients: map[net.Conn]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.wg.Go(func() { p.accept(listener, server) })
	return p.close
}

// ask returns the link of a client, and what the client has sent so far.
func (p *proxy) ask(client net.Conn) (l *Link, first []byte, err error) {
	if p.l != nil {
		return p.l, nil, nil
	}
	first = make([]byte, frameLength)
	if _, err := io.ReadFull(client, first); err != nil {
		return nil, nil, err
	}
	if size := binary.BigEndian.Uint32(first); size <= handshakeSize {
		first = append(first, make([]byte, size)...)
		if _, err := io.ReadFull(client, first[frameLength:]); err != nil {
			return nil, nil, err
		}
		if request, err := wire.DecodeConnectRequest(first[frameLength:]); err == nil {
			return p.of(request.Session), first, nil
		}
	}
	return New(Config{}), first, nil
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

// close ends everything and waits until it has ended.
func (p *proxy) close() error {
	if p.l != nil {
		p.l.removeProxy(p)
	}
	err := p.shut()
	p.wg.Wait()
	return err
}

// shut ends everything without waiting.
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

// accept serves clients until the listener is closed.
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

// add adds a client, unless the proxy is closed.
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

// copySize bounds how many of a client's bytes the link buffers in each direction, in
// addition to the system's buffers.
const copySize = 32 << 10

// serve connects a client to its server and copies bytes in both directions until one of
// them ends.
func (p *proxy) serve(client net.Conn, addr string) {
	l, first, err := p.ask(client)
	if err != nil {
		return
	}
	server, early, err := p.connect(l, client, addr)
	if err != nil {
		pipe.Reset(client) // this is how the client sees a refusal
		return
	}
	// A goroutine that waits for a stalled link does not notice that the client is closed.
	stop := context.AfterFunc(p.ctx, server.abandon)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { copyToServer(server, client, append(first, early...)) })
	copyToClient(client, server)
	client.Close()
	server.Close()
	wg.Wait()
}

// connect dials for a client. Since dialing takes as long as connections are held back, connect reads
// from the client meanwhile, and ends the wait if the client leaves. It returns what the client has
// sent by then.
func (p *proxy) connect(l *Link, client net.Conn, addr string) (server *conn, early []byte, err error) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	read := make(chan []byte)
	go func() { read <- readEarly(client, cancel) }()
	server, err = l.dial(ctx, "tcp", addr, DefaultConnectTimeout)
	client.SetReadDeadline(pipe.LongAgo)
	early = <-read
	client.SetReadDeadline(time.Time{})
	return server, early, err
}

// readEarly reads until its deadline, or copySize, and calls gone if the client goes away.
func readEarly(client net.Conn, gone func()) []byte {
	buf := make([]byte, copySize)
	n := 0
	for n < len(buf) {
		k, err := client.Read(buf[n:])
		n += k
		if err == nil {
			continue
		}
		if !pipe.Interrupted(err) {
			gone()
		}
		break
	}
	return buf[:n]
}

// copyToServer copies what the client sends. If the client closes, its connection ends.
// Only on a connection that does not speak the client protocol may the client close one
// direction and wait for the rest of the answer.
func copyToServer(server *conn, client net.Conn, early []byte) {
	_, err := server.Write(early)
	if err == nil {
		_, err = copyAll(server, client)
	}
	unread, _ := server.writeMode()
	switch {
	case err != nil:
		server.abandon()
	case unread:
		server.CloseWrite()
	default:
		server.Close()
	}
}

// copyToClient copies what the server sends; a reset is passed on as a reset.
func copyToClient(client net.Conn, server *conn) {
	_, err := copyAll(client, server)
	if errors.Is(err, syscall.ECONNRESET) {
		pipe.Reset(client)
	}
}

// copyAll is io.CopyBuffer without its shortcuts, which would use other buffers.
func copyAll(to io.Writer, from io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, copySize))
}
