package plan

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
)

func aPoint(t *testing.T, text string) link.Point {
	t.Helper()
	return must.Get(link.ParsePoint(text))(t)
}

// The text of a drawn fault is complete, because experiment.yaml has nothing else.
func TestDrawnFaultsAreAllText(t *testing.T) {
	drawn := 0
	for _, k := range faults.Kinds() {
		for _, s := range Every(time.Second, k.Plain()).Plan(time.Minute, rand.New(rand.NewPCG(1, 1))) {
			again, err := ParseStep(s.Fault.Spec(), "", Step{For: time.Second})
			if err != nil {
				t.Errorf("%s: %v", s.Fault.Spec(), err)
				continue
			}
			if !reflect.DeepEqual(again.Fault, s.Fault) {
				t.Errorf("%s: drawn as %#v, read as %#v", s.Fault.Spec(), s.Fault, again.Fault)
			}
			if s.Fault.Spec() != k.Name {
				drawn++
			}
		}
	}
	if drawn < 100 {
		t.Errorf("of %d faults something was drawn", drawn)
	}
}

// Given steps are planned unchanged, whatever the seed; leaving one out, or adding another part, moves
// no other step.
func TestGivenStepsStay(t *testing.T) {
	steps := Every(5*time.Second, faults.Pause{}, faults.Expire{}, faults.Cut{}).Plan(time.Minute, rand.New(rand.NewPCG(1, 1)))
	steps = append(steps, Step{Point: aPoint(t, "client1/acquire#2/create#1"), For: time.Second, Fault: faults.Kill{}, Seed: 7})
	plan := func(seed uint64, s Schedule) []Step {
		all := s.Plan(time.Minute, rand.New(rand.NewPCG(seed, 0)))
		for i := range all {
			all[i].item = ""
		}
		return all
	}
	all := map[string]Step{}
	for _, s := range plan(1, Steps(steps...)) {
		all[s.String()] = s
	}
	if len(all) != len(steps) {
		t.Fatalf("%d of %d steps are planned", len(all), len(steps))
	}
	for i := range steps {
		rest := append(append([]Step(nil), steps[:i]...), steps[i+1:]...)
		got := plan(uint64(i), Overlay(Steps(rest...), At(time.Second, time.Second, faults.Reset{})))
		if len(got) != len(rest)+1 {
			t.Errorf("without %s: %v", steps[i], got)
		}
		for _, s := range got {
			if s.Fault.Kind() == "reset" {
				if s.Lane <= steps[0].Lane {
					t.Errorf("it waits for steps that are given: lane %d", s.Lane)
				}
			} else if !reflect.DeepEqual(s, all[s.String()]) {
				t.Errorf("without %s, %s is another", steps[i], s)
			}
		}
	}
	if Steps() != nil {
		t.Error("no steps are a schedule")
	}
}

// The questions about schedules can also be answered for given steps, and for points.
func TestGivenSchedule(t *testing.T) {
	s := Overlay(Steps(
		Step{At: 10 * time.Second, For: 5 * time.Second, Fault: faults.Pause{Nodes: faults.Leader}},
		Step{Point: aPoint(t, "client1/acquire#2/create#1"), For: time.Second, Fault: faults.Cut{}},
	), AtPoint(aPoint(t, "client0/acquire#1/event#1"), 2*time.Second, faults.LateEvent{}))
	if got := s.String(); got != "pause:leader@10s+5s,cut@client1/acquire#2/create#1+1s,late-event@client0/acquire#1/event#1+2s" {
		t.Error(got)
	}
	again, err := Parse(s.String(), time.Second)
	if err != nil || again.String() != s.String() {
		t.Errorf("read again it is %s (%v)", again, err)
	}
	var kinds []string
	for _, f := range s.Named() {
		kinds = append(kinds, f.Kind())
	}
	if diff := cmp.Diff([]string{"pause", "cut", "late-event"}, kinds); diff != "" {
		t.Error(diff)
	}
	if !s.HasGiven() || again.HasGiven() || s.Length() != 15*time.Second || s.Interval() != 0 {
		t.Errorf("given %v and %v, length %s, interval %s", s.HasGiven(), again.HasGiven(), s.Length(), s.Interval())
	}
	early := s.Plan(5*time.Second, rand.New(rand.NewPCG(1, 0)))
	if len(early) != 2 {
		t.Errorf("in 5 s: %v", early)
	}
	if diff := cmp.Diff([]string{"pause:leader@10s+5s begins after the time limit of 5s"}, s.Missed(early, 5*time.Second)); diff != "" {
		t.Error(diff)
	}
	if left, _ := s.Choose(faults.Setting{}); !reflect.DeepEqual(left, s) {
		t.Errorf("chosen it is %v", left)
	}
}

// A step is read from its parts; errors are one line.
func TestParseStep(t *testing.T) {
	at, lasts := Step{At: time.Second, For: time.Second, Seed: 3, Lane: 2}, Step{For: time.Second}
	for _, tt := range []struct {
		fault, point string
		rest         Step
		want         string
	}{
		{"expire:holder", "", at, "expire:holder@1s+1s"},
		{"lose-reply", "client1/acquire#2/create#1", lasts, "lose-reply@client1/acquire#2/create#1/reply+1s"},
		{"expire:holder@10s", "", at, "error: \"expire:holder@10s\" is not a single fault without times"},
		{"expire,cut", "", at, "error: \"expire,cut\" is not a single fault without times"},
		{"all", "", at, "error: \"all\" is not a single fault"},
		{"sequence,cut", "", at, "error: \"sequence,cut\" is not a single fault"},
		{"cut:weight=2", "", at, "error: \"cut:weight=2\" is not a single fault"},
		{"", "", at, "error: \"\" is not a single fault"},
		{"expir", "", at, "error: \"expir\": position 1: unknown fault"},
		{"cut", "client1", lasts, "error: cut: \"client1\" is not a point"},
		{"partition", "client1/acquire#2/create#1", lasts, "error: partition is not injected at a message"},
		{"cut", "client1/acquire#2/create#1", at, "error: cut has both a time (1s) and a point (client1/acquire#2/create#1): give one of them"},
		{"cut", "", Step{At: time.Second}, "error: cut lasts 0s: give a time above 0s"},
		{"cut", "", Step{At: -time.Second, For: time.Second}, "error: cut begins at -1s"},
		{"cut", "", Step{For: 200 * time.Hour}, "error: cut lasts 200h0m0s"},
		{"cut", "", Step{For: time.Second, Lane: -1}, "error: cut has lane -1"},
	} {
		got, err := ParseStep(tt.fault, tt.point, tt.rest)
		told := ""
		if err != nil {
			told = "error: " + err.Error()
		} else if told = got.String(); got.Seed != tt.rest.Seed || got.Lane != tt.rest.Lane {
			t.Errorf("%s: %+v", tt.want, got)
		}
		if !strings.HasPrefix(told, tt.want) || strings.Contains(told, "\n") {
			t.Errorf("%q at %q: %s; want %s", tt.fault, tt.point, told, tt.want)
		}
	}
	if err := (Step{}).Check(); err == nil {
		t.Error("no fault is one")
	}
}
