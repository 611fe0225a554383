package calls

import "sync"

// Seat holds what a value has at most once: its place inside a barrier, or among the members of a
// group.
type Seat[T any] struct {
	Mu   sync.Mutex // guards the fields below
	Busy bool       // a call is about to take the seat
	Has  *T         // nil: it is free
}

// Begin lets one call at a time take the seat.
func (s *Seat[T]) Begin() bool {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if s.Busy || s.Has != nil {
		return false
	}
	s.Busy = true
	return true
}

// Drop gives the seat up and returns its holder, or nil if it was free.
func (s *Seat[T]) Drop() *T {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	had := s.Has
	s.Has = nil
	return had
}
