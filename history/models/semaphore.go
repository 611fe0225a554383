package models

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// Semaphore lets history.Params.Leases clients in at a time. Its operations are those of a
// lock without the write, since nothing that takes the writes of several holders at a time can
// tell a past one from a present one: history.FAcquire (ok history.Grant, whose token is the
// ticket in the order of which leases are granted), history.FRelease and history.FConfirm.
var Semaphore = declare(Model{
	Name: "semaphore", About: "a number of leases, each of which one client holds",
	State: Shared, Stay: "held", Sessions: true, OnZnodes: true,
	Operations: Lock.without(history.FWrite),
})

// without are the operations of a model but for one.
func (m *Model) without(f string) []Operation {
	return slices.DeleteFunc(slices.Clone(m.Operations), func(o Operation) bool { return o.F == f })
}
