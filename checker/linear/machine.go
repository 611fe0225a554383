package linear

import (
	"encoding/binary"
	"slices"
	"strconv"
)

// machine says what the operations of a model do, one after another. A state is a number; machines
// whose states are lists keep the lists and number them.
type machine interface {
	initial() int64
	// step returns the state after an operation, and whether the operation is possible. If the
	// result of an operation is unknown, the operation is possible if some result is.
	step(state int64, o *op) (int64, bool)
	// starts returns all states in which the object may be before some operations, as far as
	// these can distinguish the states; nil if there are too many.
	starts(ops []op) []int64
	// size returns roughly how many bytes the machine has stored.
	size() int64
}

// plainRegister is a register of values. Texts made by appending also become values.
type plainRegister struct {
	k        *object
	appended map[[2]int64]int64
	texts    map[string]int64 // texts that are not values of the history
	list     []string
	bytes    int64
}

func newRegister(k *object) machine { return &plainRegister{k: k} }

func (m *plainRegister) initial() int64 { return int64(m.k.initial) }

func (m *plainRegister) step(state int64, o *op) (int64, bool) {
	switch o.code {
	case read:
		return state, state == int64(o.a)
	case write:
		return int64(o.a), true
	case cas:
		return int64(o.b), state == int64(o.a)
	case mismatch:
		return state, state != int64(o.a)
	case extend:
		return m.extend(state, o.a), true
	}
	return state, false
}

// extend returns the number of a text with another text appended.
func (m *plainRegister) extend(state int64, by int32) int64 {
	pair := [2]int64{state, int64(by)}
	if to, ok := m.appended[pair]; ok {
		return to
	}
	if m.appended == nil {
		m.appended, m.texts = map[[2]int64]int64{}, map[string]int64{}
	}
	whole := strconv.Quote(m.text(state) + m.text(int64(by)))
	to, ok := int64(0), false
	if id, has := m.k.h.values.texts[whole]; has {
		to, ok = int64(id), true
	}
	if !ok {
		to, ok = m.texts[whole]
	}
	if !ok {
		to = int64(len(m.k.h.values.list) + len(m.list))
		m.texts[whole] = to
		m.list = append(m.list, whole)
		m.bytes += 2*int64(len(whole)) + 100
	}
	m.appended[pair] = to
	m.bytes += 50
	return to
}

// text returns a state without quotation marks; "" for nil.
func (m *plainRegister) text(state int64) string {
	if state == 0 {
		return ""
	}
	if text, err := strconv.Unquote(m.whole(state)); err == nil {
		return text
	}
	return m.whole(state)
}

func (m *plainRegister) whole(state int64) string {
	if at := int(state) - len(m.k.h.values.list); at >= 0 {
		return m.list[at]
	}
	if v := m.k.h.values.list[state]; !v.isInt {
		return v.text
	}
	return m.k.value(int32(state))
}

func (m *plainRegister) size() int64 { return m.bytes }

// permitCount is a machine whose state is the number of permits that are taken.
type permitCount struct{ permits int64 }

func newPermits(k *object) machine { return permitCount{int64(k.permits)} }

func (m permitCount) initial() int64 { return 0 }
func (m permitCount) size() int64    { return 0 }

func (m permitCount) step(state int64, o *op) (int64, bool) {
	if o.code == acquire {
		state += int64(o.a)
	} else {
		state -= int64(o.a)
	}
	return state, 0 <= state && state <= m.permits
}

// ownedLock is a lock. Its state is the owner's number + 1.
type ownedLock struct{ k *object }

func newHolds(k *object) machine { return ownedLock{k} }

func (m ownedLock) initial() int64 { return 0 }
func (m ownedLock) size() int64    { return 0 }

func (m ownedLock) step(state int64, o *op) (int64, bool) {
	me := int64(o.process) + 1
	if o.code == acquire {
		return me, state == 0
	}
	return 0, state == me
}

// countAll is a counter. Its state is its value.
type countAll struct{ from int64 }

func newCounter(k *object) machine { return countAll{int64(k.initial)} }

func (m countAll) initial() int64 { return m.from }
func (countAll) size() int64      { return 0 }

func (countAll) step(state int64, o *op) (int64, bool) {
	if o.code == read {
		return state, state == int64(o.a)
	}
	state += int64(o.a)
	return state, o.b == noResult || state == int64(o.b)
}

// growingSet is a set to which elements are added and from which they are removed. A state is
// identified by a hash of its elements, independent of their order, and stores the last
// element.
type growingSet struct {
	k        *object
	only     int32            // place in lists of the only read that must be right; none: all must be
	repeated map[int32]bool   // elements that are added more than once
	shown    map[int32]uint64 // by place in lists: the hash of what was read
	ids      map[uint64]int64
	all      []grown
}

// grown is a set: an earlier set, by its number, with one change.
type grown struct {
	hash   uint64
	before int64
	last   int32
	gone   bool // last was removed, not added
}

func newSet(k *object) machine {
	m := &growingSet{k: k, only: none, repeated: map[int32]bool{}, shown: map[int32]uint64{}, ids: map[uint64]int64{0: 0}, all: []grown{{before: none, last: none}}}
	n := k.numbers()
	for i := range k.ops {
		switch o := &k.ops[i]; o.code {
		case add:
			if known := len(n.list); int(n.of(o.a)) < known {
				m.repeated[o.a] = true
			}
		case remove:
			m.repeated[o.a] = true
		case readAll:
			m.shown[o.a] = hashOf(k.h.lists[o.a])
		}
	}
	return m
}

