package onerun

import (
	"slices"
	"strconv"

	"github.com/zklab/zklab/checker"
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
