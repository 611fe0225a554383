package adapter

import (
	"fmt"

	"github.com/zklab/zklab/internal/contracts"
)

var priorityQueuesSuite = suiteOf(contracts.PriorityQueues, nil,
	queueChecks(putter.isBestFirst, func(item []byte) any { return contracts.RankedItem{Item: item, Priority: 5} })...)

// isBestFirst checks that items come by number, equal ones in the order in which they
// were put.
func (putter) isBestFirst(t *trial, a, b *object) {
	at := func(priority int32) putter {
		return func(item []byte) any { return contracts.RankedItem{Item: item, Priority: priority} }
	}
	for i, priority := range []int32{10, 9, 2, 9, 1, 100, 2, 0} {
		at(priority).put(t, a, fmt.Appendf(nil, "%d put %d", priority, i))
	}
	for _, want := range []string{"0 put 7", "1 put 4", "2 put 2", "2 put 6", "9 put 1", "9 put 3", "10 put 0", "100 put 5"} {
		t.takes(b, []byte(want))
	}
}
