package workloads

import "sync"

// resource is what an exclusive hold protects: it takes writes that carry a
// fencing token and refuses one that is lower than the highest seen. It keeps
// its own order of all writes.
type resource struct {
	mu      sync.Mutex
	highest int64 // of all
	wrote   int64 // of those that wrote
	order   int64
}

// write gives whether the token was accepted, and the place in the order.
// A subject without tokens writes with 0 and is always accepted.
func (r *resource) write(token int64) (accepted bool, order int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.order++
	if uint64(token) < uint64(r.highest) { // as history.ID.Compare does
		return false, r.order
	}
	r.highest, r.wrote = token, token
	return true, r.order
}

// read is that of a reader, in whose way are lower tokens of writers alone: readers among
// each other come in any order.
func (r *resource) read(token int64) (accepted bool, order int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.order++
	if uint64(token) < uint64(r.wrote) {
		return false, r.order
	}
	r.highest = int64(max(uint64(token), uint64(r.highest)))
	return true, r.order
}
