package shrink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

var stuck = sweep.Cause{Property: "progress", Shape: "acquire info, acquire open | harness: final"}

// finding returns the experiment of a finding whose schedule has so many steps.
func finding(steps int) store.Experiment {
	seed := int64(3)
	x := store.Experiment{
		Recipe: "lock", Subject: "broken", Simulate: true, Settings: settings.Settings{Nodes: 5, Clients: 6, Keys: 3, Rate: 60, TimeLimit: 20 * time.Second, Latencies: "tails"}, Seed: &seed, Faults: store.Faults{"all"},
	}
	for i := range steps {
		x.Schedule = append(x.Schedule, store.Scheduled{At: time.Duration(i) * time.Second, For: time.Second, Fault: fmt.Sprintf("cut:client-%d", i%6)})
	}
	return x
}

// model is a runner whose runs have so many arrivals of each client, and fail when fails returns true.
type model struct {
	arrivals int
	fails    func(x store.Experiment, begun []workloads.Arrival) bool
	runs     []store.Experiment
	kept     int
}

func (m *model) run(_ context.Context, x store.Experiment) (o Outcome, err error) {
	m.runs = append(m.runs, x)
	for client := range x.Clients {
		for n := range m.arrivals {
			a := workloads.Arrival{Client: client, Number: n + 1}
			if x.Arrivals == nil || slices.Contains(x.Arrivals, a.String()) {
				o.Arrivals = append(o.Arrivals, a)
			}
		}
	}
	if m.fails(x, o.Arrivals) {
		o.Causes = []sweep.Cause{{Property: "exclusion"}, stuck}
	}
	o.Keep = func() { m.kept = len(m.runs) }
	return o, nil
}

func source(x store.Experiment, client int) int {
	if client < len(x.Sources) {
		return x.Sources[client]
	}
	return client
}

// cutOf returns the number, used in draws, of the client that a step cuts, or -1.
func cutOf(x store.Experiment, s store.Scheduled) int {
	var id int
	if _, err := fmt.Sscanf(s.Fault, "cut:client-%d", &id); err != nil {
		return -1
	}
	return source(x, id)
}

// needsOne returns true for runs with the 7th arrival of client 4 and a cut of that client.
func needsOne(x store.Experiment, begun []workloads.Arrival) bool {
	cut := slices.ContainsFunc(x.Schedule, func(s store.Scheduled) bool { return cutOf(x, s) == 4 })
	return cut && slices.ContainsFunc(begun, func(a workloads.Arrival) bool { return source(x, a.Client) == 4 && a.Number == 7 })
}

