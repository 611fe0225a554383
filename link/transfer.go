package link

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Write passes p on, up to a request that is to be lost.
func (c *conn) Write(p []byte) (int, error) {
	_ = c.writing.Acquire(context.Background(), 1)
	defer c.writing.Release(1)
	for n := 0; n < len(p); {
		pass, loss := c.outgoing(p[n:])
		var err error
		if pass > 0 {
			pass, err = c.pipe.Write(p[n : n+pass])
			n += pass
		}
		if loss != nil {
			c.closeAndRecord(ErrCut)
			loss.connectionCut()
			return len(p), nil // as on a network that loses the bytes later
		}
		if err != nil {
			return n, c.failed(err)
		}
		c.passed(&c.left)
	}
	return len(p), nil
}

// Read fills p with what the server sent, up to a reply that is to be lost.
func (c *conn) Read(p []byte) (int, error) {
	_ = c.reading.Acquire(context.Background(), 1)
	defer c.reading.Release(1)
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.ahead) == 0 {
		if c.readErr != nil && len(c.rest) == 0 {
			return 0, c.readErr
		}
		b := c.buf
		if len(p) >= len(b) {
			b = p
		}
		got, err := c.fetch(b)
		if err != nil {
			return 0, err
		}
		c.ahead = got
	}
	if err := c.cause(); err != nil {
		return 0, err
	}
	n := copy(p, c.ahead)
	c.ahead = c.ahead[n:]
	return n, nil
}

// fetch reads from the server into b, unless bytes are there already, and returns those for
// the client, in b or another buffer. An error that comes with bytes is kept for the next
// Read.
func (c *conn) fetch(b []byte) ([]byte, error) {
	c.passed(&c.arrived)
	var err error
	if len(c.rest) > 0 {
		b, c.rest = c.rest, nil
	} else {
		b, err = c.receive(b)
	}
	pass, loss := c.incoming(b)
	if loss != nil {
		c.readErr, c.rest = ErrCut, nil
		c.closeAndRecord(nil)
		loss.connectionCut()
		return pass, nil
	}
	if err == nil {
		return pass, nil
	}
	if err = c.failed(err); len(pass) == 0 {
		return nil, err
	}
	if !isTimeout(err) {
		c.readErr = err
	}
	return pass, nil
}

// receive reads from the server into b. If the link itself woke the reader, that is not an error.
func (c *conn) receive(b []byte) ([]byte, error) {
	n, err := c.pipe.Read(b)
	if err != nil && isTimeout(err) && c.deadlines.WasInterrupted() {
		err = nil
	}
	return b[:n], err
}

// failed turns an error of the network into the client's, and notes the end of the
// connection, unless only a deadline passed.
func (c *conn) failed(err error) error {
	if isTimeout(err) {
		return err
	}
	c.closeAndRecord(nil)
	if cause := c.cause(); cause != nil {
		return cause
	}
	return err
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// outgoing decodes what the client writes, and returns how much of it may go to the server: everything,
// or one frame. If that ends before a request that is to be lost, it also returns the loss.
func (c *conn) outgoing(p []byte) (pass int, loss *Loss) {
	unread, one := c.writeMode()
	if unread {
		return len(p), nil
	}
	sent := c.l.cfg.Clock()
	return c.eachFrame(&c.out, p, one, func(f wire.Frame) *Loss { return c.clientFrame(f, sent) })
}

// incoming decodes what the server sent, and returns the part for the client. If that ends before a
// reply that is to be lost, it also returns the loss.
func (c *conn) incoming(p []byte) (pass []byte, loss *Loss) {
	unread, hold, one := c.readMode()
	switch {
	case unread:
		return p, nil
	case hold:
		return c.filterEvents(p, one)
	}
	n, loss := c.eachFrame(&c.in, p, one, c.serverFrame)
	c.rest = bytes.Clone(p[n:])
	return p[:n], loss
}

// readMode reports whether bytes pass without being decoded, whether some of them may be held back, and whether they pass one at a
// time. Only the reader, who owns the filter, may call it.
func (c *conn) readMode() (unread, hold, one bool) {
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	hold = len(c.filter.partial) > 0 || len(l.held.all) > 0 || len(c.held) > 0 ||
		l.breaks(func(b *Breakpoint) bool { return b.point.Message == Event })
	return c.phase == opaque, hold, len(l.breakpoints.all) > 0
}

// writeMode reports whether bytes pass without being decoded, and whether they pass one at a time.
func (c *conn) writeMode() (unread, one bool) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	return c.phase == opaque, len(c.l.breakpoints.all) > 0 || len(c.l.late.all) > 0
}

// eachFrame calls handle for the frames that p completes, up to one that is lost; or only
// for the first one.
func (c *conn) eachFrame(s *stream, p []byte, one bool, handle func(wire.Frame) *Loss) (pass int, loss *Loss) {
	for off := 0; off < len(p); {
		n, f, done, err := s.Next(p[off:])
		if err != nil {
			c.becomeOpaque()
			return len(p), nil
		}
		off += n
		if s.inside = !done; s.inside {
			continue
		}
		if loss := handle(f); loss != nil {
			return max(0, off-4-f.Size), loss // the frame may have begun in an earlier piece
		}
		if one {
			return off, nil
		}
	}
	return len(p), nil
}
