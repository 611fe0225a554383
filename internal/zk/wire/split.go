package wire

import "encoding/binary"

// Splitter finds the frames in a stream of bytes that passes through in pieces of any size. It does not
// delay the bytes. For a frame that comes in several pieces, it keeps a copy of at most Keep bytes; a
// frame within one piece is returned in place, without a copy. It is not safe for concurrent use.
type Splitter struct {
	// Limit bounds the body of a frame, and Keep the part of it that Next returns, in bytes. 0 means MaxFrame
	// for both.
	Limit, Keep int

	head  [4]byte
	nhead int    // number of bytes of head that have come
	size  int    // of the present frame's body, once nhead is 4
	seen  int    // number of bytes of the body that have passed
	kept  []byte // the first bytes of the body
}

// Frame is a frame that has passed.
type Frame struct {
	Body []byte // the first Keep bytes at most; valid until the next call
	Size int    // bytes of the whole body
}

// Whole reports whether Body is the whole body.
func (f Frame) Whole() bool { return len(f.Body) == f.Size }

// Next reads p up to the end of the present frame, and returns how many bytes of p it read and whether
// the frame is complete. Call it again with the rest of p. After an error, which wraps ErrFrameSize,
// the stream cannot be split any further.
func (s *Splitter) Next(p []byte) (n int, f Frame, done bool, err error) {
	n, err = s.length(p)
	if err != nil || s.nhead < 4 {
		return n, Frame{}, false, err
	}
	rest := p[n:]
	take := min(s.size-s.seen, len(rest))
	done = s.seen+take == s.size
	if done && s.seen == 0 {
		f.Body = rest[:min(take, s.keep())]
	} else {
		s.remember(rest[:take])
		f.Body = s.kept
	}
	s.seen += take
	n += take
	if !done {
		return n, Frame{}, false, nil
	}
	f.Size = s.size
	s.nhead, s.size, s.seen = 0, 0, 0
	s.recycle()
	return n, f, true, nil
}

// length reads the missing bytes of the length field from p.
func (s *Splitter) length(p []byte) (int, error) {
	if s.nhead == 4 {
		return 0, nil
	}
	n := copy(s.head[s.nhead:], p)
	s.nhead += n
	if s.nhead < 4 {
		return n, nil
	}
	size := int32(binary.BigEndian.Uint32(s.head[:]))
	if err := checkSize(size, orMax(s.Limit)); err != nil {
		return n, err
	}
	s.size = int(size)
	return n, nil
}

func (s *Splitter) remember(p []byte) {
	if room := s.keep() - len(s.kept); room < len(p) {
		p = p[:room]
	}
	s.kept = append(s.kept, p...)
}

// recycle prepares the buffer for the next frame. It releases a large one, so that one large frame does
// not cost memory for as long as the connection lives.
func (s *Splitter) recycle() {
	const small = 64 << 10
	if cap(s.kept) > small {
		s.kept = nil
		return
	}
	s.kept = s.kept[:0]
}

func (s *Splitter) keep() int { return orMax(s.Keep) }

func orMax(n int) int {
	if n == 0 {
		return MaxFrame
	}
	return n
}
