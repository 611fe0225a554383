package recipes

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// MasterWorker has tasks that a master assigns to workers. It combines an [Election], a [Group] and
// the states of a [JobQueue]. (Junqueira and Reed, ZooKeeper: the master-worker example.) Any
// client can submit tasks, work, and stand for master. If one of them crashes, the others go on.
//
// Its path is a persistent znode, which the recipe creates if it is missing, with these children:
//
//	master/         an [Election]: the leader assigns tasks
//	workers/        a [Group]: each member is a place, where a worker waits for a task or works
//	                on one; the data of a place is the id of its worker, behind the name of
//	                the task that is assigned to it
//	jobs/<id>       each task that is not over, with the task's data
//	pending/<id>-job-<attempts begun>-<tries>-<sequence>
//	taken/<id>-taken-<place>-<attempt>-<tries>-<sequence>   the assigned tasks
//	done/<id>       the results
//	dead/<id>       the tasks whose tries have all failed
//	marks/          ephemeral; with it a client settles a request whose reply was lost
//
// The tree has the whole state, so a new master goes on where the last one stopped. Each step of a
// task is one multi that removes the znode of its last state. No other attempt has a znode of that
// name. An assignment also checks that the znodes of its master and of the worker's place exist,
// and that nothing was assigned to that place before.
//
// Guarantees: a task is assigned to one place at a time, by the client that is the master at that
// moment, as the servers see it. It has one result, or is dead after its last try, and never both.
// No task is lost. The znode of a place goes with its session, and the worker removes it if the
// session may be gone (see [Job.Lost]). Then the master puts the task back.
//
// Limits: a worker that stood still for longer than its session timeout may go on with a task that
// another worker has by now. The recipe refuses its Finish, but cannot stop what it does elsewhere.
// So tasks are executed at least once. After a master has crashed, no task is assigned until its
// session has timed out.
//
// Cost: for each task, a worker makes three writes and two reads: its place, the acknowledgement of
// the assignment and the result. The master makes a read and a write, and lists places and pending
// and assigned tasks whenever these change. It assigns one task after the other. There is room for
// [MaxItems] tasks and results, so forget the results ([MasterWorker.Forget]). A MasterWorker is
// safe for concurrent use.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type MasterWorker struct {
	id      string
	q       *JobQueue // no client takes from it directly: the master assigns
	master  *Election
	workers *Group

	mu     sync.Mutex
	places map[*contend.Hold]bool // of this value: the places where it waits or works
}

// NewMasterWorker returns a client of the master and the workers at path. [MasterWorker.Master]
// returns id while this client is the master, and an [Assignment] to this client names it. Each
// task that this value submits gets up to tries attempts, 1 to 1000.
func NewMasterWorker(c *Client, path, id string, tries int) *MasterWorker {
	m := &MasterWorker{
		id:      id,
		q:       NewJobQueue(c, path, tries),
		master:  NewElection(c, znodes.Join(path, "master"), id),
		workers: NewGroup(c, znodes.Join(path, "workers")),
		places:  make(map[*contend.Hold]bool),
	}
	m.q.workers = m.workers.line
	return m
}

// Submit adds a task and returns its id. It does what [JobQueue.Put] does, with the same errors.
func (m *MasterWorker) Submit(ctx context.Context, data []byte) (id string, err error) {
	return m.q.Put(ctx, data)
}

// Result waits until a task is over, or until ctx ends, and returns the result of the task.
// NoEffect is true for its errors: [ErrDead] if all tries of the task have failed, [ErrNoJob] if
// there is no task with that id, [ErrClosed], the error of ctx, or what a server refused.
func (m *MasterWorker) Result(ctx context.Context, id string) ([]byte, error) {
	return m.q.Result(ctx, id)
}

// Forget deletes the result or the dead letter of a task; see [JobQueue.Forget].
func (m *MasterWorker) Forget(ctx context.Context, id string) error { return m.q.Forget(ctx, id) }

// Dead returns the ids of the tasks whose tries have all failed; see [JobQueue.Dead].
func (m *MasterWorker) Dead(ctx context.Context) ([]string, error) { return m.q.Dead(ctx) }

