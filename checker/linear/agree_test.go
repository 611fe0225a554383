package linear

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
)

// game makes small histories of a model: it knows what clients may call, and what a
// correct object answers.
type game struct {
	model  string
	invoke func(r *rand.Rand, g *round) op
	// apply lets an operation take effect and sets its result; it returns false if the
	// operation must wait.
	apply func(g *round, o *op) bool
	// guess sets an arbitrary result.
	guess func(r *rand.Rand, g *round, o *op)
	// search means that the fast procedure may leave histories to porcupine.
	search bool
	// goesOn means that some processes go on after an operation with an unknown outcome.
	goesOn bool
}

// round is one history under construction.
type round struct {
	h     *History
	fresh int64 // the next value that was not used
	state []int32
	holds map[int32]bool // clients
	token int32          // the token of the holder of a fenced lock
}

func (g *round) value(n int64) int32 { return g.h.values.number(n) }

func (g *round) unused() int32 {
	g.fresh++
	return g.value(g.fresh)
}

func (g *round) some(r *rand.Rand) int32 {
	if g.fresh == 0 || r.IntN(8) == 0 {
		return 0
	}
	return g.value(1 + r.Int64N(g.fresh))
}

func (g *round) now() int32 {
	if len(g.state) == 0 {
		return 0
	}
	return g.state[0]
}

func queueGame(model string, takes func(g *round) int, unique bool) game {
	return game{
		model: model, search: !unique || model == "priority-queue",
		invoke: func(r *rand.Rand, g *round) op {
			if r.IntN(2) == 0 {
				if !unique && g.fresh > 0 && r.IntN(2) == 0 {
					return op{code: enqueue, a: g.value(1 + r.Int64N(g.fresh))}
				}
				return op{code: enqueue, a: g.unused()}
			}
			return op{code: dequeue}
		},
		apply: func(g *round, o *op) bool {
			switch {
			case o.code == enqueue:
				g.state = append(g.state, o.a)
			case len(g.state) == 0:
				o.a = 0
			default:
				at := takes(g)
				o.a = g.state[at]
				g.state = append(g.state[:at], g.state[at+1:]...)
			}
			return true
		},
		guess: func(r *rand.Rand, g *round, o *op) {
			if o.code == dequeue {
				o.a = g.some(r)
			}
		},
	}
}

// youngest takes what was put in last.
func youngest(g *round) int { return len(g.state) - 1 }

// searched returns a game that no procedure decides.
func searched(gm game) game {
	gm.search = true
	return gm
}

func registerGame(model string, unique bool) game {
	return game{
		model: model, search: !unique,
		invoke: func(r *rand.Rand, g *round) op {
			write1 := func() int32 {
				if !unique && r.IntN(2) == 0 {
					return g.value(1 + r.Int64N(3))
				}
				return g.unused()
			}
			switch n := r.IntN(6); {
			case n < 2:
				return op{code: write, a: write1()}
			case n < 4 && model == "cas-register":
				return op{code: cas, a: g.some(r), b: write1()}
			}
			return op{code: read}
		},
		apply: func(g *round, o *op) bool {
			switch o.code {
			case write:
				g.state = []int32{o.a}
			case cas:
				if g.now() != o.a {
					o.code = mismatch
					return true
				}
				g.state = []int32{o.b}
			case read:
				o.a = g.now()
			}
			return true
		},
		guess: func(r *rand.Rand, g *round, o *op) {
			if o.code == read {
				o.a = g.some(r)
			}
		},
	}
}

// plus returns the number of a text that consists of two others.
func (vs *values) plus(text, more int32) int32 {
	a, _ := strconv.Unquote(vs.list[text].text)
	b, _ := strconv.Unquote(vs.list[more].text)
	return vs.text(strconv.Quote(a + b))
}

