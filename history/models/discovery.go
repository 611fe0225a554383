package models

import "github.com/zklab/zklab/history"

// Operations on a service. A client is at most one instance of each service. A service is a group
// with instances as members: it has the names and values of a group, and FChanged is also an
// operation of a service.
const (
	// FRegister registers an instance: invoke Joining, ok nothing.
	FRegister = "register"
	// FUnregister removes an instance: invoke Joining with the instance, ok nothing.
	FUnregister = "unregister"
	// FLookup lists the instances: invoke nothing, ok Members.
	FLookup = "lookup"
	// FPick picks one of the instances that FChanged last returned to the client, or that existed
	// later: invoke nothing, ok Picked.
	FPick = "pick"
)

// Picked is the picked instance; empty if there was none.
type Picked struct {
	Member string `json:"member"`
}

// Discovery is a service whose instances register, and which clients look up.
var Discovery = &Model{
	Name: "discovery", About: "a service whose live instances clients look up", Called: "the service",
	State: Entered, Stay: "registered", Sessions: true, OnZnodes: true, Page: "membership",
	Operations: []Operation{
		{F: FRegister, Begins: true, Quorum: always, Tell: tellJoining("register", "asked to register in"), Words: Words{
			Done: "had registered", Refused: "was refused",
		}},
		{F: FUnregister, Ends: true, Quorum: always, Tell: tellJoining("unregister", "began to unregister from"), Words: Words{
			Done: "had unregistered", Refused: "did not unregister",
		}},
		{F: FLookup, Tell: tellMembers("lookup"), Words: Words{
			Asked: "looked {key} up", Refused: "got no answer",
		}},
		{F: FChanged, Tell: tellMembers("changed"), Words: Words{
			Asked: "waited for a change of {key}", Refused: "saw none",
		}},
		{F: FPick, Local: true, Tell: tellPick, Words: Words{
			Asked: "picked an instance of {key}", Refused: "got no answer",
		}},
	},
}

func tellPick(op *history.Operation, w *Words) Values {
	var v Picked
	w.Name = "pick"
	if returned(op, &v) {
		w.Done = "got " + Listed(v.all())
		w.Name += " " + Listed(v.all())
	}
	return Values{}
}

func (v Picked) all() []string {
	if v.Member == "" {
		return nil
	}
	return []string{v.Member}
}
