package linear

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// filed is a small history as a file of JSON lines, with its operations as they are
// independently of Load: here, the order of two operations follows only from their
// events.
type filed struct {
	text string
	keys []*filedKey
	oks  int
	// joints means that a process ended one operation and began the next at one time.
	joints bool
}

// filedKey holds the operations on one key.
type filedKey struct {
	name   string
	k      *object
	before []int    // by operation: the operations that must come before it, as bits
	begins []int64  // by operation: the time of its invocation, or its line if it has no time
	sums   []summed // for a counter whose reads stand by themselves: what happened, in order
	leaks  []int    // by drain of unknown outcome: the operations that must come before it
	at     map[int]int
}

// summed is an event that may change the least and the greatest sum that a read of a
// counter can show, or that begins or ends a read.
type summed struct {
	process, read int // read is an index of k.ops, or -1
	tick          int64
	least, most   int64
}

// spell is a way to write times.
type spell struct {
	name string
	time func(tick int64) (int64, bool)
	tied bool // events of one tick have the same time
}

var spells = []spell{
	{"none", func(int64) (int64, bool) { return 0, false }, false},
	{"all 0", func(int64) (int64, bool) { return 0, true }, false},
	{"all 7", func(int64) (int64, bool) { return 7, true }, false},
	{"from 0", func(t int64) (int64, bool) { return t, true }, true},
	{"milliseconds", func(t int64) (int64, bool) { return 1_000_000 * t, true }, true},
	{"from 2^53", func(t int64) (int64, bool) { return 1<<53 - 2 + t, true }, true},
	{"up to the last", func(t int64) (int64, bool) { return 1<<62 - 1000 + t, true }, true},
}

// shifts are added to numbers if it only matters that these differ.
var shifts = []string{"0", "0", "9007199254740990", "4611686018427387900", "9223372036854775800", "-9223372036854775808", "18446744073709551610"}

// mark is an event of a history under construction.
type mark struct {
	process, key, op int
	kind             string // invoke, ok, fail, info
	tick             int64
}

// drawn is a history under construction.
type drawn struct {
	gm     game
	r      *rand.Rand
	rounds []*round
	ops    []op  // all operations, in order of invocation; op.key is the key
	kinds  []int // 1 for a drain, otherwise 0
	took   [][]int32
	marks  []mark
	shift  *big.Int
}

const aDrain = 1

func (gm game) drains() bool {
	switch gm.model {
	case "queue", "bag", "priority-queue", "total-queue":
		return true
	}
	return false
}

// shiftable reports whether values are numbers of which only the identity matters.
func (gm game) shiftable() bool {
	switch gm.model {
	case "register", "cas-register", "queue", "bag", "total-queue", "set", "final-set", "linear-set", "set-full", "set-full-linearizable", "unique-ids":
		return true
	}
	return false
}

// file plays a round on several keys. It is valid by construction in the order of the
// file, then perhaps changed, or guessed.
func (gm game) file(r *rand.Rand) *filed {
	m, err := ParseModel(gm.model)
	if err != nil {
		panic(err)
	}
	d := &drawn{gm: gm, r: r, shift: &big.Int{}}
	if gm.shiftable() {
		d.shift.SetString(shifts[r.IntN(len(shifts))], 10)
	}
	keys := 1 + r.IntN(3)
	for range keys {
		d.rounds = append(d.rounds, &round{h: &History{Model: m, values: newValues(), keys: []string{""}}, holds: map[int32]bool{}})
	}
	d.play(2+r.IntN(5)+2*keys, 1+r.IntN(4))
	if r.IntN(2) == 0 {
		d.change()
	}
	how := spells[r.IntN(len(spells))]
	if how.tied && r.IntN(2) == 0 {
		d.shuffle()
	}
	return d.finish(m, how)
}

