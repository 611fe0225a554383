package queues

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// priority requires that a dequeue passes over no better item that it must see. A server may lag,
// so the dequeue must see only what its session had been told of when it was called, and the better
// item must have been there until the returned item was taken.
//
// A session certainly had been told of the items that it put in itself and, with a log, of everything
// that came before an item that it put in or took. That a link saw an answer proves nothing: a fault
// may have kept the answer from the client, whose next server may be behind it.
var priority = &frame.Property{
	Name:    "priority",
	NoModel: frame.Given,
	Meaning: "no dequeue skipped a better item that its session had seen",
	Decider: "sweep over priorities",
	Evidence: func(a *evidence.Record) string {
		if settlesQueues(a) {
			return "S, L"
		}
		return "S"
	},
	Decide: onQueue(func(_ context.Context, f *frame.Finding, q *queue) {
		q.countChoices(f)
		f.Count("inversions", float64(len(strictly(q).wrong)))
		decidePriority(f, q)
	}),
	Exercise: choiceExercise,
}

// choiceExercise requires dequeues that had a choice between priorities.
func choiceExercise(_ *evidence.Record, figures map[string]float64) string {
	return frame.Because(frame.Few(figures["choices"], 10, "dequeues while items of another priority were there"), frame.MoreMeetings)
}

// countChoices counts the dequeues at whose beginning an item of another priority was certainly
// there.
func (q *queue) countChoices(f *frame.Finding) {
	f.Count("choices", 0)
	type change struct {
		at    time.Duration
		order int // at one moment: first items that leave, then dequeues, then items that arrive
		it    *item
	}
	var all []change
	for _, it := range q.items {
		if from := it.ready(q.Record); from < it.leaves() {
			all = append(all, change{from, 2, it}, change{it.leaves(), 0, it})
		}
		for _, op := range it.out {
			all = append(all, change{op.Began(), 1, it})
		}
	}
	slices.SortStableFunc(all, func(x, y change) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.order, y.order))
	})
	there, sum := map[int64]int{}, 0
	for _, c := range all {
		p := c.it.priority
		switch c.order {
		case 0:
			there[p]--
			sum--
		case 1:
			if sum > there[p] {
				f.CountSpan(q.Record, "choices", evidence.Span{From: c.at, To: c.at})
			}
		default:
			there[p]++
			sum++
		}
	}
}

// orderedTake is a dequeue that returned an item, with two places in an order: told is what its
// session had been told of when it was called, and took is the place by which it had taken the
// item.
type orderedTake struct {
	*item
	op   *history.Operation
	told uint64
	took uint64
}

// orderedItem is an item with two places in the same order: a session that has been told of from
// must see the item, and the item was there until to.
type orderedItem struct {
	*item
	from, to uint64
	node     *evidence.Znode // nil: the log does not tell
}

// decidePriority compares dequeues with items by times, and then by the log.
func decidePriority(f *frame.Finding, q *queue) {
	takes, items := q.orderedTakes(), q.ownOrderedItems()
	for _, s := range byID(takes) {
		for _, o := range inversions(takes[s], items[s]) {
			f.Violated(o.events(), "%s, though it had itself put in %s by %s, and %s",
				o.tells(q), o.better.ranked(), words.At(o.better.entered()), o.better.staysUntil())
		}
	}
	if !q.wholeLog() {
		return
	}
	before := f.Result
	for _, o := range inversions(q.loggedTakes(takes), q.loggedItems()) {
		f.Violated(o.events(), "%s, though it had done something at %s before, and the transaction log has %s put in at %s%s, and %q taken at %s",
			o.tells(q), words.Zxid(o.told), o.better.ranked(), words.Zxid(o.better.from), o.better.node.Until(), o.value, words.Zxid(o.took))
		f.ByLog = f.ByLog || before != frame.Violation
	}
}

// staysUntil returns text saying how long no client began to take an item.
func (s *orderedItem) staysUntil() string {
	if len(s.out) > 0 {
		return "no client began to take it before " + words.At(s.leaves())
	}
	return "no client took it"
}

