package sweep

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/stats/samples"
)

// Tally adds up the lines of runs, in any order. It needs memory for each cause, kind, operation and behaviour, and
// one bit for each seed, but no memory for each run. It is for one goroutine at a time.
type Tally struct {
	// Description is the latest; nil before there is one.
	Description *Description

	seen      seedSet
	verdicts  map[checker.Result]int
	errors    textCounts // by class
	failed    int        // runs that could not be performed
	virtual   time.Duration
	wall      time.Duration // of sessions before the present one
	present   time.Duration // the present one, as far as it is known
	spent     time.Duration // on runs, all jobs together
	jobs      int
	ended     End
	ops       int
	causes    map[string]*Finding
	deciding  int // number of causes that decide the verdict, and are not only measured
	moreFound int // violations with causes that there was no room for
	decided   map[string]*propertyCounts
	unchecked UncheckedRuns
	faults    map[string]*FaultCount
	met       Exercised
	behaved   coverage.Tally
	samples   samples.Samples
	leaks     textCounts  // of runs, by class
	each      func(*Line) // nil, or called for each run
}

// propertyCounts counts the verdicts on a property.
type propertyCounts struct {
	count    map[checker.Result]int
	measured bool
	why      textCounts
}

// mostCauses bounds the causes that are distinguished. Distinguishing more of them would be of no use.
const mostCauses = 2000

// NewTally returns a tally without runs.
func NewTally() *Tally {
	return &Tally{
		verdicts: map[checker.Result]int{}, causes: map[string]*Finding{}, decided: map[string]*propertyCounts{},
		unchecked: UncheckedRuns{}, faults: map[string]*FaultCount{}, met: Exercised{},
	}
}

// take adds an entry. in is the folder that contains the kept runs; empty means that the lines name
// their full paths.
func (t *Tally) take(e entry, in string) error {
	switch {
	case e.Line != nil:
		if t.Description == nil {
			return errNoDescription
		}
		t.add(e.Line, in)
	case e.Sweep != nil:
		if e.Sweep.Format != Format {
			return fmt.Errorf("its format is %d, but this zklab reads %d: use the zklab that wrote it", e.Sweep.Format, Format)
		}
		t.Description = e.Sweep
	case e.Session != nil:
		t.wall, t.present, t.jobs, t.ended = t.wall+t.present, 0, e.Session.Jobs, ""
	case e.Ended != nil:
		t.ended = e.Ended.Why
		t.present = max(t.present, milliseconds(e.Ended.WallMS))
	}
	return nil
}