// play lets clients make calls, which take effect or not.
func (d *drawn) play(n, clients int) {
	r, gm := d.r, d.gm
	guessed := r.IntN(3) == 0
	open := make([]int, clients) // operation + 1
	process := make([]int, clients)
	effect := map[int]bool{}
	doomed := map[int]bool{}
	next := clients
	for c := range process {
		process[c] = c
	}
	tick, rush := int64(0), 1+r.IntN(4)
	for turns := 0; turns < 250; turns++ {
		if r.IntN(rush) == 0 {
			tick += 1 + int64(r.IntN(2))
		}
		c := r.IntN(clients)
		if open[c] == 0 {
			if len(d.ops) == n {
				if turns > 120 {
					break
				}
				continue
			}
			key := r.IntN(len(d.rounds))
			o, kind := gm.invoke(r, d.rounds[key]), 0
			if gm.drains() && o.code == dequeue && r.IntN(4) == 0 {
				kind = aDrain
			}
			o.key, o.process, o.ret = int32(key), int32(process[c]), never
			d.ops, d.kinds, d.took = append(d.ops, o), append(d.kinds, kind), append(d.took, nil)
			open[c] = len(d.ops)
			doomed[len(d.ops)-1] = r.IntN(12) == 0
			d.marks = append(d.marks, mark{process[c], key, open[c] - 1, "invoke", tick})
			continue
		}
		at := open[c] - 1
		end := func(kind string) {
			d.marks = append(d.marks, mark{process[c], int(d.ops[at].key), at, kind, tick})
			open[c] = 0
		}
		giveUp := func() {
			if r.IntN(3) == 0 && !gm.goesOn { // the process makes no more calls
				open[c] = 0
			} else {
				end("info")
			}
			if gm.goesOn && r.IntN(3) > 0 {
				return
			}
			process[c] = next
			next++
		}
		switch {
		case doomed[at] && !effect[at] && len(d.took[at]) == 0:
			end("fail")
		case !effect[at] && guessed:
			d.guess(at)
			effect[at] = true
		case !effect[at]:
			if r.IntN(12) == 0 {
				giveUp()
				continue
			}
			effect[at] = d.apply(at)
		case r.IntN(9) == 0:
			giveUp()
		case d.ops[at].code == mismatch:
			end("fail")
		default:
			end("ok")
		}
	}
}

func (d *drawn) apply(at int) bool {
	o, g := &d.ops[at], d.rounds[d.ops[at].key]
	if d.kinds[at] != aDrain {
		return d.gm.apply(g, o)
	}
	for len(g.state) > 0 { // until it is empty, with other operations in between
		if d.r.IntN(4) == 0 {
			return false
		}
		one := *o
		d.gm.apply(g, &one)
		d.took[at] = append(d.took[at], one.a)
	}
	return true
}

func (d *drawn) guess(at int) {
	o, g := &d.ops[at], d.rounds[d.ops[at].key]
	if d.kinds[at] != aDrain {
		d.gm.guess(d.r, g, o)
		return
	}
	d.took[at] = nil
	for n := int64(1); n <= g.fresh; n++ {
		if d.r.IntN(3) == 0 {
			d.took[at] = append(d.took[at], g.value(n))
		}
	}
	d.disorder(at)
}

// disorder sometimes changes the order of what a drain took.
func (d *drawn) disorder(at int) {
	took := d.took[at]
	if d.r.IntN(2) == 0 {
		d.r.Shuffle(len(took), func(i, j int) { took[i], took[j] = took[j], took[i] })
	}
}

// change spoils one or two answers, or moves events.
func (d *drawn) change() {
	for range 1 + d.r.IntN(2) {
		if len(d.marks) < 2 {
			return
		}
		at := d.r.IntN(len(d.marks) - 1)
		if d.r.IntN(2) == 0 {
			switch m := d.marks[at]; {
			case m.kind != "ok":
			case d.kinds[m.op] == aDrain && d.r.IntN(2) == 0:
				d.disorder(m.op)
			default:
				d.guess(m.op)
			}
			continue
		}
		to := min(len(d.marks)-1, at+1+d.r.IntN(4)) // one event moves on, past events of other processes
		m := d.marks[at]
		for at < to && d.marks[at+1].process != m.process {
			d.marks[at] = d.marks[at+1]
			at++
		}
		m.tick = max(m.tick, d.marks[max(at-1, 0)].tick)
		d.marks[at] = m
	}
}

// shuffle changes the order within each tick, except the order of one process.
func (d *drawn) shuffle() {
	for range 20 {
		at := d.r.IntN(max(1, len(d.marks)-1))
		if at+1 < len(d.marks) && d.marks[at].tick == d.marks[at+1].tick && d.marks[at].process != d.marks[at+1].process {
			d.marks[at], d.marks[at+1] = d.marks[at+1], d.marks[at]
		}
	}
}

// value returns a value as JSON.
func (d *drawn) value(g *round, id int32) string {
	v := g.h.values.list[id]
	switch {
	case id == 0:
		return "null"
	case v.isInt:
		return new(big.Int).Add(big.NewInt(v.number), d.shift).String()
	}
	return v.text
}

func (d *drawn) list(g *round, ids []int32) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, d.value(g, id))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// words returns an operation's name, and its argument or answer.
func (d *drawn) words(at int, answered bool) (f, text string) {
	f, arg, answer := d.call(at, answered)
	if answered {
		return f, answer
	}
	return f, arg
}

