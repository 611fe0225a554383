package plan_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
)

func planned(seed uint64, limit time.Duration, s plan.Schedule) []plan.Step {
	return s.Plan(limit, rand.New(rand.NewPCG(seed, 0)))
}

// specs returns the steps of a plan as text.
func specs(steps []plan.Step) []string {
	var s []string
	for _, step := range steps {
		s = append(s, step.At.String()+" "+step.Fault.Spec())
	}
	return s
}

// kindsOf returns the kinds of a plan's steps.
func kindsOf(steps []plan.Step) []string {
	var kinds []string
	for _, s := range steps {
		kinds = append(kinds, s.Fault.Kind())
	}
	return kinds
}

// schedules draws schedules of any sort.
var schedules = rapid.Custom(func(t *rapid.T) plan.Schedule {
	fault := rapid.SampledFrom([]faults.Fault{
		faults.Pause{}, faults.Pause{Nodes: faults.One}, faults.Expire{}, faults.Expire{Who: faults.Everyone}, faults.Kill{}, &fake{name: "own"},
	})
	some := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(0, 60_000).Draw(t, "ms")) * time.Millisecond
	})
	turn := rapid.Custom(func(t *rapid.T) plan.Turn {
		turn := plan.Together(rapid.SliceOfN(fault, 0, 3).Draw(t, "faults")...)
		turn.For, turn.Weight = some.Draw(t, "for"), rapid.IntRange(0, 4).Draw(t, "weight")
		return turn
	})
	turns := rapid.SliceOfN(turn, 0, 5)
	one := rapid.Custom(func(t *rapid.T) plan.Schedule {
		interval := time.Second + some.Draw(t, "interval")
		switch rapid.IntRange(0, 3).Draw(t, "sort") {
		case 0:
			return plan.At(some.Draw(t, "at"), some.Draw(t, "for"), fault.Draw(t, "fault"))
		case 1:
			return plan.Repeat(some.Draw(t, "at"), interval, some.Draw(t, "for"), fault.Draw(t, "fault"))
		case 2:
			return plan.Schedule{{Interval: interval, Lasts: some.Draw(t, "lasts"), Turns: turns.Draw(t, "turns")}}
		}
		return plan.Schedule{{Order: plan.InOrder, Interval: interval, Lasts: some.Draw(t, "lasts"), Turns: turns.Draw(t, "turns"), Times: rapid.IntRange(0, 3).Draw(t, "times")}}
	})
	return plan.Overlay(rapid.SliceOfN(one, 0, 4).Draw(t, "parts")...)
})

// The same seed gives the same plan; a plan is in order and within its limit;
// a longer limit adds steps and changes none; nothing is drawn that the schedule
// does not name.
func TestPlans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, seed := schedules.Draw(t, "schedule"), rapid.Uint64().Draw(t, "seed")
		limit := time.Duration(rapid.IntRange(1, 300).Draw(t, "limit")) * time.Second
		steps := planned(seed, limit, s)
		if again := planned(seed, limit, s); !reflect.DeepEqual(steps, again) {
			t.Fatalf("one seed, two plans: %v and %v", specs(steps), specs(again))
		}
		if !slices.IsSortedFunc(steps, func(a, b plan.Step) int { return int(a.At - b.At) }) {
			t.Fatalf("not in order: %v", specs(steps))
		}
		var kinds []string
		for _, f := range s.Faults() {
			kinds = append(kinds, f.Kind())
		}
		for _, step := range steps {
			if step.At >= limit || step.At < 0 || !slices.Contains(kinds, step.Fault.Kind()) {
				t.Fatalf("within %s: %s %s", limit, step.At, step.Fault.Spec())
			}
		}
		longer := slices.DeleteFunc(planned(seed, 2*limit, s), func(s plan.Step) bool { return s.At >= limit })
		if len(steps) != len(longer) || (len(steps) > 0 && !reflect.DeepEqual(steps, longer)) {
			t.Fatalf("with more time another plan: %v and %v", specs(steps), specs(longer))
		}
	})
}

