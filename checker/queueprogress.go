package checker

import (
	"cmp"
	"context"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// queueProgress says that after heal an item and a live consumer that waits for
// one are not together for long.
var queueProgress = &property{
	name:     "progress",
	decider:  "items against waits",
	evidence: realTime,
	applies:  func(a *analysis) bool { return !a.foreign },
	decide: onQueue(func(ctx context.Context, f *finding, a *analysis, k *keyRecord, q *queueRecord) {
		if why := a.untimed(); why != "" {
			f.unknown("%s", why)
			return
		}
		decideQueueProgress(ctx, f, a, k, q)
	}),
}

// decideQueueProgress looks for an item that stayed while a consumer waited.
//
// Only stays beyond the bound and waits of some length matter. Both are few in a run
// that is right; in one that is not, each stay is looked up among the waits.
func decideQueueProgress(ctx context.Context, f *finding, a *analysis, k *keyRecord, q *queueRecord) {
	stays := append(q.stays(a), q.leftovers(a, k)...)
	waits := waitsByClient(k)
	for _, client := range slices.Sorted(maps.Keys(waits)) {
		w := a.consumerWaits(client, waits[client])
		for _, st := range stays {
			if ctx.Err() != nil {
				return
			}
			f.judgeConsumer(a, k.key, client, w, st)
		}
	}
}

// stay is how long an item certainly was in the queue.
type stay struct {
	span
	what    string
	witness []int
}

// stays are the items that certainly stayed for longer than the bound.
func (q *queueRecord) stays(a *analysis) []stay {
	var of []stay
	excuse := never // from here on an unknown dequeue may have taken anything
	if len(q.unknown) > 0 {
		excuse = q.unknown[0].Began()
	}
	for _, it := range q.items {
		op := it.enqueue()
		if op == nil || op.Outcome() != history.OK {
			continue
		}
		s := span{max(op.Return.Time, a.settled), min(it.leaves(), a.end)}
		if len(it.out) == 0 {
			s.to = min(s.to, max(excuse, s.from))
		}
		if s.length() > a.bound {
			of = append(of, stay{s, "item \"" + it.value + "\"", events(op)})
		}
	}
	return of
}

// leftovers is the stay of what a drain did not get out: if that is more than
// the enqueues with an unknown outcome can have put in late, some of it is an
// item that was in the queue since it was acknowledged.
func (q *queueRecord) leftovers(a *analysis, k *keyRecord) []stay {
	left, seen := k.leftOver(a)
	if seen == nil {
		return nil
	}
	s := stay{span: span{a.settled, seen.Time}, what: "an item that the drain did not get out", witness: []int{seen.Index}}
	for _, it := range q.items {
		op := it.enqueue()
		switch {
		case op == nil || len(it.out) > 0:
		case op.Outcome() != history.OK || op.Return.Time >= seen.Time:
			left--
		default:
			s.from = max(s.from, op.Return.Time)
			s.witness = append(s.witness, events(op)...)
		}
	}
	if left <= 0 || s.length() <= a.bound {
		return nil
	}
	return []stay{s}
}

// waitsByClient are the dequeues of each client that waited for long.
func waitsByClient(k *keyRecord) map[int][]*history.Operation {
	of := map[int][]*history.Operation{}
	for _, op := range k.ops {
		if op.F == history.FDequeue && ended(op)-op.Began() >= realWait {
			of[op.Client] = append(of[op.Client], op)
		}
	}
	return of
}

// judgeConsumer judges the longest wait of a client while an item stayed.
func (f *finding) judgeConsumer(a *analysis, key string, client int, w *consumerWaits, st stay) {
	worst, length := w.within(st.span)
	f.figures = withLongest(f.figures, "longest_wait_seconds", length)
	r := a.overdue(worst, length)
	if r == Valid || r == Violation && f.again() || r == Unknown && f.result != "" {
		return
	}
	f.overdue(r, append(w.events(a, client, st.span), st.witness...),
		"client %d waited for an item of %s from %s to %s, while %s was in it (%s, of %s allowed)",
		client, key, at(worst.from), at(worst.to), st.what, lasting(length), lasting(a.bound))
}

// consumerWaits is when a client waited for items. Waits that follow each other
// closely, and bring nothing, are one chain.
type consumerWaits struct {
	ops    []*history.Operation
	spans  []span          // a union
	length []time.Duration // of the spans before each, and of all
	chain  []int           // of each span
	starts []int           // the first span of each chain, and the end
	most   [][]int         // the first of the longest of 2^i chains from each on
}

func (a *analysis) consumerWaits(client int, ops []*history.Operation) *consumerWaits {
	w := &consumerWaits{ops: ops}
	var of []span
	var served []time.Duration
	for _, op := range ops {
		of = append(of, a.whileLive(client, span{op.Began(), ended(op)})...)
		if op.Outcome() == history.OK {
			served = append(served, op.Return.Time)
		}
	}
	slices.Sort(served)
	w.spans = union(of)
	sum := time.Duration(0)
	for i, s := range w.spans {
		if i == 0 || s.from-w.spans[i-1].to > retry || first(served, w.spans[i-1].to) <= s.from {
			w.starts = append(w.starts, i)
		}
		w.chain, w.length = append(w.chain, len(w.starts)-1), append(w.length, sum)
		sum += s.length()
	}
	w.length, w.starts = append(w.length, sum), append(w.starts, len(w.spans))
	w.rank()
	return w
}

// rank finds the longest of many chains, for all that is asked for.
func (w *consumerWaits) rank() {
	row := make([]int, len(w.starts)-1)
	for c := range row {
		row[c] = c
	}
	for size := 1; len(row) > 0; size *= 2 {
		w.most = append(w.most, row)
		next := make([]int, max(0, len(row)-size))
		for c := range next {
			next[c] = w.longer(row[c], row[c+size])
		}
		row = next
	}
}

// longer is which of two chains lasts longer, the first if none does.
func (w *consumerWaits) longer(c, d int) int {
	if w.length[w.starts[d+1]]-w.length[w.starts[d]] > w.length[w.starts[c+1]]-w.length[w.starts[c]] {
		return d
	}
	return c
}

// within is the longest chain in s, from its beginning to its end, and how long of
// that the client waited.
func (w *consumerWaits) within(s span) (worst span, longest time.Duration) {
	lo := reaching(w.spans, s.from+1)
	hi, _ := slices.BinarySearchFunc(w.spans, s.to, func(x span, t time.Duration) int { return cmp.Compare(x.from, t) })
	if lo >= hi {
		return span{}, 0
	}
	consider := func(chain int) {
		from, to := max(lo, w.starts[chain]), min(hi, w.starts[chain+1])
		of := span{max(s.from, w.spans[from].from), min(s.to, w.spans[to-1].to)}
		length := w.length[to] - w.length[from] - (of.from - w.spans[from].from) - (w.spans[to-1].to - of.to)
		if length > longest {
			worst, longest = of, length
		}
	}
	begin, end := w.chain[lo], w.chain[hi-1]
	consider(begin)
	if n := end - begin - 1; n > 0 { // those that lie in s from beginning to end
		i := bits.Len(uint(n)) - 1
		consider(w.longer(w.most[i][begin+1], w.most[i][end-1<<i]))
	}
	if end > begin {
		consider(end)
	}
	return worst, longest
}

// events are those of the waits in s.
func (w *consumerWaits) events(a *analysis, client int, s span) []int {
	var of []int
	for _, op := range w.ops {
		in := span{max(op.Began(), s.from), min(ended(op), s.to)}
		if in.from < in.to && len(a.whileLive(client, in)) > 0 {
			of = append(of, events(op)...)
		}
	}
	return of
}