func (d *drawn) call(at int, answered bool) (f, arg, answer string) {
	o, g := &d.ops[at], d.rounds[d.ops[at].key]
	v := func(id int32) string { return d.value(g, id) }
	n := func(n int32) string { return strconv.Itoa(int(n)) }
	switch o.code {
	case read:
		if d.gm.model == "counter" || d.gm.model == "counter-bounds" {
			return "read", "null", n(o.a)
		}
		return "read", "null", v(o.a)
	case write:
		return "write", v(o.a), v(o.a)
	case cas, mismatch:
		pair := "[" + v(o.a) + "," + v(o.b) + "]"
		return "cas", pair, pair
	case extend:
		return "append", v(o.a), v(o.a)
	case acquire:
		return "acquire", "null", v(o.b)
	case release:
		return "release", "null", "null"
	case generate:
		if !answered {
			return "generate", "null", ""
		}
		return "generate", "null", v(o.a)
	case enqueue:
		if d.gm.model == "stack" {
			return "push", v(o.a), v(o.a)
		}
		return "enqueue", v(o.a), v(o.a)
	case dequeue:
		if d.kinds[at] == aDrain {
			return "drain", "null", d.list(g, d.took[at])
		}
		if d.gm.model == "stack" {
			return "pop", "null", v(o.a)
		}
		return "dequeue", "null", v(o.a)
	case add:
		if d.gm.model != "counter" && d.gm.model != "counter-bounds" {
			return "add", v(o.a), v(o.a)
		}
		if o.b != noResult {
			return "add-and-get", n(o.a), n(o.b)
		}
		return "add", n(o.a), n(o.a)
	case readAll:
		if !answered {
			return "read", "null", ""
		}
		return "read", "null", d.list(g, g.h.lists[o.a])
	}
	panic("no such operation")
}

// finish writes the file, and returns which operation comes before which.
func (d *drawn) finish(m Model, how spell) *filed {
	out := &filed{}
	var b strings.Builder
	type ends struct{ inv, ret int } // lines; 0 if there is none
	of := make([]ends, len(d.ops))
	kind := make([]string, len(d.ops))
	for i, mk := range d.marks {
		f, text := d.words(mk.op, mk.kind == "ok")
		if mk.kind == "ok" {
			out.oks++
		}
		if mk.kind == "invoke" {
			of[mk.op].inv = i + 1
		} else {
			of[mk.op].ret, kind[mk.op] = i+1, mk.kind
		}
		fmt.Fprintf(&b, `{"process":%d,"type":%q,"f":%q,"key":"k%d","value":%s`, mk.process, mk.kind, f, mk.key, text)
		if t, has := how.time(mk.tick); has {
			fmt.Fprintf(&b, `,"time":%d`, t)
		}
		b.WriteString("}\n")
	}
	out.text = b.String()
	timed := how.tied && d.marks[0].tick != d.marks[len(d.marks)-1].tick
	// first reports whether the completion of x came before the invocation of y.
	first := func(x, y int) bool {
		if kind[x] != "ok" || of[x].ret > of[y].inv && !timed {
			return false
		}
		r, i := d.marks[of[x].ret-1], d.marks[of[y].inv-1]
		switch {
		case !timed:
			return of[x].ret < of[y].inv
		case r.tick != i.tick:
			return r.tick < i.tick
		}
		return r.process == i.process && of[x].ret < of[y].inv
	}
	for key, g := range d.rounds {
		if !slices.ContainsFunc(d.marks, func(m mark) bool { return m.key == key }) {
			continue
		}
		fk := &filedKey{name: "k" + strconv.Itoa(key), at: map[int]int{}}
		var ops []op
		var whose []int // for each of ops: its place in d.ops
		var drains []int
		for at, o := range d.ops {
			if int(o.key) != key {
				continue
			}
			o.inv = int32(of[at].inv - 1)
			o.key = 0
			switch kind[at] {
			case "ok":
				o.ret = int32(of[at].ret - 1)
			case "fail":
				if !m.kind.tried || o.code != add && o.code != enqueue {
					continue
				}
			}
			switch {
			case d.kinds[at] == aDrain && kind[at] == "ok":
				for _, v := range d.took[at] {
					o.a = v
					ops, whose = append(ops, o), append(whose, at)
				}
				if d.gm.hasOrders() { // the drain found nothing at last
					o.a = 0
					ops, whose = append(ops, o), append(whose, at)
				}
				continue
			case d.kinds[at] == aDrain:
				drains = append(drains, at)
				continue
			case o.ret != never:
			case o.code == dequeue:
				o.a = 0
			case o.code == acquire || o.code == release:
				o.b = 0
			case o.code == add && g.h.Model.kind.name == "counter":
				o.b = noResult
			case o.code == mismatch:
				o.code = cas
			case o.code == read || o.code == readAll || o.code == generate:
				continue
			}
			ops, whose = append(ops, o), append(whose, at)
		}
		for i := range ops {
			mask := 0
			for j := range ops {
				if whose[i] != whose[j] && ops[j].ret != never && first(whose[j], whose[i]) {
					mask |= 1 << j
				}
				if whose[i] == whose[j] && j < i { // both belong to one drain
					mask |= 1 << j
					continue
				}
				out.joints = out.joints || mask>>j&1 == 1 && timed && d.marks[of[whose[j]].ret-1].tick == d.marks[of[whose[i]].inv-1].tick
			}
			fk.before = append(fk.before, mask)
			begins := int64(of[whose[i]].inv)
			if timed {
				begins = d.marks[begins-1].tick
			}
			fk.begins = append(fk.begins, begins)
			fk.at[of[whose[i]].inv] |= 1 << i
		}
		for _, at := range drains {
			mask := 0
			for j := range ops {
				if ops[j].ret != never && first(whose[j], at) {
					mask |= 1 << j
				}
			}
			fk.leaks = append(fk.leaks, mask)
		}
		if d.gm.model == "counter-bounds" {
			fk.sums = d.sums(key, kind, timed, func(at int) int { return slices.Index(whose, at) })
		}
		ranks := make([]int32, len(d.marks))
		for i := range ranks {
			ranks[i] = int32(i)
			g.h.lines, g.h.indices = append(g.h.lines, int32(i+1)), append(g.h.indices, int32(i))
		}
		for p := range 50 {
			g.h.processes = append(g.h.processes, int64(p))
		}
		g.h.ops, g.h.ranks, g.h.codes = [][]op{ops}, [][]int32{ranks}, []codes{codesOf(ops)}
		fk.k = &object{h: g.h, ops: ops, ranks: ranks, permits: int32(m.parameter), scratch: &scratch{}}
		out.keys = append(out.keys, fk)
	}
	return out
}

