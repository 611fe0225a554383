package calls

import "sync"

// Seat is what a value has once at most: its place inside, or among the members.
type Seat[T any] struct {
	Mu   sync.Mutex // guards what follows
	Busy bool       // somebody is about to take it
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

// Drop gives the seat up and returns who had it, nil if it was free.
func (s *Seat[T]) Drop() *T {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	had := s.Has
	s.Has = nil
	return had
}
