package crosscheck

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// ranking orders a queue: its items come out by a number, the least first.
type ranking struct {
	model string
	field string // the field of an enqueue's invocation with the number
	// class and passed are the names of class-order and priority for this object.
	class, passed string
}

var byPriority = ranking{model: models.PriorityQueue.Name, field: "priority", class: "class-order", passed: "priority"}

// ranked is one key of such a queue. The values of its operations are items.
type ranked struct {
	record record
	ops    []op
	puts   map[string]op
	rank   map[string]int64
	strict bool
	empty  []int64 // when the last look of a drain found nothing
	// waits reports whether a client that asked at a time need not have found an item,
	// and mayWait whether it perhaps need not; nil means that it must find all items.
	waits, mayWait func(item string, asked int64) bool
	delays         bool // an empty answer shows only that nothing is due
}

func (by ranking) put(item string, rank int64) string {
	if rank == 0 && by.field == byPriority.field {
		return fmt.Sprintf(`{"item":%q}`, item) // like others of its kind, 0 is often left out
	}
	return fmt.Sprintf(`{"item":%q,%q:%d}`, item, by.field, rank)
}

// of returns a key of a history. Items that were put in twice cannot be told apart.
func (by ranking) of(h record, key string) (q ranked, twice bool) {
	q = ranked{record: h, puts: map[string]op{}, rank: map[string]int64{}}
	for _, o := range h.ops {
		if o.key != key {
			continue
		}
		item, rank := by.read(o.arg + o.res)
		o.arg, o.res = "", item
		if o.f == models.FEnqueue {
			o.arg, o.res = item, ""
			_, again := q.puts[item]
			twice = twice || again
			q.puts[item], q.rank[item] = o, rank
		}
		q.ops = append(q.ops, o)
	}
	for _, f := range h.facts {
		switch v := f.value.(type) {
		case history.Offers:
			q.strict = v.Strict
		case models.Drained:
			if v.Empty && f.key == key {
				q.empty = append(q.empty, f.at)
			}
		}
	}
	return q, twice
}

func (by ranking) read(value string) (item string, rank int64) {
	if value == "" {
		return "", 0
	}
	var fields map[string]any
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		panic(err)
	}
	item, _ = fields["item"].(string)
	if n, is := fields[by.field].(json.Number); is {
		rank, _ = n.Int64()
	}
	return item, rank
}

func takes(o op) bool   { return o.f == models.FDequeue && o.out == ok && o.res != "" }
func finds(o op) bool   { return o.f == models.FDequeue && o.out == ok && o.res == "" }
func perhaps(o op) bool { return o.f == models.FDequeue && (o.out == info || o.out == open) }

// step adds items at the end, and takes out those that fit: in[i], or nothing if i is -1.
func (q ranked) step(fits func(in []string, i int, o op) bool) func(string, op) []string {
	return func(state string, o op) []string {
		in := items(state)
		if o.f == models.FEnqueue {
			return []string{strings.Join(append(in, o.arg), " ")}
		}
		if finds(o) {
			if fits(in, -1, o) {
				return []string{state}
			}
			return nil
		}
		var all []string
		for i, item := range in {
			if (o.out != ok || o.res == item) && fits(in, i, o) {
				all = append(all, strings.Join(slices.Delete(slices.Clone(in), i, i+1), " "))
			}
		}
		return all
	}
}

// calls returns the calls of the operations that are asked for.
func (q ranked) calls(asked func(o op) bool) []call {
	return callsOf(slices.DeleteFunc(slices.Clone(q.ops), func(o op) bool { return !asked(o) }))
}

func filled(o op) bool { return !finds(o) }

// explained reports whether the items of each priority, by themselves, can be those of a
// queue: that is integrity, class-order and loss together. Empty answers may be old; a
// drain's last look is not.
func (q ranked) explained() bool {
	return explainable(q.untilDrained(q.calls(filled)), "", q.step(q.firstOfItsKind))
}

func (q ranked) untilDrained(calls []call) []call {
	for _, at := range q.empty {
		calls = append(calls, call{op: op{f: models.FDequeue, out: ok}, inv: at, ret: at, certain: true})
	}
	return calls
}

func (q ranked) firstOfItsKind(in []string, i int, _ op) bool {
	if i < 0 {
		return len(in) == 0
	}
	return !slices.ContainsFunc(in[:i], func(x string) bool { return q.rank[x] == q.rank[in[i]] })
}

