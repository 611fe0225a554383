package explore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/link"
)

// scenario is a runner with two clients that each do two operations of a request with its
// reply, and connect again when a fault is at one of them.
type scenario struct {
	t *testing.T
	// broken names the schedules that break a promise.
	broken []string
	runs   []string
	stop   context.CancelFunc // after so many runs, if it is not nil
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
	if slices.Contains(x.broken, short(s)) {
		o.Broken = []string{"integrity"}
	}
	return o, nil
}

// short is a schedule without how long its faults last.
func short(s plan.Schedule) string { return strings.ReplaceAll(s.String(), "+1s", "") }

func point(t *testing.T, text string) link.Point {
	t.Helper()
	p, err := link.ParsePoint(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var few = []Choice{{Fault: faults.LoseReply{}}, {Fault: faults.Cut{}}, {Fault: faults.Cut{}, After: true}}

func explored(t *testing.T, x *scenario, c Config) Report {
	t.Helper()
	x.t, c.Run = t, x.run
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if x.after > 0 {
		x.stop = cancel
	}
	if c.Faults == nil {
		c.Faults = few
	}
	r, err := Explore(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every fault is tried at every message where it can be, once, and then every pair.
func TestEverythingIsTriedOnce(t *testing.T) {
	x := &scenario{}
	r := explored(t, x, Config{})
	// 4 requests and 4 replies are cut before and after, and the replies lost.
	const singles = 8*2 + 4
	// Each of them has a connect of its own, which is cut before and after.
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
	if got, want := r.String(), "no single fault at any of the 8 points of this scenario breaks a promise (20 runs); all of the pairs were tried, and none breaks one (230 runs)"; got != want {
		t.Errorf("%s", got)
	}
}

// A fault that breaks a promise is a finding, and so is a pair of which neither does; pairs
// with the first are left out.
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
		"all of the pairs were tried, and 1 more breaks a promise (209 runs, 19 left out, of which one fault alone does)\n" +
		"  lose-reply@client1/put#2/create#1/reply+1s breaks integrity\n" +
		"  cut@client0/put#1/create#1/after+1s,cut@client0/put#1/connect#1+1s breaks integrity"
	if diff := cmp.Diff(want, r.String()); diff != "" {
		t.Error(diff)
	}
}

// The pairs that are tried first are those whose second fault is at what comes with the
// first, and then the most different; each family of pairs has its turn before any has two.
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
		if got := explored(t, &scenario{after: after}, Config{}).String(); got != want {
			t.Errorf("after %d runs: %s", after, got)
		}
	}
	if got := explored(t, &scenario{}, Config{Singles: true}).String(); got != "no single fault at any of the 8 points of this scenario breaks a promise (20 runs)" {
		t.Error(got)
	}
}

// What is wrong with the scenario itself is told instead.
func TestNothingToExplore(t *testing.T) {
	if got := explored(t, &scenario{broken: []string{""}}, Config{}).String(); got != "the scenario breaks integrity without any fault" {
		t.Error(got)
	}
	r := explored(t, &scenario{}, Config{Faults: []Choice{{Fault: faults.LateEvent{}}}})
	if got := r.String(); got != "no fault can be injected at any of the 8 points of this scenario" {
		t.Error(got)
	}
	broken := errors.New("no room on the disk")
	_, err := Explore(t.Context(), Config{Faults: few, Run: func(_ context.Context, s plan.Schedule) (o Outcome, err error) {
		if o.Points = []link.Point{point(t, "client0/put#1/create#1")}; len(s) > 0 {
			err = broken
		}
		return o, err
	}})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "with cut@client0/put#1/create#1+1s") {
		t.Error(err)
	}
}

// What was undecided, or had no target, is counted.
func TestCounts(t *testing.T) {
	r := Report{Points: 412}
	r.Singles.All = 2884
	for i := range 2884 {
		r.Singles.add(Outcome{Undecided: i%2 == 0, Missed: i < 3})
	}
	if got, want := r.String(), "no single fault at any of the 412 points of this scenario breaks a promise (2,884 runs, 1,442 undecided, 3 without a target)"; got != want {
		t.Error(got)
	}
}

// The usual faults are those that a setting has, each for some message.
func TestUsual(t *testing.T) {
	e, err := embedded.Config{InMemory: true}.Sketch()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	kinds := func(processes bool) (specs []string) {
		for _, c := range Usual(faults.Setting{Ensemble: e, Processes: processes}) {
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
