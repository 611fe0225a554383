package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/jobs"
	"github.com/zklab/zklab/history"
)

// planScenarios lists scenarios in which the log shows which client was the master.
func planScenarios() []scenario {
	// two makes clients 0 and 1 stand for master, in this order.
	two := func() *checktest.Record { return checktest.MasterWorker().Candidate(1, 0).Candidate(2, 1) }
	task := func() *checktest.Record {
		return checktest.Ours(jobs.MasterWorker.Object.Name, history.Params{Clients: 3, Tries: 2}).PutJob(0, 1, 2, "a", history.OK)
	}
	return []scenario{
		{"the master assigns", "stale-plan", Valid, "", two().Assigns(1, "a-1").Shown(60)},
		{"the next master assigns", "stale-plan", Valid, "", two().Resigns(1, 0).Assigns(2, "a-1").Shown(60)},
		{"one who waits assigns", "stale-plan", Violation, "client 1 assigned a-1 of k at 0x100000008 as if it were the master, when client 0 was", two().Assigns(2, "a-1").Shown(60)},
		{"one who was the master assigns", "stale-plan", Violation, "client 0 assigned a-1 of k at 0x100000009 as if it were the master, when client 1 was", two().Resigns(1, 0).Assigns(1, "a-1").Shown(60)},
		{"nobody is the master", "stale-plan", Violation, "when no client was", checktest.MasterWorker().Candidate(1, 0).Resigns(1, 0).Assigns(1, "a-1").Shown(60)},
		{"the master of an ended session assigns in its next one", "stale-plan", Violation, "when client 1 was", two().Closes(1).Opens(11).Assigns(11, "a-1").Connected(55, 0, 11).Shown(60)},
		{"in its next session, before the servers have ended the last one", "stale-plan", Valid, "", two().Opens(11).Assigns(11, "a-1").Connected(55, 0, 11).Shown(60)},
		{"the master resigns with its last assignment", "stale-plan", Valid, "", two().ResignsAndAssigns(1, 0, "a-1").Shown(60)},
		{"one who waits resigns with an assignment", "stale-plan", Violation, "when client 0 was", two().ResignsAndAssigns(2, 1, "a-1").Shown(60)},
		{"a new folder, in which nobody is left of whom the log has no end", "stale-plan", Valid, "", two().Skip().MakesCandidates(3).Candidate(2, 0).Assigns(2, "a-1").Shown(60)},
		{"somebody may have been the master of whom the log has nothing", "stale-plan", Valid, "", two().Skip().Assigns(2, "a-1").Shown(60)},
		{"a session of which the record has nothing stands in front", "stale-plan", Valid, "", checktest.MasterWorker().Txn(
			history.Txn{Type: "create", Session: 1, Owner: 4711, Path: "/run/k/master/c-0000000000", ParentCversion: 1},
		).Candidate(2, 1).Assigns(2, "a-1").Shown(60)},
		{"a task that nobody has", "reassign", Violation, `while job "a" was in it and no worker had it`, waits(task())},
		{"a task that somebody has", "reassign", Valid, "", waits(task().TakeJob(2, 3, 4, "a", 1))},
	}
}

func init() {
	logScenarios = append(logScenarios, planScenarios()...)
	generators[jobs.MasterWorker.Object.Name] = checktest.GenerateTasks
	calls[jobs.MasterWorker.Object.Name] = jobCalls
}

func TestMasterWorkerAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, jobs.MasterWorker.Object.Name, 0, true, checktest.GenerateTasks)
}

func TestPlansAgreeWithReference(t *testing.T) {
	t.Parallel()
	loggedAgreement(t, jobs.MasterWorker.Object.Name, 1, true, checktest.GeneratePlans)
}