// best reports whether no item is better than in[i]. Any of several equal ones will do.
func (q ranked) best(in []string, i int, _ op) bool {
	if i < 0 {
		return len(in) == 0
	}
	return !slices.ContainsFunc(in, func(x string) bool { return q.rank[x] < q.rank[in[i]] })
}

func (q ranked) first(in []string, i int, o op) bool {
	return q.best(in, i, o) && q.firstOfItsKind(in, i, o)
}

// told reports whether a dequeue's session certainly knew of an item when the dequeue was
// called, since it had put the item in. An operation during which its client got another
// session belongs to neither session.
func (q ranked) told(o op, item string) bool {
	p := q.puts[item]
	return p.out == ok && p.ret < o.inv &&
		p.with.session == o.with.session && p.with.owner == o.with.session && o.with.owner == o.with.session
}

// surelyTold also requires the record to show that neither of the two operations can have used
// another session.
func (q ranked) surelyTold(o op, item string) bool {
	return q.told(o, item) && q.record.alone(o) && q.record.alone(q.puts[item])
}

// alone reports whether each other session that a client is known to have had by the end of an
// operation had expired when the operation was called.
func (h record) alone(o op) bool {
	over := func(session int64) bool {
		return session == o.with.session || slices.ContainsFunc(h.facts, func(f fact) bool {
			return f.f == history.FExpired && f.session == session && f.at < o.inv
		})
	}
	for _, other := range h.ops {
		if other.client == o.client && (other.inv <= o.ret && !over(other.with.session) || other.out != open && other.ret <= o.ret && !over(other.with.owner)) {
			return false
		}
	}
	return true
}

// found reports whether a client that asked must have found an item, if it was there.
func (q ranked) found(item string, o op) bool { return q.waits == nil || !q.waits(item, o.inv) }

// heeds reports whether a dequeue passes over nothing better that its session knew of.
func (q ranked) heeds(in []string, i int, o op) bool {
	return o.out != ok || !slices.ContainsFunc(in, func(x string) bool {
		return q.told(o, x) && (i < 0 && q.found(x, o) || i >= 0 && q.rank[x] < q.rank[in[i]])
	})
}

// whole reports whether an item came out at most once, and only after it was put in.
func (q ranked) whole(item string) bool {
	about := func(o op) bool { return o.arg == item || takes(o) && o.res == item }
	return explainable(q.calls(func(o op) bool { return about(o) && !perhaps(o) }), "", q.step(func([]string, int, op) bool { return true }))
}

func (q ranked) integrity() bool {
	for _, o := range q.ops {
		if takes(o) && !q.whole(o.res) {
			return false
		}
	}
	return true
}

// inOrder reports whether any two items of one rank that came out can have done so as from
// a queue.
func (q ranked) inOrder() bool {
	for x, rank := range q.rank {
		for y, other := range q.rank {
			if x < y && rank == other && q.whole(x) && q.whole(y) && q.left(x) && q.left(y) && !q.pair(x, y) {
				return false
			}
		}
	}
	return true
}

func (q ranked) left(item string) bool {
	return slices.ContainsFunc(q.ops, func(o op) bool { return takes(o) && o.res == item })
}

func (q ranked) pair(x, y string) bool {
	calls := q.calls(func(o op) bool {
		return o.arg == x || o.arg == y || takes(o) && (o.res == x || o.res == y)
	})
	return explainable(calls, "", q.step(q.firstOfItsKind))
}

// passes finds a dequeue that passed over something better, taken literally: its
// session had put that in, and no client can have begun to take it before the dequeue
// returned.
func (q ranked) passes() bool {
	for _, o := range q.ops {
		if !takes(o) || !q.whole(o.res) {
			continue
		}
		for x := range q.puts {
			if q.surelyTold(o, x) && q.rank[x] < q.rank[o.res] && q.begun(x) > o.ret {
				return true
			}
		}
	}
	return false
}

// begun returns the earliest time at which a client can have begun to take an item.
func (q ranked) begun(item string) int64 {
	at, unknown := int64(never), int64(never)
	for _, o := range q.ops {
		switch {
		case takes(o) && o.res == item:
			at = min(at, o.inv)
		case perhaps(o):
			unknown = min(unknown, o.inv)
		}
	}
	if at == never {
		return unknown
	}
	return at
}

