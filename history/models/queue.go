package models

import "github.com/zklab/zklab/history"

// Operations on a queue.
const (
	// FEnqueue adds an item: invoke Item, ok nothing.
	FEnqueue = "enqueue"
	// FDequeue removes an item: invoke nothing, ok Item, or no value if the queue was empty.
	FDequeue = "dequeue"
)

// Queue is a FIFO queue.
var Queue = &Model{
	Name: "queue", About: "a FIFO queue",
	State: Filled, OnZnodes: true,
	Operations: queueOperations(tellPut),
}

// queueOperations returns the operations of a queue of any kind. put describes what is added.
func queueOperations(put func(*history.Operation, *Words) Values) []Operation {
	return []Operation{
		{F: FEnqueue, Puts: true, Quorum: always, Tell: put, Words: Words{
			Name: "put", Asked: "put", Refused: "failed", Early: true,
		}},
		{F: FDequeue, Waits: true, Takes: true, Quorum: gotItem, Tell: tellTake, Words: Words{
			Name: "take", Asked: "asked {key} for an item", Refused: "took none",
		}},
	}
}

// gotItem reports whether a dequeue, if it succeeded, returned an item: a single server can
// answer that a queue is empty, so only an item proves a quorum.
func gotItem(op *history.Operation) bool {
	var v Item
	return op.Outcome() != history.OK || op.Return.Decode(&v) == nil && v.Item != ""
}

func tellPut(op *history.Operation, w *Words) Values {
	var v Item
	_ = op.Invoke.Decode(&v)
	w.Name = "put " + shown(v.Item)
	w.Asked = "put " + Quoted(v.Item) + " into " + Key(op.Key)
	if op.Outcome() == history.Fail {
		w.Asked = "tried to " + w.Asked
	}
	return Values{Item: v.Item}
}

func tellTake(op *history.Operation, w *Words) Values {
	if op.Outcome() != history.OK {
		return Values{}
	}
	var v Item
	_ = op.Return.Decode(&v)
	w.Name, w.Done = "take "+shown(v.Item), "got "+Quoted(v.Item)
	if v.Item == "" {
		w.Name, w.Done = "take: empty", "found it empty"
	}
	return Values{Item: v.Item}
}
