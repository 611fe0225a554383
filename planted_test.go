package zklab_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/wire"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// seeds is how many runs a defect may take: some need a fault at just the right
// moment, which the seed alone does not fix.
const seeds = 4

// defect is a subject with one planted defect, and the property that must find
// it in a real run.
type defect struct {
	name     string
	workload workloads.Workload
	faults   faults.Schedule // nil: contention is enough; none that touches servers
	property string
	limit    time.Duration // of the load: 15 s if left out
}

// defects make each property fail.
func defects() []defect {
	expiries := faults.Every(1500*time.Millisecond, faults.Expire{})
	return []defect{
		{
			"lock/ignores-expiry",
			workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
				l, err := subjects.NewLock(c, path)
				return &ignoresExpiry{inner: l}, err
			}},
			expiries, "lost", 0,
		},
		{
			"lock/token-of-its-own",
			workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
				l, err := subjects.NewLock(c, path)
				return &ownToken{inner: l}, err
			}},
			nil, "tokens", 0,
		},
		{
			"lock/leaks-contender",
			workloads.Lock{New: subjects.GoZookeeperLock},
			faults.Every(500*time.Millisecond, loseReply{wire.GetChildren}), "progress", 0,
		},
		{
			"election/never-regains",
			workloads.Election{New: func(c *subjects.Client, path, id string) (subjects.Election, error) {
				e, err := subjects.NewElection(c, path, id)
				return &neverRegains{Election: e, client: c}, err
			}},
			expiries, "progress", 0,
		},
		{
			"queue/blind-delete-retry",
			workloads.Queue{New: func(c *subjects.Client, path string) (subjects.Queue, error) {
				return &blindDeleteRetry{conn: c.Conn, path: path}, ensure(c.Conn, path)
			}},
			faults.Every(300*time.Millisecond, loseReply{wire.Delete}), "loss", 0,
		},
		{
			"queue/recreates",
			workloads.Queue{New: func(c *subjects.Client, path string) (subjects.Queue, error) {
				return &recreates{blindDeleteRetry{conn: c.Conn, path: path}}, ensure(c.Conn, path)
			}},
			faults.Every(300*time.Millisecond, loseReply{wire.Create}), "integrity", 0,
		},
		{
			"barrier/exists-without-watch",
			workloads.Barrier{New: func(c *subjects.Client, path string) (subjects.Barrier, error) {
				b, err := subjects.NewBarrier(c, path)
				return &withoutWatch{Barrier: b, conn: c.Conn, path: path}, err
			}},
			nil, "late", 0,
		},
		{
			"double-barrier/timed-out-still-counted",
			workloads.DoubleBarrier{New: func(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
				b, err := subjects.BrokenDoubleBarrier(c, path, parties)
				return staysBehind{b}, err
			}},
			nil, "enter", 0,
		},
		{
			"double-barrier/counts-the-dead",
			workloads.DoubleBarrier{New: func(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
				return &countsTheDead{conn: c.Conn, path: path, parties: parties}, ensure(c.Conn, path)
			}},
			faults.Every(1500*time.Millisecond, faults.Expire{Who: faults.Waiter}), "enter", 0,
		},
	}
}

// Each property must be seen to fail on real servers, on one ensemble at once.
func TestPlantedDefects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes; what it runs is run in virtual time, too")
	}
	find(t, perform)
}

// Each property must be seen to fail in virtual time.
func TestPlantedDefectsInVirtualTime(t *testing.T) { find(t, virtually) }

// find looks for the defects, with several seeds.
func find(t *testing.T, run func(*testing.T, zklab.Experiment) *zklab.Outcome) {
	for _, d := range append(defects(), registerDefects()...) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			findIn(t, d, run)
		})
	}
}

// findIn looks for one defect.
func findIn(t *testing.T, d defect, run func(*testing.T, zklab.Experiment) *zklab.Outcome) {
	for seed := range seeds {
		o := run(t, zklab.Experiment{
			Workload: d.workload, Faults: d.faults, TimeLimit: cmp.Or(d.limit, 15*time.Second), Seed: int64(seed + 1),
			Keys: 2, // each key that is stuck takes its time to show
		})
		if o.Result.Verdict == checker.Violation && violated(o.Result, d.property) {
			return
		}
		t.Logf("seed %d: verdict %s, and no violation of %s", seed+1, o.Result.Verdict, d.property)
		explain(t, o.Result)
	}
	t.Errorf("none of %d seeds found it", seeds)
}

// loseReply loses the reply to one client's next request of a type.
type loseReply struct{ op wire.Op }

func (loseReply) Kind() string                   { return "lose-reply" }
func (f loseReply) Spec() string                 { return "lose-reply:" + f.op.String() }
func (loseReply) Available(faults.Setting) error { return nil }

func (f loseReply) Inject(_ context.Context, t *faults.Target, rng *rand.Rand) (faults.Effect, error) {
	c := t.Clients[rng.IntN(len(t.Clients))]
	loss, err := c.Link.Lose(link.Rule{What: link.Reply, Op: f.op})
	return &lossEffect{loss, c.ID, f}, err
}

type lossEffect struct {
	loss   *link.Loss
	client int
	fault  loseReply
}

func (e *lossEffect) Describe() history.FaultStep {
	return history.FaultStep{Spec: e.fault.Spec(), Clients: []int{e.client}}
}

