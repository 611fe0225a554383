package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

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
