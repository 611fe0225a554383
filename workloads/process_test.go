package workloads

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// lives is a client's process that a test ends and starts again.
type lives struct {
	mu      sync.Mutex
	life    int
	up      bool
	over    error
	changed chan struct{}
}

func newLives() *lives { return &lives{life: 1, up: true, changed: make(chan struct{})} }

func (p *lives) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *lives) kill()            { p.set(func() { p.up = false }) }
func (p *lives) restart()         { p.set(func() { p.up, p.life = true, p.life+1 }) }
func (p *lives) breaks(err error) { p.set(func() { p.up, p.over = false, err }) }

func (p *lives) Renew(context.Context) error { p.kill(); p.restart(); return nil }

func (p *lives) Life() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.up {
		return 0
	}
	return p.life
}

func (p *lives) Await(ctx context.Context) (int, error) {
	for {
		p.mu.Lock()
		life, up, over, changed := p.life, p.up, p.over, p.changed
		p.mu.Unlock()
		if up || over != nil {
			return life, over
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// downError is the error of a call whose process was killed.
type downError struct{}

func (*downError) Error() string { return "it was killed" }
func (*downError) Unwrap() error { return subjects.ErrProcess }

// far has the subjects of a remote client: one lock that no other client wants.
type far struct {
	subjects.Remote
	*lives
	touches int
	cannot  bool // touch is not offered
	held    bool // the answer when it is asked whether it holds
	lost    chan struct{}
}

func (f *far) Touch(context.Context, string) error {
	f.touches++
	switch {
	case f.Life() == 0:
		return &downError{}
	case f.cannot:
		return subjects.ErrCannot
	}
	return nil
}

func (f *far) Make(recipe, _ string, _ any, _ ...string) (subjects.Object, error) {
	if recipe != models.Lock.Name {
		return nil, &downError{}
	}
	return &farLock{f}, nil
}

type farLock struct{ *far }

func (l *farLock) Call(_ context.Context, operation string, _, result any) error {
	if operation == models.FConfirm {
		return json.Unmarshal(history.Value(models.Held{Held: l.held}), result)
	}
	return nil
}

func (l *farLock) Hold(context.Context, string, any, any) (<-chan struct{}, error) {
	l.lost = make(chan struct{})
	return l.lost, nil
}
func (l *farLock) Offers(offer string) bool    { return offer == "lost" }
func (l *farLock) About(any) error             { return nil }
func (l *farLock) Close(context.Context) error { return nil }

// remotely turns a desk's client into one that lives in another process.
func remotely(d *desk, client int, f *far) *Client {
	c := d.clients[client]
	c.Conn, c.Remote, c.Process = nil, f, f.lives
	return c
}

// A client whose process is down waits, and its record shows no operation meanwhile.
// Operations that belonged to the earlier process are left out.
func TestCallsOfAProcessThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		p := newLives()
		c := remotely(d, 0, &far{lives: p})
		do := func(f string, life int, run func(context.Context) (any, error)) error {
			return c.Do(t.Context(), Op{F: f, Key: "k", Life: life, Timeout: time.Minute, Run: run})
		}
		killed := func(context.Context) (any, error) { p.kill(); return nil, &downError{} }
		_ = do(models.FAcquire, 0, returning(nil))
		life := c.life
		_ = do(models.FConfirm, life, killed)
		if err := do(models.FRelease, life, returning(nil)); !errors.Is(err, errGone) {
			t.Errorf("a release in a process that is gone: %v", err)
		}
		began := time.Now()
		go func() {
			time.Sleep(5 * time.Second)
			p.restart()
		}()
		_ = do(models.FAcquire, 0, returning(nil))
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("waited %s for a process that was down for 5 s", waited)
		}
		if err := do(models.FRelease, life, returning(nil)); !errors.Is(err, errGone) {
			t.Errorf("a release in another life: %v", err)
		}
		_ = do(models.FRelease, c.life, returning(nil))
		want := []string{
			"0 invoke acquire", "0 ok acquire",
			"0 invoke confirm", "0 info confirm process",
			"1 invoke acquire", "1 ok acquire",
			"1 invoke release", "1 ok release",
		}
		if diff := cmp.Diff(want, lines(d.read(t))); diff != "" {
			t.Error(diff)
		}
	})
}