// blind reports, by counting, whether a session found nothing although it had put in
// more items than others had begun to take, including all dequeues of unknown outcome.
func (q ranked) blind() bool {
	for _, e := range q.ops {
		if !finds(e) {
			continue
		}
		n := 0
		for x := range q.puts {
			if q.surelyTold(e, x) && q.found(x, e) && (!q.left(x) || q.begun(x) > e.ret) {
				n++
			}
		}
		for _, o := range q.ops {
			if perhaps(o) && o.inv <= e.ret {
				n--
			}
		}
		if n > 0 {
			return true
		}
	}
	return false
}

// outdone finds a dequeue that, taken literally, could at no moment take what it took,
// or find nothing: at each moment something better was certainly there.
func (q ranked) outdone() bool {
	for _, o := range q.ops {
		if o.f != models.FDequeue || o.out != ok || !q.fresh(o) || takes(o) && !q.whole(o.res) {
			continue
		}
		could := false
		for _, half := range q.halves(max(o.inv, q.puts[o.res].inv), o.ret) {
			could = could || !q.betterAt(half, o)
		}
		if !could {
			return true
		}
	}
	return false
}

// halves returns the moments that differ, as twice their times: the times of events,
// and one moment after each.
func (q ranked) halves(from, to int64) []int64 {
	all := []int64{2 * from, 2 * to}
	for _, o := range q.ops {
		for _, at := range []int64{o.inv, o.ret} {
			if from <= at && at < to {
				all = append(all, 2*at, 2*at+1)
			}
		}
	}
	return all
}

func (q ranked) betterAt(half int64, o op) bool {
	for x, p := range q.puts {
		better := finds(o) || q.rank[x] < q.rank[o.res]
		if begun := q.begun(x); p.out == ok && better && 2*p.ret < half && (begun == never || half < 2*begun) {
			return true
		}
	}
	return false
}

// between returns violation if the literal sentence is violated, valid if some order
// explains everything, and undecided otherwise: there a sound procedure may say either.
func between(letter, explained bool) string {
	switch {
	case letter:
		return violation
	case explained:
		return valid
	}
	return undecided
}

// answers returns the answers about one key.
func (q ranked) answers(by ranking) answers {
	integrity, inOrder, explained := q.integrity(), q.inOrder(), q.explained()
	all := answers{
		"integrity": verdict(!integrity), by.class: between(!inOrder, integrity), "linearizable": verdict(!explained),
		by.passed: between(q.passes(), integrity && explainable(q.calls(filled), "", q.step(q.heeds))),
		"empty":   between(q.blind(), q.seeing()),
		"loss":    undecided, "strict": valid, "reference": valid, "defect": valid,
	}
	if integrity && inOrder {
		all["loss"] = verdict(!explained)
	}
	if q.strict {
		explained = q.firstAlways()
		all["strict"] = between(q.outdone(), explained)
		if integrity && inOrder && q.explained() {
			all["strict"] = between(!q.bestAlways(), explained)
		}
		all["strict queue"] = verdict(!explained)
	}
	if !explained {
		all["reference"] = undecided
	}
	return all
}

// fresh reports whether a strict queue promises something about the answer of an
// operation.
func (q ranked) fresh(o op) bool { return !q.delays || !finds(o) }

// seeing reports whether each empty answer can have been given when nothing was there
// that its session must have known.
func (q ranked) seeing() bool {
	q.waits = q.mayWait
	calls := q.calls(func(o op) bool { return !takes(o) || q.whole(o.res) })
	return explainable(calls, "", q.step(func(in []string, i int, o op) bool { return i >= 0 || q.heeds(in, i, o) }))
}

func (q ranked) bestAlways() bool {
	return explainable(q.calls(q.fresh), "", q.step(q.best))
}

// firstAlways reports whether all operations can be those of one queue that looks at
// what is there.
func (q ranked) firstAlways() bool {
	return explainable(q.untilDrained(q.calls(q.fresh)), "", q.step(q.first))
}

// ours returns the answers about all keys: the worst of each.
func (by ranking) ours(h record, of func(q ranked, h record) answers) answers {
	all := answers{}
	for _, key := range keysOf(h.ops) {
		q, twice := by.of(h, key)
		one := of(q, h)
		if twice { // then no answer is required, but no violation is allowed either
			for name := range one {
				one[name] = valid
			}
			if by.retried(h, key) {
				return answers{}
			}
		}
		for name, answer := range one {
			if all[name] == "" || answer == violation || answer == undecided && all[name] != violation {
				all[name] = answer
			}
		}
	}
	return all
}

