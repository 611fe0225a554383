package checktest

import (
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// JobQueue begins the record of a job queue k that tries each job at most the given number of times.
func JobQueue(tries int) *Record {
	return Ours(models.JobQueue.Name, history.Params{Clients: 3, Tries: tries})
}

// PutJob adds a put of a job.
func (r *Record) PutJob(client, inv, ret int, job string, o history.Type) *Record {
	return r.Op(Args{Client: client, F: models.FEnqueue, Key: "k", Inv: inv, Ret: ret, Outcome: o, In: models.Item{Item: job}, Session: history.ID(client + 1)})
}

// TakeJob adds a take that began an attempt. Without a job, it adds a take of unknown outcome.
func (r *Record) TakeJob(client, inv, ret int, job string, attempt int) *Record {
	a := Args{Client: client, F: models.FTake, Key: "k", Inv: inv, Ret: ret, Outcome: history.Info, Session: history.ID(client + 1)}
	if job != "" {
		a.Outcome, a.Out = history.OK, models.Attempt{Item: job, Attempt: attempt}
	}
	return r.Op(a).Proof(client, a.Session, ret)
}

// EndJob adds the end of an attempt, a finish or a give-back, by a worker that lives and knows
// of no loss.
func (r *Record) EndJob(client, inv, ret int, f, job string, attempt int, o history.Type) *Record {
	in := models.Attempt{Item: job, Attempt: attempt, Held: true}
	a := Args{Client: client, F: f, Key: "k", Inv: inv, Ret: ret, Outcome: o, In: in, Session: history.ID(client + 1)}
	if o == history.OK {
		a.Out = in
	}
	return r.Op(a).Proof(client, a.Session, inv)
}

// Became adds what became of the jobs.
func (r *Record) Became(t int, open, done, dead []string) *Record {
	return r.KeyFact(t, history.FDrained, "k", models.Jobs{
		Drained: models.Drained{Empty: len(open) == 0, Left: len(open)}, Open: open, Done: done, Dead: dead,
	})
}

var _ = goesWell(models.JobQueue.Name, goodJobs)

// goodJobs adds rounds in which each job is given back once, and then finished, by workers whose
// attempts overlap.
func goodJobs(r *Record, n int) int {
	t := 10
	var done []string
	for i := range n {
		job := fmt.Sprintf("j%d", i)
		r.PutJob(0, t, t+1, job, history.OK)
		r.TakeJob(1, t+2, t+6, job, 1).EndJob(1, t+7, t+9, models.FGiveBack, job, 1, history.OK)
		r.TakeJob(2, t+3, t+10, job, 2).EndJob(2, t+11, t+12, models.FFinish, job, 2, history.OK)
		done = append(done, job)
		t += 14
	}
	r.Became(t+100, nil, done, nil)
	return t + 101
}

// GenerateJobs makes a history of the attempts at two jobs, with deaths and ends of unknown
// outcome.
func GenerateJobs(rng *rand.Rand, how Kind) *history.History {
	return generateJobs(rng, how, models.JobQueue.Name)
}

// GenerateTasks is like GenerateJobs, for a master-worker.
func GenerateTasks(rng *rand.Rand, how Kind) *history.History {
	return generateJobs(rng, how, models.MasterWorker.Name)
}

func generateJobs(rng *rand.Rand, how Kind, model string) *history.History {
	clients := 2 + rng.IntN(3)
	w := NewWorld(rng, Ours(model, history.Params{Clients: 3, Tries: 99}), clients)
	var all []tenure
	var jobs []string
	free := map[string]int{}
	end := 1
	for i := range 3 + rng.IntN(5) {
		c, job := rng.IntN(clients), fmt.Sprintf("j%d", rng.IntN(2))
		t := free[job]
		if how == random {
			t = w.UpTo(6)
		}
		x := tenure{client: c, token: history.ID(i + 1), session: w.session[c], ri: -1}
		x.a = max(t+w.UpTo(2), w.Free[c])
		x.ai, x.ao = max(w.Free[c], x.a-w.UpTo(4)), x.a+w.UpTo(4)
		if rng.IntN(3) > 0 { // it is ended
			x.ri = x.ao + w.UpTo(3)
			x.c = x.ri + w.UpTo(2)
			x.ret = x.c + w.UpTo(2)
			x.outcome, x.held = history.OK, true
			if rng.IntN(5) == 0 {
				x.outcome, x.ret = history.Info, x.ri+w.UpTo(2)
			}
		} else { // the worker dies
			x.c, x.ret = x.a+w.UpTo(5), x.ao
			w.dies(c, x.c)
		}
		w.Free[c] = max(x.ret, x.ao) + 1
		free[job] = max(x.c, x.a)
		end = max(end, x.ret, x.ao, x.c)
		all, jobs = append(all, x), append(jobs, job)
	}
	if how == mutated {
		for range 3 {
			w.mutateTenures(all)
		}
	}
	for i, x := range all {
		a := models.Attempt{Item: jobs[i], Attempt: int(x.token), Held: x.held}
		w.Op(Args{Client: x.client, F: models.FTake, Key: "k", Inv: x.ai, Ret: x.ao, Outcome: history.OK, Out: a, Session: x.session})
		if x.ri >= 0 {
			w.Op(Args{Client: x.client, F: models.FGiveBack, Key: "k", Inv: x.ri, Ret: x.ret, Outcome: x.outcome, In: a, Out: a, Session: x.session})
		}
	}
	w.proofs(end + 5)
	return w.Build()
}