// inversion is a dequeue that passed over a better item.
type inversion struct {
	orderedTake
	better orderedItem
}

// tells describes what the dequeue did.
func (o *inversion) tells(q *queue) string {
	return fmt.Sprintf("client %d asked %s at %s and got %s by %s", o.op.Client, q.Name, words.At(o.op.Began()), o.ranked(), words.At(o.op.Return.Time))
}

func (o *inversion) events() []int {
	events := slices.Concat(evidence.EventsOf(o.enqueue()), evidence.EventsOf(o.op), evidence.EventsOf(o.better.enqueue()))
	if len(o.better.out) > 0 {
		events = append(events, evidence.EventsOf(o.better.out[0])...)
	}
	return events
}

// inversions returns the dequeues that took an item although a better one, which their session must
// have seen, was in the queue and stayed there until after they had taken theirs. Of several better
// items, it returns the one that stayed longest.
func inversions(takes []orderedTake, items []orderedItem) (found []inversion) {
	slices.SortStableFunc(takes, func(x, y orderedTake) int { return cmp.Compare(x.priority, y.priority) })
	slices.SortStableFunc(items, func(x, y orderedItem) int { return cmp.Compare(x.priority, y.priority) })
	longest := newLongest(items)
	for _, t := range takes {
		for ; len(items) > 0 && items[0].priority < t.priority; items = items[1:] {
			longest.add(items[0])
		}
		if s := longest.upTo(t.told); s != nil && s.to > t.took {
			found = append(found, inversion{t, *s})
		}
	}
	return found
}

// longest finds the item that stayed longest among those that were put in by a moment. It is a tree
// of maxima (Fenwick).
type longest struct {
	from []uint64
	best []*orderedItem
}

func newLongest(items []orderedItem) *longest {
	l := &longest{}
	for _, s := range items {
		l.from = append(l.from, s.from)
	}
	slices.Sort(l.from)
	l.from = slices.Compact(l.from)
	l.best = make([]*orderedItem, len(l.from)+1)
	return l
}

func (l *longest) add(s orderedItem) {
	i, _ := slices.BinarySearch(l.from, s.from)
	for i++; i < len(l.best); i += i & -i {
		if l.best[i] == nil || l.best[i].to < s.to {
			l.best[i] = &s
		}
	}
}

func (l *longest) upTo(told uint64) (most *orderedItem) {
	i, found := slices.BinarySearch(l.from, told)
	if found {
		i++
	}
	for ; i > 0; i -= i & -i {
		if b := l.best[i]; b != nil && (most == nil || b.to > most.to) {
			most = b
		}
	}
	return most
}

// orderedTakes returns, by session, the dequeues that used no other session. The session had been told
// of everything that ended before the dequeue began.
func (q *queue) orderedTakes() map[*evidence.Session][]orderedTake {
	of := map[*evidence.Session][]orderedTake{}
	for _, it := range q.taken() {
		for _, op := range it.out {
			if s := q.Only(op); s != nil && op.Began() > 0 {
				of[s] = append(of[s], orderedTake{it, op, uint64(op.Began()) - 1, uint64(op.Return.Time)})
			}
		}
	}
	return of
}

// byID returns the sessions of dequeues.
func byID(takes map[*evidence.Session][]orderedTake) []*evidence.Session {
	return slices.SortedFunc(maps.Keys(takes), func(x, y *evidence.Session) int { return cmp.Compare(x.ID, y.ID) })
}

// ownOrderedItems returns, by session, the items that the session put in, with the times between which
// they certainly were there.
func (q *queue) ownOrderedItems() map[*evidence.Session][]orderedItem {
	of := map[*evidence.Session][]orderedItem{}
	for _, x := range acknowledged(q) {
		if until := q.certainUntil(x.item); until > x.entered() {
			of[x.in] = append(of[x.in], orderedItem{item: x.item, from: uint64(x.entered()), to: uint64(until)})
		}
	}
	return of
}

