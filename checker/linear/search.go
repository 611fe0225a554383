package linear

import (
	"encoding/binary"
	"slices"
)

const bySearch = "search of states"

// search goes through the events once, and keeps every configuration that the
// object may be in: a state, those pending operations that have taken effect
// already, and those unknown ones. Effects are put off as long as they can be
// ("just in time", Lowe 2017): only when an operation returns must it have taken
// effect, if need be after others that are pending. Of two configurations that
// differ in which unknown operations they used up, one that used less can do all
// that the other can, and only it is kept.
type search struct {
	k       *object
	m       machine
	ops     []op
	most    int // configurations
	memory  int64
	slots   []int32 // pending operation in each place, none
	words   int     // of a configuration's set of places
	place   []int32 // of each pending operation
	waiting map[unknownClass]*class
	classes []*class
	now     *configs
	next    *configs
	tried   *configs
	steps   int
	wanted  map[int32]int32 // of a register: until when a value may be found

	// Since when all is known again: no operation was pending, these were the states.
	quiet       int32
	quietStates []int64
}

// unknownClass tells unknown operations apart: those that do the same are
// interchangeable.
type unknownClass struct {
	code    code
	a, b    int32
	process int32 // of a lock's operations, which belong to somebody
}

// class are unknown operations that are interchangeable.
type class struct {
	o      *op
	id     int32
	begun  int32
	useful int32 // until when what it does can make a difference
}

// config is one configuration.
type config struct {
	state int64
	done  []uint64 // places whose operation has taken effect
	used  []use    // sorted by class
}

// use says how many of a class have taken effect.
type use struct{ class, n int32 }

// configs is a set of configurations without those that others make useless.
type configs struct {
	by  map[string][]int32 // state and done: places in all
	all []config
	// gone marks those that others made useless.
	gone []bool
	n    int
	key  []byte
}

func newConfigs() *configs { return &configs{by: map[string][]int32{}} }

func (c *configs) reset() {
	clear(c.by)
	c.all, c.gone, c.n = c.all[:0], c.gone[:0], 0
}

// add puts a configuration in, unless one that is there can do all that it can.
func (c *configs) add(f config) bool {
	c.key = binary.LittleEndian.AppendUint64(c.key[:0], uint64(f.state))
	for _, w := range f.done {
		c.key = binary.LittleEndian.AppendUint64(c.key, w)
	}
	same := c.by[string(c.key)]
	for _, i := range same {
		if !c.gone[i] && less(c.all[i].used, f.used) {
			return false
		}
	}
	kept := same[:0]
	for _, i := range same {
		if less(f.used, c.all[i].used) {
			c.gone[i] = true
			c.n--
		} else {
			kept = append(kept, i)
		}
	}
	c.by[string(c.key)] = append(kept, int32(len(c.all)))
	c.all = append(c.all, f)
	c.gone = append(c.gone, false)
	c.n++
	return true
}

// less says whether one used no more than another.
func less(x, y []use) bool {
	j := 0
	for _, u := range x {
		for j < len(y) && y[j].class < u.class {
			j++
		}
		if j == len(y) || y[j].class != u.class || y[j].n < u.n {
			return false
		}
	}
	return true
}

// verdict of a search.
type searched int

const (
	explained searched = iota
	contradicted
	tooMany
)

// newSearch begins with any of some states.
func newSearch(k *object, ops []op, m machine, starts []int64, most int, memory int64) *search {
	s := &search{k: k, m: m, ops: ops, most: most, memory: memory, waiting: map[unknownClass]*class{}, now: newConfigs(), next: newConfigs(), tried: newConfigs(), words: 1, quiet: -1}
	s.place = make([]int32, len(ops))
	for _, state := range starts {
		s.now.add(config{state: state, done: make([]uint64, 1)})
	}
	s.quietStates = starts
	s.want()
	return s
}

// run gives the operation that cannot have returned when it did.
func (s *search) run() (searched, int32) {
	returns := order(s.ops)
	begun, pending := 0, 0
	for _, i := range returns {
		o := &s.ops[i]
		for ; begun < len(s.ops) && s.ops[begun].inv < o.ret; begun++ {
			if pending == 0 && len(s.classes) == 0 {
				s.remember(s.ops[begun].inv)
			}
			if s.ops[begun].unknown() {
				s.wait(&s.ops[begun])
			} else {
				s.enter(int32(begun))
				pending++
			}
		}
		if r := s.leave(i); r != explained {
			return r, i
		}
		pending--
	}
	return explained, none
}