// sums returns the events of a counter.
func (d *drawn) sums(key int, kind []string, timed bool, readOf func(at int) int) (all []summed) {
	for i, m := range d.marks {
		o := &d.ops[m.op]
		if m.key != key || kind[m.op] == "fail" {
			continue
		}
		s := summed{process: m.process, read: -1, tick: m.tick}
		if !timed {
			s.tick = int64(i)
		}
		switch n := int64(o.a); {
		case o.code == read:
			s.read = readOf(m.op)
		case m.kind == "invoke":
			s.least, s.most = min(n, 0), max(n, 0)
		case m.kind == "ok":
			s.least, s.most = max(n, 0), min(n, 0)
		}
		all = append(all, s)
	}
	return all
}

// reach returns what a read can have shown at least and at most: at any moment during the
// read, each process may have gone on by any number of steps within one tick.
func (fk *filedKey) reach(read int) (least, most int64) {
	var ends []int
	for i, s := range fk.sums {
		if s.read == read {
			ends = append(ends, i)
		}
	}
	begin, end := fk.sums[ends[0]], fk.sums[ends[1]]
	least, most = math.MaxInt64, math.MinInt64
	for tick := begin.tick; tick <= end.tick; tick++ {
		lo, hi := int64(0), int64(0)
		now := map[int][]int{}
		for i, s := range fk.sums {
			switch {
			case s.tick < tick, s.tick == tick && s.process == begin.process && i < ends[0]:
				lo, hi = lo+s.least, hi+s.most
			case s.tick == tick && !(s.process == begin.process && i > ends[1]):
				now[s.process] = append(now[s.process], i)
			}
		}
		for _, is := range now {
			l, h, low, high := int64(0), int64(0), int64(0), int64(0)
			for _, i := range is {
				l, h = l+fk.sums[i].least, h+fk.sums[i].most
				low, high = min(low, l), max(high, h)
			}
			lo, hi = lo+low, hi+high
		}
		least, most = min(least, lo), max(most, hi)
	}
	return least, most
}

// possible tries all orders that contain the required operations, and may contain
// others.
func (fk *filedKey) possible(required int) bool {
	type seen struct {
		done  int
		state string
	}
	k := fk.k
	visited := map[seen]bool{}
	var try func(done int, state string) bool
	try = func(done int, state string) bool {
		if visited[seen{done, state}] {
			return false
		}
		visited[seen{done, state}] = true
		if done&required == required {
			return true
		}
		for i := range k.ops {
			if done&(1<<i) != 0 || fk.before[i]&^done != 0 {
				continue
			}
			if required&(1<<i) == 0 && try(done|1<<i, state) { // the operation is left out
				return true
			}
			for _, next := range plainModel(k, state, &k.ops[i]) {
				if try(done|1<<i, next) {
					return true
				}
			}
		}
		for _, before := range fk.leaks { // the drain takes one more
			if before&^done == 0 {
				for _, next := range plainModel(k, state, &op{code: dequeue, ret: never}) {
					if try(done, next) {
						return true
					}
				}
			}
		}
		return false
	}
	return try(0, plainStart(k))
}

// required returns the operations that certainly happened.
func (fk *filedKey) required() int {
	required := 0
	for i := range fk.k.ops {
		if !fk.k.ops[i].unknown() {
			required |= 1 << i
		}
	}
	return required
}