// retried reports whether an enqueue of an item failed. Nothing says whether the item
// was put in twice if another enqueue of it succeeded.
func (by ranking) retried(h record, key string) bool {
	return slices.ContainsFunc(h.ops, func(o op) bool { return o.key == key && o.f == models.FEnqueue && o.out == fail })
}

// tally counts zklab's answers, and splits those that are compared together.
func (by ranking) tally(count map[string]int) func(h record) answers {
	return func(h record) answers {
		all := h.zklab()
		all["defect"], all["linearizable"] = valid, verdict(all["integrity"] == violation || all[by.class] == violation || all["loss"] == violation)
		all["strict queue"] = verdict(all["linearizable"] == violation || all["strict"] == violation)
		for name, answer := range all {
			if strings.HasPrefix(answer, "defect") {
				all["defect"] = violation
			}
			count[name+" "+answer]++
		}
		return all
	}
}

// generate makes a history of such a queue: a random one, or that of a correct queue, in
// most cases with one change.
func (by ranking) generate(r *rand.Rand, ranks func() int64) record {
	h := record{model: by.model, order: r.Uint64(), ops: intervals(r, 9)}
	wild, filled := chance(r, 5), chance(r, 2)
	if filled {
		h.ops = spread(r, calls(r, 4+r.IntN(6), 1+r.IntN(3)))
	}
	keys := pick(r, []string{"k"}, []string{"k"}, []string{"k"}, []string{"k", "l"})
	by.sessions(r, &h)
	for i := range h.ops {
		h.ops[i].key = pick(r, keys...)
		by.any(r, h.ops, i, ranks())
	}
	if filled {
		by.fill(r, h.ops, ranks)
	}
	if !wild {
		by.serve(r, h.ops)
		if !chance(r, 4) {
			by.mutate(r, &h, ranks)
		}
	}
	for _, key := range keys {
		if chance(r, 2) {
			at := lastOf(h.ops) + int64(r.IntN(3))
			if chance(r, 6) {
				at = int64(r.IntN(20))
			}
			h.facts = append(h.facts, fact{at: at, of: history.Nemesis, client: -1, f: history.FDrained, key: key, value: models.Drained{Empty: !chance(r, 4)}})
		}
	}
	if chance(r, 2) {
		h.facts = append(h.facts, fact{of: history.Nemesis, client: -1, f: history.FOffers, value: history.Offers{Strict: true}})
	}
	return h
}

// sessions gives each client a session, and some a second one, from some operation or
// from its completion on. The record reports most of the earlier sessions as expired.
func (by ranking) sessions(r *rand.Rand, h *record) {
	of := map[int]int64{}
	for i := range h.ops {
		o := &h.ops[i]
		c := o.client
		if of[c] == 0 {
			of[c] = int64(0x10 + c)
		}
		next := func() {
			if !chance(r, 20) {
				return
			}
			if !chance(r, 4) {
				h.facts = append(h.facts, fact{at: o.ret, of: history.SessionProcess, client: c, session: of[c], f: history.FExpired})
			}
			of[c] += 0x10
		}
		o.with.session = of[c]
		next()
		o.with.owner = of[c]
		next()
	}
}

// any turns an operation into any operation.
func (by ranking) any(r *rand.Rand, ops []op, i int, rank int64) {
	o := &ops[i]
	o.f, o.arg, o.res = pick(r, models.FEnqueue, models.FDequeue), "", ""
	if o.f == models.FEnqueue {
		item := i
		if chance(r, 20) {
			item = r.IntN(len(ops)) // an item that was put in before
		}
		o.arg = by.put(fmt.Sprint(item), rank)
	} else if !chance(r, 4) {
		o.res = fmt.Sprintf(`{"item":"%d"}`, r.IntN(len(ops)))
	}
}

func lastOf(ops []op) int64 {
	var last int64
	for _, o := range ops {
		last = max(last, o.ret)
	}
	return last
}

// spread makes each operation come later, by more than the one before it, so that more
// operations are over when others begin.
func spread(r *rand.Rand, ops []op) []op {
	by := int64(r.IntN(4))
	for i := range ops {
		ops[i].inv += by * int64(i)
		ops[i].ret += by * int64(i)
	}
	return ops
}

