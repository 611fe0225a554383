package reports

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/checker"
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
	unmet := checker.Unmet(r.Assumptions)
	for _, a := range unmet {
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
		if slices.ContainsFunc(unmet, func(a checker.Assumption) bool { return a.Text != "" && strings.HasSuffix(reason, a.Text) }) {
			continue // an assumption says it already
		}
		add(prose.List(names[reason], "and") + ": " + reason)
	}
	if more := len(out) - mostOpen; more > 0 {
		out = append(out[:mostOpen], plural(more, "more reason")+" below")
	}
	return out
}

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

// simulated reports whether the times of the run are virtual.
func (m *material) simulated() bool { return slices.Contains(m.r.Ensemble.Settings, "simulated") }
