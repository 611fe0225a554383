package onerun

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/advice"
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
	add := func(a *advice.Advice, link, command string) {
		steps = append(steps, step{Text: a.Text(), Link: link, Command: command})
	}
	switch m.Result.Verdict {
	case checker.Violation:
		if len(found) > 0 {
			add(advice.Timeline, "timeline.html", "")
		}
		if named {
			add(advice.Shrink, "", command("shrink"))
		}
		if repeatable {
			add(advice.AfterChange, "", m.Result.Replay)
		}
	case checker.Unknown:
		add(advice.WhatLacked, "#properties", "")
		if repeatable {
			steps = append(steps, decidingStep(m.Dir, m.Result))
		}
	case checker.Valid:
		if named && m.Result.Subject != "" {
			add(advice.ManySeeds, "", printable.Command(program, "sweep", m.Result.Recipe, "--subject", m.Result.Subject))
		}
	}
	return steps
}

// decidingStep returns the step that would decide an undecided run. The same run again would be undecided again, so it is
// another check or one with what was missing: a higher bound, another program, more clients, another seed, or more time. It
// has no command if none helps.
func decidingStep(dir string, r *store.Result) step {
	x, err := store.ReadExperiment(filepath.Join(dir, "experiment.yaml"))
	program := r.Program()
	open := func(is func(v checker.Verdict) bool) bool {
		return slices.ContainsFunc(r.Verdicts, func(v checker.Verdict) bool { return v.Result == checker.Unknown && is(v) })
	}
	check := func(flags ...string) string {
		return printable.Command(append([]string{program, "check", dir}, flags...)...)
	}
	again := func(a *advice.Advice, flags ...string) step {
		return step{Text: a.Text(), Command: printable.Command(append([]string{program, "run", "--config", filepath.Join(dir, "experiment.yaml")}, flags...)...)}
	}
	switch {
	case program != "" && open(func(v checker.Verdict) bool { return advice.OwnProgram.In(v.Reason) }):
		return step{Text: advice.CheckThere.Text(), Command: check()}
	case open(func(v checker.Verdict) bool { return v.Property == checker.OtherObjects }):
		return step{Text: advice.OtherVersion.Text()}
	case err != nil || program == "":
		return step{Text: advice.AgainMore.Text(), Command: r.Replay}
	}
	for _, bound := range []struct{ flag, more string }{{"--budget", "30m"}, {"--memory", "4GiB"}} {
		if open(func(v checker.Verdict) bool { return strings.Contains(v.Reason, bound.flag) }) {
			return step{Text: advice.HigherBound.Text(), Command: check(bound.flag, bound.more)}
		}
	}
	if open(func(v checker.Verdict) bool { return advice.Survivors.In(v.Reason) }) {
		most := x.Over(settings.Usual()).Clients
		for _, k := range r.Stats.FaultKinds {
			most += k.Scheduled
		}
		return again(advice.MoreSurvive, "--clients", strconv.Itoa(most))
	}
	switch lacking(x, r) {
	case lacksLuck:
		return again(advice.AnotherSeed, "--seed", strconv.FormatInt(r.Seed+1, 10))
	case lacksTarget:
		return step{Text: advice.OtherFaults.Text()}
	case lacksClients:
		return again(advice.MoreClients, "--clients", strconv.Itoa(settings.Usual().Clients))
	}
	if usual := settings.Usual().Keys; x.Over(settings.Usual()).Keys > usual && r.Account != nil && slices.ContainsFunc(r.Account.Properties, func(p checker.PropertyAccount) bool { return p.Short }) {
		return again(advice.FewerKeys, "--keys", strconv.Itoa(usual))
	}
	return again(advice.MoreTime, enough(x, r)...)
}

// lack is what an undecided run lacked.
type lack int

const (
	lacksTime lack = iota
	lacksLuck
	lacksTarget
	lacksClients
)

// notOfTime are the assumptions that a longer load does not meet.
var notOfTime = []string{"healthy-before", "healthy-after", "clients", "record", "links", "path", "servers", "working"}

// lacking returns what an undecided run lacked. A fault whose turn came, and that the end of the load did not overtake, fails
// again in a longer load.
func lacking(x store.Experiment, r *store.Result) lack {
	unmet := map[string]string{}
	for _, a := range checker.Unmet(r.Assumptions) {
		unmet[a.Name] = a.Text
	}
	_, load := unmet["load"]
	if load && r.Stats.OK == 0 || slices.ContainsFunc(notOfTime, func(name string) bool { _, is := unmet[name]; return is }) {
		return lacksLuck
	}
	if text, is := unmet["faults"]; is {
		for _, k := range r.Stats.FaultKinds {
			switch {
			case k.Verified > 0 || k.TooLate > 0 || !strings.Contains(text, k.Kind):
			case k.Failed > 0:
				return lacksLuck
			case k.Skipped > 0:
				return lacksTarget
			}
		}
	}
	if x.Over(settings.Usual()).Clients == 1 && len(unmet) == 0 {
		return lacksClients
	}
	return lacksTime
}

// wanted are the figures of a reason: "only 8 operations, of 20 wanted".
var wanted = regexp.MustCompile(`(\d+)\b[^;.]*?, of (\d+) wanted`)

// enough returns the flags of a load that is long enough for each of the faults, at least three times as long as this load
// was, and so long that, at the pace of this load, all figures reach twice what is wanted.
func enough(x store.Experiment, r *store.Result) []string {
	s := x.Over(settings.Usual())
	turns := time.Duration(len(x.Schedule)+1) * s.FaultInterval
	if f, err := plan.Parse(x.Faults.Expression(), s.FaultInterval); err == nil && f != nil {
		turns = f.Length()
	}
	times := time.Duration(3)
	lacks := func(reason string) {
		if m := wanted.FindStringSubmatch(reason); m != nil {
			had, _ := strconv.Atoi(m[1])
			want, _ := strconv.Atoi(m[2])
			times = max(times, time.Duration(2*want/max(had, 1)+1))
		}
	}
	for _, a := range checker.Unmet(r.Assumptions) {
		lacks(a.Text)
	}
	for _, v := range r.Verdicts {
		if v.Result == checker.Unknown {
			lacks(v.Reason)
		}
	}
	times = min(times, mostTimes)
	flags := []string{"--time-limit", (max(times*s.TimeLimit, turns).Round(time.Second) + time.Second).String()}
	if s.Ops > 0 {
		flags = append(flags, "--ops", strconv.Itoa(s.Ops*int(times)))
	}
	return flags
}

// mostTimes bounds how much longer than a run its advice lasts.
const mostTimes = 20
