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

// copySize bounds what the link holds of a visitor's bytes each way, beside the
// system's buffers.
const copySize = 32 << 10

// serve connects a visitor to its server and passes bytes both ways until one of
// them ends.
func (f *front) serve(visitor net.Conn, addr string) {
	server, said, err := f.connect(visitor, addr)
	if err != nil {
		sendReset(visitor) // as who was refused sees it
		return
	}
	// Who waits for a stalled link does not notice that the visitor is closed.
	stop := context.AfterFunc(f.ctx, server.abandon)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { sendUp(server, visitor, said) })
	sendDown(visitor, server)
	visitor.Close()
	server.Close()
	wg.Wait()
}

// connect dials for a visitor. It listens to it meanwhile, since dialing can take
// as long as connections are held back: a visitor that leaves ends the wait. It
// returns what the visitor said.
func (f *front) connect(visitor net.Conn, addr string) (server *conn, said []byte, err error) {
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	heard := make(chan []byte)
	go func() { heard <- listenTo(visitor, cancel) }()
	server, err = f.l.dial(ctx, "tcp", addr, DefaultConnectTimeout)
	visitor.SetReadDeadline(longAgo)
	said = <-heard
	visitor.SetReadDeadline(time.Time{})
	return server, said, err
}

// listenTo reads until its deadline, or copySize, and calls gone if the visitor
// goes away.
func listenTo(visitor net.Conn, gone func()) []byte {
	buf := make([]byte, copySize)
	n := 0
	for n < len(buf) {
		k, err := visitor.Read(buf[n:])
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

// sendUp passes on what a visitor says. Its end is passed on as what it is: a
// client that closes takes its connection with it. Only on a connection that is
// not the client protocol it may wait for the rest of the answer.
func sendUp(server *conn, visitor net.Conn, said []byte) {
	_, err := server.Write(said)
	if err == nil {
		_, err = copyAll(server, visitor)
	}
	switch {
	case err != nil:
		server.abandon()
	case server.isOpaque():
		server.CloseWrite()
	default:
		server.Close()
	}
}

// sendDown passes on what the server says; a reset stays one.
func sendDown(visitor net.Conn, server *conn) {
	_, err := copyAll(visitor, server)
	if errors.Is(err, syscall.ECONNRESET) {
		sendReset(visitor)
	}
}

// copyAll is io.CopyBuffer without the shortcuts, whose buffers are not ours.
func copyAll(to io.Writer, from io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, copySize))
}
