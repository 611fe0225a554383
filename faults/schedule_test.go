package faults_test

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
)

func plan(seed uint64, limit time.Duration, s faults.Schedule) []faults.Step {
	return s.Plan(limit, rand.New(rand.NewPCG(seed, 0)))
}

// specs are the steps of a plan, for people.
func specs(steps []faults.Step) []string {
	var s []string
	for _, step := range steps {
		s = append(s, step.At.String()+" "+step.Fault.Spec())
	}
	return s
}

// kindsOf are the kinds of a plan's steps.
func kindsOf(steps []faults.Step) []string {
	var kinds []string
	for _, s := range steps {
		kinds = append(kinds, s.Fault.Kind())
	}
	return kinds
}

// schedules draws schedules of any sort.
var schedules = rapid.Custom(func(t *rapid.T) faults.Schedule {
	fault := rapid.SampledFrom([]faults.Fault{
		faults.Pause{}, faults.Pause{Nodes: faults.One}, faults.Expire{}, faults.Expire{Who: faults.Everyone}, faults.Kill{}, &fake{name: "own"},
	})
	some := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(0, 60_000).Draw(t, "ms")) * time.Millisecond
	})
	turn := rapid.Custom(func(t *rapid.T) faults.Turn {
		turn := faults.Together(rapid.SliceOfN(fault, 0, 3).Draw(t, "faults")...)
		turn.For, turn.Weight = some.Draw(t, "for"), rapid.IntRange(0, 4).Draw(t, "weight")
		return turn
	})
	turns := rapid.SliceOfN(turn, 0, 5)
	one := rapid.Custom(func(t *rapid.T) faults.Schedule {
		interval := time.Second + some.Draw(t, "interval")
		switch rapid.IntRange(0, 3).Draw(t, "sort") {
		case 0:
			return faults.At(some.Draw(t, "at"), some.Draw(t, "for"), fault.Draw(t, "fault"))
		case 1:
			return faults.Repeat(some.Draw(t, "at"), interval, some.Draw(t, "for"), fault.Draw(t, "fault"))
		case 2:
			return faults.Mix{Interval: interval, Lasts: some.Draw(t, "lasts"), Turns: turns.Draw(t, "turns")}
		}
		return faults.Sequence{Interval: interval, Lasts: some.Draw(t, "lasts"), Turns: turns.Draw(t, "turns"), Times: rapid.IntRange(0, 3).Draw(t, "times")}
	})
	return faults.Overlay(rapid.SliceOfN(one, 0, 4).Draw(t, "parts")...)
})

// The same seed gives the same plan; a plan is in order and within its limit;
// a longer limit adds steps and changes none; nothing is drawn that the schedule
// does not name.
func TestPlans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, seed := schedules.Draw(t, "schedule"), rapid.Uint64().Draw(t, "seed")
		limit := time.Duration(rapid.IntRange(1, 300).Draw(t, "limit")) * time.Second
		steps := plan(seed, limit, s)
		if again := plan(seed, limit, s); !reflect.DeepEqual(steps, again) {
			t.Fatalf("one seed, two plans: %v and %v", specs(steps), specs(again))
		}
		if !slices.IsSortedFunc(steps, func(a, b faults.Step) int { return int(a.At - b.At) }) {
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
		longer := slices.DeleteFunc(plan(seed, 2*limit, s), func(s faults.Step) bool { return s.At >= limit })
		if len(steps) != len(longer) || (len(steps) > 0 && !reflect.DeepEqual(steps, longer)) {
			t.Fatalf("with more time another plan: %v and %v", specs(steps), specs(longer))
		}
	})
}

