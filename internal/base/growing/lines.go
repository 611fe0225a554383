// Package growing reads the lines of a file while another process adds to it.
package growing

import (
	"bytes"
	"errors"
	"io"
)

// ErrTooLong is the error for a line that is longer than the limit.
var ErrTooLong = errors.New("a line is too long")

// chunk is how much of a file is read at a time, in bytes.
const chunk = 256 << 10

// Lines reads a file that only grows. It is for one goroutine at a time.
type Lines struct {
	most   int // bytes of a line
	offset int64
	rest   []byte // the beginning of a line that is not complete yet
}

// NewLines returns a reader of lines with a limit on their length in bytes.
func NewLines(most int) *Lines { return &Lines{most: most} }

// Offset returns how many bytes of the file were read.
func (l *Lines) Offset() int64 { return l.offset }

// Next calls take with each line that was completed since the last call, without its line break. A line is
// only valid during the call. r must be the same file each time. After an error, of take or the file, or
// ErrTooLong, Lines cannot go on.
func (l *Lines) Next(r io.ReaderAt, take func(line []byte) error) error {
	text := make([]byte, chunk)
	for {
		n, err := r.ReadAt(text, l.offset)
		l.offset += int64(n)
		if failed := l.take(text[:n], take); failed != nil {
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

// take divides the next bytes into lines.
func (l *Lines) take(text []byte, take func(line []byte) error) error {
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			if l.rest = append(l.rest, text...); len(l.rest) > l.most {
				return ErrTooLong
			}
			return nil
		}
		text = rest
		if len(l.rest) > 0 {
			line = append(l.rest, line...)
			l.rest = nil
		}
		if err := take(line); err != nil {
			return err
		}
	}
}
