package models

import "github.com/zklab/zklab/history"

// Session is the store itself: what servers promise to a session. Its operations are bursts of
// requests; a name says what they are for, and one that is not known here may have any.
var Session = declare(Model{
	Name: history.ModelSession, About: "the store itself: what servers promise to a session", Called: "the store",
	Sessions: true, Keyless: true, Store: true,
	Operations: []Operation{ // what one server can answer alone
		{F: history.FReads}, {F: history.FWatch}, {F: history.FSyncRead},
	},
	Others: &Operation{Quorum: always},
})
