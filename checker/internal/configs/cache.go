package configs

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Cache is a local copy of a subtree. Each znode is decided by itself, as a configuration that every
// look observes: a copy need not show two znodes as of the same time, and correct caches do not (a
// parent is read before its children).
var Cache = frame.Model{
	Object: models.Cache,
	Properties: []*frame.Property{
		valid, order, cacheConverge, current,
		frame.LogAgrees(func(a *evidence.Record) bool { return nodesOf(a).Trusted() }, inLog),
	},
	References: []*frame.Reference{cacheReference},
}

// readCache reads a subtree as its znodes: those that the operations mention.
func readCache(k *evidence.Key) []*config {
	t := &subtree{k: k, of: map[string]*config{}, copies: map[*history.Operation]models.Copy{}}
	for _, op := range k.Ops() {
		t.meet(op)
	}
	for _, op := range k.Ops() {
		t.take(op)
	}
	for _, e := range k.Facts {
		if e.F == history.FFinal {
			t.final(e)
		}
	}
	all := make([]*config, 0, len(t.of))
	for _, node := range slices.Sorted(maps.Keys(t.of)) {
		all = append(all, t.of[node].done())
	}
	return all
}

// subtree is a key of a cache while it is read.
type subtree struct {
	k      *evidence.Key
	of     map[string]*config // by node
	copies map[*history.Operation]models.Copy
}

// meet notes the znodes that an operation knows of.
func (t *subtree) meet(op *history.Operation) {
	switch op.F {
	case models.FPut, models.FRemove:
		var v models.CachedNode
		t.k.Decode(op.Invoke, &v)
		t.config(v.Node)
	case models.FLook:
		if op.Outcome() != history.OK {
			return
		}
		var v models.Copy
		t.k.Decode(op.Return, &v)
		t.copies[op] = v
		for node := range v.Nodes {
			t.config(node)
		}
	}
}

func (t *subtree) config(node string) *config {
	c := t.of[node]
	if c == nil {
		name := t.k.Name
		if node != models.CacheRoot {
			name += "/" + node
		}
		c = newConfig(t.k, name)
		t.of[node] = c
	}
	return c
}

// take adds the changes of a put or a remove, or the observations of a look: one of
// each znode.
func (t *subtree) take(op *history.Operation) {
	switch op.F {
	case models.FPut, models.FRemove:
		var v models.CachedNode
		t.k.Decode(op.Invoke, &v)
		t.config(v.Node).change(op, v.Value, op.F == models.FRemove)
	case models.FLook:
		var how models.Looking
		t.k.Decode(op.Invoke, &how)
		for node, c := range t.of {
			value, there := t.copies[op].Nodes[node]
			c.observe(op, models.Setting{Value: value, Absent: !there})
			if n := len(c.observations); op.Outcome() == history.OK {
				c.observations[n-1].current = how.Current
			}
		}
	}
}

// final adds what the harness found at the end.
func (t *subtree) final(e *history.Event) {
	var v models.Copy
	t.k.Decode(e, &v)
	for node, c := range t.of {
		c.final, c.finalAt = &models.Final{}, e
		if value, there := v.Nodes[node]; there {
			c.final.Register = &models.Reading{Value: value}
		}
	}
}

// current requires that a cache that claims to be current really is.
//
// By real time, only a change that had certainly happened when the cache was asked counts. A
// value is in force once, and it is over when another change that certainly came later has
// taken effect.
var current = &frame.Property{
	Name:     "current",
	Meaning:  "a copy reported as current showed all changes made before it was asked for",
	Decider:  "changes that were done before",
	Evidence: frame.FromTimes,
	Applies:  func(a *evidence.Record) bool { return !a.Offers.NeverCurrent },
	Wants: func(*evidence.Record) string {
		return "the cache cannot say when its copy is current: it is NeverCurrent"
	},
	Decide: onConfig(func(f *frame.Finding, c *config) {
		done := doneBefore(c)
		for _, s := range c.observations {
			if !s.current {
				continue
			}
			last := done(s)
			if last == nil { // no change had been made that it could miss
				continue
			}
			f.CountCall(c.Record, "current", s.op)
			if x := c.setter[s.value]; s.absent {
				decideMissing(f, c, s, last)
			} else if x != nil {
				decideStale(f, c, s, x, last)
			}
		}
	}),
	Exercise: frame.Wants("current", 20, "znodes that had changed before, in copies that were reported as current"),
}

// doneBefore returns a function that gives, for an observation, the change that was called last
// among those that were certainly done when the client asked; nil if there is none. A change of
// unknown outcome counts as done when a client was shown it.
func doneBefore(c *config) func(*observation) *change {
	byEnd := slices.DeleteFunc(slices.Clone(c.changes), func(x *change) bool { return x.done() == evidence.Never })
	slices.SortStableFunc(byEnd, func(x, y *change) int { return cmp.Compare(x.done(), y.done()) })
	latest := make([]*change, len(byEnd))
	for i, x := range byEnd {
		latest[i] = x
		if i > 0 && latest[i-1].inv > x.inv {
			latest[i] = latest[i-1]
		}
	}
	return func(s *observation) *change {
		n, _ := slices.BinarySearchFunc(byEnd, s, func(x *change, s *observation) int { return cmp.Compare(x.done(), s.inv) })
		if n == 0 {
			return nil
		}
		return latest[n-1]
	}
}

