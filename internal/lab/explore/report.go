package explore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/onerun"
)

// Report holds what an exploration has found so far.
type Report struct {
	// NotRun means that the exploration ended before its scenario had run once.
	NotRun bool `json:"not_run,omitempty"`
	Points int  `json:"points"` // of the scenario without a fault
	Runs   int  `json:"runs"`   // including the run without a fault
	// Properties are decided over all runs together ([checker.Pool]), since too little happens in
	// any single run.
	Properties []checker.Verdict `json:"properties"`
	// Unchecked holds the properties that could not be checked in some runs, in the order of their names.
	Unchecked []sweep.Unchecked `json:"unchecked,omitempty"`
	// Ended is why Config.Enough ended the exploration before everything was tried.
	Ended string `json:"ended,omitempty"`
	// Kinds lists the kinds of faults that can be injected at some point, and Nowhere the others.
	Kinds   []KindCount `json:"kinds"`
	Nowhere []string    `json:"nowhere,omitempty"`
	// Only lists the kinds that were to be tried; if it is empty, all were.
	Only []string `json:"only,omitempty"`
	// Shard is the part of the pairs that was to be tried, such as 3/20; "" means all of them.
	Shard string `json:"shard,omitempty"`
	// Always lists promises that the scenario breaks without a fault. If there are any, no fault is
	// tried.
	Always   []string  `json:"always,omitempty"`
	Singles  Count     `json:"singles"`
	Pairs    Count     `json:"pairs"`
	Findings []Finding `json:"findings,omitempty"`
}

// Count counts runs.
type Count struct {
	All   int `json:"all"` // the total
	Tried int `json:"tried"`
	// Broke counts runs that broke a promise, and Missed runs in which a fault found no target.
	Broke  int `json:"broke"`
	Missed int `json:"missed"`
	// Implied counts runs that were left out since other runs imply their outcomes; ImpliedBy counts
	// them by reason.
	Implied   int     `json:"implied,omitempty"`
	ImpliedBy Implied `json:"implied_by,omitzero"`
}

// imply counts runs that were left out.
func (c *Count) imply(by Implied) {
	c.ImpliedBy.add(by)
	c.Implied = c.ImpliedBy.all()
}

func (c *Count) add(o Outcome) {
	c.Tried++
	if len(o.Broken) > 0 {
		c.Broke++
	}
	if o.Missed {
		c.Missed++
	}
}

// done reports whether nothing is left to try.
func (c Count) done() bool { return c.Tried+c.Implied == c.All }

// KindCount counts how many single faults of a kind were tried, and how many took effect.
type KindCount struct {
	Kind  string `json:"kind"`
	Tried int    `json:"tried"`
	Took  int    `json:"took"`
	// Answered counts the faults after which an operation of the load succeeded. Unanswered counts the faults after
	// which clients called operations of the load, or waited in them, but none succeeded.
	Answered   int `json:"answered"`
	Unanswered int `json:"unanswered,omitempty"`
}

// count counts the run of a single of a kind.
func (r *Report) count(kind string, o Outcome) {
	answered, unanswered := o.Struck.After(kind)
	r.Kinds = slices.Clone(r.Kinds) // the caller may still have the old report
	for i := range r.Kinds {
		if k := &r.Kinds[i]; k.Kind == kind {
			k.Tried++
			if !o.Missed {
				k.Took++
			}
			k.Answered, k.Unanswered = k.Answered+answered, k.Unanswered+unanswered
		}
	}
}

// Finding is a set of faults that break promises together.
type Finding struct {
	Steps  []plan.Step
	Broken []string
	Causes []sweep.Cause // of what is broken
	Pair   int           // the number of the pair, from 1; 0 for a single fault
}

// writtenFinding is a Finding as JSON.
type writtenFinding struct {
	Faults string        `json:"faults"`
	Broken []string      `json:"broken"`
	Causes []sweep.Cause `json:"causes"`
	Pair   int           `json:"pair,omitempty"`
}

// MarshalJSON writes the steps in the form that --faults takes.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(writtenFinding{plan.Steps(f.Steps...).String(), f.Broken, f.Causes, f.Pair})
}

// UnmarshalJSON reads what MarshalJSON has written.
func (f *Finding) UnmarshalJSON(text []byte) error {
	var w writtenFinding
	if err := history.Unmarshal(text, &w); err != nil {
		return err
	}
	s, err := plan.Parse(w.Faults, 0)
	if err != nil {
		return err
	}
	*f = Finding{Steps: s.Plan(1, rand.New(rand.NewPCG(0, 0))), Broken: w.Broken, Causes: w.Causes, Pair: w.Pair}
	for i := range f.Steps {
		f.Steps[i].Seed = uint64(i)
	}
	return nil
}

// String returns the finding in a line.
func (f Finding) String() string {
	return plan.Steps(f.Steps...).String() + " breaks " + strings.Join(f.Broken, ", ")
}