// Master returns the id of the master, or "" if there is none; see [Election.Leader].
func (m *MasterWorker) Master(ctx context.Context) (string, error) { return m.master.Leader(ctx) }

// Terms returns the present master, and then each new one; see [Election.Terms].
func (m *MasterWorker) Terms(ctx context.Context) iter.Seq2[Term, error] { return m.master.Terms(ctx) }

// Workers returns the names of the places at which a worker waits for a task or works on one, in
// the order in which they came; see [Group.Members].
func (m *MasterWorker) Workers(ctx context.Context) ([]string, error) {
	members, err := m.workers.Members(ctx)
	names := make([]string, 0, len(members))
	for _, member := range members {
		names = append(names, member.Name)
	}
	return names, err
}

// Lead stands for master, again and again until ctx ends, and assigns tasks while it is the master.
// It returns [ErrHeld] if another call of this value stands or leads, [ErrClosed], the error of
// ctx, or what a server refused. [WithTrace] tells what it assigns.
func (m *MasterWorker) Lead(ctx context.Context) error {
	ctx, end, err := m.q.r.Start(ctx)
	if err != nil {
		return m.q.r.Definite("lead", err)
	}
	defer end()
	err = m.master.DoEach(ctx, func(ctx context.Context) error {
		h := m.master.x.Present()
		if h == nil {
			return ErrClosed
		}
		return (&plan{m: m, master: h.Contender}).follow(ctx)
	})
	return m.q.r.Indefinite("lead", err)
}

// Take waits until a task is assigned to this client, or until ctx ends. An error with NoEffect
// means that no task was assigned: [ErrClosed], [ErrTooLarge] if the id of this client does not fit
// into a znode, the error of ctx, or what a server refused. [ErrUnknown], with the reason, means
// that a task may have been assigned, for example because the session ended. The master then gives
// it to another worker, and it has one try less.
func (m *MasterWorker) Take(ctx context.Context) (j *Job, err error) {
	if len(m.id) > MaxItem {
		return nil, m.q.r.Definite("take", ErrTooLarge)
	}
	err = m.q.r.Attempts(ctx, "take", func(ctx context.Context, z *client.Session) (o calls.Outcome, err error) {
		j, o, err = m.takePlace(ctx, z)
		return o, err
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// Do takes a task as Take does and runs f, as [JobQueue.Do] does with a job.
func (m *MasterWorker) Do(ctx context.Context, f func(ctx context.Context, j *Job) (result []byte, err error)) error {
	j, err := m.Take(ctx)
	if err != nil {
		return err
	}
	return m.q.work(ctx, j, f)
}

// Work does one task after the other, each as Do does, until ctx ends or a call fails. If f fails,
// or the place or the task is lost, Work goes on. To work on several tasks at once, call it several
// times. It returns the same errors as Take.
func (m *MasterWorker) Work(ctx context.Context, f func(ctx context.Context, j *Job) (result []byte, err error)) error {
	for {
		j, err := m.Take(ctx)
		switch {
		case err == nil:
			_ = m.q.work(ctx, j, f) // a task that fails is given back
		case !errors.Is(err, ErrUnknown) || ctx.Err() != nil || m.q.r.Context.Err() != nil || m.q.r.Client.Context.Err() != nil:
			return err
		}
	}
}

// Close gives back the tasks of this value, resigns, and ends calls that wait. It then waits until
// the tree has no znodes of this value but tasks and results. If ctx ends first, Close returns its
// error, and the clean-up goes on. The next master assigns the tasks to other workers. If you call
// Close again, it waits again.
func (m *MasterWorker) Close(ctx context.Context) error {
	m.q.r.StopCalls()
	for _, h := range m.open() {
		m.vacate(h)
	}
	return errors.Join(m.master.Close(ctx), m.workers.Close(ctx), m.q.Close(ctx))
}

// open returns the places of this value.
func (m *MasterWorker) open() []*contend.Hold {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Keys(m.places), func(a, b *contend.Hold) int { return znodes.Compare(a.Contender.Node, b.Contender.Node) })
}