func appendGame(unique bool) game {
	return game{
		model: "kv", search: true,
		invoke: func(r *rand.Rand, g *round) op {
			g.fresh++
			if !unique {
				g.fresh = 1 + r.Int64N(3)
			}
			a := g.h.values.text(strconv.Quote(string(rune('a' + g.fresh))))
			switch n := r.IntN(7); {
			case n < 1:
				return op{code: write, a: a}
			case n < 4:
				return op{code: extend, a: a}
			}
			return op{code: read}
		},
		apply: func(g *round, o *op) bool {
			switch o.code {
			case write:
				g.state = []int32{o.a}
			case extend:
				g.state = []int32{g.h.values.plus(g.now(), o.a)}
			case read:
				o.a = g.now()
			}
			return true
		},
		guess: func(r *rand.Rand, g *round, o *op) {
			if o.code == read {
				o.a = int32(r.IntN(len(g.h.values.list)))
				if r.IntN(2) == 0 {
					o.a = g.h.values.plus(o.a, int32(r.IntN(len(g.h.values.list))))
				}
			}
		},
	}
}

func permitGame(model string) game {
	permits := 1
	if model == "semaphore:2" {
		permits = 2
	}
	return game{
		model: model,
		invoke: func(r *rand.Rand, g *round) op {
			return op{code: []code{acquire, release}[r.IntN(2)], a: 1}
		},
		apply: func(g *round, o *op) bool {
			if o.code == acquire {
				if len(g.state) == permits {
					return false
				}
				if g.state = append(g.state, o.process); true {
					return true
				}
			}
			for i, p := range g.state {
				if model != "lock" || p == o.process {
					g.state = append(g.state[:i], g.state[i+1:]...)
					return true
				}
			}
			return false
		},
		guess: func(*rand.Rand, *round, *op) {},
	}
}

// nestedGame returns the game of a lock that its holder may acquire again, or that has
// tokens, or both.
func nestedGame(model string, nests, fenced bool) game {
	token := func(r *rand.Rand, g *round) int32 {
		if !fenced || r.IntN(5) == 0 {
			return 0
		}
		return g.unused()
	}
	return game{
		model: model, search: true, // for a process that goes on at one time
		invoke: func(r *rand.Rand, g *round) op {
			return op{code: []code{acquire, release}[r.IntN(2)], a: 1, b: token(r, g)} // b is the token that it will be told
		},
		apply: func(g *round, o *op) bool {
			held := len(g.state)
			switch {
			case o.code == release && (held == 0 || g.state[0] != o.process), held > 0 && g.state[0] != o.process, held > 0 && o.code == acquire && !nests:
				return false
			case o.code == release:
				o.b = 0
				if g.state = g.state[1:]; held == 1 {
					g.token = 0
				}
				return true
			case held > 0 && o.b != 0 && g.token != 0:
				o.b = g.token
			case o.b != 0:
				o.b = g.unused()
				g.token = o.b
			}
			g.state = append(g.state, o.process)
			return true
		},
		guess: func(r *rand.Rand, g *round, o *op) {
			if o.b = 0; fenced && o.code == acquire {
				o.b = g.some(r)
			}
		},
	}
}

func first(*round) int { return 0 }

func least(g *round) int {
	best := 0
	for i, v := range g.state {
		if g.h.values.list[v].number < g.h.values.list[g.state[best]].number {
			best = i
		}
	}
	return best
}

