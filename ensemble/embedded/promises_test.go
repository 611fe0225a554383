package embedded_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

var (
	seeds     = flag.Int("promises.seeds", 200, "how many seeds TestPromises tries; a tenth with -short")
	firstSeed = flag.Int("promises.first", 1, "the first of them")
)

// TestPromises makes clients of an ensemble work while its servers are killed, paused, cut off and
// slowed down, and compares what they saw with the promises of ZooKeeper (Programmer's Guide,
// Consistency Guarantees):
//
//   - writes are linearizable, and each does what the order of transactions says;
//   - what was acknowledged is not lost, what was refused has no effect, and
//     nothing happens twice or in another order than the session asked for;
//   - every read shows the state at the zxid in its reply; these never go back
//     within a session, also when it moves; a sync brings them up to date;
//   - ephemerals go with their session, and a session has its whole timeout;
//   - of one-time, persistent and recursive watches every event comes, once, in
//     order, and before anything that shows the change;
//   - the servers agree on all transactions: no epoch has two leaders that commit;
//   - soon after the last fault all servers serve again, the same tree.
//
// -run 'TestPromises/seed=17$' tries one seed again. The scheduling of goroutines is not part of a
// seed, but time is virtual: mostly one thing happens at a time.
func TestPromises(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = (n + 9) / 10
	}
	sum := &totals{}
	t.Cleanup(func() { sum.judge(t, n) })
	for seed := *firstSeed; seed < *firstSeed+n; seed++ {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runTrial(t, uint64(seed), sum) })
		})
	}
}

// totals adds up all seeds: a test that tries nothing would find nothing.
type totals struct {
	mu sync.Mutex

	Calls, Unanswered, Reads, Writes, Events, Txns, Epochs, Expired, StaleSyncs int
	Recovery                                                                    time.Duration // the longest
}

func (s *totals) judge(t *testing.T, seeds int) {
	text := fmt.Sprintf("%d calls, %d unanswered, %d reads, %d writes, %d watch events, %d transactions, %d epochs, %d sessions expired, %d stale syncs, recovery within %v",
		s.Calls, s.Unanswered, s.Reads, s.Writes, s.Events, s.Txns, s.Epochs, s.Expired, s.StaleSyncs, s.Recovery)
	t.Log(text)
	if t.Failed() || seeds < 40 {
		return
	}
	for _, few := range []bool{
		s.Unanswered < 4*seeds, s.Reads < 200*seeds, s.Writes < 200*seeds, s.Events < 100*seeds,
		2*s.Epochs < 3*seeds, s.Expired < 3*seeds,
	} {
		if few {
			t.Errorf("too little happens in %d seeds: %s", seeds, text)
		}
	}
}

// The phases of a trial.
const (
	faulty     int32 = iota
	recovering       // no more faults, but not all servers serve yet
	quiet            // nothing may fail
	over             // clients leave
)

const (
	faultyTime = 12 * time.Second
	quietTime  = 3 * time.Second
	// recovery is how long all servers may take to serve again: whatever they are doing ends within
	// InitLimit, and then they elect a leader.
	recovery = 15 * time.Second
	// forgotten is the time after which every session of clients that left has ended: the longest
	// timeout plus a tick.
	forgotten = 11 * time.Second
)

// trial is the run of one seed.
type trial struct {
	e      *embedded.Ensemble
	seed   uint64
	clock  clock
	phase  atomic.Int32
	silent bool // see kindOfFault
	began  time.Time

	commits            *commitLog
	actors             []*actor
	working, following sync.WaitGroup

	mu       sync.Mutex
	story    []string // of the faults
	problems []string
}

func (tr *trial) log(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.story = append(tr.story, fmt.Sprintf("%8.3fs ", time.Since(tr.began).Seconds())+fmt.Sprintf(format, args...))
}

func (tr *trial) problem(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.problems = append(tr.problems, fmt.Sprintf("%8.3fs ", time.Since(tr.began).Seconds())+fmt.Sprintf(format, args...))
}

func (tr *trial) must(err error) {
	if err != nil {
		tr.problem("%v", err)
	}
}

// sizes lists ensembles, mostly of the usual sizes.
var sizes = []embedded.Config{
	{Nodes: 3},
	{Nodes: 3},
	{Nodes: 3},
	{Nodes: 5},
	{Nodes: 3, Observers: 1},
	{Nodes: 5, Observers: 2},
	{Nodes: 1},
	{Nodes: 7},
	{Nodes: 2},
	{Nodes: 1, Observers: 1},
}