// certainUntil returns the time until which an item that had been put in certainly was there.
func (q *queue) certainUntil(it *item) time.Duration {
	if len(it.out) > 0 || len(q.unknown) == 0 {
		return it.leaves()
	}
	return q.unknown[0].Began()
}

// wholeLog reports whether the log shows all puts and takes of items.
func (q *queue) wholeLog() bool {
	if !settlesQueues(q.Record) {
		return false
	}
	first, last := evidence.StillThere, uint64(0)
	for _, s := range q.loggedItems() {
		first, last = min(first, s.from), max(last, s.from)
		if s.to != evidence.StillThere {
			last = max(last, s.to)
		}
	}
	return last > 0 && q.Log.Covers(first-1, last)
}

// loggedItems returns the items with their times in the log.
func (q *queue) loggedItems() (all []orderedItem) {
	for _, it := range q.items {
		if it.enqueue() == nil {
			continue
		}
		for _, n := range nodesOf(q.Record).copies(it) {
			all = append(all, orderedItem{it, n.Created, n.Deleted, n})
		}
	}
	return all
}

// loggedTakes returns the dequeues for which the log has exactly one delete by their
// client.
func (q *queue) loggedTakes(takes map[*evidence.Session][]orderedTake) (all []orderedTake) {
	for _, s := range byID(takes) {
		for _, p := range takes[s] {
			n := nodesOf(q.Record).deletedBy(q.Record, p.item, p.op)
			if told := toldOf(q.Record).before(s, p.op.Began()); n != nil && told > 0 {
				all = append(all, orderedTake{p.item, p.op, told, n.Deleted})
			}
		}
	}
	return all
}

// deletedBy returns the znode that a dequeue deleted, and createdBy the znode that an enqueue
// created; nil if it is not certain.
func (x *itemNodes) deletedBy(a *evidence.Record, it *item, op *history.Operation) *evidence.Znode {
	of := x.copies(it)
	if len(of) != 1 || of[0].Deleted == evidence.StillThere || !a.IsOf(of[0].Remover, op.Client) {
		return nil
	}
	return of[0]
}

func (x *itemNodes) createdBy(a *evidence.Record, it *item, op *history.Operation) *evidence.Znode {
	of := x.copies(it)
	if len(of) != 1 || !a.IsOf(of[0].Maker, op.Client) {
		return nil
	}
	return of[0]
}

// seenZxids holds, by session, what the session had been told of when one of its operations returned:
// the zxid of what that operation did.
type seenZxids map[*evidence.Session][]seenZxid

type seenZxid struct {
	at   time.Duration
	zxid uint64
}

// toldOf returns the zxids for all queues of a record.
var toldOf = evidence.Once(func(a *evidence.Record) seenZxids {
	of := seenZxids{}
	add := func(op *history.Operation, n *evidence.Znode, zxid func(*evidence.Znode) uint64) {
		if s := a.Only(op); n != nil && s != nil && op.Outcome() == history.OK {
			of[s] = append(of[s], seenZxid{op.Return.Time, zxid(n)})
		}
	}
	for _, k := range a.Keys {
		for _, it := range queueOf(k).items {
			for _, op := range it.in {
				add(op, nodesOf(a).createdBy(a, it, op), func(n *evidence.Znode) uint64 { return n.Created })
			}
			for _, op := range it.out {
				add(op, nodesOf(a).deletedBy(a, it, op), func(n *evidence.Znode) uint64 { return n.Deleted })
			}
		}
	}
	for _, all := range of {
		slices.SortFunc(all, func(x, y seenZxid) int { return cmp.Compare(x.at, y.at) })
		for i := 1; i < len(all); i++ {
			all[i].zxid = max(all[i].zxid, all[i-1].zxid)
		}
	}
	return of
})

// before returns what a session had been told of before t; 0 if nothing is known.
func (x seenZxids) before(s *evidence.Session, t time.Duration) uint64 {
	i, _ := slices.BinarySearchFunc(x[s], t, func(y seenZxid, t time.Duration) int { return cmp.Compare(y.at, t) })
	if i == 0 {
		return 0
	}
	return x[s][i-1].zxid
}
