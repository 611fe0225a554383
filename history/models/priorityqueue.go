package models

import (
	"fmt"

	"github.com/zklab/zklab/history"
)

// Ranked is an item with its priority, the value of an enqueue's invoke. An item of a
// queue that has no priorities has the priority 0, as all others there.
type Ranked struct {
	Item     string `json:"item"`
	Priority int32  `json:"priority"` // the least is the best
}

// PriorityQueue is a queue that gives the item of the least priority number, and of those
// the one that was put in first. Its operations are those of a queue; history.FEnqueue has a
// Ranked.
var PriorityQueue = declare(Model{
	Name: "priority-queue", About: "a queue that gives the item with the least number",
	State: Filled, OnZnodes: true,
	Operations: queueOperations(tellRanked),
})

func tellRanked(op *history.Operation, w *Words) Values {
	v := tellPut(op, w)
	var r Ranked
	_ = op.Invoke.Decode(&r)
	w.Name += fmt.Sprintf(" at %d", r.Priority)
	w.Asked += fmt.Sprintf(" with priority %d", r.Priority)
	return v
}
