package adapter

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// exchange is the communication with one program over a pair of streams: it numbers
// requests, delivers answers, and passes events on.
type exchange struct {
	out *outbox
	// onEvent receives events, and onRefusal receives answers to lines that were no requests. Their
	// errors end the exchange. They are called without mu.
	onEvent   func(reply) error
	onRefusal func(*failure) error

	mu      sync.Mutex
	last    int64 // the latest id used
	pending map[int64]*call
	heard   int   // lines that have come
	err     error // why it ended

	ended   chan struct{} // closed when err is set: nothing more is answered
	readEnd chan struct{} // closed when the reader has returned
}

// call is a request on its way.
type call struct {
	id     int64
	answer chan reply // has room for the only answer

	cancelled bool
	overdue   time.Duration // since the cancel, as far as it was counted
}

// misbehaviour is a breach of the protocol by a program.
type misbehaviour string

func (m misbehaviour) Error() string { return string(m) }

func against(format string, args ...any) error { return misbehaviour(fmt.Sprintf(format, args...)) }

// errSilent means that a program's output has ended.
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

// ask sends a request. The call's channel receives the answer, unless the exchange ends
// before.
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

// cancel asks the program to give up a request, which it still answers.
func (x *exchange) cancel(c *call) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.pending[c.id] == c && !c.cancelled {
		c.cancelled = true
		_ = x.out.put(request{ID: c.id, Op: opCancel})
	}
}

// await returns the answer. When done is closed, it cancels the request and still waits. It
// returns an error only if the exchange has ended.
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

// read reads lines until there are no more, or one breaks the protocol.
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
		return against("printed a line that is not part of the protocol: %v", err)
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
	return against("answered request %d, which was never sent", r.ID)
}

// knows reports whether there was a request with that id.
func (x *exchange) knows(id int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return id >= 1 && id <= x.last
}

// look returns how many lines have come, how many requests wait for an answer, and the
// longest that a cancelled one has waited. step is the time since the last look.
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

// forgive restarts the count of how long cancelled requests wait.
func (x *exchange) forgive() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range x.pending {
		c.overdue = 0
	}
}
