package explore

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
)

// scenario is a runner with two clients that each do two operations of a request with its
// reply, and connect again when a fault is at one of them.
type scenario struct {
	t *testing.T
	// broken names the schedules that break a promise.
	broken []string
	idle   bool     // clients never meet
	missed []string // kinds of faults that find no target
	silent []string // kinds of faults after which no client gets an answer
	heard  string   // a schedule after which a client gets an answer nevertheless
	runs   []string
	stop   context.CancelFunc // called after some runs, if it is not nil
	after  int
}

func (x *scenario) run(ctx context.Context, s plan.Schedule) (o Outcome, err error) {
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	x.runs = append(x.runs, short(s))
	if x.stop != nil && len(x.runs) == x.after {
		x.stop()
	}
	for _, client := range []string{"client1", "client0"} {
		for _, operation := range []string{"/put#1", "/put#2"} {
			o.Points = append(o.Points, point(x.t, client+operation+"/create#1"), point(x.t, client+operation+"/create#1/reply"))
		}
	}
	for _, step := range s.Plan(1, nil) {
		again := step.Point
		o.Points = append(o.Points, link.Point{Client: again.Client, Operation: again.Operation, Nth: again.Nth, Message: link.Connect, Which: 1})
	}
	o.Header = history.Header{Model: "queue", Params: history.Params{Clients: 2}}
	o.Verdicts = x.verdicts()
	kind := kindOf(s)
	o.Missed = slices.Contains(x.missed, kind)
	o.Unchecked = map[string]string{"order": "planted"}
	if kind != "" {
		o.Struck.Faults = map[string][2]int{kind: {1, 1}}
	}
	if slices.Contains(x.silent, kind) && short(s) != x.heard {
		o.Struck.Unanswered = []string{kind}
	}
	if kind == "cut" {
		o.Unchecked["log"] = "it was cut"
	}
	if slices.Contains(x.broken, short(s)) {
		o.Broken = []string{"integrity"}
		o.Causes = []sweep.Cause{{Property: "integrity", Shape: "dequeue ok"}}
		o.Verdicts[0].Result = checker.Violation
	}
	return o, nil
}

// verdicts returns the verdicts of a run in which too little happens, or nothing if it is idle.
func (x *scenario) verdicts() []checker.Verdict {
	met := 1.0
	if x.idle {
		met = 0
	}
	return []checker.Verdict{
		{Property: "integrity", Result: checker.Unknown, Unexercised: true, Reason: "too few", Figures: map[string]float64{"overlapping": met, "overlapping_found": met}},
		{Property: "progress", Result: checker.Valid},
	}
}

// kindOf returns the kind of a single fault; "" for any other schedule.
func kindOf(s plan.Schedule) string {
	if steps := s.Plan(1, nil); len(steps) == 1 {
		return steps[0].Fault.Kind()
	}
	return ""
}

// short returns a schedule without the durations of its faults.
func short(s plan.Schedule) string { return strings.ReplaceAll(s.String(), "+1s", "") }

func point(t *testing.T, text string) link.Point {
	t.Helper()
	return must.Get(link.ParsePoint(text))(t)
}

var few = []Choice{{Fault: faults.LoseReply{}}, {Fault: faults.Cut{}}, {Fault: faults.Cut{}, After: true}}

func explored(t *testing.T, x *scenario, c Config) Report {
	t.Helper()
	x.t, c.Runners = t, []Runner{x.run}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if x.after > 0 {
		x.stop = cancel
	}
	if c.Faults == nil {
		c.Faults = few
	}
	return must.Get(Explore(ctx, c))(t)
}

// Every fault is tried at every message where it can be, once, and then every pair.
func TestEverythingIsTriedOnce(t *testing.T) {
	x := &scenario{}
	r := explored(t, x, Config{})
	// 4 requests and 4 replies are cut before and after, and the replies lost.
	const singles = 8*2 + 4
	// Each single causes a connect of its own, which is cut before and after.
	const pairs = singles*(singles-1)/2 + singles*2
	if r.Points != 8 || r.Singles.All != singles || r.Singles.Tried != singles || r.Pairs.All != pairs || r.Pairs.Tried != pairs || len(x.runs) != 1+singles+pairs {
		t.Errorf("%+v in %d runs", r, len(x.runs))
	}
	seen := map[string]bool{}
	for _, run := range x.runs {
		parts := strings.Split(run, ",")
		slices.Sort(parts)
		run = strings.Join(parts, ",")
		if seen[run] {
			t.Errorf("twice: %s", run)
		}
		seen[run] = true
	}
	if got, want := sentence(r), "no single fault at any of the 8 points of this scenario breaks a promise (20 runs); all of the pairs were tried, and none breaks one (230 runs)"; got != want {
		t.Errorf("%s", got)
	}
}

