package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/zklab/zklab/internal/base/growing"
)

// Tail reads a record while it is being written. It is for one goroutine at a time.
type Tail struct {
	// Header is the record's, once its first line is whole.
	Header Header

	file  *growing.Lines
	lines int
	quick *quick
}

// Next calls take with each event that was completed since the last call. The event's value is only
// valid during the call. r must be the same file each time, which only grows. Errors are as for
// [Read]; after one, the Tail cannot go on.
func (t *Tail) Next(r io.ReaderAt, take func(*Event)) error {
	if t.file == nil {
		t.file, t.quick = growing.NewLines(MaxLine), newQuick()
	}
	err := t.file.Next(r, func(line []byte) error { return t.line(line, take) })
	if errors.Is(err, growing.ErrTooLong) {
		err = &DamagedError{Line: t.lines + 1, Reason: fmt.Sprintf("%v, %d bytes", errTooLong, MaxLine)}
	}
	return err
}

// Offset returns how many bytes of the file were read.
func (t *Tail) Offset() int64 {
	if t.file == nil {
		return 0
	}
	return t.file.Offset()
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