// A client that dropped out does nothing more, and that does not count as a stuck call.
func TestClientThatDroppedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		p := newLives()
		c := remotely(d, 0, &far{lives: p})
		broken := errors.New("prints garbage")
		time.AfterFunc(time.Second, func() { p.breaks(broken) })
		p.kill()
		for range 3 {
			if err := c.Do(t.Context(), Op{F: models.FAcquire, Run: returning(nil)}); !errors.Is(err, broken) {
				t.Errorf("%v", err)
			}
		}
		if c.Stuck() != nil {
			t.Errorf("stuck: %v", c.Stuck())
		}
		if got := lines(d.read(t)); len(got) > 0 {
			t.Errorf("recorded %q", got)
		}
	})
}

// A process that is down does not delay the run's end.
func TestWaitForAProcessEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		p := newLives()
		c := remotely(d, 0, &far{lives: p})
		p.kill()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Do(ctx, Op{F: models.FAcquire, Run: returning(nil)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		p.restart()
		if err := c.Do(t.Context(), Op{F: models.FAcquire, Run: returning(nil)}); err != nil {
			t.Errorf("when it ran again: %v", err)
		}
	})
}

// farSection runs a critical section of a remote client, and calls during while the client
// holds.
func farSection(t *testing.T, f *far, during func()) []string {
	t.Helper()
	d := newDesk(t, 1)
	f.lives = newLives()
	c := remotely(d, 0, f)
	r := &holdRun{env: d.env(), holders: map[int]map[string]*holder{}, resources: map[string]*resource{"k1": {}}}
	h := must.Get(holderOf(on(contracts.Locks, nil), contracts.LockAcquire, contracts.LockRelease)(c.Client, "/root/k1"))(t)
	r.holders[0] = map[string]*holder{"k1": h}
	time.AfterFunc(10*time.Millisecond, during)
	r.criticalSection(t.Context(), c, "k1", 0, time.Second, 20*time.Millisecond, purpose{})
	return lines(d.read(t))
}

// After the hold of a process that was killed, no release is recorded, and nothing
// else.
func TestHoldOfAProcessThatWasKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{held: true}
		got := farSection(t, f, func() { f.kill() })
		want := []string{
			"0 invoke acquire", "0 ok acquire", "0 invoke confirm", "0 ok confirm", "0 invoke write", "0 ok write",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// The last event before a release is the other process's own answer whether it holds.
func TestRemoteHold(t *testing.T) {
	for name, f := range map[string]*far{"with touches": {held: true}, "without touches": {held: true, cannot: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := farSection(t, f, func() {})
				want := []string{
					"0 invoke acquire", "0 ok acquire", "0 invoke confirm", "0 ok confirm", "0 invoke write", "0 ok write",
					"0 invoke confirm", "0 ok confirm", "0 invoke confirm", "0 ok confirm", "0 invoke release", "0 ok release",
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				if f.touches != 2 {
					t.Errorf("touched %d times", f.touches)
				}
			})
		})
	}
}

// Every recipe's workload can have its subjects in other processes. A client without a connection
// has no subjects of this process.
func TestWorkloadsInProcesses(t *testing.T) {
	for _, w := range []Workload{
		Barrier{subjects.NewBarrier},
		Cache{subjects.NewCache},
		Config{subjects.NewConfig},
		Counter{subjects.NewCounter},
		DelayQueue{subjects.NewDelayQueue},
		Discovery{subjects.NewService},
		DoubleBarrier{New: subjects.NewDoubleBarrier},
		Election{subjects.NewElection},
		JobQueue{subjects.NewJobQueue},
		Lock{subjects.NewLock},
		MasterWorker{JobQueue{subjects.NewMasterWorker}},
		Membership{subjects.NewGroup},
		MultiLock{subjects.NewMultiLock},
		Partitioner{subjects.NewPartitioner},
		PriorityQueue{subjects.NewPriorityQueue},
		Queue{subjects.NewQueue},
		Register{New: subjects.NewRegister},
		RWLock{subjects.NewRWLock},
		Semaphore{subjects.NewSemaphore},
		Session{},
		TwoPhaseCommit{subjects.NewTransaction},
	} {
		t.Run(w.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { worksInProcesses(t, w) })
		})
	}
}

func worksInProcesses(t *testing.T, w Workload) {
	if InProcesses(w) == ModelOf(w).Store {
		t.Errorf("in processes: %v", InProcesses(w))
	}
	d := newDesk(t, 2)
	env := d.env()
	for _, c := range d.clients {
		c.Conn = nil
	}
	if r, err := w.Start(t.Context(), env); err == nil && playRound(t, r) == nil {
		t.Error("a client without a connection has subjects of this process")
	}
}

// playRound makes a workload whose rounds make their own subjects try one round.
func playRound(t *testing.T, r Run) error {
	t.Helper()
	over := make(chan struct{})
	time.AfterFunc(150*time.Millisecond, func() { close(over) })
	return r.Load(t.Context(), over)
}