// fill first puts items in, and then takes them out, so that there is something to pass
// over.
func (by ranking) fill(r *rand.Rand, ops []op, ranks func() int64) {
	for i := range ops {
		o := &ops[i]
		if !chance(r, 4) {
			o.out = ok
		}
		if i <= len(ops)/2 {
			o.f, o.arg, o.res = models.FEnqueue, by.put(fmt.Sprint(i), ranks()), ""
		} else if !chance(r, 6) {
			o.f, o.arg, o.res = models.FDequeue, "", ""
		}
	}
}

// serve answers the operations as a correct queue would: a strict queue, or one whose
// consumers go through lists that may be old, but are never older than what their
// session did last.
func (by ranking) serve(r *rand.Rand, ops []op) {
	type change struct {
		item string
		rank int64
	}
	log, gone, seen, strict := map[string][]change{}, map[string]bool{}, map[string]int{}, chance(r, 2)
	for _, m := range moments(r, ops) {
		o := &ops[m.op]
		whose := fmt.Sprint(o.key, o.with.session)
		if o.f == models.FEnqueue {
			item, rank := by.read(o.arg)
			log[o.key] = append(log[o.key], change{item, rank})
			seen[whose] = len(log[o.key])
			continue
		}
		n := len(log[o.key])
		if !strict {
			n = seen[whose] + r.IntN(n-seen[whose]+1)
		}
		list := slices.Clone(log[o.key][:n])
		slices.SortStableFunc(list, func(a, b change) int { return compareRanks(a.rank, b.rank) })
		o.res = ""
		for _, c := range list {
			if !gone[o.key+" "+c.item] {
				gone[o.key+" "+c.item] = true
				o.res = fmt.Sprintf(`{"item":%q}`, c.item)
				seen[whose] = len(log[o.key])
				break
			}
		}
		if o.res == "" && chance(r, 2) {
			o.out = fail // it gave up
		}
	}
}

func compareRanks(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// mutate makes one change: two takes are swapped, one is doubled or forgotten, an item
// gets another rank, an operation gets another outcome, or becomes any operation.
func (by ranking) mutate(r *rand.Rand, h *record, ranks func() int64) {
	i := r.IntN(len(h.ops))
	o := &h.ops[i]
	var taken []*op
	for j := range h.ops {
		if takes(h.ops[j]) {
			taken = append(taken, &h.ops[j])
		}
	}
	switch r.IntN(12) {
	case 0, 1, 2, 9, 10, 11:
		if n := len(taken); n > 1 {
			i := r.IntN(n - 1)
			a, b := taken[i], taken[i+1+r.IntN(n-1-i)]
			a.res, b.res = b.res, a.res
		}
	case 3:
		if len(taken) > 0 {
			pick(r, taken...).res = pick(r, taken...).res
		}
	case 4:
		if len(taken) > 0 {
			a := pick(r, taken...)
			a.out, a.res = pick(r, ok, fail), ""
		}
	case 5, 6:
		if o.f == models.FEnqueue {
			item, _ := by.read(o.arg)
			o.arg = by.put(item, ranks())
		}
	case 7:
		o.out = pick(r, ok, fail, info)
	case 8:
		by.any(r, h.ops, i, ranks())
		o.out = ok
	}
}

// priorities generates histories with a few priorities, or with priorities as far apart
// as they can be.
func priorities(r *rand.Rand) record {
	some := pick(r, []int64{5}, []int64{0, 1}, []int64{1, 2, 3}, []int64{9, 10, 100}, []int64{math.MinInt32, -1, 0, math.MaxInt32}, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9})
	h := byPriority.generate(r, func() int64 { return pick(r, some...) })
	h.tidy(r)
	return h
}

// convicts logs zklab's answers: a comparison without any violation is worthless.
func convicts(t *testing.T, said map[string]int, properties ...string) {
	t.Logf("zklab: %v", said)
	for _, p := range properties {
		if said[p+" "+violation] == 0 && said["integrity "+unknown] > 500 {
			t.Errorf("nothing ever violated %s", p)
		}
	}
}

func TestPriorities(t *testing.T) {
	said := map[string]int{}
	own{
		name: "priority-queue", generate: priorities, zklab: byPriority.tally(said),
		ours: func(h record) answers {
			return byPriority.ours(h, func(q ranked, _ record) answers { return q.answers(byPriority) })
		},
	}.compare(t)
	convicts(t, said, "integrity", "class-order", "loss", "priority", "strict", "empty")
}
