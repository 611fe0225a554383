package adapter

import (
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/contracts"
)

var delayQueuesSuite = suiteOf(contracts.DelayQueues, nil,
	queueChecks(putter.isByDue, func(item []byte) any { return dueAt(time.Now().Add(-time.Second))(item) })...)

// dueAt puts items that are due at a time.
func dueAt(due time.Time) putter {
	return func(item []byte) any { return contracts.DelayedItem{Item: item, Due: due.UnixMilli()} }
}

// isByDue checks that items come in the order of their due times, equal ones in the
// order in which they were put, and none before it is due.
func (putter) isByDue(t *trial, a, b *object) {
	now := time.Now()
	soon, minuteAgo := now.Add(300*time.Millisecond).Truncate(time.Millisecond), dueAt(now.Add(-time.Minute))
	for i, p := range []putter{dueAt(soon), minuteAgo, dueAt(now.Add(-time.Hour)), minuteAgo} {
		p.put(t, a, fmt.Appendf(nil, "put %d", i))
	}
	for _, want := range []string{"put 2", "put 1", "put 3", "put 0"} {
		t.takes(b, []byte(want))
	}
	if early := time.Until(soon); early > 0 {
		t.failf("dequeued an item %s before it was due", early.Round(time.Millisecond))
	}
}
