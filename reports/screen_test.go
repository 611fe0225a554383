package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/samples"
)

// A screen shows the verdict on any sweep or exploration, and the page has each line of the full text.
func TestVerdictsOfManyRunsFitAScreen(t *testing.T) {
	swept := func(verdict checker.Result) (text func(page string, s onerun.Screen) string, write func(page string) error) {
		s := sweptRuns()
		s.Verdict, s.Samples = verdict, *sample.PlantedTimes()
		for i := range 30 {
			kind := fmt.Sprint("kind-", i)
			s.Faults = append(s.Faults, sweep.FaultCount{Kind: kind, Runs: 5, Effective: 5, Scheduled: 5, Verified: 5})
			s.Samples.Faults[kind] = &samples.Fault{Failovers: sample.Took(1)}
			if f := s.Findings[i%2]; verdict == checker.Violation || f.Measured {
				f.Property += kind
				s.Findings = append(s.Findings, f)
			}
		}
		if verdict != checker.Violation {
			s.Findings = s.Findings[1:]
		}
		if verdict == checker.Valid {
			s.Shards, s.Absent = nil, nil
		}
		return func(page string, screen onerun.Screen) string { return SweepSummary(s, page, screen) },
			func(page string) error { return WriteSweep(page, s) }
	}
	of := func(verdict checker.Result) (text func(page string, s onerun.Screen) string, write func(page string) error) {
		e := explored()
		e.Verdict = verdict
		for i := range 30 {
			e.Properties = append(e.Properties, checker.Verdict{Property: fmt.Sprint("property-", i), Result: checker.Valid, Figures: map[string]float64{"kept": 9}})
			if verdict == checker.Violation {
				e.Causes = append(e.Causes, e.Causes[0])
			} else {
				e.Why = append(e.Why, strings.Repeat("too little of it ", 20))
			}
		}
		if verdict != checker.Violation {
			e.Causes = nil
		}
		if verdict == checker.Valid {
			e.Why = nil
		}
		return func(page string, screen onerun.Screen) string { return ExplorationSummary(e, page, screen) },
			func(page string) error { return WriteExploration(page, e) }
	}
	for what, make := range map[string]func(checker.Result) (func(string, onerun.Screen) string, func(string) error){"sweep": swept, "exploration": of} {
		for verdict, most := range map[checker.Result]int{checker.Valid: 24, checker.Violation: 40, checker.Unknown: 40} {
			t.Run(fmt.Sprint(what, " ", verdict), func(t *testing.T) {
				text, write := make(verdict)
				path := filepath.Join(t.TempDir(), "page.html")
				must.Do(t, write(path))
				page, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				brief, full := text("page.html", onerun.Screen{}), text("", onerun.Screen{Full: true})
				if n := sample.Rows(brief); n > most {
					t.Errorf("%d rows, of %d at most:\n%s", n, most, brief)
				}
				if !strings.Contains(brief, " more lines: --verbose, or the page\n") || sample.Rows(full) <= sample.Rows(brief) {
					t.Errorf("the screen does not say where the rest is, or the full text is as short:\n%s\n%s", brief, full)
				}
				if lost := sample.Lost(full, string(page)); len(lost) > 0 {
					t.Errorf("the page lacks %q", lost)
				}
			})
		}
	}
}
