package queues

import (
	"cmp"
	"context"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// queueProgress requires that, after the heal, an item and a live consumer that waits
// for one do not exist together for long.
var queueProgress = frame.Progress("items against waits", frame.FromTimes,
	onQueue(func(ctx context.Context, f *frame.Finding, q *queue) {
		if f.Timed(q.Record) && (!q.delays || clocked(f, q)) {
			decideQueueProgress(ctx, f, q)
			decideRoom(ctx, f, q)
		}
	}))

// decideQueueProgress looks for an item that stayed while a consumer waited.
//
// Only stays beyond the bound and waits of some length matter. A correct run has few of
// them. In other runs, each stay is looked up among the waits.
func decideQueueProgress(ctx context.Context, f *frame.Finding, q *queue) {
	stays := append(q.stays(), q.leftovers()...)
	waits := waitsByClient(q.Key, func(o *models.Operation) bool { return o.Takes })
	for _, client := range slices.Sorted(maps.Keys(waits)) {
		w := readWaits(q.Record, client, waits[client])
		for _, st := range stays {
			if ctx.Err() != nil {
				return
			}
			judgeWaiter(f, q.Record, client, w, st, "for an item of "+q.Name, st.what+" was in it")
		}
	}
}

// stay is the time in which an item certainly was in the queue.
type stay struct {
	evidence.Span
	what           string
	counterexample []int
}

// stays returns the items that certainly stayed for longer than the bound.
func (q *queue) stays() []stay {
	var of []stay
	excuse := evidence.Never // from then on, an unknown dequeue may have taken any item
	if len(q.unknown) > 0 {
		excuse = q.unknown[0].Began()
	}
	for _, it := range q.items {
		op := it.enqueue()
		if op == nil || op.Outcome() != history.OK {
			continue
		}
		s := evidence.Span{From: max(it.ready(q.Record), q.Settled), To: min(it.leaves(), q.End)}
		if len(it.out) == 0 {
			s.To = min(s.To, max(excuse, s.From))
		}
		if s.Length() > q.Bound {
			of = append(of, stay{s, "item \"" + it.value + "\"", evidence.EventsOf(op)})
		}
	}
	return of
}

// leftovers returns the stay of an item that a drain did not take out: if there are
// more such items than enqueues with an unknown outcome can have put in late, at least
// one of them was in the queue since it was acknowledged.
func (q *queue) leftovers() []stay {
	left, seen := leftOver(q.Key)
	if seen == nil {
		return nil
	}
	s := stay{Span: evidence.Span{From: q.Settled, To: seen.Time}, what: "an item that the drain did not get out", counterexample: []int{seen.Index}}
	for _, it := range q.items {
		op := it.enqueue()
		switch {
		case op == nil || len(it.out) > 0:
		case op.Outcome() != history.OK || op.Return.Time >= seen.Time:
			left--
		default:
			s.From = max(s.From, it.ready(q.Record))
			s.counterexample = append(s.counterexample, evidence.EventsOf(op)...)
		}
	}
	if left <= 0 || s.Length() <= q.Bound {
		return nil
	}
	return []stay{s}
}

// waitsByClient returns, by client, the operations of some kind that waited for long.
func waitsByClient(k *evidence.Key, these func(*models.Operation) bool) map[int][]*history.Operation {
	of := map[int][]*history.Operation{}
	for _, op := range k.Ops() {
		if these(k.Object.Operation(op.F)) && evidence.Ended(op)-op.Began() >= frame.RealWait {
			of[op.Client] = append(of[op.Client], op)
		}
	}
	return of
}

// judgeWaiter judges the longest wait of a client for something during a stay of it.
func judgeWaiter(f *frame.Finding, a *evidence.Record, client int, w *consumerWaits, st stay, something, there string) {
	worst, length := w.within(st.Span)
	f.Longest("longest_wait_seconds", length)
	r := frame.Overdue(a, worst, length)
	if r == frame.Valid || r == frame.Violation && f.Again() || r == frame.Unknown && f.Result != "" {
		return
	}
	f.Overdue(r, append(w.events(a, client, st.Span), st.counterexample...),
		"client %d waited %s from %s to %s, while %s (%s, of %s allowed)",
		client, something, words.At(worst.From), words.At(worst.To), there, words.Lasting(length), words.Lasting(a.Bound))
}

// consumerWaits holds when a client waited for items. Successive waits without a result
// form one chain.
type consumerWaits struct {
	ops    []*history.Operation
	spans  []evidence.Span // a union
	length []time.Duration // total length of the spans before each one, and of all
	chain  []int           // the chain of each span
	starts []int           // the first span of each chain, and the end of the last one
	most   [][]int         // for each chain: the first of the longest among the 2^i chains from it on
}

func readWaits(a *evidence.Record, client int, ops []*history.Operation) *consumerWaits {
	w := &consumerWaits{ops: ops}
	var of []evidence.Span
	var served []time.Duration
	for _, op := range ops {
		of = append(of, a.WhileLive(client, evidence.Span{From: op.Began(), To: evidence.Ended(op)})...)
		if op.Outcome() == history.OK {
			served = append(served, op.Return.Time)
		}
	}
	slices.Sort(served)
	w.spans = evidence.Union(of)
	sum := time.Duration(0)
	for i, s := range w.spans {
		if i == 0 || s.From-w.spans[i-1].To > frame.Retry || evidence.FirstFrom(served, w.spans[i-1].To) <= s.From {
			w.starts = append(w.starts, i)
		}
		w.chain, w.length = append(w.chain, len(w.starts)-1), append(w.length, sum)
		sum += s.Length()
	}
	w.length, w.starts = append(w.length, sum), append(w.starts, len(w.spans))
	w.rank()
	return w
}

// rank prepares the queries for the longest of many chains.
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

// longer returns the longer of two chains, or the first if they are equal.
func (w *consumerWaits) longer(c, d int) int {
	if w.length[w.starts[d+1]]-w.length[w.starts[d]] > w.length[w.starts[c+1]]-w.length[w.starts[c]] {
		return d
	}
	return c
}

// within returns the longest chain within s, from its beginning to its end, and how
// long the client waited in it.
func (w *consumerWaits) within(s evidence.Span) (worst evidence.Span, longest time.Duration) {
	lo := evidence.Reaching(w.spans, s.From+1)
	hi, _ := slices.BinarySearchFunc(w.spans, s.To, func(x evidence.Span, t time.Duration) int { return cmp.Compare(x.From, t) })
	if lo >= hi {
		return evidence.Span{}, 0
	}
	consider := func(chain int) {
		from, to := max(lo, w.starts[chain]), min(hi, w.starts[chain+1])
		of := evidence.Span{From: max(s.From, w.spans[from].From), To: min(s.To, w.spans[to-1].To)}
		length := w.length[to] - w.length[from] - (of.From - w.spans[from].From) - (w.spans[to-1].To - of.To)
		if length > longest {
			worst, longest = of, length
		}
	}
	begin, end := w.chain[lo], w.chain[hi-1]
	consider(begin)
	if n := end - begin - 1; n > 0 { // chains that lie in s as a whole
		i := bits.Len(uint(n)) - 1
		consider(w.longer(w.most[i][begin+1], w.most[i][end-1<<i]))
	}
	if end > begin {
		consider(end)
	}
	return worst, longest
}

// events returns the events of the waits in s.
func (w *consumerWaits) events(a *evidence.Record, client int, s evidence.Span) []int {
	var of []int
	for _, op := range w.ops {
		in := evidence.Span{From: max(op.Began(), s.From), To: min(evidence.Ended(op), s.To)}
		if in.From < in.To && len(a.WhileLive(client, in)) > 0 {
			of = append(of, evidence.EventsOf(op)...)
		}
	}
	return of
}
