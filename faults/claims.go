package faults

import (
	"slices"
	"sync"
)

// Claims are what faults under way have to themselves: a server that is paused
// is not paused again by another fault, whose heal would end the first one's
// effect. Names are "server 2", "client 0", "network", "folder /zklab/k1". The
// zero value is ready. Safe for concurrent use.
type Claims struct {
	of    *Claims // where claims are kept in truth; nil: here
	mu    sync.Mutex
	taken []string
}

// Take claims all names, or none if somebody has one of them. Calling release
// more than once is fine.
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

// has says whether somebody has claimed a name.
func (c *Claims) has(name string) bool {
	return slices.Contains(c.all(), name)
}

// others says whether somebody else has claims than who has these.
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