func TestShrink(t *testing.T) {
	m := &model{arrivals: 50, fails: needsOne}
	var last Progress
	r, err := Shrink(t.Context(), Config{Run: m.run, From: finding(100), Cause: stuck, Progress: func(p Progress) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	want := Size{Faults: 1, Clients: 1, Arrivals: 1, Keys: 1, Servers: 1, Length: 100 * time.Millisecond}
	if diff := cmp.Diff(want, r.To); diff != "" || r.Runs != len(m.runs) || r.Runs > 150 || r.Ended != "" {
		t.Errorf("%d runs, %s, ended %q", r.Runs, diff, r.Ended)
	}
	if diff := cmp.Diff(Size{Faults: 100, Clients: 6, Arrivals: 300, Keys: 3, Servers: 5, Length: 20 * time.Second}, r.From); diff != "" {
		t.Error(diff)
	}
	x := r.Shrunk
	if x.Schedule[0].Fault != "cut:client-0" || !slices.Equal(x.Sources, []int{4}) || !slices.Equal(x.Arrivals, []string{"client0#7"}) || x.Latencies != "" || x.Faults != nil {
		t.Errorf("%+v", x)
	}
	if len(r.Mattered) != 1 || r.Mattered[0].Same || r.Mattered[0].What("progress") != "every promise is kept" {
		t.Errorf("%+v", r.Mattered)
	}
	if last.Runs != r.Runs || last.To != r.To || last.Doing != "what mattered" {
		t.Errorf("%+v", last)
	}
	if diff := cmp.Diff(x, m.runs[m.kept-1]); diff != "" {
		t.Errorf("the run that was kept last is not the smallest: %s", diff)
	}
}

// What came after the violation is left out first, in one run: the rest of the load, later faults, and faults at
// messages that never came. Faults are numbered in the order of their times, with those at messages counted as if at
// 0, in whatever order they are written.
func TestShrinkLater(t *testing.T) {
	from := finding(10)
	from.Schedule = append(from.Schedule, store.Scheduled{Point: "client1/acquire#1/create#1/reply", For: time.Second, Fault: "cut"},
		store.Scheduled{Point: "client1/acquire#9/create#1/reply", For: time.Second, Fault: "cut"})
	m := &model{arrivals: 10, fails: func(x store.Experiment, _ []workloads.Arrival) bool { return x.TimeLimit >= 3500*time.Millisecond }}
	run := func(ctx context.Context, x store.Experiment) (Outcome, error) {
		o, err := m.run(ctx, x)
		o.Shown, o.Came = 3501*time.Millisecond, map[int]time.Duration{1: 0, 2: 2 * time.Second} // and 3 never
		for i := 3; i < len(x.Schedule); i++ {
			o.Came[i+1] = x.Schedule[i].At
		}
		return o, err
	}
	if _, err := Shrink(t.Context(), Config{Run: run, From: from, Cause: stuck}); err != nil {
		t.Fatal(err)
	}
	x := m.runs[1]
	if len(x.Schedule) != 5 || x.Schedule[1].Point != "client1/acquire#1/create#1/reply" || x.Schedule[4].At != 3*time.Second || x.TimeLimit != 3510*time.Millisecond {
		t.Errorf("%s, %+v", x.TimeLimit, x.Schedule)
	}
}

// If part of what came after the violation matters, the rest is left out.
func TestShrinkLaterMatters(t *testing.T) {
	for needs, fails := range map[string]func(x store.Experiment) bool{
		"load":   func(x store.Experiment) bool { return x.TimeLimit == 20*time.Second },
		"faults": func(x store.Experiment) bool { return len(x.Schedule) == 10 },
	} {
		m := &model{arrivals: 10, fails: func(x store.Experiment, _ []workloads.Arrival) bool { return fails(x) }}
		run := func(ctx context.Context, x store.Experiment) (Outcome, error) {
			o, err := m.run(ctx, x)
			o.Shown, o.Came = 3501*time.Millisecond, map[int]time.Duration{1: time.Second, 2: 4 * time.Second}
			return o, err
		}
		r, err := Shrink(t.Context(), Config{Run: run, From: finding(10), Cause: stuck, Runs: 4})
		switch {
		case err != nil:
			t.Fatal(err)
		case needs == "load" && (r.To.Faults != 1 || r.To.Length != 20*time.Second), needs == "faults" && (r.To.Faults != 10 || r.To.Length != 3510*time.Millisecond):
			t.Errorf("the %s matter: %s", needs, r.To)
		}
	}
}

// Two faults that are needed together stay, and both are reported to matter.
func TestShrinkToPairs(t *testing.T) {
	m := &model{arrivals: 20, fails: func(x store.Experiment, _ []workloads.Arrival) bool {
		cuts := map[int]bool{}
		for _, s := range x.Schedule {
			cuts[cutOf(x, s)] = true
		}
		return cuts[1] && cuts[5]
	}}
	r, err := Shrink(t.Context(), Config{Run: m.run, From: finding(30), Cause: stuck})
	if err != nil || r.To.Faults != 2 || r.To.Clients != 2 || r.To.Arrivals != 0 || len(r.Mattered) != 2 {
		t.Errorf("%v: %s, %+v", err, r.To, r.Mattered)
	}
	if diff := cmp.Diff([]string{"none"}, r.Shrunk.Arrivals); diff != "" {
		t.Error(diff)
	}
}

// Clients call operations even without any arrivals, and those may be enough for the violation.
func TestSizeWithoutArrivals(t *testing.T) {
	const want = "0 faults, 2 clients, no calls but those after the load, 1 key, 1 server, 100ms"
	if got := (Size{Clients: 2, Keys: 1, Servers: 1, Length: 100 * time.Millisecond}).String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// When arrivals are left out, a point moves to an earlier operation of its client.
func TestShrinkMovesPoints(t *testing.T) {
	m := &model{arrivals: 20, fails: func(x store.Experiment, begun []workloads.Arrival) bool {
		for _, s := range x.Schedule {
			nth := map[int]int{}
			for _, a := range begun {
				nth[a.Client]++
				if source(x, a.Client) == 3 && a.Number == 9 && s.Point == fmt.Sprintf("client%d/acquire#%d/create#1", a.Client, nth[a.Client]) {
					return true
				}
			}
		}
		return false
	}}
	x := finding(5)
	x.Schedule = append(x.Schedule, store.Scheduled{Point: "client3/acquire#9/create#1", For: time.Second, Fault: "cut"})
	r, err := Shrink(t.Context(), Config{Run: m.run, From: x, Cause: stuck})
	if err != nil || r.To.Arrivals != 1 || r.To.Faults != 1 || r.Shrunk.Schedule[0].Point != "client0/acquire#1/create#1" {
		t.Errorf("%v: %s, %+v", err, r.To, r.Shrunk.Schedule)
	}
}

// A violation of another property, or a counterexample in which something else happens, is a different
// finding.
func TestShrinkKeepsTheCause(t *testing.T) {
	for _, other := range []sweep.Cause{
		{Property: "exclusion", Shape: stuck.Shape},
		{Property: "progress", Shape: "acquire info, acquire open, release ok | harness: final"},
		{Property: "progress", Shape: "acquire ok | harness: final"},
	} {
		run := func(_ context.Context, x store.Experiment) (Outcome, error) {
			if len(x.Schedule) == 10 {
				return Outcome{Causes: []sweep.Cause{stuck}}, nil
			}
			return Outcome{Causes: []sweep.Cause{other}}, nil
		}
		r, err := Shrink(t.Context(), Config{Run: run, From: finding(10), Cause: stuck})
		if err != nil || r.To.Faults != 10 {
			t.Errorf("%+v: %v, %s", other, err, r.To)
		}
		want := "another thing is wrong: " + other.Property
		if other.Property == stuck.Property {
			want = "progress is violated in another way"
		}
		if r.Mattered[0].What(stuck.Property) != want {
			t.Errorf("%+v", r.Mattered[0])
		}
	}
}

// With fewer faults, the counterexample may have fewer clients and operations.
func TestShrinkTakesSmallerShapes(t *testing.T) {
	run := func(_ context.Context, x store.Experiment) (Outcome, error) {
		c := stuck
		if len(x.Schedule) < 10 {
			c.Shape = "acquire open again"
		}
		return Outcome{Causes: []sweep.Cause{c}}, nil
	}
	if r, err := Shrink(t.Context(), Config{Run: run, From: finding(10), Cause: stuck}); err != nil || r.To.Faults != 0 {
		t.Errorf("%v, %s", err, r.To)
	}
}

// An experiment that fails only now and then is run until it fails.
func TestShrinkTimes(t *testing.T) {
	run := 0
	sometimes := func(ctx context.Context, x store.Experiment) (Outcome, error) {
		if run++; run%3 != 0 {
			return Outcome{}, nil
		}
		return Outcome{Causes: []sweep.Cause{stuck}}, nil
	}
	if r, err := Shrink(t.Context(), Config{Run: sometimes, From: finding(9), Cause: stuck, Times: 3}); err != nil || r.To.Faults != 0 {
		t.Errorf("three times: %v, %s", err, r.To)
	}
	run = 0
	if _, err := Shrink(t.Context(), Config{Run: sometimes, From: finding(9), Cause: stuck}); !errors.Is(err, ErrNotAgain) {
		t.Errorf("once: %v", err)
	}
}

// The whole run counts as the same violation if it shows it by other calls, as it does if its checks had less time. A run
// in real time may have another mistake. An error says why nothing is smaller.
func TestShrinkWhole(t *testing.T) {
	other := sweep.Cause{Property: stuck.Property, Shape: "release ok"}
	real := finding(3)
	real.Simulate = false
	for name, tt := range map[string]struct {
		from store.Experiment
		o    Outcome
		want string // part of the error
	}{
		"by other calls":               {finding(3), Outcome{Causes: []sweep.Cause{other}}, ""},
		"by other calls, in real time": {real, Outcome{Causes: []sweep.Cause{other}}, "it was not violated again in the same way: progress"},
		"undecided":                    {finding(3), Outcome{Unknown: map[string]string{stuck.Property: "the time was up"}}, "it was not decided when the run was repeated: progress: the time was up"},
		"not violated":                 {finding(3), Outcome{}, "it was not violated again: progress"},
	} {
		run := func(context.Context, store.Experiment) (Outcome, error) { return tt.o, nil }
		r, err := Shrink(t.Context(), Config{Run: run, From: tt.from, Cause: stuck})
		if tt.want == "" && (err != nil || r.To.Faults != 0) || tt.want != "" && (err == nil || err.Error() != tt.want) {
			t.Errorf("%s: %v, %s", name, err, r.To)
		}
	}
}

// However shrinking ends, it returns the smallest run that it found until then.
func TestShrinkEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := &model{arrivals: 50, fails: needsOne}
	after := func(n int, do func()) Runner {
		return func(ctx context.Context, x store.Experiment) (Outcome, error) {
			if len(m.runs) == n {
				do()
			}
			if ctx.Err() != nil {
				return Outcome{}, ctx.Err()
			}
			return m.run(ctx, x)
		}
	}
	r, err := Shrink(ctx, Config{Run: after(6, cancel), From: finding(100), Cause: stuck})
	if err != nil || r.Ended != Interrupted || r.To.Faults == 0 || r.To.Faults >= 100 || len(r.Mattered) != 0 {
		t.Errorf("%v: %q, %s", err, r.Ended, r.To)
	}
	if r, err = Shrink(t.Context(), Config{Run: m.run, From: finding(100), Cause: stuck, Runs: 9}); err != nil || r.Ended != RunsAreUp || r.Runs != 9+len(r.Mattered) {
		t.Errorf("%v: %q, %d runs", err, r.Ended, r.Runs)
	}
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, x store.Experiment) (Outcome, error) {
			time.Sleep(time.Second)
			return m.run(ctx, x)
		}
		r, err := Shrink(t.Context(), Config{Run: slow, From: finding(100), Cause: stuck, For: 5 * time.Second})
		if err != nil || r.Ended != TimeIsUp || r.Took > 5*time.Second || len(r.Mattered) < 2 || r.Untold == 0 || len(r.Mattered)+r.Untold != r.To.Faults {
			t.Errorf("%v: %q, %s, %d of %d faults told", err, r.Ended, r.Took, len(r.Mattered), r.To.Faults)
		}
	})
	if _, err := Shrink(ctx, Config{Run: m.run, From: finding(1), Cause: sweep.Cause{Property: "other"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before the first: %v", err)
	}
}

// An experiment that cannot be run does not count as a smaller one; if none can be run, the error tells
// why.
func TestShrinkWithoutRuns(t *testing.T) {
	broken := errors.New("no servers")
	run := func(_ context.Context, x store.Experiment) (Outcome, error) {
		if x.Nodes < 5 || len(x.Schedule) == 0 {
			return Outcome{}, broken
		}
		return Outcome{Causes: []sweep.Cause{stuck}}, nil
	}
	r, err := Shrink(t.Context(), Config{Run: run, From: finding(4), Cause: stuck})
	if err != nil || r.To.Servers != 5 || r.To.Faults != 1 || r.NotRun < 3 || !errors.Is(r.Last, broken) || !r.Mattered[0].NotRun {
		t.Errorf("%v: %s, %+v", err, r.To, r)
	}
	x := finding(4)
	x.Nodes = 3
	if _, err := Shrink(t.Context(), Config{Run: run, From: x, Cause: stuck}); !errors.Is(err, ErrNoRun) || !strings.Contains(err.Error(), "no servers") {
		t.Errorf("%v", err)
	}
}

// The number of servers is not reduced in an ensemble that zklab did not start.
func TestShrinkLeavesServers(t *testing.T) {
	x := finding(1)
	x.Servers = []string{"a:1", "b:1", "c:1", "d:1", "e:1"}
	m := &model{fails: func(store.Experiment, []workloads.Arrival) bool { return true }}
	if r, err := Shrink(t.Context(), Config{Run: m.run, From: x, Cause: stuck}); err != nil || r.To.Servers != 5 || r.To.Keys != 1 {
		t.Errorf("%v, %s", err, r.To)
	}
}