// A schedule that an expression can say is the same when it is written and read.
func TestWritten(t *testing.T) {
	for name, s := range map[string]faults.Schedule{
		"every":    faults.Every(7*time.Second, faults.Pause{}, faults.Expire{Who: faults.Holder}),
		"mix":      faults.Mix{Interval: 9 * time.Second, Lasts: 2 * time.Second, Turns: []faults.Turn{faults.Together(faults.Pause{}, faults.Kill{}), faults.Quiet(0), faults.Quiet(time.Minute), {Faults: []faults.Fault{faults.Expire{}}, Weight: 3, For: time.Second}}},
		"sequence": faults.Sequence{Interval: time.Second, Times: 4, Turns: []faults.Turn{faults.Together(faults.Kill{}), faults.Quiet(time.Second)}},
		"times":    faults.Overlay(faults.At(0, time.Second, faults.Pause{}), faults.Repeat(5*time.Second, 6*time.Second, time.Second, faults.Kill{}, faults.Expire{}), faults.Every(time.Minute, faults.Kill{})),
	} {
		x, interval, ok := faults.Written(s)
		if !ok {
			t.Errorf("%s cannot be written", name)
			continue
		}
		read, err := faults.Parse(x.String())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for seed := range uint64(5) {
			want, got := specs(plan(seed, time.Hour, s)), specs(plan(seed, time.Hour, read.Schedule(interval)))
			if len(want) == 0 || !slices.Equal(want, got) {
				t.Errorf("%s, written as %s, seed %d: %s", name, x, seed, cmp.Diff(want, got))
			}
		}
	}
	if x, _, ok := faults.Written(faults.Overlay(faults.Every(time.Second, faults.Pause{}), faults.Every(time.Minute, faults.Kill{}))); ok || x.String() != "pause,kill" {
		t.Errorf("two mixes are written as %q, %v", x, ok)
	}
}

// Seeds make a difference.
func TestPlanFollowsFromTheSeed(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(20) {
		text := ""
		for _, s := range specs(plan(seed, 5*time.Minute, faults.Every(10*time.Second, faults.Pause{}, faults.Expire{}))) {
			text += s + "\n"
		}
		seen[text] = true
	}
	if len(seen) < 10 {
		t.Errorf("20 seeds gave only %d different plans", len(seen))
	}
}

// Each kind comes before any comes twice, the first pause is the leader's, and
// no fault begins at the limit or later.
func TestPlanTakesTurns(t *testing.T) {
	for seed := range uint64(50) {
		steps := plan(seed, time.Minute, faults.Every(10*time.Second, faults.Pause{}, faults.Expire{}))
		if len(steps) != 5 {
			t.Fatalf("seed %d: %d steps in a minute, want 5: %v", seed, len(steps), specs(steps))
		}
		if steps[0].Fault.Kind() == steps[1].Fault.Kind() {
			t.Errorf("seed %d: %v", seed, specs(steps))
		}
		for _, s := range steps {
			if s.Fault.Kind() == "pause" {
				if s.Fault.Spec() != "pause:leader" {
					t.Errorf("seed %d: the first pause is %s", seed, s.Fault.Spec())
				}
				break
			}
		}
		if s := steps[0]; s.At != 10*time.Second || s.For != 5*time.Second {
			t.Errorf("seed %d: first step at %s for %s", seed, s.At, s.For)
		}
	}
}

// At least half of the expiries are for sessions that hold or wait.
func TestPlanExpiresHoldersAndWaiters(t *testing.T) {
	counts := map[string]int{}
	for _, s := range plan(1, 10*time.Minute, faults.Every(10*time.Second, faults.Expire{})) {
		counts[s.Fault.Spec()]++
	}
	if busy := counts["expire:holder"] + counts["expire:waiter"]; busy < 2*counts["expire:any"] || counts["expire:holder"] == 0 || counts["expire:waiter"] == 0 {
		t.Errorf("expiries: %v", counts)
	}
}

func TestPlanWithoutRoom(t *testing.T) {
	if steps := plan(1, 10*time.Second, faults.Every(10*time.Second, faults.Pause{})); len(steps) != 0 {
		t.Errorf("a limit that ends where the first fault begins has %v", specs(steps))
	}
	if steps := plan(1, time.Hour, faults.Every(10*time.Second)); len(steps) != 0 {
		t.Errorf("no faults gave %v", specs(steps))
	}
	if steps := plan(1, time.Hour, faults.Mix{Interval: 1, Turns: []faults.Turn{faults.Quiet(1)}}); len(steps) != 0 {
		t.Errorf("nothing but quiet gave %v", specs(steps))
	}
}

