package adapter

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// exchange is the talk with one program over a pair of streams: it numbers
// requests, gives each its answer, and passes events on.
type exchange struct {
	out *outbox
	// onEvent takes events, onRefusal answers to lines that were no requests; their
	// errors end the exchange. They are not called under mu.
	onEvent   func(reply) error
	onRefusal func(*failure) error

	mu      sync.Mutex
	last    int64 // the latest id given out
	pending map[int64]*call
	heard   int   // lines that have come
	err     error // why it ended

	ended   chan struct{} // closed when err is set: nothing is answered any more
	readEnd chan struct{} // closed when the reader has returned
}

// call is a request on its way.
type call struct {
	id     int64
	answer chan reply // has room for the one there is

	cancelled bool
	overdue   time.Duration // since then, as far as it was counted
}

// misbehaviour is what a program did against the protocol.
type misbehaviour string

func (m misbehaviour) Error() string { return string(m) }

func against(format string, args ...any) error { return misbehaviour(fmt.Sprintf(format, args...)) }

// errSilent is the end of a program's output.
var errSilent = errors.New("its output has ended")

func newExchange(r io.Reader, w io.Writer, onEvent func(reply) error, onRefusal func(*failure) error) *exchange {
	x := &exchange{
		out: newOutbox(w), onEvent: onEvent, onRefusal: onRefusal, pending: map[int64]*call{},
		ended: make(chan struct{}), readEnd: make(chan struct{}),
	}
	go func() {
		defer close(x.readEnd)
		x.end(x.read(r))
	}()
	return x
}

// ask sends a request. Its answer comes in the call's channel, unless the
// exchange ends before.
func (x *exchange) ask(req request) (*call, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return nil, x.err
	}
	req.ID = x.last + 1
	if err := x.out.put(req); err != nil {
		return nil, err
	}
	x.last++
	c := &call{id: req.ID, answer: make(chan reply, 1)}
	x.pending[c.id] = c
	return c, nil
}

// cancel asks for the end of a request. It is answered all the same.
func (x *exchange) cancel(c *call) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.pending[c.id] == c && !c.cancelled {
		c.cancelled = true
		_ = x.out.put(request{ID: c.id, Op: opCancel})
	}
}

// await gives the answer. When done ends, the request is cancelled, and still
// waited for. The error is that of the exchange, which has ended.
func (x *exchange) await(c *call, done <-chan struct{}) (reply, error) {
	for {
		select {
		case r := <-c.answer:
			return r, nil
		case <-done:
			done = nil
			x.cancel(c)
		case <-x.ended:
			select {
			case r := <-c.answer: // it came before the end
				return r, nil
			default:
				return reply{}, x.err
			}
		}
	}
}

// end ends the exchange, if it has not ended.
func (x *exchange) end(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err == nil {
		x.err = err
		close(x.ended)
		x.out.close()
	}
}

// read takes lines until there are no more, or one breaks the protocol.
func (x *exchange) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine+1)
	for lines.Scan() {
		if err := x.take(lines.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return against("printed a line of more than %d bytes", maxLine)
	}
	return errSilent
}

func (x *exchange) take(b []byte) error {
	r, err := parseReply(b)
	if err != nil {
		return against("printed what is not of the protocol: %v", err)
	}
	switch {
	case r.Event != "":
		x.hear()
		return x.onEvent(r)
	case r.ID == 0 && r.Error != nil:
		x.hear()
		return x.onRefusal(r.Error)
	}
	return x.answer(r)
}

func (x *exchange) hear() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.heard++
}

func (x *exchange) answer(r reply) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.heard++
	c := x.pending[r.ID]
	switch {
	case c != nil:
		delete(x.pending, r.ID)
		c.answer <- r
		return nil
	case r.ID >= 1 && r.ID <= x.last:
		return against("answered request %d twice", r.ID)
	}
	return against("answered request %d, which there was not", r.ID)
}

// knows says that there was a request with that id.
func (x *exchange) knows(id int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return id >= 1 && id <= x.last
}

// look tells how many lines have come, how many requests wait for an answer, and
// for how long a cancelled one has at most, of which step has passed since the last
// look.
func (x *exchange) look(step time.Duration) (heard, waiting int, overdue time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range x.pending {
		if c.cancelled {
			c.overdue += step
			overdue = max(overdue, c.overdue)
		}
	}
	return x.heard, len(x.pending), overdue
}

// forgive begins to count anew how long cancelled requests wait.
func (x *exchange) forgive() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range x.pending {
		c.overdue = 0
	}
}
