package history

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/base/filelock"
)

// flushAfter is how long a completion or a fact may wait for others before it is written. The
// format promises 100 ms.
const flushAfter = 20 * time.Millisecond

// Recorder writes the record of a run while the run goes on. Its methods are safe for concurrent
// use.
//
// Record returns from an invoke only after the operating system has it, so a crash of this process
// loses no operation whose request may have been sent. Completions and facts are written within 100
// ms, and their callers do not wait. A crash of the machine can lose the end of a record that was
// not closed.
type Recorder struct {
	start  time.Time
	header Header
	finish func() error // syncs and closes the file; nil without a file
	close  sync.Once

	mu      sync.Mutex
	count   int    // events so far
	open    int    // operations without a completion so far
	next    *batch // collects events to write
	writing bool   // a goroutine has the duty of writing
	flush   *time.Timer
	armed   bool // flush will fire
	closed  bool
	err     error // the first error

	observers []observer
	unseen    []*entry
	wake      chan struct{} // there are events to show
	observed  chan struct{} // closed when the observers have seen all events; nil without observers

	memory bool     // nothing is written
	kept   []*entry // in memory

	// Owned by the goroutine that has the duty of writing.
	w      io.Writer
	buf    []byte
	broken bool
}

// Create begins a record in a new file, and locks the file until Close where the system has such
// locks. It returns an error if the file exists. Now starts at zero here. Create sets the header's Wall and Version.
func Create(path string, h Header) (*Recorder, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("begin history: %w", err)
	}
	_ = filelock.Try(f) // lets other processes tell a run that goes on from one that crashed
	r := NewRecorder(f, h)
	r.finish = func() error {
		// The end mark promises that the record is complete, so it must be durable.
		if err := f.Sync(); err != nil {
			f.Close()
			return err
		}
		return f.Close()
	}
	if err := r.Err(); err != nil {
		f.Close()
		os.Remove(path)
		return nil, err
	}
	return r, nil
}

// NewRecorder begins a record on w, which it does not close. It writes whole lines, with one Write
// at a time.
func NewRecorder(w io.Writer, h Header) *Recorder {
	r := newRecorder()
	r.w = w
	r.begin(h)
	r.Flush()
	return r
}

func newRecorder() *Recorder {
	return &Recorder{start: time.Now(), next: newBatch(), wake: make(chan struct{}, 1)}
}

// begin records the first event.
func (r *Recorder) begin(h Header) {
	h.Version, h.Wall = Version, r.start.UTC().Round(0)
	r.header = h
	r.Record(Event{Process: Nemesis, Client: -1, Type: Info, F: FBegin, Value: Value(h)})
}

// Header returns the header of the record.
func (r *Recorder) Header() Header { return r.header }

// Now returns the time since the record began, on a monotonic clock.
func (r *Recorder) Now() time.Duration { return time.Since(r.start) }

// Drift returns how much further than Now the wall clock has moved since the record began.
func (r *Recorder) Drift() time.Duration {
	now := time.Now()
	return now.Round(0).Sub(r.start.Round(0)) - now.Sub(r.start)
}

// Record sets e's Index and Time, writes e and returns it. It never panics; Err returns its errors.
// After Close it writes nothing, and Index is -1.
func (r *Recorder) Record(e Event) Event {
	en := &entry{event: e}
	r.encode(en)
	b := r.place(en)
	if b != nil && e.Type == Invoke {
		r.await(b)
	}
	return en.event
}

// RecordLate is like Record, for an event whose value must be determined after its time was taken, such
// as whether a lock is still held when its release begins. All later events wait in memory until value
// returns, so it must return at once and must not use the Recorder. If the value cannot be encoded, it
// is left out, and Err reports that.
func (r *Recorder) RecordLate(e Event, value func() any) Event {
	en := &entry{event: e, filled: make(chan struct{})}
	b := r.place(en)
	r.fill(en, value)
	if b != nil && e.Type == Invoke {
		r.await(b)
	}
	return en.event
}

