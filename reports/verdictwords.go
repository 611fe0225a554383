package reports

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/program"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/store"
)

// broken is a property with its violations.
type broken struct {
	Name, Meaning string
	Anchor        string // of the section of the page
	First         counterexample
	Others        []counterexample
}

// brokenBy groups counterexamples by property, in their order, but measured ones last.
func brokenBy(model string, all []counterexample) (out []broken) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b counterexample) int {
		switch {
		case a.Measured == b.Measured:
			return 0
		case b.Measured:
			return -1
		}
		return 1
	})
	for _, c := range all {
		i := slices.IndexFunc(out, func(b broken) bool { return b.Name == c.Property })
		if i >= 0 {
			out[i].Others = append(out[i].Others, c)
			continue
		}
		out = append(out, broken{Name: c.Property, Meaning: checker.Meaning(model, c.Property), Anchor: "violation-" + strconv.Itoa(len(out)+1), First: c})
	}
	return out
}

// verdictMeaning says in a sentence what the verdict means.
func verdictMeaning(r *store.Result) string {
	switch r.Verdict {
	case checker.Violation:
		return "A violation is final: the events below prove it, whatever else happened."
	case checker.Valid:
		return "Enough happened that a violation would have shown itself. That is no proof: another seed or another fault may still find one."
	case checker.Unknown:
		return "That is not valid: too little happened, or too little is known, to say so."
	}
	return ""
}

// mostOpen is the number of reasons that stand beside an undecided verdict.
const mostOpen = 4

// openReasons says why the verdict is unknown: the assumptions that are not met, and the properties that
// were not decided, each reason once.
func openReasons(r *store.Result) (out []string) {
	if r.Verdict != checker.Unknown {
		return nil
	}
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, a := range checker.Unmet(r.Assumptions) {
		add(a.Text)
	}
	names := map[string][]string{}
	var reasons []string
	for _, p := range properties(r) {
		if p.Result != checker.Unknown || !p.decides(r.Strict) {
			continue
		}
		for _, reason := range p.Reasons() {
			if names[reason] == nil {
				reasons = append(reasons, reason)
			}
			names[reason] = append(names[reason], p.Name)
		}
	}
	for _, reason := range reasons {
		add(prose.List(names[reason], "and") + ": " + reason)
	}
	if more := len(out) - mostOpen; more > 0 {
		out = append(out[:mostOpen], plural(more, "more reason")+" below")
	}
	return out
}

// step is something that a reader can do next: open a link, or run a command.
type step struct{ Text, Link, Command string }

// Base names the page of a link.
func (page) Base(link string) string {
	switch link {
	case "timeline.html":
		return "the timeline"
	case "#properties":
		return "the properties"
	}
	return path.Base(link)
}

// nextSteps says what to do about the verdict. Only a run that zklab can repeat has commands.
func (m *material) nextSteps(found []broken) (steps []step) {
	repeatable := m.r.Replay != ""
	named := m.simulated() && strings.HasPrefix(m.r.Replay, program.Name()+" ") // and not the subject of a Go test
	command := func(name string) string { return printable.Command(program.Name(), name, m.dir) }
	switch m.r.Verdict {
	case checker.Violation:
		if len(found) > 0 {
			steps = append(steps, step{Text: "See who did what around it, event by event:", Link: "timeline.html"})
		}
		if named {
			steps = append(steps, step{Text: "Make the run as small as its cause allows, with a Go test of it:", Command: command("shrink")})
		}
		if repeatable {
			steps = append(steps, step{Text: "After a change of the recipe, see whether it is mended:", Command: m.r.Replay})
		}
	case checker.Unknown:
		steps = append(steps, step{Text: "See what each property lacked:", Link: "#properties"})
		if repeatable {
			steps = append(steps, step{Text: "Run it again, with more time (--time-limit) or other settings:", Command: m.r.Replay})
		}
	case checker.Valid:
		if named && m.r.Subject != "" {
			steps = append(steps, step{Text: "Try many seeds and faults:", Command: printable.Command(program.Name(), "sweep", m.r.Recipe, "--subject", m.r.Subject)})
		}
	}
	return steps
}

// simulated reports whether the times of the run are virtual.
func (m *material) simulated() bool { return slices.Contains(m.r.Ensemble.Settings, "simulated") }
