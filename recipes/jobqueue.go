package recipes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

var (
	// ErrTries: a job has 1 to 1000 tries.
	ErrTries = errors.New("number of tries must be between 1 and 1000")
	// ErrDead: all tries of the job have failed, and it is a dead letter.
	ErrDead error = failures.Conclusion("job is dead")
	// ErrNoJob: there is no such job, or its result was forgotten.
	ErrNoJob error = failures.Conclusion("no such job")
)

// JobQueue gives each job to one worker at a time, until a worker finishes it. If a worker dies,
// its jobs go back into the queue. If all tries of a job fail, it becomes a dead letter. Most
// workers only need [JobQueue.Do].
//
// Its path is a persistent znode, which the recipe creates if it is missing, with these children:
//
//	jobs/<id>       each job that is not over, with the job's data
//	pending/<id>-job-<attempts begun>-<tries>-<sequence>
//	taken/<id>-taken-<worker>-<attempt>-<tries>-<sequence>
//	done/<id>       the results of finished jobs
//	dead/<id>       the dead letters: the data of the job
//	workers/<id>-worker-<sequence>   the leases: ephemeral, one for each value that takes jobs
//	idle/<id>-idle-<sequence>        ephemeral, the workers that wait for a job
//	marks/          ephemeral; with it a client settles a request whose reply was lost
//
// Ids have 32 hex digits. They are random, or made from a name ([JobQueue.PutOnce]). The queue
// ignores other children. If another client deletes a job from jobs, the queue removes its pending
// znode. Each step of a job is one multi that removes the znode of its last state. No other attempt
// has a znode of that name. So a job is in one state at each moment, and a worker that stood still
// and has lost its jobs changes nothing.
//
// Guarantees: a job is with one worker at a time, as far as the servers know. It is finished once,
// or is dead after its last try, and never both. No job is lost. A worker keeps its jobs as long as
// its znode in workers exists. The znode goes with the session, and the worker removes it if the
// session may be gone (see [Job.Lost]). The first worker then puts the jobs back.
//
// Limits: a worker that stood still for longer than its session timeout may go on with a job that
// another worker has by now. The queue refuses its Finish, but cannot stop what it does elsewhere.
// So jobs are executed at least once. Jobs come out in the order of their puts only if workers do
// not compete. A job that comes back keeps its old place.
//
// Cost, independent of the number of workers: to take a job, a worker lists the pending jobs and
// makes a read and a write; to finish it, a write. Workers that compete for a job choose among more
// jobs. Idle workers stand in line, and a job wakes two of them. When a worker comes or goes, the
// first worker lists the workers and the taken jobs.
//
// A queue holds [MaxJobs] jobs and results, so forget the results ([JobQueue.Forget]). A JobQueue
// is safe for concurrent use.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type JobQueue struct {
	r       *calls.Recipe
	tries   int
	markers *calls.Markers
	workers contend.Line
	idle    *contend.Standby

	enlisting *semaphore.Weighted // one call at a time creates the worker's znode
	stewards  client.Tasks

	mu     sync.Mutex
	worker *contend.Hold // the present one

	spread *spread
	room   room
}

// MaxJobs is how many jobs and results a job queue holds. It is less than [MaxItems], because the
// name of a taken job takes 97 bytes of a list.
const MaxJobs = 10_000

// NewJobQueue returns the job queue at path. Each job that this value puts gets up to tries
// attempts, 1 to 1000.
func NewJobQueue(c *Client, path string, tries int) *JobQueue {
	r, idle := calls.New(c.client, path), contend.NewStandby(c.client, znodes.Join(path, kindIdle), kindIdle)
	idle.All = true
	return &JobQueue{
		r: r, tries: tries, markers: calls.NewMarkers(r),
		workers:   contend.Line{Recipe: calls.New(c.client, znodes.Join(path, "workers")), Folder: znodes.Join(path, "workers"), Kind: kindWorker, Places: 1},
		idle:      idle,
		enlisting: semaphore.NewWeighted(1),
		spread:    newSpread(), room: room{most: MaxJobs},
	}
}

func (q *JobQueue) job(id string) string      { return q.r.Path + "/jobs/" + id }
func (q *JobQueue) pending(n jobName) string  { return q.r.Path + "/pending/" + n.String() }
func (q *JobQueue) taken(n jobName) string    { return q.r.Path + "/taken/" + n.String() }
func (q *JobQueue) done(id string) string     { return q.r.Path + "/done/" + id }
func (q *JobQueue) dead(id string) string     { return q.r.Path + "/dead/" + id }
func (q *JobQueue) folder(name string) string { return q.r.Path + "/" + name }

func newZnode(path string, data []byte) any {
	return &zk.CreateRequest{Path: path, Data: data}
}
func gone(path string) any    { return &zk.DeleteRequest{Path: path, Version: -1} }
func present(path string) any { return &zk.CheckVersionRequest{Path: path, Version: -1} }
func (q *JobQueue) ensureFolders(ctx context.Context, z *client.Session) error {
	for _, name := range []string{"jobs", "pending", "taken", "done", "dead"} {
		if err := q.r.Client.EnsurePath(ctx, z, q.folder(name)); err != nil {
			return err
		}
	}
	return nil
}

