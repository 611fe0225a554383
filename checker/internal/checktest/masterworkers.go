package checktest

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// MasterWorker begins the record of a master-worker k with a task, and a log that
// contains the creation of its folders.
func MasterWorker() *Record {
	r := Ours(models.MasterWorker.Name, history.Params{Clients: 3, Tries: 2})
	r.Opens(1).Opens(2).Opens(3).folders(1) // 1 to 5
	return r.Saw(5, 0, 3, 4).PutJob(0, 1, 2, "a", history.OK).TakeJob(2, 3, 50, "a", 1)
}

func (r *Record) folders(s history.ID) *Record {
	for _, folder := range []string{"master", "taken"} {
		r.Txn(history.Txn{Type: "create", Session: s, Path: "/run/k/" + folder})
	}
	return r
}

// Candidate adds to the log that a session stands for master, with a sequence number.
func (r *Record) Candidate(s history.ID, number int) *Record {
	return r.Txn(history.Txn{Type: "create", Session: s, Owner: s, Path: candidatePath(number), ParentCversion: int32(number + 1)})
}

// Resigns removes the candidate that [Record.Candidate] made.
func (r *Record) Resigns(s history.ID, number int) *Record {
	return r.Txn(history.Txn{Type: "delete", Session: s, Path: candidatePath(number)})
}

// ResignsAndAssigns removes a candidate and makes an assignment in one transaction.
func (r *Record) ResignsAndAssigns(s history.ID, number int, name string) *Record {
	return r.Txn(history.Txn{Type: "multi", Session: s, Parts: []history.Txn{
		{Type: "delete", Path: candidatePath(number)}, {Type: "create", Path: "/run/k/taken/" + name},
	}})
}

// MakesCandidates creates the folder of candidates, even if one was there before.
func (r *Record) MakesCandidates(s history.ID) *Record {
	return r.Txn(history.Txn{Type: "create", Session: s, Path: "/run/k/master"})
}

func candidatePath(number int) string { return fmt.Sprintf("/run/k/master/c-%010d", number) }

// Assigns adds to the log an assignment that a session makes.
func (r *Record) Assigns(s history.ID, name string) *Record {
	return r.Txn(history.Txn{Type: "create", Session: s, Path: "/run/k/taken/" + name})
}

var (
	_ = goesWell(models.MasterWorker.Name, goodJobs)
	_ = committing(models.MasterWorker.Name, (*Record).assignment)
)

// assignment adds to the log how a worker was assigned the task that its take returned. The first of
// the workers is the master.
func (r *Record) assignment(done, _ *history.Event) {
	var v models.Attempt
	if done.F != models.FTake || done.Decode(&v) != nil {
		return
	}
	stands := slices.IndexFunc(r.Txns, func(t history.Txn) bool { return t.Path == candidatePath(0) })
	if stands < 0 {
		r.folders(done.Session).Candidate(done.Session, 0)
		stands = len(r.Txns) - 1
	}
	r.Assigns(r.Txns[stands].Owner, fmt.Sprintf("%s-%d", v.Item, v.Attempt))
}
