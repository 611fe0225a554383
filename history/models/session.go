package models

import "github.com/zklab/zklab/history"

// Session is ZooKeeper itself: what servers promise to a session. Its operations are bursts of
// requests, named for their purpose. Histories may have bursts with other names.
var Session = declare(Model{
	Name: "session", About: "the store itself: what servers promise to a session", Called: "the store",
	Sessions: true, Keyless: true, Store: true,
	Operations: []Operation{ // a single server can answer these
		{F: history.FReads}, {F: history.FWatch}, {F: history.FSyncRead},
	},
	Others: &Operation{Quorum: always},
})
