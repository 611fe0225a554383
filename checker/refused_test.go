package checker

import (
	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

func init() {
	logScenarios = append(logScenarios, refusedScenarios("job-queue", objects.FEnqueue, objects.Item{Item: "v"}, objects.Item{Item: "x"})...)
	logScenarios = append(logScenarios, refusedScenarios("master-worker", objects.FEnqueue, objects.Item{Item: "v"}, objects.Item{Item: "x"})...)
	logScenarios = append(logScenarios, refusedScenarios("register", objects.FWrite, objects.Writing{Value: "v"}, objects.Writing{Value: "x"})...)
	logScenarios = append(logScenarios, refusedScenarios("register", objects.FCAS, objects.Swap{From: "a", To: "v"}, objects.Swap{From: "a", To: "x"})...)
	logScenarios = append(logScenarios, refusedScenarios("config", objects.FSet, objects.Setting{Value: "v"}, objects.Setting{Value: "x"})...)
	logScenarios = append(logScenarios, refusedScenarios("queue", objects.FEnqueue, objects.Item{Item: "v"}, objects.Item{Item: "x"})...)
}

// refusedScenarios are about a call of client 0 that should have written "v", and certainly failed;
// other should have been written by another call.
func refusedScenarios(model, f string, in, other any) []scenario {
	call := func(outcome history.Type) *checktest.Record {
		r := checktest.Ours(model, history.Params{Clients: 3, Root: "/run"}).Phases(0, 1000, 1100).Session(1, history.FConnected, 1, 2)
		return r.Op(checktest.Args{Client: 0, F: f, Key: "k", Inv: 10, Ret: 20, Outcome: outcome, In: in, Session: 1})
	}
	write := func(r *checktest.Record, by history.ID, path, value string) *checktest.Record {
		return r.Txn(history.Txn{Type: "create", Session: by, Path: path, Data: []byte(value)})
	}
	remove := func(r *checktest.Record, by history.ID, path string) *checktest.Record {
		return r.Txn(history.Txn{Type: "delete", Session: by, Path: path})
	}
	fail := history.Fail
	return []scenario{
		{model + " " + f + " failed for certain, and was committed", "log", Violation, `"v" had no effect and never would, but the transaction log has it at 0x100000001`, write(call(fail), 1, "/run/k/n", "v")},
		{model + " " + f + " failed for certain, and was committed and overwritten", "log", Violation, "had no effect", write(write(call(fail), 1, "/run/k", "v"), 2, "/run/k", "w")},
		{model + " " + f + " failed for certain, was committed, and another client removed it", "log", Violation, "had no effect", remove(write(call(fail), 1, "/run/k/n", "v"), 2, "/run/k/n")},
		{model + " " + f + " failed for certain, and its client had taken it back", "log", Valid, "", remove(write(call(fail), 1, "/run/k/n", "v"), 1, "/run/k/n")},
		{model + " " + f + " failed for certain", "log", Valid, "", write(call(fail), 1, "/run/k/n", "w")},
		{model + " " + f + " failed for certain, and another client wrote the same", "log", Valid, "", write(call(fail), 2, "/run/k/n", "v")},
		{model + " " + f + " failed for certain, and was committed elsewhere", "log", Valid, "", write(call(fail), 1, "/run/other/n", "v")},
		{model + " " + f + " failed for certain, was refused by the servers, and tried again", "log", Valid, "", write(call(fail).Op(checktest.Args{Client: 0, F: f, Key: "k", Inv: 30, Ret: 40, Outcome: history.OK, In: in, Session: 1}).Op(checktest.Args{Client: 1, F: f, Key: "k", Inv: 50, Ret: 60, Outcome: fail, In: other, Session: 2}), 1, "/run/k/n", "v")},
	}
}
