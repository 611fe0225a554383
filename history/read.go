package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/zklab/zklab/internal/base/gunzip"
)

// ErrForeign reports that a file is not a zklab history, or is of a version that this package does
// not know.
var ErrForeign = errors.New("not a zklab history")

// ErrDamaged reports that a line of a history cannot be read; see [DamagedError].
var ErrDamaged = errors.New("damaged history")

// DamagedError describes the first line of a history that cannot be read. It matches [ErrDamaged].
type DamagedError struct {
	Line   int // from 1
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%v: line %d: %s", ErrDamaged, e.Line, e.Reason)
}

// Is reports whether target is ErrDamaged.
func (e *DamagedError) Is(target error) bool { return target == ErrDamaged }

// Open reads the history in a file, which may be compressed with gzip; see [Read].
func Open(path string) (*History, error) {
	return open(path, func(f *os.File) (*History, error) {
		expected, err := countLines(f)
		if err != nil {
			return nil, err
		}
		in, err := gunzip.Reader(f)
		if err != nil {
			return nil, err
		}
		h := &History{Events: make([]Event, 0, expected)}
		return h, h.read(in, newQuick(), func(e *Event) { h.Events = append(h.Events, *e) })
	})
}

// OpenPacked is like Open, for a record that may be large. If the record begins with a header for which
// pack returns true, its events take about a quarter of the memory, and are not in History.Events. Each
// use of an event takes longer.
func OpenPacked(path string, pack func(Header) bool) (*History, error) {
	if h, known := headerOf(path); !known || !pack(h) {
		return Open(path)
	}
	return open(path, func(f *os.File) (*History, error) {
		in, err := gunzip.Reader(f)
		if err != nil {
			return nil, err
		}
		h, p, q := &History{}, newPacker(), newQuick()
		err = h.read(in, q, func(e *Event) {
			p.add(e)
			q.room = q.room[:0] // for the next value
		})
		h.packed = p.done()
		return h, err
	})
}

// headerOf reads only the header. known is false if there is none, or if the file can be read only
// once.
func headerOf(path string) (of Header, known bool) {
	f, err := os.Open(path)
	if err != nil {
		return of, false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return of, false
	}
	in, err := gunzip.Reader(f)
	if err != nil {
		return of, false
	}
	lines := lineReader{r: bufio.NewReader(in), limit: MaxLine}
	line, _, err := lines.next()
	var h History
	err = readBegin(&h, bytes.TrimPrefix(line, []byte(byteOrderMark)), err)
	return h.Header, err == nil
}

func open(path string, read func(f *os.File) (*History, error)) (*History, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

// Read reads a history. It leaves out a last line that is cut off, and sets Truncated. It returns a
// [DamagedError] if any other line is not an event, and [ErrForeign] if the first line is not the
// beginning of a history. It describes contradictions in History.Damage. It numbers the events by
// position, whatever the lines say: Events[i].Index is i, and the event is on line i+1.
func Read(r io.Reader) (*History, error) {
	h := &History{}
	if err := h.read(r, newQuick(), func(e *Event) { h.Events = append(h.Events, *e) }); err != nil {
		return nil, err
	}
	return h, nil
}

// byteOrderMark is put at the beginning of a file by some editors.
const byteOrderMark = "\ufeff"

// read reads all lines, and calls keep with each event. It sets all fields but the events.
func (h *History) read(r io.Reader, q *quick, keep func(*Event)) error {
	lines := lineReader{r: bufio.NewReaderSize(r, 64<<10), limit: MaxLine}
	var a auditor
	var e Event
	for n := 1; ; n++ {
		line, whole, err := lines.next()
		if err == io.EOF {
			break
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(byteOrderMark))
			if err := readBegin(h, line, err); err != nil {
				return err
			}
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return err
		}
		next, reason := q.event(line, err)
		if reason != nil {
			if !whole && err == nil && cutOff(line) {
				h.Truncated = true
				break
			}
			return &DamagedError{Line: n, Reason: reason.Error()}
		}
		e = next
		a.look(n, &e)
		e.Index = n - 1
		keep(&e)
	}
	if e.F == "" {
		return fmt.Errorf("%w: the file is empty", ErrForeign)
	}
	h.finish(&a, &e)
	return nil
}

// finish fills in the fields of h that depend on all events, up to the last one.
func (h *History) finish(a *auditor, last *Event) {
	h.Complete = last.F == FEnd && last.Process == Nemesis
	h.Damage, h.Missing = a.damage(), a.missing
}

// readBegin reads the header from the first line.
func readBegin(h *History, line []byte, err error) error {
	if err != nil && !errors.Is(err, errTooLong) {
		return err
	}
	e, reason := parse(line, err)
	if reason == nil && e.F != FBegin {
		return fmt.Errorf("%w: it starts in the middle, with %s: its first line should be the event begin", ErrForeign, e.F)
	}
	if reason != nil || e.Process != Nemesis || e.F != FBegin {
		return fmt.Errorf("%w: its first line is %s; expected the event {\"index\":0,…,\"process\":\"nemesis\",…,\"f\":\"begin\",…}",
			ErrForeign, describe(line))
	}
	return h.begin(&e)
}

