package models

import (
	"fmt"

	"github.com/zklab/zklab/history"
)

// Ranked is an item with its priority: the value of an enqueue's invoke. In a queue without
// priorities, all items have priority 0.
type Ranked struct {
	Item     string `json:"item"`
	Priority int32  `json:"priority"` // the lowest number comes first
}

// PriorityQueue is a queue that returns the item with the lowest priority number, and among equals
// the one that was added first. It has the operations of a queue; the value of FEnqueue is a
// Ranked.
var PriorityQueue = &Model{
	Name: "priority-queue", About: "a queue that delivers the item with the lowest number",
	State: Filled, OnZnodes: true, Page: "queue",
	Operations: queueOperations(tellRanked),
}

func tellRanked(op *history.Operation, w *Words) Values {
	v := tellPut(op, w)
	var r Ranked
	_ = op.Invoke.Decode(&r)
	w.Name += fmt.Sprintf(" at %d", r.Priority)
	w.Asked += fmt.Sprintf(" with priority %d", r.Priority)
	return v
}
