package foreign

import (
	"io"
	"strconv"
)

// Limits on one event, so that no file takes more memory than its events need.
const (
	mostDepth  = 100     // nested collections
	mostItems  = 4 << 20 // items of one event
	mostText   = 1 << 20 // bytes of one text
	mostShared = 1 << 16 // texts that are kept to be shared
	mostShort  = 64      // bytes of a text that is shared
)

const firstBuffer = 8 << 10

// scanner reads bytes and counts lines.
type scanner struct {
	r    io.Reader
	buf  []byte // bytes read ahead
	pos  int    // position of the next byte in buf
	line int
	done bool  // the file ends with buf
	err  error // of the file, not io.EOF
	// short means that an error occurred at the end of the input.
	short bool

	token  []byte
	shared map[string]string
	items  stack
	count  int // items of this event
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: r, line: 1, shared: map[string]string{}}
}

const end = 0 // stands for the end of the file: no format has a byte 0 outside texts

// peek returns the next byte, or end at the end of the file.
func (s *scanner) peek() byte {
	if s.pos < len(s.buf) {
		return s.buf[s.pos]
	}
	return s.refill()
}

// take consumes and returns the next byte.
func (s *scanner) take() byte {
	c := s.peek()
	if s.pos < len(s.buf) {
		s.pos++
	}
	if c == '\n' {
		s.line++
	}
	return c
}

// refill reads more, and keeps the bytes that are not consumed.
func (s *scanner) refill() byte {
	rest, room := s.buf[s.pos:], s.buf[:cap(s.buf)]
	if n := len(room); n == 0 && !s.done {
		room = make([]byte, firstBuffer)
	} else if n == len(s.buf) && n < bufferSize && !s.done { // more than a little
		room = make([]byte, bufferSize)
	}
	left := copy(room, rest)
	s.buf, s.pos = room[:left], 0
	for range 100 { // a reader that keeps returning nothing ends the file
		if s.done || len(s.buf) == cap(s.buf) {
			break
		}
		n, err := s.r.Read(s.buf[left:cap(s.buf)])
		s.buf = s.buf[:left+n]
		if err != nil {
			s.done = true
			if err != io.EOF {
				s.err = err
			}
		}
		if n > 0 {
			break
		}
	}
	if len(s.buf) == left {
		s.done = true
	}
	if len(s.buf) == 0 {
		return end
	}
	return s.buf[0]
}

// ahead returns the next n bytes, or fewer at the end of the file.
func (s *scanner) ahead(n int) []byte {
	for len(s.buf)-s.pos < n && !s.done {
		s.refill()
	}
	return s.buf[s.pos:min(s.pos+n, len(s.buf))]
}

// atEnd reports whether the file has ended. A byte 0 in it does not count.
func (s *scanner) atEnd() bool { return len(s.ahead(1)) == 0 }

// wrong returns an error on this line, unless the file itself could not be read.
func (s *scanner) wrong(format string, args ...any) error {
	if s.err != nil {
		return s.err
	}
	s.short = s.atEnd()
	return wrong(s.line, format, args...)
}

// share returns a token as a string. Equal short tokens share one string.
func (s *scanner) share(token []byte) string {
	if len(token) > mostShort {
		return string(token)
	}
	if text, ok := s.shared[string(token)]; ok {
		return text
	}
	text := string(token)
	if len(s.shared) < mostShared {
		s.shared[text] = text
	}
	return text
}

// begin starts an event.
func (s *scanner) begin() {
	s.count = 0
	s.items.reset()
}

// push adds an item to the current collection.
func (s *scanner) push(v Value) error {
	if s.count++; s.count > mostItems {
		return wrong(s.line, "an event of more than %d values", mostItems)
	}
	s.items.push(v)
	return nil
}

// grow adds a byte to a token.
func (s *scanner) grow(c byte) error {
	if len(s.token) >= mostText {
		return wrong(s.line, "a text of more than %d bytes", mostText)
	}
	s.token = append(s.token, c)
	return nil
}

// number parses an integer that fits into 64 bits.
func number(token []byte) (int64, bool) {
	if len(token) == 0 || len(token) > 20 {
		return 0, false
	}
	i, negative := 0, false
	if token[0] == '-' || token[0] == '+' {
		i, negative = 1, token[0] == '-'
	}
	if len(token)-i > 18 {
		n, err := strconv.ParseInt(string(token), 10, 64)
		return n, err == nil
	}
	if i == len(token) {
		return 0, false
	}
	var n int64
	for ; i < len(token); i++ {
		if token[i] < '0' || token[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(token[i]-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// named describes a byte in a message: 'x', or the end of the file.
func (s *scanner) named(c byte) string {
	if c == end && s.atEnd() {
		return "the end of the file"
	}
	return strconv.QuoteRune(rune(c))
}
