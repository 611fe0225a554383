package sweep

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
)

// If a fault was requested but took effect in no run, the sweep is undecided, and a sentence tells why.
func TestAskedForAndNeverTook(t *testing.T) {
	for _, tt := range []struct {
		name, faults string
		load         time.Duration
		drawn        bool
		line         Line
		says         string // "": every fault took effect
	}{
		{"too late", "kill:leader", 10 * time.Second, false, Line{}, "kill:leader was asked for and never took effect: its first turn is at 10s, and the load ended at 10s; take --time-limit 20s"},
		{"late by itself", "kill:leader@30s+5s", 10 * time.Second, false, Line{}, "its first turn is at 30s, and the load ended at 10s; take --time-limit 35s"},
		{"no turn for one of two", "kill,cut", 15 * time.Second, false, Line{Struck: Struck{Faults: map[string][2]int{"cut": {1, 1}}}}, "kill was asked for and never took effect: its turn came in no run, since the load ended at 15s; take --time-limit 30s"},
		{"drawn away", "kill", 10 * time.Second, true, Line{}, "no seed drew it"},
		{"without effect", "kill", time.Minute, false, Line{Struck: Struck{Faults: map[string][2]int{"kill": {2, 0}}, NoEffect: map[string]string{"kill": "kill was skipped"}}}, "its turn came twice (kill was skipped)"},
		{"at a message", "cut@client1/acquire#2/create#1", time.Minute, false, Line{}, "the message client1/acquire#2/create#1 never passed"},
		{"all, of which none came", "all", 5 * time.Second, false, Line{}, "all was asked for and never took effect: its first turn is at 10s"},
		{"all, of which one came", "all", time.Minute, false, Line{Struck: Struck{Faults: map[string][2]int{"cut": {1, 1}, "kill": {1, 0}}}}, ""},
		{"no answer after it", "kill", time.Minute, false, struck("kill", "kill", ""), "no operation of the load succeeded in any run from when kill took effect"},
		{"no answer after one of two", "kill,cut", time.Minute, false, Line{Struck: Struck{
			Faults: map[string][2]int{"kill": {1, 1}, "cut": {1, 1}}, Unanswered: []string{"kill"},
		}}, "no operation of the load succeeded in any run from when kill took effect"},
		{"no answer after one of all", "all", time.Minute, false, Line{Struck: Struck{
			Faults: map[string][2]int{"kill": {1, 1}, "cut": {1, 1}}, Unanswered: []string{"kill"},
		}}, ""},
		{"nobody called afterwards", "kill", time.Minute, false, struck("kill", "", "kill"), ""},
		{"no answer, and none asked for by name", "", time.Minute, false, struck("kill", "kill", ""), "from when the faults took effect"},
		{"it took effect", "kill", time.Minute, false, Line{Struck: Struck{Faults: map[string][2]int{"kill": {2, 1}}}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			schedule := must.Get(plan.Parse(tt.faults, 10*time.Second))(t)
			all := NewTally()
			all.Description = &Description{Asked: AskedOf(schedule, tt.load, tt.drawn)}
			if tt.faults == "" {
				all.Description.Asked = &Asked{}
			}
			tt.line.Seed, tt.line.Verdict, tt.line.Valid = 1, checker.Valid, []string{"exclusion"}
			all.add(&tt.line, "")
			s := all.Summary()
			if want := map[bool]checker.Result{true: checker.Valid, false: checker.Unknown}[tt.says == ""]; s.Verdict != want || !strings.Contains(s.Why, tt.says) {
				t.Errorf("%s: %q", s.Verdict, s.Why)
			}
		})
	}
}

// struck returns the line of a run in which a fault took effect that was followed by no answer, or by
// no call.
func struck(kind, unanswered, uncalled string) Line {
	l := Line{Struck: Struck{Faults: map[string][2]int{kind: {1, 1}}}}
	if unanswered != "" {
		l.Unanswered = []string{unanswered}
	}
	if uncalled != "" {
		l.Uncalled = []string{uncalled}
	}
	return l
}

// An answer in one run is enough for the whole sweep, also in the line that a session writes at its
// end.
func TestAnsweredInOneRun(t *testing.T) {
	silent, calm, heard := struck("kill", "kill", ""), struck("kill", "", "kill"), struck("kill", "", "")
	for _, tt := range []struct {
		name       string
		lines      []Line
		unanswered bool
	}{
		{"one with an answer", []Line{silent, heard, silent}, false},
		{"none with an answer", []Line{silent, silent}, true},
		{"calls in one of two", []Line{silent, calm}, true},
		{"no calls", []Line{calm, calm}, false},
	} {
		all, asked := NewTally(), &Asked{Faults: []plan.Asked{{Fault: "kill", Kind: "kill"}}}
		all.Description = &Description{Asked: asked}
		for i, l := range tt.lines {
			l.Seed, l.Verdict, l.Valid = int64(i+1), checker.Valid, []string{"exclusion"}
			all.add(&l, "")
		}
		if s := all.Summary(); (len(s.Unanswered) > 0) != tt.unanswered || (s.Verdict == checker.Unknown) != tt.unanswered {
			t.Errorf("%s: %s, unanswered: %v", tt.name, s.Verdict, s.Unanswered)
		}
		ended := all.endedBy(AllSeeds, 0)
		f := NewFollower("")
		text, err := render(entry{Ended: &ended})
		if err == nil {
			err = f.other(text[:len(text)-1])
		}
		if got := asked.Unseen(f.Effective); err != nil || (got != "") != tt.unanswered {
			t.Errorf("%s: %q of what the end says (%v)", tt.name, got, err)
		}
	}
}
