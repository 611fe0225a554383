package engine

import (
	"slices"
	"sync"

	"github.com/zklab/zklab/link"
)

// listMessages returns the function that links call with the point of every message; nil if nothing
// uses it.
func (r *run) listMessages() func(link.Point) {
	var all []func(link.Point)
	if r.OnPoint != nil {
		all = append(all, func(p link.Point) {
			if r.links.loading.Load() {
				r.OnPoint(p)
			}
		})
	}
	if r.KeepMessages {
		all = append(all, r.keepMessages())
	}
	if all == nil {
		return nil
	}
	return func(p link.Point) {
		for _, tell := range all {
			tell(p)
		}
	}
}

// tellMessages returns the function that links call with the contents of each message; nil if nothing uses
// it.
func (r *run) tellMessages() func(link.Message) {
	if r.OnMessage == nil {
		return nil
	}
	return func(m link.Message) {
		if r.links.loading.Load() {
			r.OnMessage(m)
		}
	}
}

// keepMessages returns a function that keeps messages with their times until the run is over.
func (r *run) keepMessages() func(link.Point) {
	var mu sync.Mutex
	var kept []link.Passed
	r.undo.add(func() error {
		mu.Lock()
		defer mu.Unlock()
		r.Messages = slices.Clip(kept)
		return nil
	})
	return func(p link.Point) {
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, link.Passed{Point: p, At: r.record.Now()})
	}
}