// games returns all models that a procedure decides.
func games() map[string]game {
	gs := map[string]game{
		"register":               registerGame("register", true),
		"register, repeated":     registerGame("register", false),
		"cas-register":           registerGame("cas-register", true),
		"cas-register, repeated": registerGame("cas-register", false),
		"mutex":                  permitGame("mutex"),
		"semaphore:2":            permitGame("semaphore:2"),
		"lock":                   permitGame("lock"),
		"queue":                  queueGame("queue", first, true),
		"queue, repeated":        queueGame("queue", first, false),
		"stack":                  searched(queueGame("stack", youngest, true)),
		"stack, repeated":        queueGame("stack", youngest, false),
		"bag":                    queueGame("bag", youngest, true),
		"bag, repeated":          queueGame("bag", youngest, false),
		"priority-queue":         queueGame("priority-queue", least, true),
		"kv, appended":           appendGame(true),
		"kv, repeated":           appendGame(false),
		"linear-set": {
			model: "linear-set",
			invoke: func(r *rand.Rand, g *round) op {
				if r.IntN(2) == 0 {
					if g.fresh > 0 && r.IntN(4) == 0 {
						return op{code: add, a: g.value(1 + r.Int64N(g.fresh))}
					}
					return op{code: add, a: g.unused()}
				}
				return op{code: readAll}
			},
			apply: func(g *round, o *op) bool {
				if o.code == add {
					g.state = append(g.state, o.a)
					return true
				}
				o.a = int32(len(g.h.lists))
				g.h.lists = append(g.h.lists, append([]int32(nil), g.state...))
				return true
			},
			guess: func(r *rand.Rand, g *round, o *op) {
				if o.code == readAll {
					var list []int32
					for n := int64(1); n <= g.fresh; n++ {
						if r.IntN(2) == 0 {
							list = append(list, g.value(n))
						}
					}
					o.a = int32(len(g.h.lists))
					g.h.lists = append(g.h.lists, list)
				}
			},
		},
	}
	for model, is := range map[string]struct{ nests, fenced bool }{"reentrant-lock": {true, false}, "fenced-lock": {false, true}, "reentrant-fenced-lock": {true, true}} {
		gs[model] = nestedGame(model, is.nests, is.fenced)
	}
	for _, model := range []string{"lock", "reentrant-lock", "fenced-lock", "reentrant-fenced-lock"} {
		again := gs[model]
		again.search, again.goesOn = true, true
		gs[model+", going on"] = again
	}
	set := gs["linear-set"]
	set.model = "set"
	gs["set"] = set
	set.model = "final-set"
	gs["final-set"] = set
	for name, deltas := range map[string][]int32{"counter": {1}, "counter by 3": {3}, "counter by different": {1, 2, -1}} {
		gs[name] = game{
			model: "counter", search: len(deltas) > 1,
			invoke: func(r *rand.Rand, g *round) op {
				switch r.IntN(3) {
				case 0:
					return op{code: read}
				case 1:
					return op{code: add, a: deltas[r.IntN(len(deltas))], b: 0}
				}
				return op{code: add, a: deltas[r.IntN(len(deltas))], b: noResult}
			},
			apply: func(g *round, o *op) bool {
				if len(g.state) == 0 {
					g.state = []int32{0}
				}
				if o.code == read {
					o.a = g.state[0]
					return true
				}
				if g.state[0] += o.a; o.b != noResult {
					o.b = g.state[0]
				}
				return true
			},
			guess: func(r *rand.Rand, g *round, o *op) {
				n := deltas[0] * int32(r.IntN(4))
				if o.code == read {
					o.a = n
				} else if o.b != noResult {
					o.b = n
				}
			},
		}
	}
	return gs
}