// A schedule that an expression can describe is unchanged after it was written and read.
func TestWritten(t *testing.T) {
	for name, s := range map[string]plan.Schedule{
		"every":    plan.Every(7*time.Second, faults.Pause{}, faults.Expire{Who: faults.Holder}),
		"mix":      {{Interval: 9 * time.Second, Lasts: 2 * time.Second, Turns: []plan.Turn{plan.Together(faults.Pause{}, faults.Kill{}), plan.Quiet(0), plan.Quiet(time.Minute), {Faults: []faults.Fault{faults.Expire{}}, Weight: 3, For: time.Second}}}},
		"sequence": {{Order: plan.InOrder, Interval: time.Second, Times: 4, Turns: []plan.Turn{plan.Together(faults.Kill{}), plan.Quiet(time.Second)}}},
		"times":    plan.Overlay(plan.At(0, time.Second, faults.Pause{}), plan.Repeat(5*time.Second, 6*time.Second, time.Second, faults.Kill{}, faults.Expire{}), plan.Every(time.Minute, faults.Kill{})),
	} {
		read, err := plan.Parse(s.String(), s.Interval())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for seed := range uint64(5) {
			want, got := specs(planned(seed, time.Hour, s)), specs(planned(seed, time.Hour, read))
			if len(want) == 0 || !slices.Equal(want, got) {
				t.Errorf("%s, written as %s, seed %d: %s", name, s, seed, cmp.Diff(want, got))
			}
		}
	}
	if s := plan.Overlay(plan.Every(time.Second, faults.Pause{}), plan.Every(time.Minute, faults.Kill{})); s.String() != "pause,kill" {
		t.Errorf("two mixes are written as %q", s)
	}
}

// An added fault takes a place in some plans. In most plans it has none within the load, and these keep their
// order, targets and seeds. In the others few faults move.
func TestAddedFaultMovesFewSeeds(t *testing.T) {
	const seeds = 400
	limit := 10 * time.Second
	all := plan.Mix(time.Second, turnsOf(faults.Kinds())...)
	same, steps, moved := 0, 0, 0
	for _, left := range faults.Kinds() {
		fewer := plan.Mix(time.Second, turnsOf(slices.DeleteFunc(slices.Clone(faults.Kinds()), func(k faults.Kind) bool { return k.Name == left.Name }))...)
		for seed := range uint64(seeds / len(faults.Kinds())) {
			before, after := planned(seed, limit, fewer), planned(seed, limit, all)
			if !slices.Contains(kindsOf(after), left.Name) {
				if same++; !reflect.DeepEqual(before, after) {
					t.Fatalf("seed %d, without %s: %v, with it, although it has no turn: %v", seed, left.Name, specs(before), specs(after))
				}
				continue
			}
			for _, s := range before {
				if steps++; !slices.ContainsFunc(after, func(o plan.Step) bool { return reflect.DeepEqual(s, o) }) {
					moved++
				}
			}
		}
	}
	if same < seeds/4 || steps == 0 || moved > steps/2 {
		t.Errorf("%d plans are the same; of %d faults in the others %d moved", same, steps, moved)
	}
}

func turnsOf(all []faults.Kind) (turns []plan.Turn) {
	for _, k := range all {
		turns = append(turns, plan.Together(k.Plain()))
	}
	return turns
}

// Seeds make a difference.
func TestPlanFollowsFromTheSeed(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(20) {
		text := ""
		for _, s := range specs(planned(seed, 5*time.Minute, plan.Every(10*time.Second, faults.Pause{}, faults.Expire{}))) {
			text += s + "\n"
		}
		seen[text] = true
	}
	if len(seen) < 10 {
		t.Errorf("20 seeds gave only %d different plans", len(seen))
	}
}

// Each kind comes before any comes twice, and no fault begins at the limit or later.
func TestPlanTakesTurns(t *testing.T) {
	for seed := range uint64(50) {
		steps := planned(seed, time.Minute, plan.Every(10*time.Second, faults.Pause{}, faults.Expire{}))
		if len(steps) != 5 {
			t.Fatalf("seed %d: %d steps in a minute, want 5: %v", seed, len(steps), specs(steps))
		}
		if steps[0].Fault.Kind() == steps[1].Fault.Kind() {
			t.Errorf("seed %d: %v", seed, specs(steps))
		}
		if s := steps[0]; s.At != 10*time.Second || s.For != 5*time.Second {
			t.Errorf("seed %d: first step at %s for %s", seed, s.At, s.For)
		}
	}
}

// In short loads each kind comes once: everything that it can hit has its turn in some of 50 seeds:
// holders, waiting clients and others; leaders and followers.
func TestFirstTurnsAreDrawn(t *testing.T) {
	first := map[string]int{}
	for seed := range uint64(50) {
		for _, s := range planned(seed, 3*time.Second, plan.Every(time.Second, faults.Pause{}, faults.Expire{})) {
			first[s.Fault.Spec()]++
		}
	}
	for _, spec := range []string{"expire:holder-or-any", "expire:waiter-or-any", "expire:next-or-any", "expire:any", "pause:leader"} {
		if n := first[spec]; n < 5 || n > 40 {
			t.Errorf("%s is the first of its kind in %d of 50 seeds: %v", spec, n, first)
		}
	}
}