// newLastRead returns a set for which only the last read counts.
func newLastRead(k *object) machine {
	m := newSet(k).(*growingSet)
	if last := k.lastRead(); last != none {
		m.only = k.ops[last].a
	}
	return m
}

// hashOf returns a hash of the distinct elements of a list that does not depend on
// their order.
func hashOf(list []int32) (hash uint64) {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	for _, v := range slices.Compact(sorted) {
		hash ^= hashOfOne(v)
	}
	return hash
}

// hashOfOne hashes v by one step of splitmix64.
func hashOfOne(v int32) uint64 {
	h := (uint64(v) + 1) * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func (m *growingSet) initial() int64      { return 0 }
func (m *growingSet) size() int64         { return 80 * int64(len(m.all)) }
func (m *growingSet) starts([]op) []int64 { return nil }

func (m *growingSet) step(state int64, o *op) (int64, bool) {
	if o.code == readAll {
		return state, m.all[state].hash == m.shown[o.a] || m.only != none && m.only != o.a
	}
	gone := o.code == remove
	if m.repeated[o.a] && m.has(state, o.a) != gone {
		return state, true
	}
	hash := m.all[state].hash ^ hashOfOne(o.a)
	to, known := m.ids[hash]
	if !known {
		to = int64(len(m.all))
		m.ids[hash] = to
		m.all = append(m.all, grown{hash, state, o.a, gone})
	}
	return to, true
}

func (m *growingSet) has(state int64, v int32) bool {
	for ; state != 0; state = m.all[state].before {
		if m.all[state].last == v {
			return !m.all[state].gone
		}
	}
	return false
}

// lists is a queue: its states are lists of values, in the order in which they
// come out.
type lists struct {
	k        *object
	place    func(list []int32, v int32) int // where a value is inserted
	any      bool                            // any value may come out
	dequeues []*op                           // one for each value, for dequeues of unknown outcome
	ids      map[string]int64
	all      [][]int32
	bytes    int64
	key      []byte
}

func newLists(k *object) *lists {
	m := &lists{k: k, ids: map[string]int64{}}
	m.number(nil)
	return m
}

func newQueue(k *object) machine {
	m := newLists(k)
	m.place = func(list []int32, _ int32) int { return len(list) }
	return m
}

func newStack(k *object) machine {
	m := newLists(k)
	m.place = func([]int32, int32) int { return 0 }
	return m
}

func newPriority(k *object) machine {
	m := newLists(k)
	number := func(v int32) int64 { return k.h.values.list[v].number }
	m.place = func(list []int32, v int32) int {
		at := 0
		for at < len(list) && number(list[at]) <= number(v) {
			at++
		}
		return at
	}
	return m
}

func newBag(k *object) machine {
	m := newLists(k)
	m.any = true
	m.place = func(list []int32, v int32) int {
		at, _ := slices.BinarySearch(list, v)
		return at
	}
	c := newChoices(m, []int64{m.initial()}, nil)
	c.variants = m.values
	return c
}

func (m *lists) initial() int64 { return 0 }
func (m *lists) size() int64    { return m.bytes }

func (m *lists) number(list []int32) int64 {
	m.key = m.key[:0]
	for _, v := range list {
		m.key = binary.LittleEndian.AppendUint32(m.key, uint32(v))
	}
	id, ok := m.ids[string(m.key)]
	if !ok {
		id = int64(len(m.all))
		m.ids[string(m.key)] = id
		m.all = append(m.all, list)
		m.bytes += 8*int64(len(list)) + 100
	}
	return id
}

func (m *lists) step(state int64, o *op) (int64, bool) {
	list := m.all[state]
	switch {
	case o.code == enqueue:
		return m.number(slices.Insert(slices.Clone(list), m.place(list, o.a), o.a)), true
	case o.unknown() && o.a == 0: // it takes the first value
		if len(list) == 0 {
			return state, false
		}
		return m.number(list[1:]), true
	case o.a == 0:
		return state, len(list) == 0
	case m.any:
		at := slices.Index(list, o.a)
		if at < 0 {
			return state, false
		}
		return m.number(slices.Delete(slices.Clone(list), at, at+1)), true
	}
	if len(list) == 0 || list[0] != o.a {
		return state, false
	}
	return m.number(list[1:]), true
}

// values returns one dequeue for each value that was enqueued, for a dequeue that may have taken
// any of them.
func (m *lists) values(o *op) []*op {
	if m.dequeues == nil {
		seen := map[int32]bool{}
		for i := range m.k.ops {
			if e := &m.k.ops[i]; e.code == enqueue && !seen[e.a] {
				seen[e.a] = true
				d := *o
				d.a = e.a
				m.dequeues = append(m.dequeues, &d)
			}
		}
	}
	return m.dequeues
}

func (m *plainRegister) starts(ops []op) []int64 {
	seen := map[int32]bool{}
	all := []int64{-1} // -1: any other value
	for i := range ops {
		vs := []int32{ops[i].a}
		switch ops[i].code {
		case extend:
			return nil
		case cas, mismatch:
			vs = append(vs, ops[i].b)
		}
		for _, v := range vs {
			if !seen[v] {
				seen[v] = true
				all = append(all, int64(v))
			}
		}
	}
	return all
}

func (m permitCount) starts([]op) []int64 {
	var all []int64
	for n := range min(m.permits, mostStarts) + 1 {
		all = append(all, n)
	}
	if m.permits > mostStarts {
		return nil
	}
	return all
}

func (m ownedLock) starts(ops []op) []int64 {
	all := []int64{0, 1 << 31} // free, or owned by another process
	for i := range ops {
		if p := int64(ops[i].process) + 1; !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

func (countAll) starts([]op) []int64 { return nil }
func (m *lists) starts([]op) []int64 { return nil }
