package linear

import (
	"fmt"

	"github.com/zklab/zklab/checker/internal/frame"
)

// This file counts everything that is wrong with a violated key. The procedures themselves end at
// the first violation, with its counterexample.

// tally counts anomalies of a key.
type tally = frame.Anomalies

// tallyIDs counts the ids that were returned more than once.
func tallyIDs(k *object) (t tally) {
	n := k.numbers()
	var returned []int
	for i := range k.ops {
		v := int(n.of(k.ops[i].a))
		if v == len(returned) {
			returned = append(returned, 0)
		}
		returned[v]++
	}
	for v, many := range returned {
		if many > 1 {
			t.Note(frame.Duplicated, frame.Often(k.value(n.list[v]), many))
		}
	}
	return t
}

// moved counts how often there was an attempt to put a value, and how often it went in and came out. before counts how
// often it went in before the queue was last seen empty.
type moved struct{ tried, in, out, before int }

// moves counts how often each value of a queue went in and came out, and the dequeues
// that may have taken any.
func (k *object) moves() (n *numbers, all []moved, unknown int) {
	n = k.numbers()
	empty := int32(none) // the last dequeue that found nothing
	for _, i := range k.empties() {
		if empty == none || k.ops[i].inv > k.ops[empty].inv {
			empty = i
		}
	}
	for i := range k.ops {
		o := &k.ops[i]
		switch {
		case o.code == drain || o.code == dequeue && o.unknown():
			unknown++
			continue
		case o.code == dequeue && o.a == 0:
			continue
		}
		v := n.of(o.a)
		for int(v) >= len(all) {
			all = append(all, moved{})
		}
		m := &all[v]
		switch {
		case o.code == dequeue:
			m.out++
		case o.unknown():
			m.tried++
		default:
			m.tried++
			m.in++
			if empty != none && o.ret < k.ops[empty].inv {
				m.before++
			}
		}
	}
	return n, all, unknown
}

// tallyQueue counts values that came out of a queue without having gone in, or more often than they
// had gone in. Values are lost if the queue was seen empty later and no dequeue of unknown outcome
// can have taken them.
func tallyQueue(k *object) (t tally) {
	n, all, unknown := k.moves()
	for v, m := range all {
		name := k.value(n.list[v])
		switch {
		case m.tried == 0:
			t.Note(frame.Unexpected, name)
		case m.out > m.tried:
			t.Note(frame.Duplicated, frame.Often(name, m.out))
		case m.out < m.before && unknown == 0:
			t.Note(frame.Lost, name)
		}
	}
	return t
}

// tallyTotal counts like Jepsen's total-queue, for which duplicated values are no
// violation.
func tallyTotal(k *object) (t tally) {
	n, all, _ := k.moves()
	for v, m := range all {
		name := k.value(n.list[v])
		switch {
		case m.tried == 0:
			t.Note(frame.Unexpected, name)
		case m.out < m.in:
			t.Note(frame.Lost, name)
		case m.out > m.tried:
			t.Note(frame.Duplicated, frame.Often(name, m.out))
		}
	}
	return t
}

// tallySet counts by the last read of a set: added elements that are missing, and elements that the
// read shows although no process had tried to add them.
func tallySet(k *object) (t tally) {
	last := k.lastRead()
	if last == none || k.shown(last) == nil || k.h.codes[k.key].has(remove) {
		return nil
	}
	timed := k.h.Model.kind.timed
	n := k.numbers()
	var added, tried []bool
	for i := range k.ops {
		o := &k.ops[i]
		if o.code != add {
			continue
		}
		v := int(n.of(o.a))
		if v == len(added) {
			added, tried = append(added, false), append(tried, false)
		}
		added[v] = added[v] || !o.unknown() && (!timed || o.ret < k.ops[last].inv)
		tried[v] = tried[v] || !timed || o.inv < k.ops[last].ret
	}
	shown := map[int32]int{}
	for _, id := range k.shown(last) {
		shown[id]++
	}
	for v, is := range added {
		if is && shown[n.list[v]] == 0 {
			t.Note(frame.Lost, k.value(n.list[v]))
		}
	}
	for _, id := range k.shown(last) {
		switch v := n.known(id); {
		case shown[id] == 0:
		case v == none || !tried[v]:
			t.Note(frame.Unexpected, k.value(id))
		case shown[id] > 1:
			t.Note(frame.Duplicated, frame.Often(k.value(id), shown[id]))
		}
		delete(shown, id)
	}
	return t
}

// tallyReads counts the reads of a counter, each taken alone, that no sum of adds
// explains.
func tallyReads(k *object) (t tally) {
	k.eachOutside(func(i int32, lo, hi int64) bool {
		t.Note(frame.Impossible, k.outside(i, lo, hi))
		return true
	})
	return t
}

// tallyFinals counts the wrong final reads of a counter.
func tallyFinals(k *object) (t tally) {
	for i := range k.ops {
		if k.final(int32(i)) {
			if sums := k.sumsAt(int32(i)); !sums.has(int64(k.ops[i].a)) {
				t.Note(frame.Impossible, k.outside(int32(i), sums.least, sums.most))
			}
		}
	}
	return t
}

// outside describes a read whose sum is outside the given bounds.
func (k *object) outside(i int32, lo, hi int64) string {
	return fmt.Sprintf("%d (possible: %d to %d)", k.ops[i].a, lo, hi)
}
