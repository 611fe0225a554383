// Package heaps has a generic binary heap. With container/heap, each user has to write five methods. It
// imports nothing.
package heaps

// Heap is a heap of items, whose Pop returns the first one by Less. It is not safe for concurrent use.
type Heap[T any] struct {
	// Items begins with the first item; the others are in no order.
	Items []T
	// Less reports whether a comes before b.
	Less func(a, b T) bool
}

// Push adds an item.
func (h *Heap[T]) Push(v T) {
	h.Items = append(h.Items, v)
	for at := len(h.Items) - 1; at > 0; {
		up := (at - 1) / 2
		if !h.Less(h.Items[at], h.Items[up]) {
			return
		}
		h.Items[up], h.Items[at] = h.Items[at], h.Items[up]
		at = up
	}
}

// Pop removes and returns the first item; false if there is none.
func (h *Heap[T]) Pop() (first T, ok bool) {
	if len(h.Items) == 0 {
		return first, false
	}
	var none T
	last := len(h.Items) - 1
	first = h.Items[0]
	h.Items[0], h.Items[last] = h.Items[last], none
	h.Items = h.Items[:last]
	for at := 0; ; {
		down := 2*at + 1
		if down >= last {
			return first, true
		}
		if down+1 < last && h.Less(h.Items[down+1], h.Items[down]) {
			down++
		}
		if !h.Less(h.Items[down], h.Items[at]) {
			return first, true
		}
		h.Items[down], h.Items[at] = h.Items[at], h.Items[down]
		at = down
	}
}