// remember that nothing is pending before a rank.
func (s *search) remember(rank int32) {
	s.quiet = rank
	s.quietStates = nil
	for i := range s.now.all {
		if !s.now.gone[i] {
			s.quietStates = append(s.quietStates, s.now.all[i].state)
		}
	}
}

// want finds for each value of a register when it is looked for last; nothing if
// any value may make a difference.
func (s *search) want() {
	if _, ok := s.m.(*plainRegister); !ok {
		return
	}
	wanted := map[int32]int32{}
	for i := range s.ops {
		switch o := &s.ops[i]; o.code {
		case mismatch, extend:
			return
		case read, cas:
			wanted[o.a] = max(wanted[o.a], o.ret)
		}
	}
	s.wanted = wanted
}

// wait takes note of an unknown operation.
func (s *search) wait(o *op) {
	useful := int32(never)
	if s.wanted != nil {
		made, _ := effect(o)
		if useful = s.wanted[made]; useful < o.inv {
			return
		}
	}
	name := unknownClass{o.code, o.a, o.b, 0}
	if s.k.h.Model.kind.name == "lock" {
		name.process = o.process
	}
	c := s.waiting[name]
	if c == nil {
		c = &class{o: o, id: int32(len(s.classes)), useful: useful}
		s.waiting[name] = c
		s.classes = append(s.classes, c)
	}
	c.begun++
}

// enter gives a pending operation a place.
func (s *search) enter(i int32) {
	at := slices.Index(s.slots, none)
	if at < 0 {
		at = len(s.slots)
		s.slots = append(s.slots, none)
		if len(s.slots) > 64*s.words {
			s.widen()
		}
	}
	s.slots[at] = i
	s.place[i] = int32(at)
}

// widen makes room for more places in every configuration.
func (s *search) widen() {
	s.words++
	old := s.now
	s.now = newConfigs()
	for i, f := range old.all {
		if !old.gone[i] {
			s.now.add(config{f.state, append(slices.Clone(f.done), 0), f.used})
		}
	}
}

// leave keeps the configurations in which an operation has taken effect, or can
// do so now.
func (s *search) leave(i int32) searched {
	s.next.reset()
	s.tried.reset() // whatever can come before it
	at := s.place[i]
	for j, f := range s.now.all {
		if !s.now.gone[j] {
			s.put(s.tried, f.state, f.done, f.used, at)
		}
	}
	for j := 0; j < len(s.tried.all); j++ {
		if s.tried.gone[j] {
			continue
		}
		f := s.tried.all[j]
		s.steps++
		if s.steps%1024 == 0 && s.k.ctx.Err() != nil {
			return tooMany
		}
		if o := &s.ops[i]; !looks(o) {
			if state, ok := s.m.step(f.state, o); ok {
				s.put(s.next, state, with(f.done, at), f.used, at)
			}
		}
		s.spread(f, at, s.ops[i].ret)
		if s.tried.n+s.next.n > s.most || int64(len(s.tried.all)+len(s.next.all))*int64(120+8*s.words)+s.m.size() > s.memory {
			return tooMany
		}
	}
	s.slots[at] = none
	s.now, s.next = s.next, s.now
	if s.now.n == 0 {
		return contradicted
	}
	return explained
}

// looks says whether an operation can never change anything. Such ones take
// effect as soon as they can, which hinders nothing.
func looks(o *op) bool {
	switch o.code {
	case read, readAll, mismatch:
		return true
	case cas:
		return o.a == o.b
	case dequeue:
		return o.a == 0 && !o.unknown()
	}
	return false
}

func with(done []uint64, at int32) []uint64 {
	done = slices.Clone(done)
	done[at/64] |= 1 << (at % 64)
	return done
}