// make plays a round: valid by construction, then perhaps changed, or guessed.
func (gm game) make(r *rand.Rand) *object {
	m, err := ParseModel(gm.model)
	if err != nil {
		panic(err)
	}
	g := &round{h: &History{Model: m, values: newValues(), keys: []string{""}}, holds: map[int32]bool{}}
	guessed := r.IntN(2) == 0
	n := 2 + r.IntN(8)
	clients := 1 + r.IntN(4)
	open := make([]int32, clients) // operation + 1 of each client
	effect := map[int32]bool{}
	process := make([]int32, clients)
	next := int32(clients)
	giveUp := func(c int) {
		if open[c] = 0; gm.goesOn && r.IntN(3) > 0 {
			return
		}
		process[c] = next
		next++
	}
	for c := range process {
		process[c] = int32(c)
	}
	var ops []op
	rank := int32(0)
	for turns := 0; turns < 200; turns++ {
		c := r.IntN(clients)
		if open[c] == 0 {
			if len(ops) == n {
				if turns > 100 {
					break
				}
				continue
			}
			o := gm.invoke(r, g)
			o.inv, o.ret, o.process = rank, never, process[c]
			rank++
			ops = append(ops, o)
			open[c] = int32(len(ops))
			continue
		}
		at := open[c] - 1
		o := &ops[at]
		switch {
		case !effect[at] && guessed:
			gm.guess(r, g, o)
			effect[at] = true
		case !effect[at]:
			if r.IntN(12) == 0 { // its client gives up before it takes effect
				giveUp(c)
				continue
			}
			effect[at] = gm.apply(g, o)
		case r.IntN(9) == 0: // or after
			giveUp(c)
		default:
			o.ret = rank
			rank++
			open[c] = 0
		}
	}
	for i := range ops { // the results of unknown operations were not told
		o := &ops[i]
		if !o.unknown() {
			continue
		}
		switch {
		case o.code == dequeue:
			o.a = 0
		case o.code == acquire || o.code == release:
			o.b = 0
		case o.code == add && gm.model == "counter":
			o.b = noResult
		case o.code == read || o.code == readAll || o.code == mismatch:
			o.code = dropped
		}
	}
	if !guessed && r.IntN(2) == 0 && len(ops) > 0 { // change something
		for range 1 + r.IntN(2) {
			o := &ops[r.IntN(len(ops))]
			switch {
			case r.IntN(2) == 0 && !o.unknown():
				gm.guess(r, g, o)
			default:
				moveReturn(r, ops, rank, gm.goesOn)
			}
		}
	}
	g.h.ops = [][]op{compact(g.h, ops, rank)}
	for p := range next {
		g.h.processes = append(g.h.processes, int64(p))
	}
	if gm.model == "cas-register" && (!gm.search || r.IntN(2) == 0) { // as in Jepsen's histories
		kept := g.h.ops[0][:0]
		for _, o := range g.h.ops[0] {
			if o.code != mismatch {
				kept = append(kept, o)
			}
		}
		g.h.ops[0] = kept
	}
	g.h.codes = []codes{codesOf(g.h.ops[0])}
	return &object{ctx: context.Background(), h: g.h, ops: g.h.ops[0], ranks: g.h.ranks[0], permits: int32(m.parameter), scratch: &scratch{}}
}

// moveReturn swaps two neighbouring returns and invocations, as a stale answer
// would.
func moveReturn(r *rand.Rand, ops []op, ranks int32, goesOn bool) {
	if ranks < 2 {
		return
	}
	at := int32(r.IntN(int(ranks - 1)))
	to := min(ranks-1, at+1+int32(r.IntN(4)))
	var x, y *int32
	var xo, yo *op
	for i := range ops {
		for _, p := range []*int32{&ops[i].inv, &ops[i].ret} {
			switch *p {
			case at:
				x, xo = p, &ops[i]
			case to:
				y, yo = p, &ops[i]
			}
		}
	}
	if x == nil || y == nil || xo == yo {
		return
	}
	*x, *y = *y, *x
	if xo.inv > xo.ret || yo.inv > yo.ret || clash(ops, goesOn) {
		*x, *y = *y, *x
	}
}

// clash reports whether a process has two open operations. An operation of unknown
// outcome stays open unless the process goes on.
func clash(ops []op, goesOn bool) bool {
	for i := range ops {
		for j := range ops {
			if i != j && !(goesOn && ops[i].unknown()) && ops[i].process == ops[j].process && ops[i].inv < ops[j].inv && ops[i].ret > ops[j].inv {
				return true
			}
		}
	}
	return false
}

