package workloads

import "sync"

// resource is protected by an exclusive hold. It accepts writes that carry a fencing token
// and refuses a token below the highest it has seen. It keeps its own order of all writes.
type resource struct {
	mu      sync.Mutex
	highest int64 // of all tokens
	wrote   int64 // highest of the tokens that wrote
	order   int64
}

// write returns whether the token was accepted, and the place of the write in the order. A
// subject without tokens writes with 0 and is always accepted.
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

// read makes a reader's access. It is refused only if its token is below that of a writer: readers
// may come in any order.
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
