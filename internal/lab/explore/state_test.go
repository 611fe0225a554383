package explore

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/filelock"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
)

// remembered is a scenario that makes each run only once, however often it is asked for.
type remembered struct {
	config   Config
	outcomes map[string]Outcome
	runs     int // number of runs that were asked for
	stop     context.CancelFunc
	after    int // number of runs after which stop is called
}

// findings is a scenario in which only pairs break promises.
func findings(t *testing.T) *remembered {
	t.Helper()
	const adds = 8
	x, err := asScenario(small(hesitantly(func(all []trouble, _ int64) bool { return len(all) == 2 }), adds, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	m := &remembered{config: Config{Kinds: []string{"lose-request", "lose-reply"}}, outcomes: map[string]Outcome{}}
	if m.config.Faults, err = usualFaults(x); err != nil {
		t.Fatal(err)
	}
	run := runner(x, func(ctx context.Context, x experiment.Experiment) (*experiment.Outcome, error) {
		return x.Simulate(ctx, t)
	})
	m.config.Runners = []Runner{func(ctx context.Context, s plan.Schedule) (Outcome, error) {
		if m.runs++; m.stop != nil && m.runs == m.after {
			m.stop()
			return Outcome{}, ctx.Err()
		}
		o, there := m.outcomes[s.String()]
		if !there {
			if o, err = run(ctx, s); err != nil {
				return o, err
			}
			m.outcomes[s.String()] = o
		}
		return o, nil
	}}
	return m
}

// explored explores with a changed configuration, and returns the last state as it is stored.
func (m *remembered) explored(t *testing.T, change func(*Config)) (Report, State) {
	t.Helper()
	c := m.config
	change(&c)
	var last State
	c.Keep = func(s State) error {
		last = s
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m.runs, m.stop = 0, cancel
	r := must.Get(Explore(ctx, c))(t)
	text := must.Get(json.Marshal(last))(t)
	var stored State
	must.Do(t, json.Unmarshal(text, &stored))
	return r, stored
}

// written returns a report as users see it.
func written(t *testing.T, r Report) string {
	t.Helper()
	text := must.Get(json.MarshalIndent(r, "", " "))(t)
	return r.String() + "\n" + string(text)
}

// The merged shards of an exploration, in any order, and an interrupted and resumed exploration report the same
// as an uninterrupted one.
func TestShardsAndInterrupts(t *testing.T) {
	m := findings(t)
	r, whole := m.explored(t, func(*Config) {})
	if r.Pairs.Broke == 0 || r.Singles.Broke > 0 || !r.Pairs.done() || !whole.Done(m.config) {
		t.Fatalf("%s", r)
	}
	want := written(t, r)
	for _, of := range []int{1, 2, 7} {
		var states []State
		for i := of; i >= 1; i-- {
			part, s := m.explored(t, func(c *Config) { c.Shard = sweep.Shard{Index: i, Of: of} })
			if of > 1 && (part.Pairs.All >= r.Pairs.All || !strings.Contains(part.String(), "all of the pairs of shard "+s.Shard.String()+" were tried")) {
				t.Errorf("%s", part)
			}
			states = append(states, s)
			if _, missing, err := Merge(states); len(missing) != i-1 || err != nil {
				t.Errorf("%d of %d: %v are missing, %v", len(states), of, missing, err)
			}
		}
		sum, _, err := Merge(append(states, states[0]))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, written(t, sum)); diff != "" {
			t.Errorf("%d shards: %s", of, diff)
		}
	}
	for _, after := range []int{0, 1, 4, r.Singles.All + 3, r.Runs - 1} {
		m.after = after
		_, s := m.explored(t, func(*Config) {})
		done := s.Report.Pairs.Tried
		if after > 0 && s.Done(m.config) {
			t.Errorf("after %d runs all is done", after)
		}
		m.after = 0
		again, _ := m.explored(t, func(c *Config) { c.From = &s })
		if diff := cmp.Diff(want, written(t, again)); diff != "" {
			t.Errorf("interrupted after %d runs: %s", after, diff)
		}
		if done > 0 { // the exploration is interrupted before it has come as far again
			m.after = 3
			again, kept := m.explored(t, func(c *Config) { c.From = &s })
			if again.Pairs.Tried != done || again.Runs != s.Report.Runs || kept.Listed != "" {
				t.Errorf("interrupted again, %d of %d pairs were tried, and %+v is kept", again.Pairs.Tried, done, kept)
			}
			m.after = 0
		}
		m.explored(t, func(c *Config) { c.From = &s })
		if want := 1 + r.Singles.Tried + r.Pairs.Tried - done; m.runs != want || after >= r.Singles.All+3 && done == 0 {
			t.Errorf("interrupted after %d runs: then %d were made, want %d", after, m.runs, want)
		}
	}
	other := whole
	other.Shard, other.Listed = sweep.Shard{Index: 2, Of: 2}, "0"
	whole.Shard = sweep.Shard{Index: 1, Of: 2}
	if _, _, err := Merge([]State{whole, other}); !errors.Is(err, ErrNotAlike) {
		t.Error(err)
	}
}

// The kept state of a shard is found and read again, and only one process at a time has it open.
func TestKept(t *testing.T) {
	m := findings(t)
	m.config.Singles = true
	_, s := m.explored(t, func(*Config) {})
	root := t.TempDir()
	d := sweep.Description{Shard: sweep.Shard{Index: 2, Of: 3}}
	folder := FolderOf(root, "counter", d)
	k := Kept{Description: d, Experiment: "recipe: counter\n", Subject: "mine"}
	must.Do(t, errors.Join(k.Open(folder), k.Keep(s)))
	var other Kept
	if err := other.Open(folder); !errors.Is(err, filelock.ErrHeld) {
		t.Error(err)
	}
	k.Close()
	must.Do(t, other.Open(folder))
	defer other.Close()
	if diff := cmp.Diff(written(t, s.Report), written(t, other.State.Report)); diff != "" || !other.State.Done(m.config) {
		t.Error(diff)
	}
	file := filepath.Join(folder, KeptFile)
	for _, path := range []string{folder, filepath.Dir(folder), file} {
		if files, err := KeptIn([]string{path}); !slices.Equal(files, []string{file}) || err != nil {
			t.Errorf("%s: %v, %v", path, files, err)
		}
	}
	if files, err := KeptIn([]string{root, t.TempDir(), "nowhere"}); len(files) > 0 || err != nil {
		t.Error(files, err)
	}
}