// compact leaves dropped operations out, and numbers the ranks again.
func compact(h *History, ops []op, ranks int32) []op {
	used := make([]bool, ranks)
	var kept []op
	for _, o := range ops {
		if o.code == dropped {
			continue
		}
		kept = append(kept, o)
		used[o.inv] = true
		if !o.unknown() {
			used[o.ret] = true
		}
	}
	again := make([]int32, ranks)
	var all []int32
	for r, is := range used {
		if is {
			again[r] = int32(len(all))
			all = append(all, int32(len(all)))
		}
	}
	for i := range kept {
		kept[i].inv = again[kept[i].inv]
		if !kept[i].unknown() {
			kept[i].ret = again[kept[i].ret]
		}
	}
	for i := 1; i < len(kept); i++ {
		for j := i; j > 0 && kept[j].inv < kept[j-1].inv; j-- {
			kept[j], kept[j-1] = kept[j-1], kept[j]
		}
	}
	h.lines, h.indices = make([]int32, len(all)), make([]int32, len(all))
	for i := range all {
		h.lines[i], h.indices[i] = int32(i+1), int32(i)
	}
	h.ranks = [][]int32{all}
	return kept
}

// plainModel is the sequential object again, written as plainly as possible and
// independently of the machines. It returns all states to which an operation can lead.
func plainModel(k *object, state string, o *op) []string {
	if o.code == readAll || o.code == add && !k.h.Model.kind.counts {
		have := []byte(state) // bit by value
		for len(have) < len(k.h.values.list) {
			have = append(have, '-')
		}
		if o.code == add {
			have[o.a] = '+'
			return []string{string(have)}
		}
		want := make([]byte, len(have))
		for i := range want {
			want[i] = '-'
		}
		for _, v := range k.h.lists[o.a] {
			want[v] = '+'
		}
		last := k.lastRead()
		if string(want) == string(have) || k.h.Model.kind.name == "final-set" && o != &k.ops[last] {
			return []string{state}
		}
		return nil
	}
	if next, ok := plainQueue(k, state, o); ok {
		return next
	}
	if k.h.Model.kind.nests || k.h.Model.kind.fenced {
		return plainNested(k, state, o)
	}
	n, _ := strconv.Atoi(state)
	yes := func(ok bool, n int) []string {
		if ok {
			return []string{strconv.Itoa(n)}
		}
		return nil
	}
	switch o.code {
	case read:
		return yes(n == int(o.a), n)
	case write:
		return yes(true, int(o.a))
	case cas:
		return yes(n == int(o.a), int(o.b))
	case mismatch:
		return yes(n != int(o.a), n)
	case extend:
		return yes(true, int(k.h.values.plus(int32(n), o.a)))
	case add:
		return yes(o.b == noResult || n+int(o.a) == int(o.b), n+int(o.a))
	case acquire:
		if k.h.Model.kind.name == "lock" {
			return yes(n == 0, int(o.process)+1)
		}
		return yes(n < int(k.permits), n+1)
	case release:
		if k.h.Model.kind.name == "lock" {
			return yes(n == int(o.process)+1, 0)
		}
		return yes(n > 0, n-1)
	}
	panic("no such operation")
}

// plainNested is a lock whose state contains all that was done to it.
func plainNested(k *object, state string, o *op) []string {
	var held []int32 // the holder, as often as it has acquired the lock
	token, highest := int64(-1), int64(-1)
	for _, done := range strings.Fields(state) {
		var process int32
		var told int64
		if done == "release" {
			if held = held[1:]; len(held) == 0 {
				token = -1
			}
			continue
		}
		if _, err := fmt.Sscanf(done, "%d:%d", &process, &told); err != nil {
			panic(err)
		}
		held = append(held, process)
		if told >= 0 {
			token, highest = told, max(highest, told)
		}
	}
	told := int64(-1)
	if o.b != 0 {
		told = k.h.values.list[o.b].number
	}
	mine := len(held) > 0 && held[0] == o.process
	switch {
	case o.code == release && mine:
		return []string{state + " release"}
	case o.code == release, len(held) > 0 && !(mine && k.h.Model.kind.nests):
		return nil
	case told >= 0 && token >= 0 && told != token, told >= 0 && token < 0 && told <= highest:
		return nil
	}
	return []string{fmt.Sprintf("%s %d:%d", state, o.process, told)}
}

