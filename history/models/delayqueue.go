package models

import (
	"fmt"
	"time"

	"github.com/zklab/zklab/history"
)

// Delayed is an item with the time at which it becomes due: the value of an enqueue's invoke. The
// time is on the record's clock; as wall-clock time it is a whole millisecond.
type Delayed struct {
	Item string        `json:"item"`
	Due  time.Duration `json:"due"`
}

// DelayQueue is a queue that returns no item before it is due, and of the due items the one that
// has been due for longest. It has the operations of a queue; the value of FEnqueue is a Delayed.
var DelayQueue = &Model{
	Name: "delay-queue", About: "a queue that delivers each item when it is due",
	State: Filled, OnZnodes: true, Page: "queue",
	Operations: queueOperations(tellDelayed),
}

func tellDelayed(op *history.Operation, w *Words) Values {
	v := tellPut(op, w)
	var d Delayed
	_ = op.Invoke.Decode(&d)
	due := fmt.Sprintf("%.3f s", d.Due.Seconds())
	w.Name += " for " + due
	w.Asked += ", due at " + due
	return v
}
