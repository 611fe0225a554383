package sweep

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
)

// A fault that was asked for and took effect in no run is undecided, and a sentence says why.
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
		{"no turn for one of two", "kill,cut", 15 * time.Second, false, Line{Faults: map[string][2]int{"cut": {1, 1}}}, "kill was asked for and never took effect: its turn came in no run, since the load ended at 15s; take --time-limit 30s"},
		{"drawn away", "kill", 10 * time.Second, true, Line{}, "no seed drew it"},
		{"without effect", "kill", time.Minute, false, Line{Faults: map[string][2]int{"kill": {2, 0}}, NoEffect: map[string]string{"kill": "kill was skipped"}}, "its turn came twice (kill was skipped)"},
		{"at a message", "cut@client1/acquire#2/create#1", time.Minute, false, Line{}, "the message client1/acquire#2/create#1 never passed"},
		{"all, of which none came", "all", 5 * time.Second, false, Line{}, "all was asked for and never took effect: its first turn is at 10s"},
		{"all, of which one came", "all", time.Minute, false, Line{Faults: map[string][2]int{"cut": {1, 1}, "kill": {1, 0}}}, ""},
		{"it took effect", "kill", time.Minute, false, Line{Faults: map[string][2]int{"kill": {2, 1}}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			schedule, err := plan.Parse(tt.faults, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			all := NewTally()
			all.Description = &Description{Asked: AskedOf(schedule, tt.load, tt.drawn)}
			tt.line.Seed, tt.line.Verdict, tt.line.Valid = 1, checker.Valid, []string{"exclusion"}
			all.add(&tt.line, "")
			s := all.Summary()
			if want := map[bool]checker.Result{true: checker.Valid, false: checker.Unknown}[tt.says == ""]; s.Verdict != want || !strings.Contains(s.Why, tt.says) {
				t.Errorf("%s: %q", s.Verdict, s.Why)
			}
		})
	}
}