// add adds a run, unless its seed has already been added.
func (t *Tally) add(l *Line, in string) {
	t.present = max(t.present, milliseconds(l.AtMS))
	if !t.seen.add(l.Seed) {
		return
	}
	if l.Error != "" {
		t.failed++
		why := class(l.Error, nil)
		t.errors.add(why, exampleOf(l.Error, why))
	}
	if l.Verdict != "" {
		t.verdicts[l.Verdict]++
	}
	t.ops += l.Operations
	t.virtual += milliseconds(l.VirtualMS)
	t.spent += milliseconds(l.WallMS)
	for _, name := range l.Valid {
		t.property(name).count[checker.Valid]++
	}
	t.notValid(l, in)
	t.unchecked.Add(l.Unchecked)
	for kind := range l.Faults {
		t.fault(kind).add(&l.Struck)
	}
	if l.Behaviours != nil {
		t.behaved.Add(l.Behaviours)
	}
	for row, x := range l.Met {
		t.exercised(row, x)
	}
	t.samples.Merge(l.Samples)
	for _, leak := range l.Leaks {
		why := class(leak, nil)
		t.leaks.add(why, exampleOf(leak, why))
	}
	if t.each != nil {
		t.each(l)
	}
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func (t *Tally) property(name string) *propertyCounts {
	p := t.decided[name]
	if p == nil {
		p = &propertyCounts{count: map[checker.Result]int{}}
		t.decided[name] = p
	}
	return p
}

// notValid counts each property of a run once, by its worst verdict, and each cause and reason
// once.
func (t *Tally) notValid(l *Line, in string) {
	worst := map[string]checker.Result{}
	for i := range l.NotValid {
		p := &l.NotValid[i]
		of := t.property(p.Name)
		of.measured = of.measured || p.Measured
		if p.Result == checker.Violation {
			t.found(l, p, in)
		} else {
			of.why.add(p.Why, p.Example)
		}
		if worst[p.Name] != checker.Violation {
			worst[p.Name] = p.Result
		}
	}
	for name, result := range worst {
		t.property(name).count[result]++
	}
}

// endedBy returns the entry for the end of a session, with the effects of faults in the runs so
// far.
func (t *Tally) endedBy(why End, wall time.Duration) Ended {
	e := Ended{Why: why, WallMS: wall.Milliseconds()}
	for _, f := range t.faultCounts() {
		switch {
		case f.Verified == 0:
			continue
		case f.unanswered():
			e.Unanswered = append(e.Unanswered, f.Kind)
		case f.Answered == 0:
			e.Uncalled = append(e.Uncalled, f.Kind)
		}
		e.Took = append(e.Took, f.Kind)
	}
	return e
}

// found counts a violation for its cause.
func (t *Tally) found(l *Line, p *Property, in string) {
	cause := Cause{Property: p.Name, Shape: p.Shape, Faults: p.Faults, Measured: p.Measured}
	f := t.causes[cause.Key()]
	if f == nil {
		if len(t.causes) == mostCauses {
			t.moreFound++
			return
		}
		f = &Finding{Cause: cause}
		t.causes[cause.Key()] = f
		if !cause.Measured {
			t.deciding++
		}
	}
	f.add(l, p, in)
}

func (t *Tally) fault(kind string) *FaultCount {
	f := t.faults[kind]
	if f == nil {
		f = &FaultCount{Kind: kind}
		t.faults[kind] = f
	}
	return f
}

func (t *Tally) exercised(row string, x Row) {
	sum := t.met[row]
	sum.Count += x.Count
	for kind, n := range x.Met {
		if sum.Met == nil {
			sum.Met = map[string]int{}
		}
		sum.Met[kind] += n
	}
	t.met[row] = sum
}

// Summary returns the outcome of the runs up to now.
func (t *Tally) Summary() *Summary {
	s := &Summary{
		Runs: int(t.seen.n), Violation: t.verdicts[checker.Violation], Unknown: t.verdicts[checker.Unknown], Valid: t.verdicts[checker.Valid],
		Reasons: t.errors.list(), Operations: t.ops, Virtual: t.virtual, Wall: t.wall + t.present, Spent: t.spent,
		MoreFound: t.moreFound, Met: t.met, Samples: t.samples, Leaks: t.leaks.list(), Errors: t.failed, Zklab: version.Line(),
	}
	if t.Description != nil {
		s.Description = *t.Description
	}
	s.Findings = t.findings(s.Decided())
	s.Properties = t.properties()
	s.Unchecked = t.unchecked.List()
	s.Faults = t.faultCounts()
	s.Behaviours, s.Curve = t.behaved.Estimate(nextRuns), t.behaved.Curve()
	s.NeverTook, s.Unanswered = s.Description.Asked.Never(s.Faults), s.Description.Asked.Unanswered(s.Faults)
	s.decide()
	return s
}

// nextRuns is the number of more runs whose new behaviours a summary estimates.
const nextRuns = 50

func (t *Tally) findings(of int) []Finding {
	var out []Finding
	for _, f := range t.causes {
		g := *f
		g.Seeds = slices.Clone(f.Seeds)
		g.Of = of
		g.Low, g.High = Wilson(g.Count, of)
		out = append(out, g)
	}
	decides := func(f Finding) int {
		if f.Measured {
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(decides(a)-decides(b), b.Count-a.Count, strings.Compare(a.Key(), b.Key()))
	})
	return out
}

// properties lists the properties, the most telling first. The order does not depend on that of the
// runs.
func (t *Tally) properties() (out []PropertySummary) {
	for name, d := range t.decided {
		out = append(out, d.summary(name))
	}
	rank := func(p PropertySummary) int {
		switch {
		case p.Measured:
			return 3
		case p.Violation > 0:
			return 0
		case p.Valid == 0:
			return 1
		}
		return 2
	}
	slices.SortFunc(out, func(a, b PropertySummary) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a.Name, b.Name))
	})
	return out
}

func (d *propertyCounts) summary(name string) PropertySummary {
	return PropertySummary{
		Name: name, Measured: d.measured, Why: d.why.list(),
		Valid: d.count[checker.Valid], Violation: d.count[checker.Violation], Unknown: d.count[checker.Unknown],
	}
}

// faultCounts returns the counts of faults in the order of kinds.All, and then those of unknown
// kinds by name.
func (t *Tally) faultCounts() (out []FaultCount) {
	for _, k := range kinds.All() {
		if f := t.faults[k.Name]; f != nil {
			out = append(out, *f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.faults)) {
		if kinds.Named(name).Hits == "" {
			out = append(out, *t.faults[name])
		}
	}
	return out
}
