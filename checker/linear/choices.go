package linear

import (
	"math"
	"slices"
)

// choices is a machine that may be in any of several states. Its own state is the set of
// these.
type choices struct {
	machine
	from     []int64
	maybe    []op              // operations that may be done at any time after they began, any number of times
	variants func(o *op) []*op // what a dequeue with an unknown outcome may have been; nil: itself
	sets     [][]int64
	ids      map[string]int64
	bytes    int64
}

// mostChoices is the maximum number of states to which one step may lead.
const mostChoices = 1 << 16

// newChoices returns choices that begin in any of some states. Among operations that do the same,
// the first one that may be done is enough.
func newChoices(m machine, from []int64, maybe []op) *choices {
	c := &choices{machine: m, from: from, ids: map[string]int64{}}
	type deed struct {
		code          code
		a, b, process int32
	}
	seen := map[deed]bool{}
	for _, o := range maybe {
		if d := (deed{o.code, o.a, o.b, o.process}); !seen[d] {
			seen[d] = true
			c.maybe = append(c.maybe, o)
		}
	}
	return c
}

func (c *choices) initial() int64 { return c.number(c.from) }
func (c *choices) size() int64    { return c.machine.size() + c.bytes }

func (c *choices) number(set []int64) int64 {
	slices.Sort(set)
	set = slices.Compact(set)
	key := keyOf(set...)
	id, ok := c.ids[key]
	if !ok {
		id = int64(len(c.sets))
		c.ids[key] = id
		c.sets = append(c.sets, set)
		c.bytes += 16*int64(len(set)) + 100
	}
	return id
}

func (c *choices) step(state int64, o *op) (int64, bool) {
	before := c.reach(c.sets[state], o.ret)
	var after []int64
	for _, v := range c.all(o) {
		for _, s := range before {
			if next, ok := c.machine.step(s, v); ok {
				after = append(after, next)
			}
		}
		if len(after) > mostChoices {
			c.bytes = math.MaxInt64 / 2 // this ends the search
			return state, false
		}
	}
	if len(after) == 0 {
		return state, false
	}
	return c.number(after), true
}

func (c *choices) all(o *op) []*op {
	if c.variants == nil || o.code != dequeue || !o.unknown() {
		return []*op{o}
	}
	return c.variants(o)
}

// reach adds to a set the states to which operations lead that may be done before a rank.
func (c *choices) reach(set []int64, rank int32) []int64 {
	if len(c.maybe) == 0 || c.maybe[0].inv >= rank {
		return set
	}
	set = slices.Clone(set)
	known := map[int64]bool{}
	for _, s := range set {
		known[s] = true
	}
	for at := 0; at < len(set); at++ {
		for i := range c.maybe {
			if c.maybe[i].inv >= rank {
				break
			}
			if next, ok := c.machine.step(set[at], &c.maybe[i]); ok && !known[next] {
				known[next] = true
				set = append(set, next)
			}
		}
	}
	return set
}
