package adapter

import (
	"errors"
	"io"
	"sync"

	"github.com/zklab/zklab/internal/base/await"
)

// outbox writes lines in the order in which they were put, without blocking callers: a
// stopped program does not read, and its pipe fills up.
type outbox struct {
	mu     sync.Mutex
	text   []byte // to be written
	closed bool

	wake chan struct{} // has room for one
	done chan struct{} // closed when the writer has returned
}

// outboxBytes bounds how many bytes wait to be written.
const outboxBytes = 16 << 20

var errOutboxFull = errors.New("too much waits to be written to the adapter")

func newOutbox(w io.Writer) *outbox {
	b := &outbox{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(b.done)
		b.run(w)
	}()
	return b
}

func (b *outbox) put(v any) error {
	l, err := line(v)
	if err != nil {
		return err
	}
	return b.write(l)
}

// write writes bytes that need not be a line of the protocol.
func (b *outbox) write(l []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.text)+len(l) > outboxBytes {
		return errOutboxFull
	}
	b.text = append(b.text, l...)
	b.signal()
	return nil
}

// close drops what was not written.
func (b *outbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.signal()
}

func (b *outbox) signal() { await.Wake(b.wake) }

// run writes lines until close, or until the program no longer reads: the end of the program is
// noticed elsewhere. A write under way ends when w is closed.
func (b *outbox) run(w io.Writer) {
	for range b.wake {
		text, ok := b.take()
		if !ok {
			return
		}
		if _, err := w.Write(text); err != nil {
			return
		}
	}
}

func (b *outbox) take() (text []byte, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, b.text = b.text, nil
	return text, !b.closed
}
