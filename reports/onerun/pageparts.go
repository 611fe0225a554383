package onerun

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/samples"
)

// costRow is a row of the table of costs.
type costRow struct {
	F string
	*samples.OperationCost
}

// Mean formats the mean of a number of the row.
func (r costRow) Mean(sum int) string { return prose.Digits(words.Mean(sum, r.OK)) }

// Costs returns the rows of the table, or nil if the cost is unknown.
func (p page) Costs() (rows []costRow) {
	if p.Stats.Cost == nil {
		return nil
	}
	for _, f := range slices.Sorted(maps.Keys(p.Stats.Cost.Operations)) {
		rows = append(rows, costRow{f, p.Stats.Cost.Operations[f]})
	}
	return rows
}

// Herd says how many watch events a release or a write caused. It returns "" if that is
// unknown.
func (p page) Herd() string {
	if p.Stats.Cost == nil {
		return ""
	}
	return words.Herd(p.Stats.Cost.Herd)
}

// Sharing says how the object was shared, in sentences.
func (p page) Sharing() string {
	var sentences []string
	for _, text := range []string{words.Fairness(p.Stats.Fairness), words.Belief(p.Stats.Belief)} {
		if text != "" {
			sentences = append(sentences, words.Capital(text)+".")
		}
	}
	return strings.Join(sentences, " ")
}

// mostLeft limits the groups on the page that did not grow with the load.
const mostLeft = 10

// Left counts what clients left behind, or is empty if that is not known.
func (p page) Left() string {
	if p.Leftovers == nil {
		return ""
	}
	return words.Leftovers(p.Leftovers)
}

// LeftGroups returns the groups that grew with the load, and the largest others.
func (p page) LeftGroups() (shown []checker.LeftGroup) {
	for i, g := range p.Leftovers.Groups {
		if g.Grows || i < mostLeft {
			shown = append(shown, g)
		}
	}
	return shown
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
