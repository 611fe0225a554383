package recipes

import "sync"

// seat is what a value has once at most: its place inside, or among the members.
type seat[T any] struct {
	mu   sync.Mutex
	busy bool // somebody is about to take it
	has  *T   // nil: it is free
}

// begin lets one call at a time take the seat.
func (s *seat[T]) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || s.has != nil {
		return false
	}
	s.busy = true
	return true
}

// drop gives the seat up and returns who had it, nil if it was free.
func (s *seat[T]) drop() *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := s.has
	s.has = nil
	return had
}
