package styles

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/subjects"
)

// delayQueue is a strict delay queue whose items have the time at which they are due in their names, in
// milliseconds, and are otherwise ordered by their czxid. It polls.
type delayQueue struct{ shelf }

// newStrictDelayQueue has a connection of its own, and fences its lists.
func newStrictDelayQueue(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	return &delayQueue{shelfAt(c, path, apart)}, nil
}

// IsStrict implements subjects.Strict.
func (*delayQueue) IsStrict() {}

func (q *delayQueue) Put(ctx context.Context, due time.Time, data []byte) error {
	return q.put(ctx, fmt.Sprintf("d%d", due.UnixMilli()), data)
}

func (q *delayQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, ranked("d"), func(due int64) bool { return due <= time.Now().UnixMilli() })
}