// First returns the faults of the first finding among those with the fewest faults. It returns no
// steps if the scenario breaks a promise without any fault.
func (r Report) First() (steps []plan.Step, ok bool) {
	if len(r.Findings) == 0 {
		return nil, len(r.Always) > 0
	}
	return slices.MinFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(len(a.Steps), len(b.Steps)) }).Steps, true
}

// Verdict returns the verdict on the whole exploration. A violation stands. Valid means that each single fault was tried,
// each kind that can be injected took effect somewhere and left clients with answers, and the runs together leave no
// property open. Not all pairs need to have been tried. For unknown, why says what is missing.
func (r Report) Verdict() (result checker.Result, why []string) {
	if len(r.Always)+len(r.Findings) > 0 {
		return checker.Violation, nil
	}
	switch {
	case r.NotRun:
		why = append(why, "it ended before its scenario had run once")
	case r.Singles.All == 0:
		why = append(why, "no fault could be injected")
	case !r.Singles.done():
		why = append(why, r.Singles.Tally("single fault"))
	}
	for _, k := range r.Kinds {
		if k.Tried > 0 && k.Took == 0 {
			why = append(why, k.Kind+" never took effect")
		}
	}
	if silent := r.silent(); len(silent) > 0 {
		why = append(why, sweep.NoAnswer(silent))
	}
	for _, kind := range r.Only {
		if slices.Contains(r.Nowhere, kind) {
			why = append(why, kind+" was asked for and can be injected at no message of the scenario")
		}
	}
	for _, v := range r.Properties {
		if v.Result == checker.Unknown {
			why = append(why, v.Property+": "+v.Reason)
		}
	}
	if len(r.Properties) == 0 {
		why = append(why, "nothing was decided")
	}
	if len(why) > 0 {
		return checker.Unknown, why
	}
	return checker.Valid, nil
}

// silent returns the kinds of faults after which clients called operations of the load, or waited in them, but no
// operation succeeded in any run.
func (r Report) silent() (kinds []string) {
	for _, k := range r.Kinds {
		if k.Unanswered > 0 && k.Answered == 0 {
			kinds = append(kinds, k.Kind)
		}
	}
	return kinds
}

func (r Report) always() string {
	return "the scenario breaks " + strings.Join(r.Always, ", ") + " without any fault"
}

// The most causes that String names, and the most sorts of faults of each.
const briefCauses, briefSorts = 3, 4

// String returns the report in a few lines: what was tried, and the first causes, each with the sorts of faults that have it
// most often. If there are none, it says what was decided instead.
func (r Report) String() string {
	text := strings.Join(r.Tried(), "; ")
	causes := r.Causes()
	if len(r.Always)+len(causes) == 0 {
		return text + r.decided()
	}
	for i, c := range causes {
		if i == briefCauses {
			return text + fmt.Sprintf("\n  and %s", many(len(causes)-i, "more cause"))
		}
		text += fmt.Sprintf("\n  %s, in %s, by %s: %s", c.Property, many(len(c.Findings), "run"), c.Where, strings.Join(c.Sorts()[:min(briefSorts, len(c.Sorts()))], ", "))
	}
	return text
}

// Tried describes, in sentences without full stops, what was tried and with which results.
func (r Report) Tried() []string {
	if len(r.Always) > 0 {
		return []string{r.always() + ", so no fault was tried"}
	}
	out := []string{r.singlesOf()}
	if r.Pairs.All > 0 {
		out = append(out, r.pairs())
	}
	if r.Ended != "" {
		out = append(out, "the rest was not tried, since "+r.Ended)
	}
	return out
}

// singlesOf returns the words for single faults, with the kinds that were to be tried.
func (r Report) singlesOf() string {
	if len(r.Only) > 0 {
		return "of " + prose.List(r.Only, "and") + " alone: " + r.singles()
	}
	return r.singles()
}

// decided describes the verdicts on the properties, and what is missing for a valid one.
func (r Report) decided() string {
	var kept, notes []string
	for _, v := range r.Properties {
		n := int(v.Figures["kept"])
		all := n + int(v.Figures["open"]+v.Figures["broken"]) // some properties do not apply to each run
		kept = append(kept, fmt.Sprintf("%s in %s of %s", v.Property, prose.Grouped(n), many(all, "run")))
		for _, note := range v.Notes {
			notes = append(notes, "\n  "+v.Property+": "+note)
		}
	}
	text := "\nkept: " + strings.Join(kept, ", ") + strings.Join(notes, "")
	if len(r.Nowhere) > 0 {
		text += "\nno message of this scenario is one for " + strings.Join(r.Nowhere, ", ")
	}
	result, why := r.Verdict()
	text += "\nverdict: " + string(result)
	if result == checker.Valid {
		text += onerun.Unchecked(r.Unchecked, r.Runs)
	}
	for _, reason := range why {
		text += "\n  " + reason
	}
	return text
}

// Cause holds all findings with one cause: they break one property, with counterexamples of one
// shape, by faults in the same places.
type Cause struct {
	Property, Shape, Where string
	Findings               []Finding // the first with the fewest faults
}

