package models

import (
	"fmt"

	"github.com/zklab/zklab/history"
)

// FLeader asks for the leader: invoke nothing, ok Leader.
const FLeader = "leader"

// Leader is the value of a leader's ok. Client is -1 if no client is known to lead.
type Leader struct {
	Client int `json:"client"`
}

// Election is a leader election: a hold that clients can ask about.
var Election = &Model{
	Name: "election", About: "a leader election",
	State: Exclusive, Stay: "led", Sessions: true, OnZnodes: true, Page: "lock",
	Operations: append(holdOperations(
		Words{Name: "stand", Asked: "stood for {key}", Done: "was elected", Refused: "was refused"},
		Words{Name: "resign", Asked: "began to resign from {key}", Refused: "was refused", Early: true},
		Words{Name: "confirm", Asked: "was asked whether it led {key}", Refused: "could not say"},
	), Operation{F: FLeader, Tell: tellLeader, Words: Words{
		Name: "who?", Asked: "asked who leads {key}", Refused: "was refused",
	}}),
}

func tellLeader(op *history.Operation, w *Words) Values {
	v := Leader{Client: -1}
	returned(op, &v)
	w.Done = "got the answer that no client does"
	if v.Client >= 0 {
		w.Done = fmt.Sprintf("got the answer that client %d does", v.Client)
		w.Name = fmt.Sprintf("told %d", v.Client)
	}
	return Values{}
}
