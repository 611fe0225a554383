package models

// Operations on a barrier: one coordinator raises and lifts it, others wait. A
// key is one round.
const (
	FRaise = "raise"
	FLift  = "lift"
	FAwait = "await"
)

// Barrier is a barrier that one client raises and lifts, and for which other clients wait. A single
// server can answer the waiters.
var Barrier = &Model{
	Name: "barrier", About: "a barrier that blocks all clients until it is removed",
	State: Raised, Stay: "up", Sessions: true, OnZnodes: true, Rounds: true,
	Operations: []Operation{
		{F: FRaise, Begins: true, Quorum: always, Words: Words{
			Name: "raise", Asked: "asked to raise the barrier {key}", Done: "learned that it was up", Refused: "was refused",
		}},
		{F: FLift, Ends: true, Quorum: always, Words: Words{
			Name: "lift", Asked: "began to lift the barrier {key}", Refused: "failed", Early: true,
		}},
		{F: FAwait, Waits: true, Settles: true, Words: Words{
			Name: "await", Asked: "came to the barrier {key}", Done: "passed", Refused: "did not pass",
		}},
	},
}
