package mesh

// queue holds items in order. Popped ones take no room for long, however long the
// queue goes on without being empty.
type queue[M any] struct {
	items []item[M]
	head  int
}

func (q *queue[M]) len() int { return len(q.items) - q.head }

func (q *queue[M]) push(it item[M]) { q.items = append(q.items, it) }

func (q *queue[M]) front() *item[M] { return &q.items[q.head] }

// keep is the most items for which an empty queue keeps its memory.
const keep = 256

func (q *queue[M]) pop() item[M] {
	it := q.items[q.head]
	q.items[q.head] = item[M]{}
	q.head++
	switch {
	case q.len() == 0 && cap(q.items) > keep:
		*q = queue[M]{}
	case q.len() == 0:
		q.items, q.head = q.items[:0], 0
	case q.head > keep && q.head > q.len():
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return it
}
