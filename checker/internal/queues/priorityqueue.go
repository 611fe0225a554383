package queues

import (
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history/models"
)

// PriorityQueue is a queue with unique items that returns the item with the least priority number.
// The items of one priority are a FIFO queue; integrity, class-order and loss together mean that
// each of these queues is linearizable at its deletes, and nothing more. The order between
// priorities depends on the subject: see priority and strict.
var PriorityQueue = frame.Model{
	Object:     models.PriorityQueue,
	Properties: []*frame.Property{integrity, classOrder, loss, priority, strict, empty, queueProgress, inLog},
	References: []*frame.Reference{classReference, strictReference},
}

// classOrder is the property order, for each priority separately. A queue keeps this order even if
// it lists items at a server that lags: an old list has the first items of each priority.
var classOrder = &frame.Property{
	Name:     "class-order",
	Meaning:  "items of the same priority were delivered in the order in which they were put",
	Decider:  "sweep over enqueues",
	Telling:  explain.Overtaken,
	Evidence: frame.FromTimes,
	Decide:   onQueue(decideOrder),
	Exercise: queueExercise,
}
