package server

import (
	"slices"
	"sync/atomic"
)

const (
	// fewClients is how many clients a server serves on the goroutines that read their requests.
	// With more of them, larger turns cost less, and writers that run side by side are faster.
	fewClients = 4
	// settled is how many requests must come from few clients before the server relies on it.
	settled = 16
)

// crowd follows how many clients send requests.
type crowd struct {
	few atomic.Bool // at most fewClients at present; the rest belongs to the turn

	recent [fewClients]*conn
	count  int   // number of requests since recent changed; consecutive ones of one client count once
	last   *conn // the client of the latest request; nil at the beginning of a turn
}

// note records a request.
func (w *crowd) note(c *conn) {
	if c == w.last {
		return
	}
	w.last = c
	if !slices.Contains(w.recent[:], c) {
		w.add(c)
	}
	w.count++
	if few := w.count > settled; few != w.few.Load() { // stored only if changed: readers load it for each request
		w.few.Store(few)
	}
}

func (w *crowd) add(c *conn) {
	free := slices.Index(w.recent[:], nil)
	if free < 0 {
		w.recent, free = [fewClients]*conn{}, 0
	}
	w.recent[free], w.count = c, 0
}
