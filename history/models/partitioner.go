package models

import (
	"github.com/zklab/zklab/history"
)

// Share is the value of the ok of a partitioner's acquire: the items that the client holds.
type Share struct {
	Keys  []string   `json:"keys"`
	Token history.ID `json:"token,omitempty"`
}

// Due is the value of the ok of a partitioner's changed: whether the client was told, before its time
// was up, that another share is due to it, or that its share is lost.
type Due struct {
	Due bool `json:"due"`
}

// Partitioner is a set of items that members share. history.Event.Key names the object. It has the
// operations of a multi-lock, except that FAcquire makes the client a member and waits for its share
// (invoke Keys with all items of the set, ok Share), and two more: with FChanged (invoke nothing, ok
// Due) a client that holds a share waits to be told that another share is due to it; FLeave (invoke and
// ok nothing) ends the membership.
var Partitioner = &Model{
	Name: "partitioner", About: "a set of items that members share, each item for one of them",
	State: Shared, Parts: true, Stay: "held", Sessions: true, OnZnodes: true,
	Operations: append(MultiLock.telling(map[string]func(*history.Operation, *Words) Values{FAcquire: tellShare}),
		Operation{F: FChanged, Tell: tellDue, Words: Words{
			Name: "changed", Asked: "waited for another share of {key} to be due to it", Done: "saw none", Refused: "saw none",
		}},
		Operation{F: FLeave, Quorum: always, Words: Words{
			Name: "leave", Asked: "began to leave {key}", Done: "had left", Refused: "did not leave",
		}},
	),
}

func tellShare(op *history.Operation, w *Words) Values {
	w.Asked = "asked for a share of " + Key(op.Key)
	var s Share
	if !returned(op, &s) {
		all := tellGrant(op, w)
		var set Keys
		_ = op.Invoke.Decode(&set)
		all.Parts = set.Keys
		return all
	}
	w.Done = "was granted " + ListKeys(s.Keys)
	all := tellGrant(op, w)
	all.Parts = s.Keys
	return all
}

func tellDue(op *history.Operation, w *Words) Values {
	var d Due
	if returned(op, &d) && d.Due {
		w.Done = "saw that one is"
	}
	return Values{}
}