// At least half of the expiries are for sessions that hold or wait.
func TestPlanExpiresHoldersAndWaiters(t *testing.T) {
	counts := map[string]int{}
	for _, s := range planned(1, 10*time.Minute, plan.Every(10*time.Second, faults.Expire{})) {
		counts[s.Fault.Spec()]++
	}
	if busy := counts["expire:holder-or-any"] + counts["expire:waiter-or-any"]; busy < 2*(counts["expire:any"]-1) || counts["expire:holder-or-any"] == 0 || counts["expire:waiter-or-any"] == 0 {
		t.Errorf("expiries: %v", counts)
	}
}

func TestPlanWithoutRoom(t *testing.T) {
	if steps := planned(1, 10*time.Second, plan.Every(10*time.Second, faults.Pause{})); len(steps) != 0 {
		t.Errorf("a limit that ends where the first fault begins has %v", specs(steps))
	}
	if steps := planned(1, time.Hour, plan.Every(10*time.Second)); len(steps) != 0 {
		t.Errorf("no faults gave %v", specs(steps))
	}
	if steps := planned(1, time.Hour, plan.Mix(1, plan.Quiet(1))); len(steps) != 0 {
		t.Errorf("nothing but quiet gave %v", specs(steps))
	}
}

// In a mix, every turn comes as often as its weight says before any comes again.
func TestMixWeights(t *testing.T) {
	a, b, c := &fake{name: "a"}, &fake{name: "b"}, &fake{name: "c"}
	m := plan.Mix(time.Second, plan.Turn{Faults: []faults.Fault{a}, Weight: 5}, plan.Together(b), plan.Turn{Faults: []faults.Fault{c}, Weight: 2})
	for seed := range uint64(30) {
		kinds := kindsOf(planned(seed, 81*time.Second, m)) // ten rounds of eight
		if len(kinds) != 80 {
			t.Fatalf("%d turns in 80 intervals", len(kinds))
		}
		for round := range slices.Chunk(kinds, 8) {
			first := slices.Clone(round[:3])
			slices.Sort(first)
			if !slices.Equal(first, []string{"a", "b", "c"}) {
				t.Errorf("seed %d: a round begins with %v", seed, round[:3])
			}
			slices.Sort(round)
			if !slices.Equal(round, []string{"a", "a", "a", "a", "a", "b", "c", "c"}) {
				t.Errorf("seed %d: a round is %v", seed, round)
			}
		}
	}
}

// A sequence keeps its order, is repeated as often as it says, and has its quiet times.
func TestSequence(t *testing.T) {
	a, b, c := &fake{name: "a"}, &fake{name: "b"}, &fake{name: "c"}
	q := plan.Sequence(10*time.Second,
		plan.Together(a), plan.Quiet(7*time.Second), plan.Turn{Faults: []faults.Fault{b, c}, For: 20 * time.Second}, plan.Quiet(0),
	)
	want := []string{"10s a", "27s b", "27s c", "1m2s a", "1m19s b", "1m19s c", "1m54s a"}
	if diff := cmp.Diff(want, specs(planned(1, 2*time.Minute, q))); diff != "" {
		t.Error(diff)
	}
	q[0].Times = 2
	if diff := cmp.Diff(want[:6], specs(planned(1, 2*time.Hour, q))); diff != "" {
		t.Error(diff)
	}
	if d := q.Length(); d != 114*time.Second {
		t.Errorf("twice takes %s", d)
	}
}

// Steps for which there is no time are reported.
func TestLate(t *testing.T) {
	for list, want := range map[string][]string{
		"pause,expire":                            nil,
		"pause@29s/10s":                           nil,
		"cut@client0/acquire#1/create#1":          nil,
		"kill@1h,pause@30s+1s,expire":             {"kill@1h+5s begins after the time limit of 30s", "pause@30s+1s begins after the time limit of 30s"},
		"pause/1m,cut@client0/acquire#1/create#1": {"pause+5s/1m begins after the time limit of 30s"},
	} {
		s := must.Get(plan.Parse(list, 10*time.Second))(t)
		if diff := cmp.Diff(want, s.Late(30*time.Second)); diff != "" {
			t.Errorf("%s: %s", list, diff)
		}
	}
}

