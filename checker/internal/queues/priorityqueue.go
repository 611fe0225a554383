package queues

import (
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history/models"
)

// PriorityQueue is a queue with unique items that gives the one of the least priority
// number. Items of one priority are a FIFO queue; integrity, class-order and loss together
// say exactly that each of these is linearizable at its deletes. What priorities promise
// each other depends on the subject: see priority and strict.
var PriorityQueue = frame.Model{
	Object:     models.PriorityQueue,
	Properties: []*frame.Property{integrity, classOrder, loss, priority, strict, empty, queueProgress, inLog},
	References: []*frame.Reference{classReference, strictReference},
}

// classOrder is the order of each priority by itself. A queue keeps it whatever server its
// lists are from: of the items of one priority, an old list has the first ones.
var classOrder = &frame.Property{
	Name:     "class-order",
	Meaning:  "items of the same priority were delivered in the order in which they were put",
	Decider:  "sweep over enqueues",
	Telling:  explain.Overtaken,
	Evidence: frame.FromTimes,
	Decide:   onQueue(decideOrder),
	Exercise: queueExercise,
}