// Causes groups the findings by their causes. A finding that breaks promises in several ways is in
// several groups.
func (r Report) Causes() (all []*Cause) {
	of := map[[3]string]*Cause{}
	for _, f := range r.Findings {
		for _, c := range f.Causes {
			key := [3]string{c.Property, c.Shape, whereOf(f.Steps)}
			one := of[key]
			if one == nil {
				one = &Cause{Property: c.Property, Shape: c.Shape, Where: key[2]}
				of[key], all = one, append(all, one)
			}
			if n := len(one.Findings); n == 0 || one.Findings[n-1].String() != f.String() {
				one.Findings = append(one.Findings, f)
			}
		}
	}
	return all
}

// mostSorts is how many sorts of faults are listed for a cause.
const mostSorts = 12

// Sorts lists the sorts of faults that have a cause, most frequent first.
func (c *Cause) Sorts() (lines []string) {
	counts := map[string]int{}
	for _, f := range c.Findings {
		counts[sortsOf(f.Steps)]++
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		if i == mostSorts {
			return append(lines, fmt.Sprintf("and %s more", many(len(names)-mostSorts, "sort")))
		}
		lines = append(lines, fmt.Sprintf("%s (%s)", name, prose.Times(counts[name])))
	}
	return lines
}

func (r Report) singles() (text string) {
	c := r.Singles
	switch {
	case r.NotRun:
		return "the exploration ended before its scenario had run once"
	case c.All == 0:
		return "no fault can be injected at any of the " + many(r.Points, "point") + " of this scenario"
	case c.Broke > 0:
		text = fmt.Sprintf("%s of %s at the %s of this scenario %s a promise", prose.Grouped(c.Broke), many(c.Tried, "single fault"), many(r.Points, "point"), verb(c.Broke))
	case !c.done():
		text = fmt.Sprintf("no promise was broken so far by %s of the %s at the %s of this scenario", prose.Grouped(c.Tried), many(c.All, "single fault"), many(r.Points, "point"))
	default:
		text = fmt.Sprintf("no single fault at any of the %s of this scenario breaks a promise", many(r.Points, "point"))
	}
	return text + " (" + c.details() + ")"
}

func (r Report) pairs() string {
	c := r.Pairs
	tried := " of the pairs were tried"
	if r.Shard != "" {
		tried = " of the pairs of shard " + r.Shard + " were tried"
	}
	if c.Implied > 0 {
		tried += " or are implied"
	}
	text := share(c.Tried+c.Implied, c.All) + tried
	switch {
	case c.Broke > 0:
		text += fmt.Sprintf(", and %s more %s a promise", prose.Grouped(c.Broke), verb(c.Broke))
	case c.Tried > 0:
		text += ", and none breaks one"
	}
	return text + " (" + c.details() + ")"
}

// Tally says how many things were tried: 211 of 1,411 single faults were tried.
func (c Count) Tally(thing string) string {
	text := fmt.Sprintf("%s of %s were tried", prose.Grouped(c.Tried), many(c.All, thing))
	if c.Implied > 0 {
		text += fmt.Sprintf(", and %s implied", prose.Grouped(c.Implied))
	}
	return text
}

// Listed says what there is to try.
func (r Report) Listed() string {
	text := many(r.Points, "point") + ", " + many(r.Singles.All, "single fault")
	if r.Singles.Implied > 0 {
		text += fmt.Sprintf(", of which %s are implied, since they differ from others only by the round of a loop", prose.Grouped(r.Singles.Implied))
	}
	return text
}

// Progress says how far the exploration has come.
func (r Report) Progress() string {
	text := r.Singles.Tally("single fault")
	if r.Pairs.Tried > 0 {
		text += ", and " + many(r.Pairs.Tried, "pair")
	}
	return text + "; " + prose.Grouped(len(r.Findings)) + " broke a promise"
}

// details returns the numbers behind a sentence.
func (c Count) details() string {
	text := many(c.Tried, "run")
	by := c.ImpliedBy
	for _, more := range []struct {
		n    int
		what string
	}{
		{c.Missed, "without a target"},
		{by.Loops, "implied by loops"},
		{by.Alone, "implied by one fault alone"},
		{by.Never, "whose second message never comes"},
		{by.Alike, "like another pair"},
	} {
		if more.n > 0 {
			text += ", " + prose.Grouped(more.n) + " " + more.what
		}
	}
	return text
}

func verb(n int) string {
	if n == 1 {
		return "breaks"
	}
	return "break"
}

// share returns a part in percent. It is 100 only if the part is the whole.
func share(part, of int) string {
	switch percent := 100 * part / of; {
	case part == of:
		return "all"
	case percent == 0 && part > 0:
		return "less than 1 %"
	default:
		return strconv.Itoa(percent) + " %"
	}
}

// many returns a number with the name of the things, in words.
func many(n int, thing string) string { return prose.Grouped(n) + " " + prose.Noun(n, thing) }
