package models

import "github.com/zklab/zklab/history"

// Operations on a configuration. What a client observes with one subject is in order.
const (
	// FSet sets the value: invoke Setting, ok nothing.
	FSet = "set"
	// FDelete deletes the value: invoke nothing, ok nothing.
	FDelete = "delete"
	// FObserve waits for the next setting: invoke nothing, ok Setting.
	FObserve = "observe"
)

// Setting is the state of a configuration: a value, which is set once in a run, or the absence of
// one.
type Setting struct {
	Value  string `json:"value"`
	Absent bool   `json:"absent,omitempty"`
}

// Config is a configuration that clients watch. A single server can answer the watchers.
var Config = &Model{
	Name: "config", About: "a configuration that clients watch",
	Called: "the configuration", Sessions: true, OnZnodes: true,
	Operations: []Operation{
		{F: FSet, Quorum: always, Tell: tellSet, Words: Words{
			Done: "did", Refused: "failed",
		}},
		{F: FDelete, Quorum: always, Words: Words{
			Name: "delete", Asked: "began to delete {key}", Done: "did", Refused: "failed",
		}},
		{F: FObserve, Waits: true, Tell: tellObserve, Words: Words{
			Name: "observe", Asked: "waited for the next value of {key}", Refused: "got no answer",
		}},
	},
}

func tellSet(op *history.Operation, w *Words) Values {
	var v Setting
	_ = op.Invoke.Decode(&v)
	w.Name = "set " + shown(v.Value)
	w.Asked = "began to set " + Key(op.Key) + " to " + Quoted(v.Value)
	return Values{Data: &v.Value}
}

func tellObserve(op *history.Operation, w *Words) Values {
	var got Setting
	if !returned(op, &got) {
		return Values{}
	}
	if got.Absent {
		w.Name, w.Done = "observe: none", "saw that there is none"
		return Values{}
	}
	w.Name, w.Done = "observe "+shown(got.Value), "saw "+Quoted(got.Value)
	return Values{Data: &got.Value, Seen: true}
}