// Put adds a job and returns its id. An error with NoEffect means that the job was not added and
// never will be: [ErrTooLarge], [ErrTries], [ErrFull], [ErrClosed], the error of ctx, or what a
// server refused. [ErrUnknown], with the reason, means that it may have been added; Put then returns
// the id, too.
func (q *JobQueue) Put(ctx context.Context, data []byte) (id string, err error) {
	id = znodes.NewID()
	if err = q.put(ctx, "put", id, data); err != nil && !errors.Is(err, ErrUnknown) {
		id = ""
	}
	return id, err
}

// PutOnce adds a job with a name, if there is no job with that name, over or not. If there is one,
// PutOnce adds nothing and succeeds, whatever the data. So any client may repeat it after any
// error. It returns the same errors as Put.
//
// The id is [JobID] of the name. The queue knows the name while the job is open, or its result or
// dead letter exists. After [JobQueue.Forget], PutOnce adds the job again. It also does so after
// jobs/<id> was deleted by hand: then one worker may have the first job and another worker the
// second, and the first Finish ends both. (The queue finds the rest of a deleted job when a worker
// takes it or gives it back. To look for it in each PutOnce would take a list of all jobs.) If a
// client forgets a name while another client puts it again, it may also forget the result of the
// new job.
func (q *JobQueue) PutOnce(ctx context.Context, name string, data []byte) (id string, err error) {
	const op = "put once"
	id = JobID(name)
	// The multi creates and removes the znodes of a result and of a dead letter: so it fails if the
	// job has one of them.
	err = q.put(ctx, op, id, data, newZnode(q.done(id), nil), gone(q.done(id)), newZnode(q.dead(id), nil), gone(q.dead(id)))
	switch {
	case errors.Is(err, zk.ErrNodeExists):
		err = nil
	case errors.Is(err, ErrFull): // an existing job counts, too
		if there, failed := q.has(ctx, op, id); there || failed != nil {
			err = failed
		}
	}
	return id, err
}

// has reports whether the job id exists, finished or not. NoEffect is true for its errors.
func (q *JobQueue) has(ctx context.Context, op, id string) (there bool, err error) {
	err = q.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		open, err := q.r.Client.QuorumSync(ctx, z, q.job(id))
		if err == nil && !open {
			_, err = q.over(ctx, z, id)
		}
		none := errors.Is(err, ErrNoJob)
		if there = !none; none || errors.Is(err, ErrDead) {
			err = nil
		}
		return calls.AppliedUnless(err)
	})
	return there && err == nil, err
}

// JobID returns the id of the job that [JobQueue.PutOnce] adds for a name.
func JobID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:znodes.IDLength/2])
}

// put adds a job, in one multi with ops.
func (q *JobQueue) put(ctx context.Context, op, id string, data []byte, ops ...any) error {
	switch {
	case len(data) > MaxItem:
		return q.r.Definite(op, ErrTooLarge)
	case q.tries < 1 || q.tries > maxTries:
		return q.r.Definite(op, ErrTries)
	}
	ops = append(ops, newZnode(q.job(id), slices.Clone(data)),
		&zk.CreateRequest{Path: q.folder("pending") + "/" + jobPrefix(id, q.tries), Flags: zk.FlagSequence})
	built := 0
	return q.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		if err := q.hasRoom(ctx, z); err != nil {
			return calls.NotApplied, err
		}
		o, err := q.markers.Write(ctx, z, ops...)
		if errors.Is(err, zk.ErrNoNode) && o == calls.NotApplied && built < client.MaxRecreate {
			built++
			if err = q.ensureFolders(ctx, z); err == nil {
				err = calls.ErrAgain
			}
		}
		return o, err
	})
}

// hasRoom fails with ErrFull if there were too many jobs and results at the last count.
func (q *JobQueue) hasRoom(ctx context.Context, z *client.Session) error {
	if q.room.take() {
		return nil
	}
	all := 0
	for _, name := range []string{"jobs", "done", "dead"} {
		n, err := q.r.Client.NumChildren(ctx, z, q.folder(name))
		if err != nil {
			return err
		}
		all += n
	}
	if !q.room.found(all) {
		return ErrFull
	}
	return nil
}

// Take waits for a job, or until ctx ends. If the session is lost while it waits, it goes on in the
// next one. An error with NoEffect means that this client has no job: [ErrClosed], the error of
// ctx, or what a server refused. [ErrUnknown], with the reason, means that the client may have
// taken a job. The job is given back in the background and has one try less.
func (q *JobQueue) Take(ctx context.Context) (*Job, error) { return q.take(ctx, "take", true) }

// TryTake is Take without waiting. It fails with [ErrEmpty] (NoEffect) if there was a moment during
// the call at which no job was pending, and otherwise as Take does.
func (q *JobQueue) TryTake(ctx context.Context) (*Job, error) { return q.take(ctx, "try take", false) }

