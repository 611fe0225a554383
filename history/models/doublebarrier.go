package models

// Operations on a double barrier, with Params.Parties members per round. A key is one round.
const (
	FEnter = "enter"
	FLeave = "leave"
)

// DoubleBarrier is a barrier that history.Params.Parties members enter and leave together.
var DoubleBarrier = &Model{
	Name: "double-barrier", About: "a barrier that members enter together and leave together",
	State: Entered, Stay: "inside", Sessions: true, OnZnodes: true, Rounds: true,
	Operations: []Operation{
		{F: FEnter, Waits: true, Begins: true, Quorum: always, Words: Words{
			Name: "enter", Asked: "asked to enter {key}", Done: "was let in", Refused: "was not let in",
		}},
		{F: FLeave, Ends: true, Quorum: always, Words: Words{
			Name: "leave", Asked: "asked to leave {key}", Done: "was let out", Refused: "was not let out",
		}},
	},
}
