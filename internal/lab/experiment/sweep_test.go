package experiment

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// A run of a sweep is judged by what happened in it: a fault that never took effect does not make it
// undecided. It leaves no folder unless something was violated.
func TestSweepRun(t *testing.T) {
	if testing.Short() {
		t.Skip("20 seconds with the race detector")
	}
	schedule, err := plan.Parse("lose-reply:setData@1s+1s", time.Second) // a lock never sends setData
	if err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]checker.Result{workloads.Own: checker.Valid, specimens.Broken: checker.Violation} {
		workload := must.Get(specimens.Named("lock", subject))(t)
		synctest.Test(t, func(t *testing.T) {
			task := sweep.Task{Seed: 7, Folder: filepath.Join(t.TempDir(), "7")}
			x := Experiment{Config: engine.Config{
				Workload: workload, Faults: schedule,
				Settings: settings.Settings{Keys: 1, Rate: 200, TimeLimit: 5 * time.Second},
			}}
			line, err := x.Sweep(t.Context(), task, false)
			if err != nil || line.Verdict != want || line.Seed != 7 || line.Faults["lose-reply"] != [2]int{1, 0} || line.Met["acquire"].Count == 0 || line.Met["acquire create"].Count == 0 {
				t.Errorf("%s: %+v, %v", subject, line, err)
			}
			if unmet := slices.ContainsFunc(line.NotValid, func(p sweep.Property) bool { return p.Why != "" }); unmet && want == checker.Valid {
				t.Errorf("%s: %+v", subject, line.NotValid)
			}
			page, err := os.ReadFile(filepath.Join(task.Folder, "report.html"))
			if kept := strings.Contains(string(page), "kept in <code>"+task.Folder+"</code>"); kept != (want == checker.Violation) {
				t.Errorf("%s: its report: %v", subject, err)
			}
			if left, _ := filepath.Glob(task.Folder + ".*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
