package foreign

// chunkSize is the number of items in a chunk. Most events fit into one.
const chunkSize = 1 << 14

// stack holds the items of the collections being read. It grows by chunks, so that a long
// collection is copied only once, when it is complete.
type stack struct {
	full [][]Value
	top  []Value
}

func (s *stack) len() int { return len(s.full)*chunkSize + len(s.top) }

func (s *stack) push(v Value) {
	if len(s.top) == chunkSize {
		s.full = append(s.full, s.top)
		s.top = make([]Value, 0, chunkSize)
	}
	s.top = append(s.top, v)
}

// reset drops the items of an event that could not be read.
func (s *stack) reset() {
	if len(s.full) > 0 {
		s.top, s.full = s.full[0], nil
	}
	s.top = s.top[:0]
}

// pop removes the items from a position on and returns them as a slice.
func (s *stack) pop(from int) []Value {
	n := s.len() - from
	if n == 0 {
		return nil
	}
	out := make([]Value, 0, n)
	at := from / chunkSize
	for i, c := range s.full[min(at, len(s.full)):] {
		if i == 0 {
			c = c[from%chunkSize:]
		}
		out = append(out, c...)
	}
	if at < len(s.full) {
		out = append(out, s.top...)
		s.top = s.full[at][:from%chunkSize]
		clear(s.full[at:])
		s.full = s.full[:at]
		return out
	}
	rest := from - at*chunkSize
	out = append(out, s.top[rest:]...)
	s.top = s.top[:rest]
	return out
}
