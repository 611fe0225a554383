package contracts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// Offers that an adapter may declare for a queue.
const (
	OfferBounded = "bounded" // a [subjects.Bounded] queue
	OfferStrict  = "strict"  // a [subjects.Strict] priority queue or delay queue
)

// The operations of a [subjects.Queue].
var (
	QueuePut  = gives(models.FEnqueue, subjects.Queue.Put)
	QueueTake = asks(models.FDequeue, subjects.Queue.Take)
)

// Queues is the contract of a [subjects.Queue].
var Queues = queues(models.Queue, offers[subjects.Bounded](OfferBounded), QueuePut, QueueTake)

// RankedItem is an item with its priority, as another process receives it.
type RankedItem struct {
	Item     []byte `json:"item"`
	Priority int32  `json:"priority"`
}

// The operations of a [subjects.PriorityQueue].
var (
	PriorityQueuePut = gives(models.FEnqueue, func(q subjects.PriorityQueue, ctx context.Context, v RankedItem) error {
		return q.Put(ctx, v.Priority, v.Item)
	})
	PriorityQueueTake = asks(models.FDequeue, subjects.PriorityQueue.Take)
)

// PriorityQueues is the contract of a [subjects.PriorityQueue].
var PriorityQueues = queues(models.PriorityQueue, offers[subjects.Strict](OfferStrict), PriorityQueuePut, PriorityQueueTake)

// DelayedItem is an item with its due time, in milliseconds since 1970, as another process
// receives it.
type DelayedItem struct {
	Item []byte `json:"item"`
	Due  int64  `json:"due"`
}

// The operations of a [subjects.DelayQueue].
var (
	DelayQueuePut = gives(models.FEnqueue, func(q subjects.DelayQueue, ctx context.Context, v DelayedItem) error {
		return q.Put(ctx, time.UnixMilli(v.Due), v.Item)
	})
	DelayQueueTake = asks(models.FDequeue, subjects.DelayQueue.Take)
)

// DelayQueues is the contract of a [subjects.DelayQueue].
var DelayQueues = queues(models.DelayQueue, offers[subjects.Strict](OfferStrict), DelayQueuePut, DelayQueueTake)

// queues returns the contract of queues of one kind.
func queues[Q any](m *models.Model, offers offer, operations ...operation[Q]) *Contract[Q, None] {
	return &Contract[Q, None]{
		model: m, operations: operations, offers: []offer{offers},
		about: func(q Q) any { return aboutQueue(q) }, check: checkQueue,
	}
}

// queueAnswer is a queue's answer to the request "make".
type queueAnswer struct {
	// Items is a text that the names of all items contain; "" if every child is an item.
	Items string `json:"items,omitempty"`
	Room  int    `json:"capacity,omitempty"` // of a [subjects.Bounded] queue
}

// aboutQueue returns a queue's answer to the request "make"; nil for none.
func aboutQueue(queue any) any {
	var about queueAnswer
	names, named := subjects.Offered[subjects.ItemNamer](queue)
	if named {
		about.Items = names.ItemNames()
	}
	bounded, is := subjects.Offered[subjects.Bounded](queue)
	if is {
		about.Room = bounded.Capacity()
	}
	if !named && !is {
		return nil
	}
	return about
}

// checkQueue checks what another process says about a queue.
func checkQueue(queue subjects.Object) error {
	var about queueAnswer
	if err := queue.About(&about); err != nil {
		return err
	}
	if queue.Offers(OfferBounded) && about.Room < 1 {
		return fmt.Errorf("the program offers %q, and says no capacity of 1 or more when it makes a queue", OfferBounded)
	}
	return nil
}

// RoomIn returns the capacity of a queue; 0 if it is not [subjects.Bounded].
func RoomIn(queue At[subjects.Queue]) int {
	if !queue.Offers(OfferBounded) {
		return 0
	}
	if queue.There == nil {
		b, _ := subjects.Offered[subjects.Bounded](queue.Here)
		return b.Capacity()
	}
	var about queueAnswer
	_ = queue.There.About(&about)
	return about.Room
}

// ItemsIn returns the function that reports which children of a queue's znode are items; see
// [subjects.Itemizer].
func ItemsIn[Q any](queue At[Q]) (isItem func(child string) bool) {
	if queue.There == nil {
		if i, ok := subjects.Offered[subjects.Itemizer](queue.Here); ok {
			return i.IsItem
		}
		return func(string) bool { return true }
	}
	var about queueAnswer
	_ = queue.There.About(&about)
	return func(child string) bool { return strings.Contains(child, about.Items) }
}