// plainQueue is a queue whose state has a character for each item.
func plainQueue(k *object, state string, o *op) ([]string, bool) {
	item := string(rune('0' + o.a))
	switch {
	case o.code == enqueue:
		return []string{state + item}, true
	case o.code != dequeue:
		return nil, false
	case !o.unknown() && o.a == 0:
		if state == "" {
			return []string{state}, true
		}
		return nil, true
	}
	var next []string
	for i := range state {
		rest := state[:i] + state[i+1:]
		if !o.unknown() && state[i:i+1] != item {
			continue
		}
		best := true
		for j := range state {
			switch k.h.Model.kind.name {
			case "queue":
				best = best && i <= j
			case "stack":
				best = best && i >= j
			case "priority-queue": // numbers were given out in rising order
				best = best && k.h.values.list[state[i]-'0'].number <= k.h.values.list[state[j]-'0'].number
			}
		}
		if best {
			next = append(next, rest)
		}
	}
	return next, true
}

// brute tries all orders, with and without each unknown operation.
func brute(k *object) bool {
	required := 0
	for i := range k.ops {
		if !k.ops[i].unknown() {
			required |= 1 << i
		}
	}
	return bruteOf(k, required)
}

// bruteOf tries all orders that contain the required operations, and may contain
// others.
func bruteOf(k *object, required int) bool {
	type seen struct {
		done  int // or left out for good
		state string
	}
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
		first := int32(never) // the operation that must come by now
		last := -1
		for i := range k.ops {
			if done&(1<<i) == 0 && k.ops[i].ret < first {
				first, last = k.ops[i].ret, i
			}
		}
		for i := range k.ops {
			if done&(1<<i) != 0 || k.ops[i].inv > first {
				continue
			}
			for _, next := range plainModel(k, state, &k.ops[i]) {
				if try(done|1<<i, next) {
					return true
				}
			}
		}
		return last >= 0 && required&(1<<last) == 0 && try(done|1<<last, state)
	}
	return try(0, plainStart(k))
}

// plainStart returns the first state of plainModel.
func plainStart(k *object) string {
	switch k.h.Model.kind.name {
	case "queue", "stack", "bag", "priority-queue", "reentrant-lock", "fenced-lock", "reentrant-fenced-lock":
		return ""
	case "set", "final-set", "linear-set":
		return strings.Repeat("-", len(k.h.values.list))
	}
	return "0"
}

func (k *object) dump() string {
	text := ""
	for i := range k.ops {
		text += fmt.Sprintf("%v %+v\n", k.span(int32(i)), k.ops[i])
	}
	for i, list := range k.h.lists {
		text += fmt.Sprintln("list", i, list)
	}
	return text
}

// rounds returns the number of histories on which each procedure is tried; over all
// models these are some 60,000. ZKLAB_ROUNDS sets another number.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("ZKLAB_ROUNDS")); err == nil {
		return n
	}
	return 3000
}

// seeded returns the random source for one history of a game.
func seeded(test uint64, game string, i int) *rand.Rand {
	h := fnv.New32()
	_, _ = h.Write([]byte(game))
	return rand.New(rand.NewPCG(test<<32|uint64(h.Sum32()), uint64(i)))
}

