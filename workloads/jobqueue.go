package workloads

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// JobQueue is the workload of a job queue. Every client puts jobs into several queues, and
// takes jobs. It works on each for 5–30 ms, on one in five for longer, and finishes it or,
// one time in ten, gives it back. One job in ten is always given back, until it is dead. At
// the end all jobs are worked off.
type JobQueue struct {
	// New makes the subject of one client on one path; tries is how often a job is tried.
	New func(c *subjects.Client, path string, tries int) (subjects.JobQueue, error)
}

// tries is how often a job is tried. Enough workers die for some jobs to become dead.
const tries = 4

// Name returns the name of the model.
func (JobQueue) Name() string { return models.JobQueue.Name }

// Maker serves the subjects to another process.
func (w JobQueue) Maker() subjects.Maker { return contracts.JobQueues.Serve(w.New) }

// Params says how often a job is tried.
func (JobQueue) Params(p *history.Params) { p.Tries = tries }

// Start makes the job queues.
func (w JobQueue) Start(ctx context.Context, env *Env) (Run, error) {
	return w.start(ctx, env, contracts.JobQueues)
}

// start makes the job queues of a contract.
func (w JobQueue) start(ctx context.Context, env *Env, k *contracts.Contract[subjects.JobQueue, int]) (Run, error) {
	make := onWith(k, tries, w.New)
	queues, err := makePerKey(ctx, env, make)
	if err != nil {
		return nil, err
	}
	env.fact(history.FOffers, "", history.Offers{Remote: env.Clients[0].Remote != nil})
	r := &jobRun{env: env, queues: queues, meetings: newMeetings(env, perItemRush)}
	r.plain = plainly(env, queues, make, map[string]func(context.Context, *Client, string){
		models.FEnqueue: r.putAgain,
		models.FTake: func(ctx context.Context, c *Client, key string) {
			r.putAgain(ctx, c, key) // an empty queue answers no take
			_ = r.work(ctx, c, key, 0, Patience(env.Bound), 0, false)
		},
	})
	return r, nil
}

type jobRun struct {
	env      *Env
	queues   perKey[contracts.At[subjects.JobQueue]]
	plain    plain[contracts.At[subjects.JobQueue]]
	meetings meetings
}

// Load makes every client put a few jobs first, and then put and work at random.
func (r *jobRun) Load(ctx context.Context, over <-chan struct{}) error {
	r.env.each(func(c *Client) {
		rng := random(r.env, c.ID)
		for n, at := range newPace(r.env, 2, rng).arrivals(ctx, over) { // put, or take and finish
			c.arrives(r.env, n)
			key := r.env.Key(rng.IntN(r.env.Keys))
			work, gives, puts, meets := between(rng, 5*time.Millisecond, 30*time.Millisecond), rng.IntN(10) == 0, rng.IntN(2) == 0, rng.IntN(5) == 0
			if rng.IntN(5) == 0 { // long enough for another worker to take it if this one dies
				work += between(rng, 50*time.Millisecond, 150*time.Millisecond)
			}
			if r.env.Patient && rng.IntN(20) == 0 { // as long as it takes to lose a session
				work += between(rng, 500*time.Millisecond, 2*time.Second)
			}
			switch {
			case n <= 2*r.env.Keys || puts && !meets:
				r.put(ctx, c, key, at, fmt.Sprintf("c%d-%d%s", c.ID, n, kindOf(rng)))
				continue
			case meets:
				if meeting, there, ok := r.meetings.next(ctx, over, c); ok {
					at, key = meeting, there
				}
			}
			r.work(ctx, c, key, at, r.env.takesFor(rng), work, gives)
		}
		if r.env.feeds(ctx, c) {
			r.put(ctx, c, r.env.Key(c.ID%r.env.Keys), 0, fmt.Sprintf("c%d-fed", c.ID))
		}
	})
	return nil
}