// sentence returns the first line of a report.
func sentence(r Report) string {
	line, _, _ := strings.Cut(r.String(), "\n")
	return line
}

// A fault that breaks a promise is a finding, and so is a pair that breaks one although neither of its
// faults does. Pairs with a fault that alone breaks a promise are left out.
func TestFindings(t *testing.T) {
	const one = "lose-reply@client1/put#2/create#1/reply"
	const two = "cut@client0/put#1/create#1/after,cut@client0/put#1/connect#1"
	r := explored(t, &scenario{broken: []string{one, two, one + ",cut@client0/put#1/create#1"}}, Config{})
	var got []string
	for _, f := range r.Findings {
		got = append(got, short(plan.Steps(f.Steps...)))
	}
	if diff := cmp.Diff([]string{one, two}, got); diff != "" {
		t.Error(diff)
	}
	if r.Singles.Broke != 1 || r.Pairs.Broke != 1 || r.Pairs.Implied != 19 || r.Pairs.Tried+r.Pairs.Implied != r.Pairs.All {
		t.Errorf("%+v", r)
	}
	want := "1 of 20 single faults at the 8 points of this scenario breaks a promise (20 runs); " +
		"all of the pairs were tried or are implied, and 1 more breaks a promise (209 runs, 19 implied by one fault alone)\n" +
		"  integrity, in 1 run, by faults at put/create: lose-reply at put/create/reply (once)\n" +
		"  integrity, in 1 run, by faults at put/create and faults at put/connect: cut at put/create/after and cut at put/connect (once)"
	if diff := cmp.Diff(want, r.String()); diff != "" {
		t.Error(diff)
	}
}

// First come pairs whose second fault is at a message that comes only with the first fault, and then
// the most different pairs. Each family of pairs has its turn before any has a second one.
func TestMostDifferentFirst(t *testing.T) {
	x := &scenario{}
	explored(t, x, Config{})
	pairs := x.runs[21:]
	sorts := map[string]int{}
	families := 0
	for i, run := range pairs {
		a, b, _ := strings.Cut(run, ",")
		family := strings.NewReplacer("client0", "", "client1", "", "#2", "#1").Replace(a + " " + b)
		if sorts[family]++; sorts[family] == 1 {
			families = i + 1
		}
		if then := strings.Contains(b, "connect"); i < 10 != then && i < 20 {
			t.Errorf("pair %d is %s", i, run)
		}
	}
	if families != len(sorts) {
		t.Errorf("%d families had their first turn only within %d pairs", len(sorts), families)
	}
	if first := pairs[10]; !strings.Contains(first, "lose-reply") || !strings.Contains(first, "cut") {
		t.Errorf("the first of the others is %s", first)
	}
}

// When the time is over, the report says how far it came.
func TestTimeIsOver(t *testing.T) {
	for after, want := range map[int]string{
		1:  "no promise was broken so far by 0 of the 20 single faults at the 8 points of this scenario (0 runs)",
		11: "no promise was broken so far by 10 of the 20 single faults at the 8 points of this scenario (10 runs)",
		22: "no single fault at any of the 8 points of this scenario breaks a promise (20 runs); less than 1 % of the pairs were tried, and none breaks one (1 run)",
		99: "no single fault at any of the 8 points of this scenario breaks a promise (20 runs); 33 % of the pairs were tried, and none breaks one (78 runs)",
	} {
		if got := sentence(explored(t, &scenario{after: after}, Config{})); got != want {
			t.Errorf("after %d runs: %s", after, got)
		}
	}
	if got := sentence(explored(t, &scenario{}, Config{Singles: true})); got != "no single fault at any of the 8 points of this scenario breaks a promise (20 runs)" {
		t.Error(got)
	}
}

