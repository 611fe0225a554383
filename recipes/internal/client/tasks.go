package client

import (
	"context"
	"sync"
)

// Tasks counts tasks in the background. The zero value is ready.
type Tasks struct {
	mu     sync.Mutex
	n      int
	stuck  int // how many of them a server refuses
	reason error
	news   chan struct{} // closed when none goes on, except refused ones; nil when no goroutine waits
}

// Add records that a task begins.
func (t *Tasks) Add() { t.change(func() { t.n++ }) }

// Done records that a task has ended.
func (t *Tasks) Done() { t.change(func() { t.n-- }) }

// Refused records that a server refuses one task, for a reason, or no longer does.
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

// Count returns how many tasks go on.
func (t *Tasks) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}

// Wait returns when no task goes on or when ctx ends. If the only tasks are ones that servers
// refuse, it returns the reason.
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

// over returns the result of a wait. t.mu must be held.
func (t *Tasks) over() error {
	if t.stuck > 0 {
		return t.reason
	}
	return nil
}
