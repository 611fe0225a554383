package link

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// copySize bounds how many of a client's bytes the link buffers in each direction, in
// addition to the system's buffers.
const copySize = 32 << 10

// serve connects a client to its server and copies bytes in both directions until one of
// them ends.
func (p *proxy) serve(client net.Conn, addr string) {
	server, early, err := p.connect(client, addr)
	if err != nil {
		sendReset(client) // this is how the client sees a refusal
		return
	}
	// A goroutine that waits for a stalled link does not notice that the client is closed.
	stop := context.AfterFunc(p.ctx, server.abandon)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { copyToServer(server, client, early) })
	copyToClient(client, server)
	client.Close()
	server.Close()
	wg.Wait()
}

// connect dials for a client. It reads from the client meanwhile, since dialing takes as
// long as connections are held back: a client that leaves ends the wait. It returns what
// the client has sent by then.
func (p *proxy) connect(client net.Conn, addr string) (server *conn, early []byte, err error) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	read := make(chan []byte)
	go func() { read <- readEarly(client, cancel) }()
	server, err = p.l.dial(ctx, "tcp", addr, DefaultConnectTimeout)
	client.SetReadDeadline(longAgo)
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
		if !interrupted(err) {
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
	switch {
	case err != nil:
		server.abandon()
	case server.unread():
		server.CloseWrite()
	default:
		server.Close()
	}
}

// copyToClient copies what the server sends; a reset is passed on as a reset.
func copyToClient(client net.Conn, server *conn) {
	_, err := copyAll(client, server)
	if errors.Is(err, syscall.ECONNRESET) {
		sendReset(client)
	}
}

// copyAll is io.CopyBuffer without its shortcuts, which use other buffers.
func copyAll(to io.Writer, from io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, copySize))
}
