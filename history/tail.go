package history

import (
	"bytes"
	"fmt"
	"io"
)

// Tail reads a record while it is being written. It is for one goroutine at a time.
type Tail struct {
	// Header is that of the record, once its first line is whole.
	Header Header

	offset int64
	rest   []byte // the beginning of a line that is not whole yet
	lines  int
	quick  *quick
}

// tailChunk is how much of the file is read at a time, in bytes.
const tailChunk = 256 << 10

// Next calls take with each event that was completed since the last call. The event's value is only
// valid during the call. r must be the same file each time, which only grows. The errors are those
// of [Read]; after one, the Tail cannot go on.
func (t *Tail) Next(r io.ReaderAt, take func(*Event)) error {
	if t.quick == nil {
		t.quick = newQuick()
	}
	chunk := make([]byte, tailChunk)
	for {
		n, err := r.ReadAt(chunk, t.offset)
		t.offset += int64(n)
		if failed := t.take(chunk[:n], take); failed != nil {
			return failed
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Offset returns how many bytes of the file were read.
func (t *Tail) Offset() int64 { return t.offset }

// take reads the lines of the next bytes.
func (t *Tail) take(text []byte, take func(*Event)) error {
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			if t.rest = append(t.rest, text...); len(t.rest) > MaxLine {
				return &DamagedError{Line: t.lines + 1, Reason: fmt.Sprintf("%v, %d bytes", errTooLong, MaxLine)}
			}
			return nil
		}
		text = rest
		if len(t.rest) > 0 {
			line = append(t.rest, line...)
			t.rest = nil
		}
		if err := t.line(line, take); err != nil {
			return err
		}
	}
}

func (t *Tail) line(line []byte, take func(*Event)) error {
	t.lines++
	if t.lines == 1 {
		var h History
		if err := readBegin(&h, bytes.TrimPrefix(line, []byte(byteOrderMark)), nil); err != nil {
			return err
		}
		t.Header = h.Header
	}
	e, err := t.quick.event(line, nil)
	if err != nil {
		return &DamagedError{Line: t.lines, Reason: err.Error()}
	}
	e.Index = t.lines - 1
	take(&e)
	return nil
}
