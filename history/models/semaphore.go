package models

import (
	"slices"
)

// Semaphore admits history.Params.Leases clients at a time. Its operations are FAcquire (ok Grant,
// whose token is the ticket by which leases are granted in order), FRelease and FConfirm. There is
// no write: a resource that accepts writes of several holders at a time cannot tell a past holder
// from a present one.
var Semaphore = &Model{
	Name: "semaphore", About: "a fixed number of leases, each held by one client",
	State: Shared, Stay: "held", Sessions: true, OnZnodes: true,
	Operations: Lock.without(FWrite),
}

// without returns the operations of a model except one.
func (m *Model) without(f string) []Operation {
	return slices.DeleteFunc(slices.Clone(m.Operations), func(o Operation) bool { return o.F == f })
}
