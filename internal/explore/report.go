package explore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/prose"
)

// Report is what an exploration has found so far.
type Report struct {
	Points int // of the scenario without a fault
	// Always are promises that the scenario breaks without a fault: then none is tried.
	Always         []string
	Singles, Pairs Count
	Findings       []Finding
}

// Count counts runs.
type Count struct {
	All   int // that there are
	Tried int
	// Broke is how many broke a promise, Undecided how many left one open, Missed in how
	// many a fault found no target.
	Broke, Undecided, Missed int
	// Implied are pairs that were left out, since one of the two alone breaks a promise.
	Implied int
}

func (c *Count) add(o Outcome) {
	c.Tried++
	switch {
	case len(o.Broken) > 0:
		c.Broke++
	case o.Undecided:
		c.Undecided++
	}
	if o.Missed {
		c.Missed++
	}
}

// done says that nothing is left to try.
func (c Count) done() bool { return c.Tried+c.Implied == c.All }

// Finding is faults that break promises.
type Finding struct {
	Steps  []plan.Step
	Broken []string
}

// String is the finding in a line.
func (f Finding) String() string {
	return plan.Steps(f.Steps...).String() + " breaks " + strings.Join(f.Broken, ", ")
}

// String is the report for people: a sentence, and a line for each finding.
func (r Report) String() string {
	if len(r.Always) > 0 {
		return "the scenario breaks " + strings.Join(r.Always, ", ") + " without any fault"
	}
	text := r.singles()
	if r.Pairs.All > 0 {
		text += "; " + r.pairs()
	}
	for _, f := range r.Findings {
		text += "\n  " + f.String()
	}
	return text
}

func (r Report) singles() (text string) {
	c := r.Singles
	switch {
	case c.All == 0:
		return "no fault can be injected at any of the " + many(r.Points, "point") + " of this scenario"
	case c.Broke > 0:
		text = fmt.Sprintf("%s of %s at the %s of this scenario %s a promise", grouped(c.Broke), many(c.Tried, "single fault"), many(r.Points, "point"), verb(c.Broke))
	case !c.done():
		text = fmt.Sprintf("no promise was broken so far by %s of the %s at the %s of this scenario", grouped(c.Tried), many(c.All, "single fault"), many(r.Points, "point"))
	default:
		text = fmt.Sprintf("no single fault at any of the %s of this scenario breaks a promise", many(r.Points, "point"))
	}
	return text + " (" + c.details() + ")"
}

func (r Report) pairs() string {
	c := r.Pairs
	text := share(c.Tried+c.Implied, c.All) + " of the pairs were tried"
	switch {
	case c.Broke > 0:
		text += fmt.Sprintf(", and %s more %s a promise", grouped(c.Broke), verb(c.Broke))
	case c.Tried > 0:
		text += ", and none breaks one"
	}
	return text + " (" + c.details() + ")"
}

// details are the numbers behind a sentence.
func (c Count) details() string {
	text := many(c.Tried, "run")
	for _, more := range []struct {
		n    int
		what string
	}{{c.Undecided, "undecided"}, {c.Missed, "without a target"}, {c.Implied, "left out, of which one fault alone does"}} {
		if more.n > 0 {
			text += ", " + grouped(more.n) + " " + more.what
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

// share is a part in percent, which is all only where all is.
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

// many is a number of things.
func many(n int, thing string) string { return grouped(n) + " " + prose.Noun(n, thing) }

// grouped is a number with its thousands set apart: 2,884.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