// If the scenario itself breaks a promise, the report says that instead.
func TestNothingToExplore(t *testing.T) {
	if got := explored(t, &scenario{broken: []string{""}}, Config{}).String(); got != "the scenario breaks integrity without any fault, so no fault was tried" {
		t.Error(got)
	}
	r := explored(t, &scenario{}, Config{Faults: []Choice{{Fault: faults.LateEvent{}}}})
	if got := sentence(r); got != "no fault can be injected at any of the 8 points of this scenario" {
		t.Error(got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	unrun, err := Explore(ctx, Config{Faults: few, Runners: []Runner{func(ctx context.Context, _ plan.Schedule) (Outcome, error) { return Outcome{}, ctx.Err() }}})
	if got := sentence(unrun); err != nil || got != "the exploration ended before its scenario had run once" {
		t.Error(got, err)
	}
	broken := errors.New("no room on the disk")
	_, err = Explore(t.Context(), Config{Faults: few, Runners: []Runner{func(_ context.Context, s plan.Schedule) (o Outcome, err error) {
		if o.Points = []link.Point{point(t, "client0/put#1/create#1")}; len(s) > 0 {
			err = broken
		}
		return o, err
	}}})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "with cut@client0/put#1/create#1+1s") {
		t.Error(err)
	}
}

// All runs together decide properties for which no single run has enough evidence.
func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		x    scenario
		c    Config
		want checker.Result
		why  string
	}{
		"valid":            {scenario{}, Config{Singles: true}, checker.Valid, ""},
		"nobody met":       {scenario{idle: true}, Config{Singles: true}, checker.Unknown, "integrity: only 0 dequeues overlapped one of another consumer, of 20 wanted: more clients, fewer keys, a higher rate or a longer time limit make more"},
		"never effective":  {scenario{missed: []string{"cut"}}, Config{Singles: true}, checker.Unknown, "cut never took effect"},
		"no answer after":  {scenario{silent: []string{"cut"}}, Config{Singles: true}, checker.Unknown, "no operation of the load succeeded in any run from when cut took effect to the end of the load: nothing could have gone wrong any more"},
		"one answer after": {scenario{silent: []string{"cut"}, heard: "cut@client0/put#1/create#1"}, Config{Singles: true}, checker.Valid, ""},
		"time was over":    {scenario{after: 19}, Config{Singles: true}, checker.Unknown, "18 of 20 single faults were tried"},
		"not all pairs":    {scenario{after: 40}, Config{}, checker.Valid, ""},
		"a pair breaks it": {scenario{broken: []string{"cut@client0/put#1/create#1/after,cut@client0/put#1/connect#1"}}, Config{}, checker.Violation, ""},
		"always":           {scenario{broken: []string{""}}, Config{}, checker.Violation, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := explored(t, &c.x, c.c)
			got, why := r.Verdict()
			if got != c.want || c.why != "" && !slices.Contains(why, c.why) || (got == checker.Unknown) != (len(why) > 0) {
				t.Errorf("%s, %q\n%s", got, why, r)
			}
		})
	}
	if r := explored(t, &scenario{}, Config{Faults: append(slices.Clone(few), Choice{Fault: faults.LateEvent{}}), Singles: true}); !strings.Contains(r.String(), "no message of this scenario is one for late-event\n") {
		t.Error(r)
	}
}

// Properties that could not be checked are reported. If only some runs could not check a property, their number
// is reported too.
func TestUncheckedProperties(t *testing.T) {
	r := explored(t, &scenario{}, Config{Singles: true})
	if text := r.String(); !strings.Contains(text, "\nkept: integrity in ") || !strings.Contains(text, "\nverdict: valid; not checked: log in 16 runs (it was cut), order (planted)") {
		t.Error(text)
	}
	want := []sweep.Unchecked{{Property: "log", Why: "it was cut", Runs: 16}, {Property: "order", Why: "planted", Runs: r.Runs}}
	if diff := cmp.Diff(want, r.Unchecked); diff != "" {
		t.Error(diff)
	}
}

