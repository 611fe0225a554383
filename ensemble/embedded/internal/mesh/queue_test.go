package mesh

import (
	"testing"

	"pgregory.net/rapid"
)

// TestQueue compares the queue with a slice, and looks at what it keeps.
func TestQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue[int]
		var want []int
		next := 0
		count := rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(1, 5*keep))
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				for range count.Draw(t, "count") {
					next++
					q.push(item[int]{msg: next})
					want = append(want, next)
				}
			},
			"pop": func(t *rapid.T) {
				for range min(count.Draw(t, "count"), len(want)) {
					front := q.front().msg
					if got := q.pop().msg; got != want[0] || front != got {
						t.Fatalf("popped %d from front %d, want %d", got, front, want[0])
					}
					want = want[1:]
				}
			},
			"": func(t *rapid.T) { checkQueue(t, &q, len(want)) },
		})
	})
}

func checkQueue(t *rapid.T, q *queue[int], n int) {
	if q.len() != n {
		t.Fatalf("has %d items, want %d", q.len(), n)
	}
	if n == 0 && cap(q.items) > keep {
		t.Fatalf("is empty and keeps room for %d", cap(q.items))
	}
	if q.head > keep && q.head > n {
		t.Fatalf("has %d items and keeps %d that are gone", n, q.head)
	}
	for i, it := range q.items[:cap(q.items)] {
		if held := i >= q.head && i < len(q.items); !held && it != (item[int]{}) {
			t.Fatalf("item %d is still there", i)
		}
	}
}

// TestDeliveredIsForgotten: a link keeps alive nothing that has arrived.
func TestDeliveredIsForgotten(t *testing.T) {
	m := New[*int]()
	defer m.Close()
	m.Attach(1, func([]*int) {}, func(int) {})
	m.Attach(2, func([]*int) {}, func(int) {})
	m.Send(1, 2, new(int))
	if left := (*m.pairs.Load())[ids{1, 2}].link(1).one[0]; left != nil {
		t.Error("the message is still there")
	}
}