// fill completes a late entry, even if value panics, since other goroutines wait for it.
func (r *Recorder) fill(en *entry, value func() any) {
	defer close(en.filled)
	defer r.encode(en)
	v, err := json.Marshal(value())
	if err != nil {
		r.keep(fmt.Errorf("encode value of %s: %w", en.event.F, err))
		return
	}
	en.event.Value = v
}

// encode makes the entry's body. It leaves out a value that cannot be written rather than the
// event. In memory there is no body, but the event is changed to what reading would give.
func (r *Recorder) encode(en *entry) {
	en.event.Value = absentNull(en.event.Value)
	if r.memory {
		if !plain(&en.event) {
			r.encodeBody(en)
			en.reread()
		}
		return
	}
	r.encodeBody(en)
}

func (r *Recorder) encodeBody(en *entry) {
	var err error
	if en.body, err = encodeBody(&en.event); err == nil {
		return
	}
	r.keep(err)
	e := &en.event
	e.Value, e.Error = nil, shortened(e.Error)
	if en.body, err = encodeBody(e); err != nil {
		e.F, e.Key = shorten(e.F), shorten(e.Key)
		en.body, _ = encodeBody(e) // cannot fail any more
	}
}

// shortened keeps an error's code if its message is too long for a line.
func shortened(e *Error) *Error {
	if e == nil {
		return nil
	}
	return &Error{Code: shorten(e.Code), Message: shorten(e.Message)}
}

func shorten(s string) string { return s[:min(len(s), 1000)] }

// place gives the entry its index and time under one lock, so that their orders agree. It returns
// the batch that contains the entry, or nil after Close.
func (r *Recorder) place(en *entry) *batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	en.event.Time = r.Now()
	if r.closed {
		en.event.Index = -1
		return nil
	}
	return r.placeLocked(en)
}

func (r *Recorder) placeLocked(en *entry) *batch {
	en.event.Index = r.count
	r.count++
	if r.memory {
		r.kept = append(r.kept, en)
		r.show(en)
		return nil
	}
	b := r.next
	b.entries = append(b.entries, en)
	switch {
	case en.event.Type == Invoke:
		r.open++
	default:
		if en.event.Process >= 0 {
			r.open--
		}
		r.flushSoon()
	}
	r.show(en)
	return b
}

// flushSoon makes sure that collected events are written even if no invoke follows.
func (r *Recorder) flushSoon() {
	switch {
	case r.armed:
	case r.flush == nil:
		r.flush = time.AfterFunc(flushAfter, r.flushNow)
	default:
		r.flush.Reset(flushAfter)
	}
	r.armed = true
}

func (r *Recorder) flushNow() {
	r.mu.Lock()
	r.armed = false
	b := r.next
	idle := len(b.entries) == 0
	r.mu.Unlock()
	if !idle {
		r.await(b)
	}
}

// Flush returns when all events recorded before the call are in the file.
func (r *Recorder) Flush() error {
	r.mu.Lock()
	b := r.next
	r.mu.Unlock()
	// When the next batch is written, so are all batches before it.
	r.await(b)
	return r.Err()
}

// Err returns the first error of recording. With an error the record is incomplete: the run may go
// on, but its record proves nothing.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// keep keeps the first error.
func (r *Recorder) keep(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = fmt.Errorf("record history: %w", err)
	}
}

// Close writes the end mark, waits until all events are in the file and all observers have seen
// them, and closes the file. Every call returns the first error of the whole recording.
func (r *Recorder) Close() error {
	r.close.Do(r.end)
	return r.Err()
}

func (r *Recorder) end() {
	mark := &entry{event: Event{Process: Nemesis, Client: -1, Type: Info, F: FEnd}}
	r.encode(mark)

	r.mu.Lock()
	mark.event.Time = r.Now()
	b := r.placeLocked(mark)
	r.closed = true
	if r.flush != nil {
		r.flush.Stop()
	}
	observed := r.observed
	r.mu.Unlock()

	if b != nil {
		r.await(b)
	}
	r.nudge()
	if observed != nil {
		<-observed
	}
	if r.finish == nil {
		return
	}
	if err := r.finish(); err != nil {
		r.keep(err)
	}
}
