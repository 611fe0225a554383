package link

import (
	"slices"
	"sync"
)

// active lists the rules of one kind that are in force, the oldest first.
type active[T comparable] struct {
	mu  *sync.Mutex // Link.mu, which guards all rules
	all []T
}

func (a *active[T]) add(x T) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, x)
}

// remove ends a rule. Call it with mu held.
func (a *active[T]) remove(x T) {
	a.all = slices.DeleteFunc(a.all, func(y T) bool { return y == x })
}

// until adds a rule; cancel removes it and closes over, once.
func (a *active[T]) until(over chan struct{}, x T) (cancel func()) {
	a.add(x)
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.remove(x)
		close(over)
	})
}