// put adds a configuration, after the pending operations that only look and can
// do so in it. When the operation that is leaving has taken effect it goes on to
// what comes next.
func (s *search) put(to *configs, state int64, done []uint64, used []use, leaving int32) {
	owned := false
	for at, i := range s.slots {
		if i == none || done[at/64]&(1<<(at%64)) != 0 || !looks(&s.ops[i]) {
			continue
		}
		if _, ok := s.m.step(state, &s.ops[i]); ok {
			if !owned {
				done, owned = slices.Clone(done), true
			}
			done[at/64] |= 1 << (at % 64)
		}
	}
	if bit := uint64(1) << (leaving % 64); done[leaving/64]&bit != 0 {
		if !owned {
			done = slices.Clone(done)
		}
		done[leaving/64] &^= bit
		to = s.next
	}
	to.add(config{state, done, used})
}

// spread tries what one more pending operation makes of a configuration.
func (s *search) spread(f config, leaving, now int32) {
	for at, i := range s.slots {
		if i == none || int32(at) == leaving || f.done[at/64]&(1<<(at%64)) != 0 || looks(&s.ops[i]) {
			continue
		}
		if state, ok := s.m.step(f.state, &s.ops[i]); ok {
			s.put(s.tried, state, with(f.done, int32(at)), f.used, leaving)
		}
	}
	for _, c := range s.classes {
		if c.useful < now {
			continue
		}
		n := int32(0)
		at, has := slices.BinarySearchFunc(f.used, c.id, func(u use, id int32) int { return int(u.class) - int(id) })
		if has {
			n = f.used[at].n
		}
		if n >= c.begun {
			continue
		}
		for _, o := range s.variants(c.o) {
			state, ok := s.m.step(f.state, o)
			if !ok || state == f.state {
				continue
			}
			used := slices.Clone(f.used)
			if has {
				used[at].n++
			} else {
				used = slices.Insert(used, at, use{c.id, 1})
			}
			s.put(s.tried, state, f.done, used, leaving)
		}
	}
}

// variants are what an unknown operation may have been: an unknown dequeue from
// a bag took any value.
func (s *search) variants(o *op) []*op {
	m, ok := s.m.(*lists)
	if !ok || !m.any || o.code != dequeue {
		return []*op{o}
	}
	return m.values(o)
}

// Bounds of a search. In memory a configuration takes some 100 to 200 bytes.
const mostConfigs = 2e6

// decideSearch searches a whole object.
func decideSearch(k *object, memory int64) finding {
	m := k.h.Model.kind.machine(k)
	s := newSearch(k, k.ops, m, []int64{m.initial()}, mostConfigs, memory)
	switch result, last := s.run(); result {
	case explained:
		return valid(bySearch)
	case tooMany:
		return inapplicable("more than a search can keep may have happened")
	default:
		return s.explain(last)
	}
}

// mostWhole is how many operations a contradiction is made smaller of, as a
// whole, where the state before cannot be left open.
const mostWhole = 300

// explain shrinks what led to a contradiction.
func (s *search) explain(last int32) finding {
	k := s.k
	until := s.ops[last].ret
	const most = 20000 // configurations: those of a witness are few
	starts := []int64{s.m.initial()}
	contradicts := func(ops []op, anyStart bool) bool {
		from := starts
		if anyStart {
			from = s.m.starts(ops)
		}
		r, _ := newSearch(k, ops, s.m, from, most, 64<<20).run()
		return r == contradicted
	}
	anywhere := s.m.starts(s.ops) != nil
	if last < mostWhole || s.quiet <= 0 || anywhere {
		w := shrinkWindow(k, until, anywhere, contradicts)
		return violation(bySearch, w, "no order explains %s", k.spans(w))
	}
	// The state at the last quiet moment follows from all that was before.
	first, _ := slices.BinarySearchFunc(s.ops, s.quiet, func(o op, rank int32) int { return int(o.inv) - int(rank) })
	starts = s.quietStates
	w := shrinkWindow(&object{ctx: k.ctx, h: k.h, ranks: k.ranks, ops: s.ops[first:]}, until, false, contradicts)
	for i := range w {
		w[i] += int32(first)
	}
	text := ""
	if len(starts) <= 3 {
		var names []string
		for _, state := range starts {
			names = append(names, s.m.name(state))
		}
		text = "; before them, at " + k.at(s.quiet) + ", it can only have been " + join(names)
	}
	return violation(bySearch, w, "no order explains %s%s", k.spans(w), text)
}

func join(names []string) string {
	out := ""
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			out += " or "
		default:
			out += ", "
		}
		out += n
	}
	return out
}
