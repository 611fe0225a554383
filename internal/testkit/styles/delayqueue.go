package styles

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/subjects"
)

// delayQueue is a delay queue whose items have the time at which they are due in their names, in
// milliseconds, and are otherwise ordered by their czxid. It polls.
type delayQueue struct{ shelf }

// newPolledDelayQueue uses the client's connection, and is not strict.
func newPolledDelayQueue(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	return &delayQueue{shelfAt(c, path, borrowed)}, nil
}

// newStrictDelayQueue has a connection of its own, and fences its lists.
func newStrictDelayQueue(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	q := strictDelayQueue{&delayQueue{shelfAt(c, path, apart)}}
	q.strict = true
	return q, nil
}

type strictDelayQueue struct{ *delayQueue }

// IsStrict implements subjects.Strict.
func (strictDelayQueue) IsStrict() {}

func (q *delayQueue) Put(ctx context.Context, due time.Time, data []byte) error {
	return q.put(ctx, fmt.Sprintf("d%d", due.UnixMilli()), data)
}

func (q *delayQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, ranked("d"), func(due int64) bool { return due <= time.Now().UnixMilli() }, q.plainly)
}