// done returns the time by which a change was certainly done: it had returned, or an answer
// at or after its call had shown it.
func (x *change) done() time.Duration {
	if by := x.by(); by >= x.inv {
		return by
	}
	return x.ret
}

// decideStale decides whether the value that x put was over when the look began,
// because y came after it.
func decideStale(f *frame.Finding, c *config, s *observation, x, y *change) {
	if y == nil || x == y || x.by() >= y.inv {
		return
	}
	later := "none"
	if !y.absent {
		later = named(y.value, false)
	}
	f.Violated(slices.Concat(s.events(), x.events(), y.events()), "%s, reported as current by a look that began at %s; but by %s there was %s, %s",
		c.told(s), words.At(s.inv), words.At(y.done()), later, y.began())
}

// decideMissing looks for a put y whose znode existed when the look began, and that no client can
// have removed.
func decideMissing(f *frame.Finding, c *config, s *observation, y *change) {
	if y == nil || y.absent {
		return
	}
	i, _ := slices.BinarySearch(c.goneBy, y.inv)
	for ; i < len(c.removed) && c.removed[i].inv <= s.ret; i++ {
		if c.removed[i].ret >= y.inv {
			return
		}
	}
	f.Violated(slices.Concat(s.events(), y.events()), "%s, reported as current by a look that began at %s; but by %s there was %s, and nothing removed it",
		c.told(s), words.At(s.inv), words.At(y.done()), named(y.value, false))
}

// cacheConverge requires that every copy comes to show what exists at the end.
var cacheConverge = &frame.Property{
	Name:     "converge",
	NoModel:  frame.Timed,
	Liveness: true,
	Meaning:  "after the heal, every copy came to show the final state",
	Decider:  "looks after the last change",
	Evidence: frame.FromSessions,
	Applies:  frame.IsOwn,
	Decide: onConfig(func(f *frame.Finding, c *config) {
		if !f.Timed(c.Record) {
			return
		}
		if c.final == nil {
			f.Unknown("the harness did not read %s at the end", c.name)
			return
		}
		e := c.ending()
		for _, w := range c.watches {
			if w.until == evidence.Never {
				decideCopy(f, c, w, e)
			}
		}
	}),
	Exercise: frame.Wants("converged", 2, "znodes that copies showed correctly at the end"),
}

// lastChange returns the change that made the state at the end, or nil if it is not known. Which
// remove was the last can be told only if the outcome of every change is known.
func (c *config) lastChange() *change {
	if c.final.Register != nil {
		if x := c.setter[c.final.Register.Value]; x != nil && x.op.Outcome() == history.OK {
			return x
		}
		return nil
	}
	var last *change
	if len(c.faults) > 0 {
		return nil
	}
	for _, x := range c.changes {
		if x.op.Outcome() != history.OK {
			return nil
		}
		if x.absent && (last == nil || x.ret > last.ret) {
			last = x
		}
	}
	return last
}

// ending describes what is known of a znode at the end.
type ending struct {
	observation
	last *change // the change that made it so; nil: not known, but it was so when the harness looked
	by   time.Duration
}

func (c *config) ending() ending {
	e := ending{observation: observation{absent: c.final.Register == nil}, last: c.lastChange(), by: c.finalAt.Time}
	if !e.absent {
		e.value = c.final.Register.Value
	}
	if e.last != nil {
		e.by = e.last.ret
	}
	return e
}

// contradicts reports whether an observation should not have differed from the state at the end. If
// the last change is not known, a change of unknown outcome may still have come later. But a value
// that had been put by then, and was no longer there, was over.
func (c *config) contradicts(s *observation, e ending) bool {
	if s.inv <= e.by || s.same(&e.observation) {
		return false
	}
	x := c.setter[s.value]
	return e.last != nil || !s.absent && x != nil && x.op.Outcome() == history.OK && x.ret < e.by
}

// decideCopy measures for how long a copy still differed from the state at the end.
func decideCopy(f *frame.Finding, c *config, w *watch, e ending) {
	var wrong *observation
	for _, s := range w.observations {
		if c.contradicts(s, e) {
			wrong = s
		}
	}
	if n := len(w.observations); n > 0 && e.last != nil && w.observations[n-1].inv > e.by && w.observations[n-1].same(&e.observation) {
		f.Count("converged", 1)
	}
	if wrong == nil {
		return
	}
	worst := evidence.Longest(c.WhileLive(w.client, evidence.Span{From: e.by, To: wrong.inv}))
	f.Longest("longest_wait_seconds", worst.Length())
	r := frame.Overdue(c.Record, worst, worst.Length())
	if r == frame.Valid {
		return
	}
	since := cmp.Or(e.last, c.setter[wrong.value])
	f.Overdue(r, append(slices.Concat(since.events(), wrong.events()), c.finalAt.Index), "%s, and that %s after the final state, %s, was reached (%s allowed)",
		c.told(wrong), words.Lasting(worst.Length()), named(e.value, e.absent), words.Lasting(c.Bound))
}