func runTrial(t *testing.T, seed uint64, sum *totals) {
	rng := rand.New(rand.NewPCG(seed, 1<<32))
	cfg := sizes[rng.IntN(len(sizes))]
	cfg.Latency = time.Duration([]int{0, 1, 20}[rng.IntN(3)]) * time.Millisecond
	tr := newTrial(t, seed, cfg)
	defer tr.e.Close()
	if rng.IntN(3) == 0 {
		tr.fold(20 + rng.IntN(100))
	}
	tr.employ(3 + rng.IntN(3))
	newNemesis(tr).run(faultyTime)
	tr.phase.Store(recovering)
	recovery := tr.recover()
	tr.phase.Store(quiet)
	before := tr.commits.epoch()
	time.Sleep(quietTime)
	if after := tr.commits.epoch(); before != after {
		tr.problem("without faults the epoch went from %d to %d", before, after)
	}
	k := tr.finish()
	k.problem = tr.problem
	k.run()
	if n := len(k.model.sessions); n > 1 {
		tr.problem("%d sessions are left: %v", n, k.model.sessions) // one session belongs to the client that read everything
	}
	sum.add(k, recovery)
	if len(tr.problems) > 0 {
		t.Errorf("seed %d:\n%s\n\n%s", seed, strings.Join(tr.story, "\n"), strings.Join(tr.problems[:min(len(tr.problems), 10)], "\n"))
	}
}

// newTrial starts an ensemble.
func newTrial(t *testing.T, seed uint64, cfg embedded.Config) *trial {
	cfg.InMemory, cfg.KeepLog, cfg.Sweep = true, true, 2*time.Second
	e, err := embedded.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := e.StreamTransactions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{e: e, seed: seed, began: time.Now(), commits: newCommitLog(e, stream)}
	tr.log("%d servers, %d observers, latency %v", cfg.Nodes, cfg.Observers, cfg.Latency)
	tr.following.Go(func() { tr.commits.follow(tr) })
	return tr
}

// fold makes the servers keep little of their logs, so that a server that comes back late needs a
// snapshot.
func (tr *trial) fold(keep int) {
	tr.log("the servers keep %d transactions", keep)
	for id := range tr.e.Addrs() {
		tr.e.Server(id + 1).Fold(keep)
	}
}

// employ starts clients.
func (tr *trial) employ(n int) {
	for id := range n {
		a := newActor(tr, id+1)
		tr.actors = append(tr.actors, a)
		tr.working.Go(a.run)
	}
}

// finish lets the clients leave, waits until their sessions have ended, reads everything that is left,
// and returns what there is to check.
func (tr *trial) finish() *check {
	tr.phase.Store(over)
	tr.working.Wait()
	time.Sleep(forgotten)
	calls := tr.readAll().calls
	tr.commits.stop()
	tr.following.Wait()
	for _, a := range tr.actors {
		calls = append(calls, a.calls...)
	}
	slices.SortFunc(calls, func(a, b *seenCall) int { return int(a.sent.seq - b.sent.seq) })
	k := newCheck(calls, tr.commits.transactions())
	k.silent = tr.silent
	return k
}

