package history

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// countLines counts the lines of a file and returns to its beginning. A list that grows to the size of
// a large file costs twice its memory; counting costs a hundredth of the time that reading takes. In a
// compressed file it finds fewer lines than there are, and in a pipe none.
func countLines(f *os.File) (n int, err error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, nil // a pipe can be read only once
	}
	room := make([]byte, 64<<10)
	for {
		m, err := f.Read(room)
		n += bytes.Count(room[:m], []byte{'\n'})
		if err == io.EOF {
			_, err := f.Seek(0, io.SeekStart)
			return n + 1, err // the last line may lack its newline
		}
		if err != nil {
			return 0, err
		}
	}
}

// lineReader reads lines of at most limit bytes.
type lineReader struct {
	r     *bufio.Reader
	limit int
	long  []byte // a line longer than r's buffer
}

// next returns the next line without its newline, valid until the next call. whole reports whether
// it had a newline. io.EOF comes without a line. If a line is too long, the error is errTooLong,
// and line is its beginning.
func (l *lineReader) next() (line []byte, whole bool, err error) {
	line, err = l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.rest(line)
	}
	switch {
	case err == nil:
		return line[:len(line)-1], true, nil
	case err == io.EOF && len(line) > 0:
		return line, false, nil
	}
	return line, false, err
}

// rest reads the rest of a line longer than the buffer.
func (l *lineReader) rest(first []byte) ([]byte, error) {
	l.long = append(l.long[:0], first...)
	for {
		more, err := l.r.ReadSlice('\n')
		l.long = append(l.long, more...)
		if len(l.long) > l.limit {
			return l.long, fmt.Errorf("%w, %d bytes", errTooLong, l.limit)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}