// bad is the end of the names of jobs that no worker can do.
const bad = "-bad"

func kindOf(rng *rand.Rand) string {
	if rng.IntN(10) == 0 {
		return bad
	}
	return ""
}

func (r *jobRun) put(ctx context.Context, c *Client, key string, at time.Duration, job string) {
	_ = c.Do(ctx, Op{
		F: models.FEnqueue, Key: key, Arg: models.Item{Item: job}, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) {
			_, err := contracts.JobQueuePut.On(ctx, r.queues[c.ID][key], []byte(job))
			return nil, err
		},
	})
}

// putAgain puts a job after the load.
func (r *jobRun) putAgain(ctx context.Context, c *Client, key string) {
	r.put(ctx, c, key, 0, fmt.Sprintf("c%d-again-%d", c.ID, r.env.Record.Now()))
}

// work takes a job and ends it; it returns the error of the take. Touches at the beginning
// and before the end prove that the session was alive.
func (r *jobRun) work(ctx context.Context, c *Client, key string, at, patience, length time.Duration, gives bool) error {
	var j contracts.TakenJob
	queue := r.queues[c.ID][key]
	err := c.Do(ctx, Op{
		F: models.FTake, Key: key, Intended: at, Timeout: patience, Owner: func() int64 { return int64(j.Session) },
		Run: func(ctx context.Context) (any, error) {
			taken, err := contracts.JobQueueTake.On(ctx, queue, contracts.None{})
			if err != nil {
				return nil, err
			}
			j = taken
			return models.Attempt{Item: string(j.Job), Attempt: j.Attempt}, nil
		},
	})
	if err != nil {
		return err
	}
	life := c.life
	r.env.touch(ctx, c, life)
	pause(ctx, length)
	r.env.touch(ctx, c, life)
	end := contracts.JobQueueFinish
	if gives || strings.HasSuffix(string(j.Job), bad) {
		end = contracts.JobQueueGiveBack
	}
	a := models.Attempt{Item: string(j.Job), Attempt: j.Attempt}
	for range 3 { // after a failure without an effect the worker still has the job
		err = c.Do(ctx, Op{
			F: end.Name(), Key: key, Life: life, Timeout: r.env.OpTimeout,
			Late: func() any { return models.Attempt{Item: a.Item, Attempt: a.Attempt, Held: !await.Closed(j.Lost())} },
			Run: func(ctx context.Context) (any, error) {
				_, err := end.On(ctx, queue, j)
				return a, err
			},
		})
		if err == nil || !subjects.NoEffect(err) || await.Closed(j.Lost()) || c.gone(life) {
			break
		}
	}
	return nil
}

// Quiesce calls the subjects again that did not answer since a session ended, works off all jobs, reads from the servers
// what became of them, and closes the subjects.
func (r *jobRun) Quiesce(ctx context.Context) error {
	r.env.recover(ctx, r.plain)
	rng := random(r.env, len(r.env.Clients))
	err := r.env.look(history.FDrained, "jobs", func(key string) (any, error) {
		jobs, err := r.drain(ctx, key, r.env.Record.Now()+2*r.env.Bound)
		if err == nil && len(jobs.Open) == 0 {
			r.wake(ctx, key, rng)
			jobs, err = r.drain(ctx, key, r.env.Record.Now()+2*r.env.Bound)
		}
		return jobs, err
	})
	r.plain.close(ctx)
	return err
}

// wake makes clients wait for a job in an empty queue. The job is put at nearly the same
// moment; every other time it is the only job and its worker gives it back.
func (r *jobRun) wake(ctx context.Context, key string, rng *rand.Rand) {
	patience := Patience(r.env.Bound)
	r.env.wakes(ctx, key, rng, func(c *Client, n int) error {
		if n%2 == 1 {
			pause(ctx, between(rng, givenBack/2, givenBack))
		}
		return r.work(ctx, c, key, 0, patience, 0, false)
	}, func(c *Client, n int) {
		r.put(ctx, c, key, 0, wakeName(key, n))
		if n%2 == 1 {
			_ = r.work(ctx, c, key, 0, takePatience, givenBack, true)
		}
	})
}

