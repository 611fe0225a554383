package explore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// small is a scenario in which every pair of faults can be run.
func small(w workloads.Workload, seed int64, clients, ops int) experiment.Experiment {
	return experiment.Experiment{
		Config: engine.Config{Workload: w, Seed: seed, Settings: settings.Settings{
			Clients: clients, Ops: ops, Keys: UsualKeys, Rate: UsualRate, TimeLimit: UsualLength,
		}},
		PlayProcesses: true,
	}
}

// bruted is the result of running all pairs of a scenario.
type bruted struct {
	all     Report              // without rules
	few     Report              // with rules
	broken  map[string][]string // promises that all runs broke, by the schedule
	done    map[string]uint64   // hashes of the operations' outcomes, by the schedule
	explore *explorer           // with rules
}

// brute explores a scenario without rules, and then again with them.
func brute(t *testing.T, x experiment.Experiment, only ...string) *bruted {
	t.Helper()
	b := &bruted{broken: map[string][]string{}, done: map[string]uint64{}}
	x, err := asScenario(x)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Kinds: only}
	if c.Faults, err = usualFaults(x); err != nil {
		t.Fatal(err)
	}
	c.Faults = slices.DeleteFunc(c.Faults, func(f Choice) bool { return f.Fault.Kind() == kinds.LateEvent.Name })
	run := runner(x, func(ctx context.Context, x experiment.Experiment) (*experiment.Outcome, error) {
		o, err := x.Simulate(ctx, t)
		if err == nil {
			b.done[x.Faults.String()] = doneIn(o.History)
		}
		return o, err
	})
	outcomes := map[string]Outcome{}
	c.Runners = []Runner{func(ctx context.Context, s plan.Schedule) (Outcome, error) {
		o, err := run(ctx, s)
		outcomes[s.String()], b.broken[s.String()] = o, o.Broken
		o.Exact = false
		return o, err
	}}
	if b.all, err = Explore(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	c.Runners = []Runner{func(_ context.Context, s plan.Schedule) (Outcome, error) { return outcomes[s.String()], nil }}
	b.explore = newExplorer(t.Context(), c)
	must.Do(t, b.explore.explore())
	b.few = b.explore.report
	return b
}

// compare compares each implied pair with the run that implies it.
func (b *bruted) compare(t *testing.T) {
	t.Helper()
	given := map[pair][]single{}
	others := 0
	for one, two := range b.explore.pairs().all() {
		if b.explore.isGuilty(one) || b.explore.isGuilty(two) {
			continue
		}
		like, comes := b.explore.rules.like(one, two)
		by := given[like]
		switch first, _, _ := b.explore.rules.inOrder(one, two); {
		case !comes:
			by = []single{first}
		case like == pair{}:
			continue
		case by == nil:
			given[like] = []single{one, two}
			continue
		}
		implied, runs := b.schedule(one, two), b.schedule(by...)
		if diff := cmp.Diff(b.broken[runs], b.broken[implied]); diff != "" {
			t.Errorf("%s does not imply %s: %s", runs, implied, diff)
		}
		if b.done[runs] != b.done[implied] {
			others++
		}
	}
	t.Logf("%s\nof the implied pairs, %d came to something else for clients", sentence(b.few), others)
	if want, got := where(b.all), where(b.few); !maps.Equal(want, got) {
		t.Errorf("findings differ: %s", cmp.Diff(want, got))
	}
}

func (b *bruted) schedule(faults ...single) string {
	return plan.Steps(b.explore.steps(faults)...).String()
}

// where returns the causes of the findings.
func where(r Report) map[string]bool {
	all := map[string]bool{}
	for _, c := range r.Causes() {
		all[strings.Join([]string{c.Property, fmt.Sprint(len(c.Findings[0].Steps))}, " ")] = true
	}
	return all
}

// hesitant is a counter that reports an unknown outcome for a set whose connection was lost. wrong, if set,
// says after which errors of its client it wrongly claims that the set was done.
type hesitant struct {
	subjects.Counter
	conn   *zk.Conn
	path   string
	wrong  func(all []trouble, first int64) bool
	calls  int
	errors []trouble
	first  int64 // its first session
}

// trouble describes a failed request: in which call of Add, and in which session.
type trouble struct {
	call    int
	session int64
}

func hesitantly(wrong func(all []trouble, first int64) bool) workloads.Workload {
	return workloads.Counter{New: func(c *subjects.Client, path string) (subjects.Counter, error) {
		own, err := subjects.NewCounter(c, path)
		if err != nil {
			return nil, err
		}
		if _, err = c.Conn.Create(path, []byte("0"), 0, zk.WorldACL(zk.PermAll)); errors.Is(err, zk.ErrNodeExists) {
			err = nil
		}
		return &hesitant{Counter: own, conn: c.Conn, path: path, wrong: wrong, first: c.Conn.SessionID()}, err
	}}
}

func (h *hesitant) Add(ctx context.Context, delta int64) (int64, error) {
	h.calls++
	for ctx.Err() == nil {
		data, stat, err := h.conn.Get(h.path)
		if err != nil {
			h.errors = append(h.errors, trouble{h.calls, h.conn.SessionID()})
			time.Sleep(20 * time.Millisecond)
			continue
		}
		n, _ := strconv.ParseInt(string(data), 10, 64)
		_, err = h.conn.Set(h.path, strconv.AppendInt(nil, n+delta, 10), stat.Version)
		if err == nil {
			return n + delta, nil
		}
		if errors.Is(err, zk.ErrBadVersion) {
			continue
		}
		h.errors = append(h.errors, trouble{h.calls, h.conn.SessionID()})
		if h.wrong != nil && h.wrong(h.errors, h.first) {
			return n + delta, nil
		}
		return 0, err
	}
	return 0, subjects.WithoutEffect(context.Cause(ctx))
}

// Recipes that go wrong only under two faults are found by the pairs that are run, and the implied pairs
// would have found nothing else. What goes wrong depends on what a client remembers: in the same call, in
// another call, or after its session has expired.
func TestPairsByBruteForce(t *testing.T) {
	const adds = 8 // with this seed, all operations add, and some meet
	for name, c := range map[string]struct {
		wrong func(all []trouble, first int64) bool
		ops   int
		only  []string
	}{
		"none":                    {nil, 1, []string{"lose-request", "lose-reply", "cut"}},
		"second loss of a call":   {func(all []trouble, _ int64) bool { return len(all) == 2 && all[0].call == all[1].call }, 2, []string{"lose-request", "lose-reply"}},
		"second loss of a client": {func(all []trouble, _ int64) bool { return len(all) == 2 && all[0].call < all[1].call }, 2, []string{"lose-request"}},
		"loss in a new session":   {func(all []trouble, first int64) bool { return all[len(all)-1].session != first }, 1, []string{"lose-request", "expire"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := brute(t, small(hesitantly(c.wrong), adds, 2, c.ops), c.only...)
			b.compare(t)
			if b.few.Singles.Broke > 0 || b.few.Pairs.Broke > 0 != (c.wrong != nil) || b.few.Pairs.Tried >= b.all.Pairs.Tried {
				t.Errorf("%s", b.few)
			}
		})
	}
}