func (e *lossEffect) Verify(context.Context) error {
	select {
	case <-e.loss.Done():
		return nil
	case <-time.After(5 * time.Second):
		return errors.New("no such reply came")
	}
}

func (e *lossEffect) Heal(context.Context) error {
	e.loss.Cancel()
	return nil
}

func ensure(conn *zk.Conn, path string) error {
	_, err := conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

// ignoresExpiry takes itself for the holder until it has given the lock back,
// which never succeeds once its session has died: from then on it answers from
// memory, and it never says that a hold is lost.
type ignoresExpiry struct {
	inner subjects.Lock
	held  bool
	token int64
}

func (l *ignoresExpiry) Lock(ctx context.Context) error {
	if l.held {
		return nil
	}
	if err := l.inner.Lock(ctx); err != nil {
		return err
	}
	l.held, l.token = true, l.inner.(subjects.Fencer).Fence()
	return nil
}

func (l *ignoresExpiry) Unlock(ctx context.Context) error {
	err := l.inner.Unlock(ctx)
	l.held = err != nil
	return err
}

func (l *ignoresExpiry) Fence() int64        { return l.token }
func (*ignoresExpiry) Lost() <-chan struct{} { return nil }

// ownToken hands out tokens that rise for each client, but not among them.
type ownToken struct {
	inner subjects.Lock
	count int64
}

func (l *ownToken) Lock(ctx context.Context) error   { return l.inner.Lock(ctx) }
func (l *ownToken) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }

func (l *ownToken) Fence() int64 {
	l.count++
	return l.count
}

// neverRegains waits for ever once its session has been lost.
type neverRegains struct {
	subjects.Election
	client  *subjects.Client
	session int64
}

func (e *neverRegains) Campaign(ctx context.Context) error {
	if e.session == 0 {
		e.session = e.client.Conn.SessionID()
	}
	if e.client.Conn.SessionID() != e.session {
		<-ctx.Done()
		return ctx.Err()
	}
	return e.Election.Campaign(ctx)
}

// blindDeleteRetry repeats a delete whose reply was lost, and when the item is
// gone then, goes for the next one.
type blindDeleteRetry struct {
	conn *zk.Conn
	path string
}

func (q *blindDeleteRetry) Put(_ context.Context, item []byte) error {
	_, err := q.conn.Create(q.path+"/item-", item, zk.FlagSequence, zk.WorldACL(zk.PermAll))
	return err
}

func (q *blindDeleteRetry) Take(ctx context.Context) ([]byte, error) {
	for ctx.Err() == nil {
		names, _, err := q.conn.Children(q.path)
		if err != nil || len(names) == 0 {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		slices.Sort(names)
		path := q.path + "/" + names[0]
		item, _, err := q.conn.Get(path)
		if err != nil {
			continue
		}
		err = q.conn.Delete(path, -1)
		for range 20 {
			if !errors.Is(err, zk.ErrConnectionClosed) && !errors.Is(err, zk.ErrNoServer) {
				break
			}
			time.Sleep(20 * time.Millisecond)
			err = q.conn.Delete(path, -1)
		}
		if err == nil {
			return item, nil
		}
	}
	return nil, noEffect{ctx.Err()}
}

// noEffect promises, wrongly or not, that nothing happened.
type noEffect struct{ error }

func (noEffect) NoEffect() bool { return true }

// recreates puts an item again when the reply to its create was lost.
type recreates struct{ blindDeleteRetry }

func (q *recreates) Put(ctx context.Context, item []byte) (err error) {
	for range 20 {
		if err = q.blindDeleteRetry.Put(ctx, item); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// withoutWatch looks once whether the barrier is up, and then waits for a word
// that nobody will say.
type withoutWatch struct {
	subjects.Barrier
	conn *zk.Conn
	path string
}

func (b *withoutWatch) Await(ctx context.Context) error {
	up, _, err := b.conn.Exists(b.path)
	if err != nil || !up {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// staysBehind says of an Enter that was given up that it had no effect, but
// leaves its member where the others count it.
type staysBehind struct{ subjects.DoubleBarrier }

func (b staysBehind) Enter(ctx context.Context) error {
	if err := b.DoubleBarrier.Enter(ctx); err != nil {
		return noEffect{err}
	}
	return nil
}

// countsTheDead has persistent members: who has died is counted all the same,
// though it says that it is gone.
type countsTheDead struct {
	conn    *zk.Conn
	path    string
	parties int
	node    string
}

var members atomic.Int64

func (b *countsTheDead) Enter(ctx context.Context) error {
	b.node = fmt.Sprintf("%s/m%d", b.path, members.Add(1))
	if _, err := b.conn.Create(b.node, nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
		return err
	}
	session := b.conn.SessionID()
	for ctx.Err() == nil {
		if s := b.conn.SessionID(); s != 0 && s != session {
			return noEffect{zk.ErrSessionExpired} // as if that had taken the member away
		}
		names, _, err := b.conn.Children(b.path)
		if err == nil && len(names) >= b.parties {
			_, err = b.conn.Create(b.path+"-ready", nil, 0, zk.WorldACL(zk.PermAll))
			if err == nil || errors.Is(err, zk.ErrNodeExists) {
				return nil
			}
		}
		if up, _, err := b.conn.Exists(b.path + "-ready"); err == nil && up {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	if err := b.conn.Delete(b.node, -1); err != nil {
		return err
	}
	return noEffect{ctx.Err()}
}

func (b *countsTheDead) Leave(context.Context) error { return b.conn.Delete(b.node, -1) }
