package mutants

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/specimens"
)

// actsAs makes this test binary act as the command.
const actsAs = "MUTANTS_TEST_ACTS_AS_COMMAND"

func TestMain(m *testing.M) { testmain.Acting(m, actsAs, act) }

// act prints the report of an exploration or the summary of a sweep, with zklab's exit codes. The
// subject's name says what they found.
func act(args []string) (int, error) {
	wanted := map[string]string{
		"explore": "explore lock --subject S --first --for 3s --out there --json",
		"sweep":   "sweep lock --subject S --faults all --seeds 1..6 --until-violations 1 --out there --json",
	}
	subject := ""
	if len(args) > 3 {
		subject, args[3] = args[3], "S"
	}
	own := strings.Join(args, " ") == strings.Replace(wanted["sweep"], "--faults all", "--faults expire@1s", 1)
	if got := strings.Join(args, " "); got != wanted[args[0]] && !own {
		return 64, fmt.Errorf("unknown command %s", got)
	}
	code, report := explored(subject)
	if args[0] == "sweep" {
		code, report = swept(subject, own)
	}
	text, err := json.Marshal(report)
	if err != nil {
		return 70, err
	}
	_, err = os.Stdout.Write(text)
	return code, err
}

func explored(subject string) (int, any) {
	switch subject {
	case "always":
		return 1, explore.Report{Runs: 2, Always: []string{"exclusion"}}
	case "at a point":
		return 1, explore.Report{Runs: 70, Findings: []explore.Finding{
			{Steps: []plan.Step{{At: time.Second, Fault: faults.Expire{}}}, Broken: []string{"exclusion", "lost"}},
			{Steps: []plan.Step{{At: time.Second, Fault: faults.Reset{}}}, Broken: []string{"progress"}},
		}}
	case "no servers":
		return 3, nil
	}
	return 2, explore.Report{Runs: 90}
}

func swept(subject string, own bool) (int, any) {
	if subject != "by a sweep" && (subject != "by its own faults" || !own) {
		return 0, sweep.Summary{Runs: 6}
	}
	of := func(property, shape string, seed int64) sweep.Finding {
		return sweep.Finding{Cause: sweep.Cause{Property: property, Shape: shape}, Smallest: sweep.Example{Seed: seed}}
	}
	return 1, sweep.Summary{Runs: 4, Findings: []sweep.Finding{of("durable", "a", 4), of("durable", "b", 4)}}
}

// An exploration looks for a mutant first, and then a sweep. "make mutants" looks for all mutants with
// the real command, for minutes.
func TestFind(t *testing.T) {
	t.Setenv(actsAs, "1")
	self := must.Get(os.Executable())(t)
	zklab := command.Zklab(self)
	m := measure{zklab: &zklab, explore: 3 * time.Second, seeds: 6, dir: "there"}
	for subject, want := range map[string]found{
		"always":     {by: "explore, without any fault", broken: []string{"exclusion"}, runs: 2},
		"at a point": {by: "explore: expire@1s+0s", broken: []string{"exclusion", "lost"}, runs: 70},
		"by a sweep": {by: "sweep: seed 4", broken: []string{"durable"}, runs: 94},
		"sound":      {runs: 96},

		"by its own faults": {by: "sweep --faults expire@1s: seed 4", broken: []string{"durable"}, runs: 100},
	} {
		s := specimens.Specimen{Recipe: "lock", Name: subject}
		if subject == "by its own faults" {
			s.Faults = "expire@1s"
		}
		got, err := m.find(t.Context(), s)
		if err != nil || got.Recipe != "lock" || got.Name != subject || got.took <= 0 {
			t.Errorf("%s: %+v, %v", subject, got, err)
		}
		if got.by != want.by || !slices.Equal(got.broken, want.broken) || got.runs != want.runs {
			t.Errorf("%s: got %q, %v after %d runs, want %q, %v after %d", subject, got.by, got.broken, got.runs, want.by, want.broken, want.runs)
		}
	}
	if _, err := m.find(t.Context(), specimens.Specimen{Recipe: "lock", Name: "no servers"}); err == nil {
		t.Error("a run that could not be made is no error")
	}
	zklab = "/nowhere/zklab"
	if _, err := m.find(t.Context(), specimens.Specimen{Recipe: "lock", Name: "sound"}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// mutants returns the mutants that are declared among the subjects.
func TestMutants(t *testing.T) {
	all := mutants(regexp.MustCompile(""))
	one := mutants(regexp.MustCompile("^lock broken:check-then-create$"))
	if len(all) < 30 || len(one) != 1 || one[0].Property != "exclusion" {
		t.Errorf("%d mutants, and %v", len(all), one)
	}
}