// TestAgree compares each fast procedure, and porcupine on parts and on the whole, with
// trying all orders.
func TestAgree(t *testing.T) {
	for name, gm := range games() {
		if gm.model == "set" { // sets have no orders
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := map[bool]int{}
			fast, searched := 0, 0
			for i := range rounds() {
				k := gm.make(seeded(7, name, i))
				if k.h.Model.kind.name == "final-set" && k.lastRead() == none {
					continue
				}
				want := brute(k)
				count[want]++
				f := k.h.Model.kind.decide(k)
				switch {
				case f.result == "" && !gm.search:
					t.Fatalf("round %d: left to porcupine, since %s:\n%s", i, f.reason, k.dump())
				case f.result != "":
					fast++
					if (f.result == checker.Valid) != want {
						t.Fatalf("round %d: %s says %s: %s\nall orders say %v\n%s", i, f.decider, f.result, f.reason, want, k.dump())
					}
					checkCounterexample(t, k, f)
				}
				s := k.search(time.Now().Add(time.Minute), 1<<30)
				if (s.result == checker.Valid) != want || s.result == "" {
					t.Fatalf("round %d: %s says %q: %s\nall orders say %v\n%s", i, s.decider, s.result, s.reason, want, k.dump())
				}
				checkCounterexample(t, k, s)
				searched++
				if p := k.askPorcupine(time.Now().Add(time.Minute), 1<<30); p.result == "" || (p.result == checker.Valid) != want {
					t.Fatalf("round %d: porcupine says %q\nall orders say %v\n%s", i, p.result, want, k.dump())
				}
			}
			if name == "kv, appended" && fast < rounds()*9/10 {
				t.Errorf("only %d were decided fast", fast)
			}
			t.Logf("valid %d, violation %d; decided fast %d, searched %d", count[true], count[false], fast, searched)
			if least := rounds() / 8; count[true] < least || count[false] < least {
				t.Errorf("valid %d, violation %d: the generator is one-sided", count[true], count[false])
			}
			if fast < rounds()/4 && !gm.search {
				t.Errorf("only %d decided fast", fast)
			}
		})
	}
}

// A counter that begins elsewhere than at 0 is decided as one that begins at 0, if all that it shows is as much higher.
func TestCountersBeginElsewhere(t *testing.T) {
	const more = 40
	for name, gm := range games() {
		if gm.model != "counter" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			count := map[bool]int{}
			for i := range rounds() / 3 {
				k, from := gm.make(seeded(23, name, i)), gm.make(seeded(23, name, i))
				from.initial = more
				for i := range from.ops {
					switch o := &from.ops[i]; {
					case o.code == read:
						o.a += more
					case o.b != noResult:
						o.b += more
					}
				}
				want := brute(k)
				count[want]++
				for _, model := range []string{"counter", "counter-bounds", "final-counter"} {
					k.h.Model, _ = ParseModel(model)
					from.h.Model = k.h.Model
					f, g := k.h.Model.kind.decide(k), k.h.Model.kind.decide(from)
					if f.result != g.result || !slices.Equal(f.counterexample, g.counterexample) {
						t.Fatalf("round %d, %s: %s %v from 0, %s %v from %d: %s\n%s", i, model, f.result, f.counterexample, g.result, g.counterexample, more, g.reason, from.dump())
					}
				}
				k.h.Model, _ = ParseModel("counter")
				from.h.Model = k.h.Model
				if p := from.askPorcupine(time.Now().Add(time.Minute), 1<<30); (p.result == checker.Valid) != want {
					t.Fatalf("round %d: porcupine says %q\n%s", i, p.result, from.dump())
				}
			}
			if least := rounds() / 15; count[true] < least || count[false] < least {
				t.Errorf("%v: the generator is one-sided", count)
			}
		})
	}
}

// checkCounterexample requires that the operations that show a violation have no order,
// even if each of the others may or may not have happened.
func checkCounterexample(t *testing.T, k *object, f finding) {
	t.Helper()
	if f.result != checker.Violation {
		return
	}
	if len(f.counterexample) == 0 {
		t.Fatalf("%s: no counterexample: %s\n%s", f.decider, f.reason, k.dump())
	}
	required := 0
	for _, i := range f.counterexample {
		required |= 1 << i
	}
	if bruteOf(k, required) {
		t.Fatalf("%s: the counterexample %v is not enough: %s\n%s", f.decider, f.counterexample, f.reason, k.dump())
	}
}

func TestModels(t *testing.T) {
	for name, wrong := range map[string]string{
		"regster": "unknown model", "semaphore": "needs the number", "semaphore:0": "expected one from 1", "queue:2": "takes no number",
	} {
		if _, err := ParseModel(name); err == nil {
			t.Errorf("%s: no error, want %s", name, wrong)
		}
	}
	_ = foreign.Auto
}
