package faults

import (
	"slices"
	"sync"
)

// Claims are the exclusive rights of faults under way. A server that one fault has paused
// is not paused by a second fault, because healing the second would end the effect of the
// first. Names are "server 2", "client 0", "network", "folder /zklab/k1". The zero value is
// ready. Claims are safe for concurrent use.
type Claims struct {
	of    *Claims // where claims are really kept; nil: here
	mu    sync.Mutex
	taken []string
}

// Take claims all names, or none if another fault has claimed one of them. Release may be
// called more than once.
func (c *Claims) Take(names ...string) (release func(), ok bool) {
	if c.of != nil {
		return c.of.Take(names...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		if slices.Contains(c.taken, name) {
			return nil, false
		}
	}
	c.taken = append(c.taken, names...)
	return sync.OnceFunc(func() { c.release(names) }), true
}

func (c *Claims) release(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = slices.DeleteFunc(c.taken, func(n string) bool { return slices.Contains(names, n) })
}

// others reports whether any name other than mine is claimed.
func (c *Claims) others(mine ...string) bool {
	return slices.ContainsFunc(c.all(), func(n string) bool { return !slices.Contains(mine, n) })
}

func (c *Claims) all() []string {
	if c.of != nil {
		return c.of.all()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.taken)
}