// With First, the first finding ends the exploration.
func TestFirst(t *testing.T) {
	x := &scenario{broken: []string{"lose-reply@client0/put#1/create#1/reply", "lose-reply@client1/put#2/create#1/reply"}}
	if r := explored(t, x, Config{First: true}); len(r.Findings) != 1 || r.Singles.Tried == r.Singles.All {
		t.Error(r)
	}
}

// Faults without a target are counted.
func TestCounts(t *testing.T) {
	r := Report{Points: 412}
	r.Singles.All = 2884
	for i := range 2884 {
		r.Singles.add(Outcome{Missed: i < 3})
	}
	if got, want := sentence(r), "no single fault at any of the 412 points of this scenario breaks a promise (2,884 runs, 3 without a target)"; got != want {
		t.Error(got)
	}
}

// The usual faults are all faults that a setting has, each for some message.
func TestUsual(t *testing.T) {
	e := must.Get(embedded.Config{InMemory: true}.Sketch())(t)
	defer e.Close()
	kinds := func(processes bool) (specs []string) {
		for _, c := range Usual(faults.Setting{Ensemble: e, Processes: processes}, 4*time.Second) {
			specs = append(specs, c.Fault.Spec())
			all := []link.Point{point(t, "client0/a#1/create#1"), point(t, "client0/a#1/create#1/reply"), point(t, "client0/a#1/event#1")}
			if len(singlesAt(all, []Choice{c})) == 0 {
				t.Errorf("%+v is for no message", c)
			}
		}
		return specs
	}
	want := []string{"lose-request", "lose-reply", "late-event", "cut", "cut", "expire", "freeze", "crash", "kill", "kill:leader"}
	if diff := cmp.Diff(want, kinds(true)); diff != "" {
		t.Error(diff)
	}
	without := slices.DeleteFunc(want, func(s string) bool { return s == "freeze" || s == "crash" })
	if diff := cmp.Diff(without, kinds(false)); diff != "" {
		t.Error(diff)
	}
}

// Begins gets each schedule before its run: a run that panics can no longer say what it was.
func TestBegins(t *testing.T) {
	x := &scenario{t: t}
	var began []string
	_, err := Explore(t.Context(), Config{
		Runners: []Runner{func(ctx context.Context, s plan.Schedule) (Outcome, error) {
			if len(began) != len(x.runs)+1 {
				t.Fatalf("%d runs were announced before run %d", len(began), len(x.runs)+1)
			}
			return x.run(ctx, s)
		}},
		Faults: []Choice{{Fault: faults.Cut{}}}, Begins: func(s plan.Schedule) { began = append(began, short(s)) },
	})
	if err != nil || len(began) < 3 {
		t.Fatal(began, err)
	}
	if diff := cmp.Diff(x.runs, began); diff != "" {
		t.Error(diff)
	}
}

// The report does not depend on how many runs go on at once, nor on which of them ends first.
func TestManyRunners(t *testing.T) {
	all := func(runners int, singles, first bool) (r Report, most int) {
		synctest.Test(t, func(t *testing.T) {
			x := &scenario{t: t, broken: []string{"cut@client0/put#2/create#1/after", "lose-reply@client1/put#1/create#1/reply"}}
			var mu sync.Mutex
			under, drawn := 0, rand.New(rand.NewPCG(uint64(runners), 0))
			c := Config{Faults: few, Singles: singles, First: first}
			for range runners {
				c.Runners = append(c.Runners, func(ctx context.Context, s plan.Schedule) (Outcome, error) {
					mu.Lock()
					under++
					most = max(most, under)
					takes := time.Duration(drawn.IntN(100)) * time.Millisecond
					mu.Unlock()
					time.Sleep(takes)
					mu.Lock()
					defer mu.Unlock()
					under--
					return x.run(ctx, s)
				})
			}
			var err error
			if r, err = Explore(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		})
		return r, most
	}
	for _, singles := range []bool{false, true} {
		for _, first := range []bool{false, true} {
			want, _ := all(1, singles, first)
			if len(want.Findings) == 0 {
				t.Fatal("nothing was found")
			}
			for _, runners := range []int{2, 7} {
				got, most := all(runners, singles, first)
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(plan.Step{})); diff != "" {
					t.Errorf("%d runners: %s", runners, diff)
				}
				if most != runners && !first {
					t.Errorf("%d runners ran %d at once", runners, most)
				}
			}
		}
	}
}
