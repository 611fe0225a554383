package evidence

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Life is one process of a client. A client of a record is a seat: its process can be killed, and
// another one is started in its place. What a process opened, asked for, was granted or was shown
// belongs to that process, and ends with it at the latest. Only what its sessions made in the tree
// outlives it, until those sessions end.
type Life struct {
	Client int
	Number int // from 0
}

// LifeAt returns the life of a client that goes on, or that ends, at an event.
func (a *Processes) LifeAt(client, event int) Life {
	n, _ := slices.BinarySearchFunc(a.Exits[client], event, func(x exit, event int) int { return cmp.Compare(x.event, event) })
	return Life{client, n}
}

// EndOf returns when a life ended, and the event that says so; never, and -1, if it did not.
func (a *Processes) EndOf(l Life) (at time.Duration, event int) {
	if exits := a.Exits[l.Client]; l.Number < len(exits) {
		return exits[l.Number].At, exits[l.Number].event
	}
	return Never, -1
}

// LifeOf returns the life that called an operation.
func (a *Processes) LifeOf(op *history.Operation) Life { return a.LifeAt(op.Client, op.Invoke.Index) }
