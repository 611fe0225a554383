package styles

import (
	"context"
	"fmt"
	"strconv"

	"github.com/zklab/zklab/subjects"
)

// priorityQueue is a priority queue whose items have their priority in their names, and are otherwise
// ordered by their czxid.
type priorityQueue struct{ shelf }

// newSharedPriorityQueue has one connection for all priority queues of a client, and is not strict.
func newSharedPriorityQueue(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	return &priorityQueue{shelfAt(c, path, common)}, nil
}

// newStrictPriorityQueue fences its lists.
func newStrictPriorityQueue(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	q := strictPriorityQueue{&priorityQueue{shelfAt(c, path, borrowed)}}
	q.strict = true
	return q, nil
}

type strictPriorityQueue struct{ *priorityQueue }

// IsStrict implements subjects.Strict.
func (strictPriorityQueue) IsStrict() {}

func (q *priorityQueue) Put(ctx context.Context, priority int32, data []byte) error {
	return q.put(ctx, fmt.Sprintf("p%d", priority), data)
}

func (q *priorityQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, ranked("p"), always, q.plainly)
}

// ranked reads a rank behind a letter.
func ranked(letter string) func(string) (int64, bool) {
	return func(text string) (int64, bool) {
		if len(text) == 0 || text[:1] != letter {
			return 0, false
		}
		rank, err := strconv.ParseInt(text[1:], 10, 64)
		return rank, err == nil
	}
}