// If no interval is given, it is as long as the limit allows for each turn to come.
func TestParseWithin(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		list     string
		limit    time.Duration
		interval time.Duration
	}{
		{"pause,expire,kill", 0, 10 * second},
		{"pause,expire,kill", 40 * second, 10 * second},
		{"pause,expire,kill", 30 * second, 7500 * time.Millisecond},
		{"kill:leader", 10 * second, 5 * second},
		{"sequence,pause,expire,kill", 30 * second, 7500 * time.Millisecond},
		{"sequence:times=2,pause", 10 * second, 3300 * time.Millisecond},
		{"pause+3s,expire", 9 * second, 2400 * time.Millisecond}, // 2.4 s, then 3 s and half an interval, and 2.4 s
		{"kill@3s,pause", 10 * second, 5 * second},
		{"pause,expire,kill", 3 * second, 2 * second}, // not all turns, but as many as possible
		{"all", 10 * second, 10 * second},
	} {
		s := must.Get(plan.ParseWithin(tt.list, 10*second, tt.limit))(t)
		if got := s.Interval(); got != tt.interval {
			t.Errorf("%s within %s: each %s, want %s", tt.list, tt.limit, got, tt.interval)
		}
		if missed := s.Missed(planned(1, tt.limit, s), tt.limit); tt.limit > 3*second && tt.list != "all" && missed != nil {
			t.Errorf("%s within %s: %q", tt.list, tt.limit, missed)
		}
	}
	if s, err := plan.ParseWithin("aimed,lose-reply,late-request", 10*time.Second, 0); err != nil || s[0].Interval != time.Second {
		t.Errorf("%s (%v), want an aim with 1 s between faults", s, err)
	}
	if s, err := plan.ParseWithin("pause@20s", 10*time.Second, 21*time.Second); err != nil || s.String() != "pause@20s+5s" {
		t.Errorf("%s (%v), want a fault of half the usual interval", s, err)
	}
}

// If no interval of "all" is given, each turn comes within the limit or, if that is too short, at least those that
// the list names.
func TestParseAllWithin(t *testing.T) {
	for _, tt := range []struct {
		list     string
		limit    time.Duration
		interval time.Duration
	}{
		{"all", 10 * time.Minute, 10 * time.Second},
		{"all", 90 * time.Second, 0},
		{"all,kill", 90 * time.Second, 0},
		{"all", 30 * time.Second, 2 * time.Second},
		{"all,expire,pause", 20 * time.Second, 2 * time.Second},
		{"sequence,expire,all", 30 * time.Second, 2 * time.Second},
	} {
		s := must.Get(plan.ParseWithin(tt.list, 10*time.Second, tt.limit))(t)
		s, _ = s.Choose(faults.Setting{Ensemble: nowhere{}})
		if got := s.Interval(); tt.interval != 0 && got != tt.interval {
			t.Errorf("%s within %s: each %s, want %s", tt.list, tt.limit, got, tt.interval)
		}
		if tt.interval == 0 && (s.Length() > tt.limit || s.Interval() >= 10*time.Second) {
			t.Errorf("%s within %s: each %s, %s in all", tt.list, tt.limit, s.Interval(), s.Length())
		}
		for seed := range uint64(20) {
			if missed := s.Missed(planned(seed, tt.limit, s), tt.limit); missed != nil {
				t.Errorf("%s within %s: %q", tt.list, tt.limit, missed)
			}
		}
	}
}

func TestMissed(t *testing.T) {
	for _, tt := range []struct {
		list string
		want []string
	}{
		{"pause,expire", nil},
		{"pause,expire,kill", []string{" has no turn within the time limit of 30s"}},
		{"pause,pause:one,pause", []string{"pause:one has no turn within the time limit of 30s"}},
		{"sequence,pause,expire,kill", []string{"kill has no turn within the time limit of 30s"}},
		{"sequence:times=2,pause", nil},
		{"sequence:times=3,pause", []string{"the sequence does not run 3 times within the time limit of 30s"}},
		{"pause:leader@50s", []string{"pause:leader@50s+5s begins after the time limit of 30s"}},
		{"pause@30s", []string{"pause@30s+5s begins after the time limit of 30s"}},
		{"pause@20s/10s,expire", []string{"pause@20s+5s/10s does not come again within the time limit of 30s"}},
		{"pause@19s/10s,expire", nil},
		{"pause/1m", []string{"pause+5s/1m begins after the time limit of 30s"}},
		{"quiet:25s,pause", nil},
		{"sequence,quiet:25s,pause", []string{"pause has no turn within the time limit of 30s"}},
	} {
		s := must.Get(plan.Parse(tt.list, 10*time.Second))(t)
		seed := uint64(1)
		switch tt.list {
		case "quiet:25s,pause":
			for len(planned(seed, 30*time.Second, s)) == 0 {
				seed++ // a seed for which the quiet does not come first
			}
		case "pause,pause:one,pause":
			isOne := func(step plan.Step) bool { return step.Spec() == "pause:one" }
			for slices.ContainsFunc(planned(seed, 30*time.Second, s), isOne) {
				seed++ // a seed for which the quiet comes last
			}
		}
		got := s.Missed(planned(seed, 30*time.Second, s), 30*time.Second)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %q, want %q", tt.list, got, tt.want)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i], tt.want[i]) {
				t.Errorf("%s: %q, want %q", tt.list, got, tt.want)
			}
		}
	}
}

