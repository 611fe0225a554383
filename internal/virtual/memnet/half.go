package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/zklab/zklab/internal/virtual/delivery"
)

// half is one direction of a connection.
type half struct {
	mu       sync.Mutex
	buf      ring
	stream   *delivery.Stream // carries what is written; nil: bytes arrive at once
	under    int              // number of bytes at the end of buf that are still under way
	canRead  sync.Cond        // there are bytes, or a reason to fail
	canWrite sync.Cond        // there is room, no other goroutine writes, or a reason to fail
	readBy   deadline
	writeBy  deadline

	writing      bool // a goroutine is in writeFrom
	writerClosed bool
	ended        bool // the news that the writer has closed has arrived
	readerClosed bool
	broken       bool
}

func newHalf(s *delivery.Stream) *half {
	h := &half{stream: s}
	h.canRead.L, h.canWrite.L = &h.mu, &h.mu
	h.readBy.init(&h.canRead)
	h.writeBy.init(&h.canWrite)
	return h
}

func (h *half) readInto(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		if err := h.readErr(); err != nil {
			return 0, err
		}
		switch {
		case len(b) == 0:
			return 0, nil
		case h.buf.len() > h.under:
			return h.readBuffered(b[:min(len(b), h.buf.len()-h.under)]), nil
		case h.ended:
			return 0, io.EOF
		}
		h.canRead.Wait()
	}
}

func (h *half) readErr() error {
	switch {
	case h.readerClosed:
		return net.ErrClosed
	case h.broken:
		return os.NewSyscallError("read", syscall.ECONNRESET)
	case h.readBy.passed:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// readBuffered reads bytes. It wakes a waiting writer only when half of the buffer is free, not for
// each byte.
func (h *half) readBuffered(b []byte) int {
	n := h.buf.get(b)
	if h.buf.len() <= bufferSize/2 {
		h.canWrite.Broadcast()
	}
	return n
}

func (h *half) writeFrom(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.lockWriting(); err != nil {
		return 0, err
	}
	defer h.unlockWriting()
	written := 0
	for {
		n := h.buf.put(b[written:])
		if n > 0 {
			h.send(n)
		}
		written += n
		if written == len(b) {
			return written, nil
		}
		h.canWrite.Wait()
		if err := h.writeErr(); err != nil {
			return written, err
		}
	}
}

// send makes the last n bytes of the buffer arrive.
func (h *half) send(n int) {
	if h.stream == nil {
		h.canRead.Broadcast()
		return
	}
	h.under += n
	h.stream.Send(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.under > 0 { // otherwise the bytes were dropped
			h.under -= n
			h.canRead.Broadcast()
		}
	})
}

// lockWriting waits until no other writer waits for room.
func (h *half) lockWriting() error {
	for {
		if err := h.writeErr(); err != nil {
			return err
		}
		if !h.writing {
			h.writing = true
			return nil
		}
		h.canWrite.Wait()
	}
}

func (h *half) unlockWriting() {
	h.writing = false
	h.canWrite.Broadcast()
}

func (h *half) writeErr() error {
	switch {
	case h.writerClosed:
		return net.ErrClosed
	case h.broken:
		return os.NewSyscallError("write", syscall.ECONNRESET)
	case h.writeBy.passed:
		return os.ErrDeadlineExceeded
	case h.readerClosed:
		return os.NewSyscallError("write", syscall.EPIPE)
	}
	return nil
}

// closeReader closes the reader's side, and reports whether it was open.
func (h *half) closeReader() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readerClosed {
		return false
	}
	h.readerClosed = true
	h.drop()
	h.readBy.stop()
	h.wakeAll()
	return true
}

func (h *half) closeWriter() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writerClosed = true
	h.writeBy.stop()
	h.canWrite.Broadcast()
	if h.stream == nil {
		h.end()
		return
	}
	h.stream.Send(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.end()
	})
}

// end lets the reader know that nothing more comes.
func (h *half) end() {
	h.ended = true
	h.canRead.Broadcast()
}

// reset breaks the half, and reports whether there was something to break. If the reader asks for it
// after its own close, it does nothing.
func (h *half) reset(byReader bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if byReader && h.readerClosed {
		return false
	}
	h.broken = true
	h.drop()
	h.readBy.stop()
	h.writeBy.stop()
	h.wakeAll()
	return true
}

// drop discards what is buffered and what is under way.
func (h *half) drop() {
	h.buf.drop()
	h.under = 0
}

func (h *half) wakeAll() {
	h.canRead.Broadcast()
	h.canWrite.Broadcast()
}

// setReadDeadline reports whether the reader is open.
func (h *half) setReadDeadline(t time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.readerClosed && !h.broken {
		h.readBy.set(t)
	}
	return !h.readerClosed
}

// setWriteDeadline reports whether the writer is open.
func (h *half) setWriteDeadline(t time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.writerClosed && !h.broken {
		h.writeBy.set(t)
	}
	return !h.writerClosed
}
