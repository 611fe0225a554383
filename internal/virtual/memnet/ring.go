package memnet

import "sync"

const (
	bufferSize = 64 << 10 // how far a Write can be ahead of the reader
	smallSize  = 1 << 10  // the size that an idle connection keeps
)

// large holds buffers that are lent to connections with more than a few bytes in them, since most
// connections are empty most of the time.
var large = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// ring holds bytes in order.
type ring struct {
	small []byte
	lent  *[bufferSize]byte
	start int
	n     int
}

func (r *ring) len() int { return r.n }

func (r *ring) space() []byte {
	if r.lent != nil {
		return r.lent[:]
	}
	return r.small
}

// put appends as much of b as there is room for.
func (r *ring) put(b []byte) int {
	b = b[:min(len(b), bufferSize-r.n)]
	if r.n+len(b) > len(r.space()) {
		r.grow(r.n + len(b))
	}
	space := r.space()
	if len(b) == 0 {
		return 0
	}
	end := (r.start + r.n) % len(space)
	n := copy(space[end:], b)
	copy(space, b[n:])
	r.n += len(b)
	return len(b)
}

func (r *ring) grow(need int) {
	if need <= smallSize {
		r.small = make([]byte, smallSize)
		return
	}
	to := large.Get().(*[bufferSize]byte)
	r.copyTo(to[:])
	r.lent, r.start = to, 0
}

func (r *ring) copyTo(b []byte) int {
	space := r.space()
	if len(space) == 0 {
		return 0
	}
	first := min(r.n, len(space)-r.start)
	n := copy(b, space[r.start:r.start+first])
	return n + copy(b[n:], space[:r.n-first])
}

// get takes bytes from the front.
func (r *ring) get(b []byte) int {
	n := r.copyTo(b)
	r.n -= n
	if r.n == 0 {
		r.returnLent()
		return n
	}
	r.start = (r.start + n) % len(r.space())
	return n
}

func (r *ring) returnLent() {
	r.start = 0
	if r.lent != nil {
		large.Put(r.lent)
		r.lent = nil
	}
}

// drop discards the content.
func (r *ring) drop() {
	r.n = 0
	r.returnLent()
	r.small = nil
}
