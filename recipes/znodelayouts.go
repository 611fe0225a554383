package recipes

import (
	"fmt"
	"slices"
	"strings"
)

// This file, like znodenames.go, is for observers. It describes the znodes whose children have
// fixed names. Each recipe with such children has a row in layouts.

// Layout describes the children of a recipe's znode.
type Layout struct {
	Recipe string // "job-queue"
	Parts  []Part
	// Tell explains the values of the parts to people: in a summary, and one by one. It gets the
	// values of all parts that exist, by name. It is nil if the values have no meaning.
	Tell func(values map[string]string) (summary string, notes map[string]string)
}

// Part is a child, or several children whose names begin alike.
type Part struct {
	Name   string // of the child; if it ends with "-", the prefix of the names of several children
	Needed bool   // the znode belongs to another recipe if this child is missing
	// What is a word for each child of the part, for people, or "".
	What string
	// Holders is the name of the part whose children hold the children of this part: see
	// [Name.Holder].
	Holders string
	// Leads means that the first child of the part is the leader.
	Leads bool
}

// layouts lists all layouts. If two fit, the first one counts.
var layouts = []Layout{
	{Recipe: "master-worker", Parts: append([]Part{{Name: "master", Needed: true, Leads: true}}, jobParts("task")...)},
	{Recipe: "job-queue", Parts: append(jobParts("job"), Part{Name: "idle", What: "idle worker"})},
	{Recipe: "two-phase-commit", Tell: tellTransaction, Parts: []Part{{Name: sitesNode, Needed: true}, {Name: votePrefix}, {Name: outcomeNode}}},
}

// jobParts returns the folders for the states of jobs, and for the workers.
func jobParts(job string) []Part {
	return []Part{
		{Name: "jobs", Needed: true},
		{Name: "pending", Needed: true, What: "waiting " + job},
		{Name: "taken", Needed: true, What: "taken " + job, Holders: "workers"},
		{Name: "dead", Needed: true, What: "dead letter"},
		{Name: "done", Needed: true, What: "result"},
		{Name: "workers", What: "worker"},
	}
}

// LayoutOf returns the layout of a znode, by the names of its children. It returns false if no
// recipe has such children. A transaction without votes looks like other znodes.
func LayoutOf(has func(name string) bool, names func(yield func(string) bool)) (Layout, bool) {
	for _, l := range layouts {
		needed := func(p Part) bool { return p.Needed && !has(p.Name) }
		if slices.ContainsFunc(l.Parts, needed) {
			continue
		}
		if l.Tell == nil {
			return l, true
		}
		for name := range names {
			if p, ok := l.Part(name); ok && !p.Needed {
				return l, true
			}
		}
	}
	return Layout{}, false
}

// Part returns the part that the child of that name belongs to.
func (l Layout) Part(name string) (Part, bool) {
	for _, p := range l.Parts {
		if name == p.Name || strings.HasSuffix(p.Name, "-") && strings.HasPrefix(name, p.Name) {
			return p, true
		}
	}
	return Part{}, false
}

// tellTransaction describes the state of a two-phase commit.
func tellTransaction(values map[string]string) (summary string, notes map[string]string) {
	notes = make(map[string]string)
	votes := make(map[string]string)
	for name, value := range values {
		if site, ok := strings.CutPrefix(name, votePrefix); ok {
			votes[site] = value
			notes[name] = "votes " + value
		}
	}
	named, known := values[sitesNode]
	sites := strings.Split(named, "\n")
	var missing, against []string
	for _, site := range sites {
		switch votes[site] {
		case voteYes:
		case voteNo:
			against = append(against, site)
		default:
			missing = append(missing, site)
		}
	}
	if known {
		notes[sitesNode] = fmt.Sprintf("%d sites", len(sites))
	}
	told := fmt.Sprintf("%d of %d sites voted yes", len(sites)-len(missing)-len(against), len(sites))
	if len(against) > 0 {
		told += ", no: " + strings.Join(against, " ")
	}
	if len(missing) > 0 {
		told += ", not yet: " + strings.Join(missing, " ")
	}
	decided := map[string]string{outcomeCommit: "committed", outcomeAbort: "aborted"}[values[outcomeNode]]
	if decided == "" {
		return "open: " + told, notes
	}
	notes[outcomeNode] = decided
	return decided + ": " + told, notes
}