// In a mix every turn comes once before any comes again, and as often as its
// weight says.
func TestMixWeights(t *testing.T) {
	a, b, c := &fake{name: "a"}, &fake{name: "b"}, &fake{name: "c"}
	m := faults.Mix{Interval: time.Second, Turns: []faults.Turn{{Faults: []faults.Fault{a}, Weight: 5}, {Faults: []faults.Fault{b}}, {Faults: []faults.Fault{c}, Weight: 2}}}
	for seed := range uint64(30) {
		kinds := kindsOf(plan(seed, 81*time.Second, m)) // ten rounds of eight
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

// A sequence keeps its order, as often as it says, and has its quiet.
func TestSequence(t *testing.T) {
	a, b, c := &fake{name: "a"}, &fake{name: "b"}, &fake{name: "c"}
	q := faults.Sequence{Interval: 10 * time.Second, Turns: []faults.Turn{
		faults.Together(a), faults.Quiet(7 * time.Second), {Faults: []faults.Fault{b, c}, For: 20 * time.Second}, faults.Quiet(0),
	}}
	want := []string{"10s a", "27s b", "27s c", "1m2s a", "1m19s b", "1m19s c", "1m54s a"}
	if diff := cmp.Diff(want, specs(plan(1, 2*time.Minute, q))); diff != "" {
		t.Error(diff)
	}
	q.Times = 2
	if diff := cmp.Diff(want[:6], specs(plan(1, 2*time.Hour, q))); diff != "" {
		t.Error(diff)
	}
	if d := faults.Length(q); d != 114*time.Second {
		t.Errorf("twice takes %s", d)
	}
}

// What finds no time is said.
func TestMissed(t *testing.T) {
	for _, tt := range []struct {
		list string
		want []string
	}{
		{"pause,expire", nil},
		{"pause,expire,kill", []string{" has no turn within the time limit of 30s"}},
		{"pause,pause:one,pause", []string{"pause"}},
		{"sequence,pause,expire,kill", []string{"kill has no turn within the time limit of 30s"}},
		{"sequence:times=2,pause", nil},
		{"sequence:times=3,pause", []string{"the sequence is not done 3 times within the time limit of 30s"}},
		{"pause:leader@50s", []string{"pause:leader@50s+5s begins after the time limit of 30s"}},
		{"pause@30s", []string{"pause@30s+5s begins after the time limit of 30s"}},
		{"pause@20s/10s,expire", []string{"pause@20s+5s/10s does not come again within the time limit of 30s"}},
		{"pause@19s/10s,expire", nil},
		{"pause/1m", []string{"pause@1m+5s/1m begins after the time limit of 30s"}},
		{"quiet:25s,pause", nil},
		{"sequence,quiet:25s,pause", []string{"pause has no turn within the time limit of 30s"}},
	} {
		x, err := faults.Parse(tt.list)
		if err != nil {
			t.Fatal(err)
		}
		s := x.Schedule(10 * time.Second)
		seed := uint64(1)
		if tt.list == "quiet:25s,pause" {
			for len(plan(seed, 30*time.Second, s)) == 0 {
				seed++ // where the quiet does not come first
			}
		}
		got := faults.Missed(s, plan(seed, 30*time.Second, s), 30*time.Second)
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

// A load of the length that a schedule asks for has room for everything once.
func TestLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := schedules.Draw(t, "schedule")
		length := faults.Length(s) + 1
		if missed := faults.Missed(s, plan(rapid.Uint64().Draw(t, "seed"), length, s), length); len(missed) > 0 {
			t.Fatalf("%s: %v", length, missed)
		}
	})
}
