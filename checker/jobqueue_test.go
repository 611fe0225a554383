package checker

import (
	"fmt"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/jobs"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// jobScenarios returns scenarios written by hand.
func jobScenarios() []scenario {
	const finish, back = objects.FFinish, objects.FGiveBack
	ok, unknown, fail := history.OK, history.Info, history.Fail
	put := func(outcome history.Type) *checktest.Record {
		return checktest.JobQueue(2).PutJob(0, 1, 2, "a", outcome)
	}
	// asks adds a take that never returns.
	asks := func(r *checktest.Record, client, inv int) *checktest.Record {
		return r.Op(checktest.Args{Client: client, F: objects.FTake, Key: "k", Inv: inv, Ret: -1, Session: history.ID(client + 1)})
	}
	// one makes the first attempt end at 20.
	one := func(f string, outcome history.Type) *checktest.Record {
		return put(ok).TakeJob(1, 5, 10, "a", 1).EndJob(1, 20, 22, f, "a", 1, outcome)
	}
	return []scenario{
		{"two have a job", "lease-exclusion", Violation, `client 2 took job "a" for attempt 2 of k at 0.015 s while client 1 had it for attempt 1, from 0.010 s until at least 0.020 s`, one(finish, ok).TakeJob(2, 5, 15, "a", 2).EndJob(2, 25, 26, finish, "a", 2, ok)},
		{"two have two jobs", "lease-exclusion", Valid, "", one(finish, ok).TakeJob(2, 5, 15, "b", 1).EndJob(2, 25, 26, finish, "b", 1, ok)},
		{"given back and taken", "lease-exclusion", Valid, "", one(back, unknown).TakeJob(2, 5, 21, "a", 2)},
		{"refused to give back, and taken by another one", "lease-exclusion", Violation, "until at least 0.050 s", one(back, fail).TakeJob(2, 5, 21, "a", 2).EndJob(2, 60, 61, back, "a", 2, ok).EndJob(1, 50, 51, back, "a", 1, ok)},
		{"refused to give back, and lost meanwhile", "lease-exclusion", Valid, "", one(back, fail).TakeJob(2, 5, 21, "a", 2).EndJob(2, 60, 61, back, "a", 2, ok)},
		{"the first one's session may be dead", "lease-exclusion", Valid, "", put(ok).TakeJob(1, 5, 10, "a", 1).Session(18, dead, 1, 2).TakeJob(2, 5, 15, "a", 2).EndJob(2, 25, 26, finish, "a", 2, ok)},

		{"given up before the take, which stood still, has returned", "lease-exclusion", Valid, "", one(back, ok).Op(checktest.Args{Client: 2, F: objects.FTake, Key: "k", Inv: 3, Ret: 15, Outcome: ok, Out: objects.Attempt{Item: "a", Attempt: 1}, Session: 3}).Proof(2, 3, 30)},

		{"two in processes of their own have a job", "lease-exclusion", Violation, "until at least 0.020 s", remote(one(finish, ok)).TakeJob(2, 5, 15, "a", 2).EndJob(2, 25, 26, finish, "a", 2, ok)},
		{"refused in a process of its own, which may have been told of the loss late", "lease-exclusion", Valid, "", remote(one(finish, fail)).TakeJob(2, 5, 15, "a", 2).EndJob(2, 25, 26, finish, "a", 2, ok)},

		{"finished twice", "finish-once", Violation, `client 1 finished job "a" of k by 0.022 s, and client 2 by 0.026 s`, one(finish, ok).TakeJob(2, 5, 21, "a", 2).EndJob(2, 25, 26, finish, "a", 2, ok)},
		{"finished when another one had taken it", "finish-once", Violation, "though client 2 had taken it for attempt 2 by 0.016 s", one(finish, ok).TakeJob(2, 12, 16, "a", 2)},
		{"finished when another one, which had asked before, had taken it", "finish-once", Violation, "though client 2 had taken it for attempt 2 by 0.016 s", one(finish, ok).TakeJob(2, 5, 16, "a", 2).EndJob(2, 18, 19, back, "a", 2, fail)},
		{"finished when another one, whose session may have been dead, was told that it had it", "finish-once", Valid, "", one(finish, ok).Op(checktest.Args{Client: 2, F: objects.FTake, Key: "k", Inv: 5, Ret: 16, Outcome: ok, Out: objects.Attempt{Item: "a", Attempt: 2}, Session: 3})},
		{"finished while another one took it", "finish-once", Violation, "though client 2 had taken it for attempt 2 by 0.021 s", one(finish, ok).TakeJob(2, 12, 21, "a", 2)},
		{"finished while another one, which may have given it back, took it", "finish-once", Valid, "", one(finish, ok).TakeJob(2, 9, 21, "a", 1)},
		{"taken when it was finished", "finish-once", Violation, "which asked at 0.030 s, was given it for attempt 2", one(finish, ok).TakeJob(2, 30, 32, "a", 2)},
		{"taken when it may have been finished", "finish-once", Valid, "", one(finish, unknown).TakeJob(2, 30, 32, "a", 2)},
		{"taken when it may have been finished, and open in the end", "finish-once", Valid, "", one(finish, unknown).TakeJob(2, 30, 32, "a", 2).Became(50, []string{"a"}, nil, nil)},
		{"finished by nobody else when another one had taken it", "finish-once", Violation, "and did (no other client can have done so, and it was done at 0.050 s), though client 2 had taken it for attempt 2 by 0.016 s", one(finish, unknown).TakeJob(2, 12, 16, "a", 2).Became(50, nil, []string{"a"}, nil)},
		{"finished by nobody else before another one took it", "finish-once", Violation, "though client 2 had taken it for attempt 2 by 0.032 s", one(finish, unknown).TakeJob(2, 30, 32, "a", 2).Became(50, nil, []string{"a"}, nil)},
		{"finished by nobody else, and taken before", "finish-once", Valid, "", put(ok).TakeJob(1, 5, 10, "a", 1).EndJob(1, 12, 14, back, "a", 1, ok).TakeJob(2, 15, 20, "a", 2).EndJob(2, 21, 30, finish, "a", 2, unknown).Became(50, nil, []string{"a"}, nil)},
		{"finished by one of two", "finish-once", Valid, "", one(finish, unknown).TakeJob(2, 30, 32, "a", 2).EndJob(2, 33, 40, finish, "a", 2, unknown).Became(50, nil, []string{"a"}, nil)},

		{"lost", "conservation", Violation, `job "a" of k was gone, and no client had finished it`, one(back, ok).Became(50, nil, nil, nil)},
		{"perhaps never put", "conservation", Valid, "", put(unknown).Became(50, nil, nil, nil)},
		{"open and done", "conservation", Violation, "was open and done", one(finish, ok).Became(50, []string{"a"}, []string{"a"}, nil)},
		{"dead twice", "conservation", Violation, "was dead and dead", put(unknown).Became(50, nil, nil, []string{"a", "a"})},
		{"finished, and open", "conservation", Violation, "was not done, though it had been finished by 0.022 s", one(finish, ok).Became(50, []string{"a"}, nil, nil)},
		{"done by nobody", "conservation", Violation, "was done, though no client had begun to finish it", one(back, ok).Became(50, nil, []string{"a"}, nil)},
		{"perhaps finished, and done", "conservation", Valid, "", one(finish, unknown).Became(50, nil, []string{"a"}, nil)},
		{"perhaps finished, and gone", "conservation", Violation, "was gone", one(finish, unknown).Became(50, nil, nil, nil)},
		{"made up", "conservation", Violation, `job "b" of k was open, and no client had put it`, put(ok).Became(50, []string{"a", "b"}, nil, nil)},
		{"made up, and given back", "conservation", Violation, `job "a" of k was open, and no client had put it`, checktest.JobQueue(2).EndJob(1, 20, 22, back, "a", 1, ok).Became(50, []string{"a"}, nil, nil)},
		{"given out before it was put", "conservation", Violation, "which no client had begun to put", checktest.JobQueue(2).PutJob(0, 11, 12, "a", ok).TakeJob(1, 5, 10, "a", 1).Became(50, []string{"a"}, nil, nil)},
		{"nobody looked", "conservation", Unknown, "did not check", one(back, ok)},

		{"one number twice", "attempts", Violation, "and so did client 1 at 0.010 s", one(back, ok).TakeJob(2, 25, 30, "a", 1)},
		{"one attempt too many", "attempts", Violation, "for attempt 3 of k at 0.030 s, of 2", one(back, ok).TakeJob(2, 25, 30, "a", 3)},
		{"attempts the wrong way round", "attempts", Violation, "which asked at 0.025 s, for attempt 1", put(ok).TakeJob(1, 5, 10, "a", 2).TakeJob(2, 25, 30, "a", 1)},
		{"an attempt of nobody", "attempts", Violation, "only 0 are known, and only 0 takes with an unknown outcome", put(ok).TakeJob(1, 5, 10, "a", 2)},
		{"an attempt that may have been of somebody", "attempts", Valid, "", put(ok).TakeJob(2, 3, 4, "", 0).TakeJob(1, 5, 10, "a", 2)},
		{"an attempt that may have been of somebody who asked at the same time", "attempts", Valid, "", put(ok).TakeJob(2, 10, 12, "", 0).TakeJob(1, 5, 10, "a", 2)},
		{"dead too early", "attempts", Violation, "was dead after 1 attempt, of 2, and 0 takes", one(back, ok).Became(50, nil, nil, []string{"a"})},
		{"dead in time", "attempts", Valid, "", one(back, ok).TakeJob(2, 25, 30, "a", 2).EndJob(2, 31, 32, back, "a", 2, ok).Became(50, nil, nil, []string{"a"})},
		{"dead after an attempt of which nobody knows", "attempts", Valid, "", one(back, ok).TakeJob(2, 25, 30, "", 0).Became(50, nil, nil, []string{"a"})},
		{"attempts of nobody at two jobs", "attempts", Violation, "only 0 are known, 1 attempt at other jobs is not known either, and only 1 take", put(ok).PutJob(0, 3, 4, "b", ok).TakeJob(2, 5, 6, "", 0).TakeJob(1, 7, 10, "a", 2).TakeJob(1, 11, 12, "b", 2)},
		{"attempts at two jobs that may have been of two", "attempts", Valid, "", put(ok).PutJob(0, 3, 4, "b", ok).TakeJob(2, 5, 6, "", 0).TakeJob(2, 7, 8, "", 0).TakeJob(1, 7, 10, "a", 2).TakeJob(1, 11, 12, "b", 2)},
		{"attempts at two jobs, one of them passed before the second take of unknown outcome", "attempts", Violation, "only 1 take with an unknown outcome had begun by then", put(ok).PutJob(0, 3, 4, "b", ok).TakeJob(2, 5, 6, "", 0).TakeJob(1, 7, 10, "a", 2).TakeJob(1, 11, 12, "b", 2).TakeJob(2, 13, 14, "", 0)},
		{"an attempt passed before anybody unknown asked, and one behind it", "attempts", Violation, "only 0 takes with an unknown outcome", put(ok).TakeJob(1, 5, 10, "a", 2).EndJob(1, 12, 14, back, "a", 2, ok).TakeJob(2, 15, 16, "", 0)},
		{"dead too early, where another job lacks an attempt", "attempts", Violation, "was dead after 1 attempt, of 2, 1 attempt at other jobs is not known either, and 1 take", one(back, ok).PutJob(0, 3, 4, "b", ok).TakeJob(2, 25, 30, "", 0).TakeJob(1, 31, 32, "b", 2).Became(50, []string{"b"}, nil, []string{"a"})},

		{"a job and a worker that waits", "progress", Violation, `client 1 waited for a job of k from 0.010 s to 30.000 s, while job "a" was in it and no worker had it`, waits(put(ok))},
		{"a job that somebody has, and a worker that waits", "progress", Valid, "", waits(put(ok).TakeJob(2, 3, 4, "a", 1))},
		{"a job that somebody may have, and a worker that waits", "progress", Valid, "", waits(asks(put(ok), 2, 3))},
		{"a job that nobody has since a take returned an error, and a worker that waits", "progress", Violation, `client 1 waited for a job of k from 7.004 s to 30.000 s, while job "a" was in it and no worker had it`, waits(put(ok).TakeJob(2, 3, 4, "", 0))},
		{"a job that may be left of a take that returned an error, of a worker that was not connected since", "progress", Valid, "", waits(put(ok).Connected(0, 2, 3).TakeJob(2, 3, 4, "", 0).Session(5, history.FDisconnected, 2, 3))},
		{"a job that may be left of a take that returned an error, of a worker that was never connected for long", "progress", Valid, "", waits(put(ok).Connected(0, 2, 3).TakeJob(2, 3, 4, "", 0).Session(5, history.FDisconnected, 2, 3).Connected(10_000, 2, 3).Session(16_000, history.FDisconnected, 2, 3).Connected(24_000, 2, 3))},
		{"a job that was given back, and a worker that waits", "progress", Violation, "worker had it", waits(put(ok).TakeJob(2, 3, 4, "a", 1).EndJob(2, 5, 6, back, "a", 1, ok))},
		{"a job that the dead had, and a worker that waits", "progress", Violation, "worker had it", waits(put(ok).TakeJob(2, 3, 4, "a", 1).Session(7, expired, 2, 3).Session(8, dead, 2, 3))},
		{"two jobs of which somebody may have one, and a worker that waits", "progress", Violation, "if not, the same holds for another one of 2 jobs, as only 1 take with an unknown outcome may have had one each", waits(asks(two(), 2, 5), "a", "b")},
		{"two jobs that two may have, and a worker that waits", "progress", Valid, "", waits(asks(asks(two(), 2, 5), 0, 5), "a", "b")},
		{"a job that somebody may have had who asked when it had been there for long", "progress", Violation, "from 0.010 s to 20.000 s", waits(asks(put(ok), 2, 20_000))},
		{"a job that somebody may have had in time, and again", "progress", Valid, "", waits(asks(put(ok), 2, 5_000))},
		{"two jobs, one of which somebody may have had before he died, and one behind that", "progress", Violation, "from 7.000 s to 30.000 s", waits(two().TakeJob(2, 5, 6, "", 0).Session(7_000, dead, 2, 3), "a", "b")},
		{"two jobs that two may have had, one of whom asked too late", "progress", Violation, "another one of 2 jobs", waits(asks(asks(two(), 2, 5), 0, 20_000), "a", "b")},
		{"a job that may have been put, was given back, and a worker that waits", "progress", Violation, "worker had it", waits(put(unknown).TakeJob(2, 3, 4, "a", 1).EndJob(2, 5, 6, back, "a", 1, ok))},
		{"a job that may have been put at any time, and a worker that waits", "progress", Valid, "", waits(put(unknown))},
	}
}

// two puts two jobs.
func two() *checktest.Record {
	return checktest.JobQueue(2).PutJob(0, 1, 2, "a", history.OK).PutJob(0, 3, 4, "b", history.OK)
}

// remote makes the workers processes of their own.
func remote(r *checktest.Record) *checktest.Record {
	return r.Fact(0, history.FOffers, history.Offers{Remote: true})
}

// If it is hardly ever known how long an attempt lasted, nothing is known about two attempts at
// one time.
func TestJobQueueExercise(t *testing.T) {
	for _, held := range []bool{true, false} {
		r := checktest.Good(jobs.JobQueue.Object.Name, 20)
		for i, e := range r.Events {
			var v objects.Attempt
			if e.Type == history.Invoke && (e.F == objects.FFinish || e.F == objects.FGiveBack) && e.Decode(&v) == nil {
				v.Held = held
				r.Events[i].Value = history.Value(v)
			}
		}
		rep := Run(t.Context(), r.Build(), Options{NoReference: true})
		v := rep.Verdicts[slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "lease-exclusion" })]
		if want := map[bool]Result{true: Valid, false: Unknown}[held]; v.Result != want {
			t.Errorf("held %v: %+v", held, v)
		}
	}
}

