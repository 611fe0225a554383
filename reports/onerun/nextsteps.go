package onerun

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
)

// step is something that a reader can do next: open a link, or run a command.
type step struct{ Text, Link, Command string }

// nextSteps returns what to do about the verdict. Only a run that zklab can repeat has commands.
func nextSteps(m *material.Run, found []broken) (steps []step) {
	repeatable := m.Result.Replay != ""
	program := m.Result.Program()
	named := m.Simulated() && program != "" // and not the subject of a Go test
	command := func(name string) string { return printable.Command(program, name, m.Place) }
	switch m.Result.Verdict {
	case checker.Violation:
		if len(found) > 0 {
			steps = append(steps, step{Text: "See who did what around it, event by event:", Link: "timeline.html"})
		}
		if named {
			steps = append(steps, step{Text: "Make the run as small as its cause allows, with a Go test of it:", Command: command("shrink")})
		}
		if repeatable {
			steps = append(steps, step{Text: "After a change of the recipe, see whether it is fixed:", Command: m.Result.Replay})
		}
	case checker.Unknown:
		steps = append(steps, step{Text: "See what each property lacked:", Link: "#properties"})
		if repeatable {
			steps = append(steps, decidingStep(m.Dir, m.Result))
		}
	case checker.Valid:
		if named && m.Result.Subject != "" {
			steps = append(steps, step{Text: "Try many seeds and faults:", Command: printable.Command(program, "sweep", m.Result.Recipe, "--subject", m.Result.Subject)})
		}
	}
	return steps
}

// notOfTime are the assumptions that a longer load does not meet.
var notOfTime = []string{"healthy-before", "healthy-after", "clients", "record", "links", "path", "servers"}

// decidingStep returns the step that would decide an undecided run. The same run again would be undecided again, so it is one
// with more time; or, where time is not missing, one with another seed; or, where the check ran into a bound, another check.
func decidingStep(dir string, r *store.Result) step {
	x, err := store.ReadExperiment(filepath.Join(dir, "experiment.yaml"))
	program := r.Program()
	if err != nil || program == "" {
		return step{Text: "Run it again, with more time (--time-limit, or TimeLimit in a Go test) or other settings than those of:", Command: r.Replay}
	}
	again := func(flags ...string) string {
		return printable.Command(append([]string{program, "run", "--config", filepath.Join(dir, "experiment.yaml")}, flags...)...)
	}
	for _, bound := range []struct{ flag, more string }{{"--budget", "30m"}, {"--memory", "4GiB"}} {
		if slices.ContainsFunc(r.Verdicts, func(v checker.Verdict) bool {
			return v.Result == checker.Unknown && strings.Contains(v.Reason, bound.flag)
		}) {
			return step{Text: "Check the same record again, with a higher bound for the search:", Command: printable.Command(program, "check", dir, bound.flag, bound.more)}
		}
	}
	if slices.ContainsFunc(checker.Unmet(r.Assumptions), func(a checker.Assumption) bool { return slices.Contains(notOfTime, a.Name) }) {
		return step{Text: "More time would not decide it. Correct what is said above, and run it with another seed:", Command: again("--seed", strconv.FormatInt(r.Seed+1, 10))}
	}
	if usual := settings.Usual().Keys; x.Over(settings.Usual()).Keys > usual && r.Account != nil && slices.ContainsFunc(r.Account.Properties, func(p checker.PropertyAccount) bool { return p.Short }) {
		return step{Text: "Clients met too rarely in the load. Give them fewer keys, so that they meet while faults strike:", Command: again("--keys", strconv.Itoa(usual))}
	}
	return step{Text: "Give it more time, in which what was missing can happen:", Command: again("--time-limit", enoughTime(x).String())}
}

// enoughTime returns a load that is long enough for each of the faults, and at least three times as
// long as this load was.
func enoughTime(x store.Experiment) time.Duration {
	s := x.Over(settings.Usual())
	turns := time.Duration(len(x.Schedule)+1) * s.FaultInterval
	if f, err := plan.Parse(x.Faults.Expression(), s.FaultInterval); err == nil && f != nil {
		turns = f.Length()
	}
	return max(3*s.TimeLimit, turns).Round(time.Second) + time.Second
}
