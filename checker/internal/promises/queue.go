package promises

// queue holds requests that wait for something, in order, each under a number; several
// may have the same number. Nearly always the oldest leaves first. For requests that
// leave out of order, or never came, an index is built once it is needed.
type queue struct {
	list   []waiting
	head   int
	places map[int][]int // of each number, in order; nil: not needed yet
}

// waiting is a request in a queue.
type waiting struct {
	*request // nil: it has left the queue
	number   int
}

func (q *queue) push(r *request, number int) {
	if q.places != nil {
		q.places[number] = append(q.places[number], len(q.list))
	}
	q.list = append(q.list, waiting{r, number})
}

// first returns the oldest request; nil if there is none.
func (q *queue) first() *request {
	for ; q.head < len(q.list); q.head++ {
		if r := q.list[q.head].request; r != nil {
			return r
		}
	}
	q.list, q.head = q.list[:0], 0
	return nil
}

// take removes and returns the oldest request with a number; nil if there is none.
func (q *queue) take(number int) *request {
	if q.first() == nil {
		return nil
	}
	i := q.head
	if q.list[i].number != number || q.places != nil {
		of := q.index()[number]
		if len(of) == 0 {
			return nil
		}
		if i = of[0]; len(of) == 1 {
			delete(q.places, number)
		} else {
			q.places[number] = of[1:]
		}
	}
	r := q.list[i].request
	q.list[i].request = nil
	return r
}

// takeFirst removes and returns the oldest request. The queue must not be empty.
func (q *queue) takeFirst() *request { return q.take(q.list[q.head].number) }

// index returns the places of each number.
func (q *queue) index() map[int][]int {
	if q.places == nil {
		q.places = map[int][]int{}
		for i := q.head; i < len(q.list); i++ {
			if w := q.list[i]; w.request != nil {
				q.places[w.number] = append(q.places[w.number], i)
			}
		}
	}
	return q.places
}