// A load as long as a schedule requires has room for everything once.
func TestLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := schedules.Draw(t, "schedule")
		length := s.Length() + 1
		if missed := s.Missed(planned(rapid.Uint64().Draw(t, "seed"), length, s), length); len(missed) > 0 {
			t.Fatalf("%s: %v", length, missed)
		}
	})
}

// Only leaves the chosen faults of mixes, and everything of other parts.
func TestOnly(t *testing.T) {
	for _, test := range []struct{ schedule, kinds, want string }{
		{"pause,expire:holder,kill", "expire kill", "expire:holder,kill"},
		{"pause,kill", "", ""},
		{"pause:leader,pause:followers,quiet,kill", "pause", "pause:leader,pause:followers,quiet"},
		{"pause,with:expire,kill", "expire", "pause,with:expire"},
		{"kill@5s+1s,pause,expire", "pause", "kill@5s+1s,pause"},
		{"sequence,pause,kill", "pause", "sequence,pause,kill"},
		{"quiet,pause", "kill", ""},
	} {
		s := must.Get(plan.Parse(test.schedule, time.Second))(t)
		before := s.String()
		if got := s.Only(strings.Fields(test.kinds)).String(); got != test.want || s.String() != before {
			t.Errorf("%s, only %s: %s, want %s; it is now %s", test.schedule, test.kinds, got, test.want, s)
		}
	}
	s, err := plan.Parse("pause,kill@5s,expire,pause:leader", time.Second)
	if got := s.Kinds(); err != nil || !slices.Equal(got, []string{"pause", "expire"}) {
		t.Errorf("kinds %v, %v", got, err)
	}
}

// Which kinds a schedule can draw is known before it is chosen for a setting.
func TestHas(t *testing.T) {
	for text, want := range map[string]bool{
		"all": true, "expire": false, "upgrade": true, "expire,upgrade@3s": true, "all,-upgrade": false, "expire,with:upgrade": true,
	} {
		s := must.Get(plan.Parse(text, time.Second))(t)
		if got := s.Has(kinds.Upgrade.Name); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// What a schedule can hit is known before it is chosen for a setting.
func TestHits(t *testing.T) {
	for text, want := range map[string]bool{
		"all": true, "expire": false, "freeze": true, "expire,crash:holder@3s": true, "all,-freeze": true,
		"all,-freeze,-crash": false, "freeze@client1/acquire#1/create#1": true, "expire,with:freeze:any": true,
	} {
		s := must.Get(plan.Parse(text, time.Second))(t)
		if got := s.Hits(kinds.Processes); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	if !plan.Steps(plan.Step{Fault: faults.Freeze{}}).Hits(kinds.Processes) {
		t.Error("a step that is given")
	}
}

// A weight is told if the load ends before any turn comes again, that of all faults once.
func TestWeightless(t *testing.T) {
	for list, want := range map[string]string{
		"pause:weight=3,expire":          "the weight of pause:weight=3 has no effect: no turn comes twice within the time limit of 30s",
		"pause,expire":                   "",
		"pause:weight=3":                 "",
		"sequence,pause:weight=3,expire": "",
		"all:weight=2":                   "the weight of all:weight=2 has no effect: no turn comes twice within the time limit of 30s",
	} {
		s := must.Get(plan.Parse(list, 10*time.Second))(t)
		s, _ = s.Choose(faults.Setting{Ensemble: nowhere{}})
		if got := strings.Join(s.Weightless(30*time.Second), "; "); got != want {
			t.Errorf("%s: %q, want %q", list, got, want)
		}
	}
}

// A weight in a sequence is told, whatever the length of the load.
func TestUnweighed(t *testing.T) {
	for list, want := range map[string]string{
		"sequence,pause:weight=3,expire": "the weight of pause:weight=3 has no effect: a sequence takes its turns in the given order; name the fault as often as it is to come",
		"sequence,pause,pause,expire":    "",
		"pause:weight=3,expire":          "",
	} {
		s := must.Get(plan.Parse(list, 10*time.Second))(t)
		if got := strings.Join(s.Unweighed(), "; "); got != want {
			t.Errorf("%s: %q, want %q", list, got, want)
		}
	}
}