// Do takes a job as Take does and runs f. If f returns a nil error, Do finishes the job with the
// result of f; if f fails or panics, it gives the job back. The context of f ends when the job is
// lost; its cause then is [ErrLost]. Without a job, Do returns the error of Take. With one, it
// returns nil, or a [JobError] with the error of f, [Job.Finish] or [Job.GiveBack].
//
// If ctx has ended by then, Do still tries to end the job for a tenth of the timeout (at most 200
// ms). Whatever Do returns, the job is over or given back, in the background if need be.
func (q *JobQueue) Do(ctx context.Context, f func(ctx context.Context, j *Job) (result []byte, err error)) error {
	j, err := q.Take(ctx)
	if err != nil {
		return err
	}
	return q.work(ctx, j, f)
}

// work runs f with a job that was taken, and ends the job.
func (q *JobQueue) work(ctx context.Context, j *Job, f func(ctx context.Context, j *Job) (result []byte, err error)) error {
	defer j.letGo()
	var result []byte
	err := j.lease.During(contend.Holds(ctx, 0, q.taken(j.name)), func(ctx context.Context) (err error) {
		result, err = f(ctx, j)
		return err
	})
	if ctx.Err() != nil {
		grace, cancel := q.r.Client.WithGrace()
		defer cancel()
		ctx = grace
	}
	if err != nil {
		return j.failed(errors.Join(err, j.GiveBack(ctx)))
	}
	return j.failed(j.Finish(ctx, result))
}

// Result waits until a job is over, or until ctx ends, and returns the result of the job. NoEffect
// is true for its errors: [ErrDead] if the job is a dead letter, [ErrNoJob] if there is no job with
// that id, [ErrClosed], the error of ctx, or what a server refused.
func (q *JobQueue) Result(ctx context.Context, id string) (result []byte, err error) {
	if len(id) != znodes.IDLength || !znodes.IsHex(id) {
		return nil, q.r.Definite("result", ErrNoJob)
	}
	err = q.r.Attempts(ctx, "result", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		event := q.r.Client.NextEvent()
		open, err := q.r.Client.GetW(ctx, z, q.job(id))
		switch {
		case err == nil:
			return calls.NotApplied, q.r.Client.Wait(ctx, z, event, open.Changed)
		case !errors.Is(err, zk.ErrNoNode):
			return calls.NotApplied, err
		}
		result, err = q.over(ctx, z, id)
		return calls.AppliedUnless(err)
	})
	return result, err
}

// over reads how a job ended, if the client's server does not list the job, or no longer
// lists it.
func (q *JobQueue) over(ctx context.Context, z *client.Session, id string) ([]byte, error) {
	open, err := q.r.Client.QuorumSync(ctx, z, q.job(id))
	switch {
	case err != nil:
		return nil, err
	case open: // the server lagged
		return nil, calls.ErrAgain
	}
	v, err := q.r.Client.Get(ctx, z, q.done(id))
	if !errors.Is(err, zk.ErrNoNode) {
		return v.Data, err
	}
	_, err = q.r.Client.Get(ctx, z, q.dead(id))
	switch {
	case err == nil:
		return nil, ErrDead
	case errors.Is(err, zk.ErrNoNode):
		return nil, ErrNoJob
	}
	return nil, err
}

// Forget deletes the result or the dead letter of a job. It also succeeds if there is none. You may
// repeat it after any error.
func (q *JobQueue) Forget(ctx context.Context, id string) error {
	if len(id) != znodes.IDLength || !znodes.IsHex(id) {
		return nil
	}
	return q.r.Attempts(ctx, "forget", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		for _, path := range []string{q.done(id), q.dead(id)} {
			if _, err := q.r.Client.Remove(ctx, z, path); err != nil {
				return calls.NotApplied, err
			}
		}
		return calls.Applied, nil
	})
}

// Dead returns the ids of the dead letters as they were at some time during the call. NoEffect is
// true for its errors: [ErrClosed], the error of ctx, or what a server refused.
func (q *JobQueue) Dead(ctx context.Context) (ids []string, err error) {
	err = q.r.Attempts(ctx, "dead", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		names, err := q.r.Client.FreshChildren(ctx, z, q.folder("dead"))
		ids = slices.DeleteFunc(names, func(name string) bool { return len(name) != znodes.IDLength || !znodes.IsHex(name) })
		return calls.AppliedUnless(err)
	})
	return ids, err
}

// Close gives back the jobs of this value, and ends calls that wait. It then waits until its lease
// and its marks are gone. If ctx ends first, Close returns its error, and the clean-up goes on. The
// first of the other workers, or the next one, puts the jobs back into the queue. If you call Close
// again, it waits again.
func (q *JobQueue) Close(ctx context.Context) error {
	q.r.StopCalls()
	q.mu.Lock()
	h := q.worker
	q.worker = nil
	q.mu.Unlock()
	if h != nil && h.End(true) {
		q.workers.Abandon(h.Contender)
	}
	q.markers.Close()
	for _, r := range []*calls.Recipe{q.r, q.workers.Recipe, q.idle.Line.Recipe} {
		if err := r.Drain(ctx, "close job queue"); err != nil {
			return err
		}
	}
	if err := q.stewards.Wait(ctx); err != nil {
		return q.r.Indefinite("close job queue", err)
	}
	return nil
}
