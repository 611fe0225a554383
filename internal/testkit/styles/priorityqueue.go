package styles

import (
	"context"
	"fmt"
	"strconv"

	"github.com/zklab/zklab/subjects"
)

// priorityQueue is a strict priority queue whose items have their priority in their names, and are otherwise
// ordered by their czxid.
type priorityQueue struct{ shelf }

// newStrictPriorityQueue fences its lists.
func newStrictPriorityQueue(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	return &priorityQueue{shelfAt(c, path, borrowed)}, nil
}

// IsStrict implements subjects.Strict.
func (*priorityQueue) IsStrict() {}

func (q *priorityQueue) Put(ctx context.Context, priority int32, data []byte) error {
	return q.put(ctx, fmt.Sprintf("p%d", priority), data)
}

func (q *priorityQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, ranked("p"), always)
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