// begin reads the header from the first event.
func (h *History) begin(e *Event) error {
	var v struct {
		Version int `json:"version"`
	}
	if err := e.Decode(&v); err != nil {
		return fmt.Errorf("%w: line 1: %w", ErrForeign, err)
	}
	if v.Version != Version {
		return fmt.Errorf("%w of version %d but of version %d: read it with the zklab that wrote it", ErrForeign, Version, v.Version)
	}
	return h.readHeader(e)
}

// readHeader decodes and checks the header in an event of the current version.
func (h *History) readHeader(e *Event) error {
	if err := e.Decode(&h.Header); err != nil {
		return &DamagedError{Line: 1, Reason: err.Error()}
	}
	if err := h.Header.Params.Check(); err != nil {
		return &DamagedError{Line: 1, Reason: err.Error()}
	}
	return nil
}

// describe says in a few words what a line that is not an event looks like.
func describe(line []byte) string {
	var v map[string]any
	switch {
	case json.Unmarshal(line, &v) == nil:
		return "other JSON"
	case len(line) > 1 && line[0] == '{' && line[1] == ':':
		return "EDN"
	case len(line) > 0 && line[0] == '{':
		return "no whole JSON object"
	case bytes.HasPrefix(line, []byte("\x1f\x8b")):
		return "packed by gzip: unpack the file"
	case bytes.HasPrefix(line, []byte("\xff\xfe")), bytes.HasPrefix(line, []byte("\xfe\xff")):
		return "in UTF-16: convert the file to UTF-8"
	}
	const some = 40
	if len(line) > some {
		return fmt.Sprintf("%q…", line[:some])
	}
	return fmt.Sprintf("%q", line)
}

// event returns the event of a line, unless reading the line failed.
func (q *quick) event(line []byte, err error) (Event, error) {
	if err == nil {
		if e, ok := q.parse(line); ok {
			return e, possible(&e)
		}
	}
	return parse(line, err)
}

// required has the fields that every event must have. Without it, an absent field would read as
// process 0, index 0 and so on.
type required struct {
	Event
	Index   *int           `json:"index"`
	Time    *time.Duration `json:"time"`
	Process *Process       `json:"process"`
	Client  *int           `json:"client"`
	Type    *Type          `json:"type"`
	F       *string        `json:"f"`
}

// parse is like event, for lines in any form.
func parse(line []byte, err error) (Event, error) {
	if err != nil {
		return Event{}, err
	}
	var r required
	if err := unmarshal(line, &r); err != nil {
		return Event{}, err
	}
	e := r.Event
	switch {
	case r.Index == nil:
		return e, errors.New("no index")
	case r.Time == nil:
		return e, errors.New("no time")
	case r.Process == nil:
		return e, errors.New("no process")
	case r.Client == nil:
		return e, errors.New("no client")
	case r.Type == nil:
		return e, errors.New("no type")
	case r.F == nil || *r.F == "":
		return e, errors.New("no f")
	}
	e.Index, e.Time, e.Process, e.Client, e.Type, e.F = *r.Index, *r.Time, *r.Process, *r.Client, *r.Type, *r.F
	e.Value = absentNull(e.Value)
	return e, possible(&e)
}

// possible returns an error if the event has an impossible value.
func possible(e *Event) error {
	switch {
	case e.Type != Invoke && e.Type != OK && e.Type != Fail && e.Type != Info:
		return fmt.Errorf("type is %q, not invoke, ok, fail or info", e.Type)
	case !isTime(e.Time):
		return impossible("time", e.Time)
	case !isTime(e.Alive):
		return impossible("alive", e.Alive)
	case !isTime(e.Intended):
		return impossible("intended", e.Intended)
	case !e.Traffic.possible():
		return errors.New("traffic has a number below 0, or the time of an event is impossible")
	case e.Process >= 0 && e.Client < 0:
		return fmt.Errorf("%s of process %d has no client", e.F, e.Process)
	}
	return nil
}

// possible reports whether all numbers are possible. t may be nil.
func (t *Traffic) possible() bool {
	impossible := func(at time.Duration) bool { return !isTime(at) }
	return t == nil || min(t.Requests, t.Sent, t.Received, t.More) >= 0 && !slices.ContainsFunc(t.Events, impossible)
}

func isTime(t time.Duration) bool { return 0 <= t && t <= MaxTime }

// impossible returns an error if an event cannot have this time.
func impossible(field string, t time.Duration) error {
	if t < 0 {
		return fmt.Errorf("%s is %d, before the beginning", field, int64(t))
	}
	return fmt.Errorf("%s is %d: expected at most %d nanoseconds", field, int64(t), int64(MaxTime))
}

// cutOff reports whether a line is the beginning of a JSON object.
func cutOff(line []byte) bool {
	var v json.RawMessage
	err := json.NewDecoder(bytes.NewReader(line)).Decode(&v)
	return len(line) > 0 && line[0] == '{' && errors.Is(err, io.ErrUnexpectedEOF)
}