// recover waits until every server serves, and every client has a server.
func (tr *trial) recover() time.Duration {
	start := time.Now()
	for id := range tr.e.Addrs() {
		for !tr.serves(id + 1) {
			if time.Since(start) > recovery {
				tr.problem("server %d does not serve %v after the last fault", id+1, recovery)
				return recovery
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	took := time.Since(start)
	// The clients have yet to notice this, and sessions that could not be kept alive may be about to
	// end.
	time.Sleep(4 * time.Second)
	return took
}

func (tr *trial) serves(server int) bool {
	a := newActor(tr, 0)
	a.timeout = time.Second
	defer a.hangUp()
	return a.connect(server) && a.ask(todo{wire.Sync, &wire.PathRequest{Path: "/"}})
}

// readAll reads everything that each server has.
func (tr *trial) readAll() *actor {
	reader := newActor(tr, 9)
	reader.timeout = 10 * time.Second
	for id := range tr.e.Addrs() {
		if !reader.connect(id+1) || !reader.ask(todo{wire.Sync, &wire.PathRequest{Path: "/"}}) {
			tr.problem("server %d cannot be read in the end", id+1)
			continue
		}
		reader.readTree("/")
		reader.hangUp()
	}
	return reader
}

// readTree reads a znode and everything below it.
func (a *actor) readTree(path string) {
	r := &wire.ReadRequest{Path: path}
	if !a.ask(todo{wire.GetData, r}, todo{wire.GetChildren2, r}) {
		a.problem("cannot read %s", path)
		return
	}
	children, _ := a.calls[len(a.calls)-1].result.(wire.ChildrenReply) // the znode may just have been deleted
	for _, name := range children.Children {
		a.readTree(strings.TrimSuffix(path, "/") + "/" + name)
	}
}

func (s *totals) add(k *check, recovery time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Recovery = max(s.Recovery, recovery)
	for _, c := range k.calls {
		s.Calls++
		switch {
		case c.got.seq == 0:
			s.Unanswered++
		case isWrite(c.op):
			s.Writes++
		default:
			s.Reads++
		}
	}
	s.StaleSyncs += k.staleSyncs
	s.Txns += len(k.txns)
	var epoch int64
	for _, t := range k.txns {
		if e := int64(t.Zxid) >> 32; e != epoch {
			epoch = e
			s.Epochs++
		}
		if t.Type == "closeSession" && t.Cxid == 0 {
			s.Expired++
		}
	}
	seen := map[*seenConn]bool{}
	for _, c := range k.calls {
		if !seen[c.conn] {
			seen[c.conn] = true
			for _, f := range c.conn.frames {
				if f.call == nil {
					s.Events++
				}
			}
		}
	}
}

// commitLog follows what the servers know to be committed. They have to agree at all times, which they
// would not if two leaders committed in one epoch.
type commitLog struct {
	e    *embedded.Ensemble
	done chan struct{}

	mu   sync.Mutex
	all  []zab.Entry
	read []int64 // zxid up to which a server's log was compared

	stream ensemble.TransactionStream // has to return the same transactions
	handed []history.Txn
}

func newCommitLog(e *embedded.Ensemble, stream ensemble.TransactionStream) *commitLog {
	return &commitLog{e: e, done: make(chan struct{}), read: make([]int64, len(e.Addrs())), stream: stream}
}

// follow reads the logs often enough to miss no folded entry.
func (l *commitLog) follow(tr *trial) {
	for {
		l.look(tr)
		select {
		case <-l.done:
			l.look(tr)
			l.compareStream(tr)
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (l *commitLog) stop() { close(l.done) }

func (l *commitLog) look(tr *trial) {
	for i := range l.read {
		entries := l.e.Server(i + 1).Committed()
		from, _ := slices.BinarySearchFunc(entries, l.read[i]+1, byZxid)
		for j := from; j < len(entries); j++ {
			if err := l.compare(entries[max(j-1, 0):j], entries[j]); err != nil {
				tr.problem("server %d: %v", i+1, err)
			}
			l.read[i] = entries[j].Zxid
		}
	}
	for {
		txns, err := l.stream.Next(context.Background())
		if err != nil {
			tr.problem("the stream of transactions: %v", err)
		}
		if len(txns) == 0 {
			return
		}
		l.handed = append(l.handed, txns...)
	}
}

// compareStream fails unless the stream has returned what the servers' logs had.
func (l *commitLog) compareStream(tr *trial) {
	l.stream.Close()
	if diff := gocmp.Diff(l.transactions(), l.handed); diff != "" {
		tr.problem("the stream of transactions (-logs +stream):\n%s", diff)
	}
}

func byZxid(e zab.Entry, zxid int64) int { return cmp.Compare(e.Zxid, zxid) }

// compare compares an entry of a server's log with what others have; before has the entry before it, if
// the server still has that.
func (l *commitLog) compare(before []zab.Entry, e zab.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, known := slices.BinarySearchFunc(l.all, e.Zxid, byZxid)
	switch {
	case known && l.all[i].Data != e.Data:
		return fmt.Errorf("%+v is committed, elsewhere %+v", embedded.Transaction(e), embedded.Transaction(l.all[i]))
	case known:
		return nil
	case i < len(l.all):
		return fmt.Errorf("%+v is committed between what others have", embedded.Transaction(e))
	case i > 0 && len(before) > 0 && before[0].Zxid != l.all[i-1].Zxid:
		return fmt.Errorf("%#x follows %#x, elsewhere %#x was committed", e.Zxid, before[0].Zxid, l.all[i-1].Zxid)
	}
	l.all = append(l.all, e)
	return nil
}

func (l *commitLog) epoch() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return 0
	}
	return l.all[len(l.all)-1].Zxid >> 32
}

func (l *commitLog) transactions() (txns []history.Txn) {
	for _, e := range l.all {
		txns = append(txns, embedded.Transaction(e))
	}
	return txns
}
