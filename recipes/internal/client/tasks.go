package client

import (
	"context"
	"sync"
)

// Tasks counts what goes on in the background. The zero value is ready.
type Tasks struct {
	mu     sync.Mutex
	n      int
	stuck  int // of those: how many a server refuses
	reason error
	news   chan struct{} // closed when none goes on, but for those; nil when nobody waits
}

// Add says that a task begins.
func (t *Tasks) Add() { t.change(func() { t.n++ }) }

// Done says that a task has ended.
func (t *Tasks) Done() { t.change(func() { t.n-- }) }

// Refused notes that one task is refused by a server for a reason, or is not any more.
func (t *Tasks) Refused(is bool, reason error) {
	t.change(func() {
		if is {
			t.stuck++
			t.reason = reason
		} else {
			t.stuck--
		}
	})
}

func (t *Tasks) change(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
	if t.n == t.stuck && t.news != nil {
		close(t.news)
		t.news = nil
	}
}

// Count is how many go on.
func (t *Tasks) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}

// Wait returns when nothing is going on or when ctx ends; with the reason when nothing goes
// on but what servers refuse.
func (t *Tasks) Wait(ctx context.Context) error {
	t.mu.Lock()
	if t.n == t.stuck {
		defer t.mu.Unlock()
		return t.over()
	}
	if t.news == nil {
		t.news = make(chan struct{})
	}
	news := t.news
	t.mu.Unlock()
	select {
	case <-news:
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.over()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// over is what a wait comes to. t.mu must be held.
func (t *Tasks) over() error {
	if t.stuck > 0 {
		return t.reason
	}
	return nil
}