// givenBack is how long a worker keeps a job that another client waits for, before it gives
// it back.
const givenBack = 20 * time.Millisecond

// drain makes all clients work until a fenced list shows no job, or the deadline has
// passed. After some rounds one client at a time works, another one each round, with more
// patience than a healthy ensemble ever needs, so that a stuck client is noticed.
func (r *jobRun) drain(ctx context.Context, key string, deadline time.Duration) (jobs models.Jobs, err error) {
	const quick = 3
	for round := 1; ; round++ {
		if jobs.Open, err = r.listed(ctx, key, subjects.OpenJobs); err != nil {
			return jobs, err
		}
		if len(jobs.Open) == 0 || r.env.Record.Now() >= deadline {
			break
		}
		if ctx.Err() != nil {
			return jobs, context.Cause(ctx)
		}
		if round > quick {
			r.workSome(ctx, r.env.Clients[round%len(r.env.Clients)], key, len(jobs.Open), Patience(r.env.Bound), deadline)
		} else {
			share := (len(jobs.Open) + len(r.env.Clients) - 1) / len(r.env.Clients)
			r.env.each(func(c *Client) { r.workSome(ctx, c, key, share, 5*takePatience, deadline) })
		}
		pause(ctx, 5*time.Millisecond) // where takes fail at once
	}
	err = retry(ctx, r.env.Bound, func() error {
		jobs, err = steady(func(folder string) ([]string, error) { return r.listed(ctx, key, folder) })
		return err
	})
	return jobs, err
}

// errMoved is the error of a look at the folders during which a job left one of them.
var errMoved = errors.New("jobs were put or ended during the last look")

// steady reads the folders one after the other, and the first one once more: a job that was
// open before and after was open all the time. Otherwise a job that ends meanwhile would
// seem to be both open and done.
func steady(list func(folder string) ([]string, error)) (jobs models.Jobs, err error) {
	var after []string
	for _, f := range []struct {
		name string
		to   *[]string
	}{{subjects.OpenJobs, &jobs.Open}, {subjects.DoneJobs, &jobs.Done}, {subjects.DeadJobs, &jobs.Dead}, {subjects.OpenJobs, &after}} {
		if *f.to, err = list(f.name); err != nil {
			return jobs, err
		}
	}
	slices.Sort(jobs.Open)
	slices.Sort(after)
	if !slices.Equal(jobs.Open, after) {
		return jobs, errMoved
	}
	jobs.Drained = models.Drained{Empty: len(jobs.Open) == 0, Left: len(jobs.Open)}
	return jobs, nil
}

func (r *jobRun) workSome(ctx context.Context, c *Client, key string, n int, patience, deadline time.Duration) {
	for range n {
		if r.env.Record.Now() >= deadline || r.work(ctx, c, key, 0, patience, 0, false) != nil {
			return
		}
	}
}

// listed returns the present jobs in one of the folders of a job queue.
func (r *jobRun) listed(ctx context.Context, key, folder string) (jobs []string, err error) {
	path := r.env.Path(key) + "/" + folder
	err = retry(ctx, r.env.Bound, func() error {
		jobs = nil
		names, err := r.env.freshChildren(ctx, path)
		if err != nil {
			return err
		}
		for _, name := range names {
			data, err := within(ctx, r.env.Bound, func() ([]byte, error) {
				data, _, err := r.env.Admin.Get(path + "/" + name)
				return data, err
			})
			if errors.Is(err, zk.ErrNoNode) { // gone since the list was read
				continue
			}
			if err != nil {
				return err
			}
			jobs = append(jobs, string(data))
		}
		return nil
	})
	return jobs, err
}