// waits makes a worker wait for long while jobs are there: the one that is put here, or
// the given ones.
func waits(r *checktest.Record, jobs ...string) *checktest.Record {
	if jobs == nil {
		jobs = []string{"a"}
	}
	r.Op(checktest.Args{Client: 1, F: objects.FTake, Key: "k", Inv: 10, Ret: 30_000, Outcome: history.Fail, Session: 2})
	return r.Phases(0, 1, 1).Became(30_001, jobs, nil, nil)
}

// jobCalls makes each client put a job, take it and finish it.
func jobCalls(w *crowd, c int) (f string, in, out any) {
	attempt := objects.Attempt{Item: fmt.Sprintf("c%d-%d", c, w.visits[c]/3), Attempt: 1}
	switch w.visits[c] % 3 {
	case 0:
		return objects.FEnqueue, objects.Item{Item: attempt.Item}, nil
	case 1:
		return objects.FTake, nil, attempt
	}
	attempt.Held = true
	return objects.FFinish, attempt, attempt
}

func init() {
	scenarios = append(scenarios, jobScenarios()...)
	generators[jobs.JobQueue.Object.Name] = checktest.GenerateJobs
	calls[jobs.JobQueue.Object.Name] = jobCalls
	excuses["attempts"] = func(e *history.Event, _ *history.Operation) string {
		if e.F == objects.FTake {
			return "it shows that it was another attempt"
		}
		return ""
	}
	excuses["lease-exclusion"] = func(e *history.Event, _ *history.Operation) string {
		if e.F == objects.FFinish || e.F == objects.FGiveBack || e.Process == history.SessionProcess {
			return "it shows how long the hold lasted"
		}
		return ""
	}
}

func TestJobQueueAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, jobs.JobQueue.Object.Name, 0, true, checktest.GenerateJobs)
}
