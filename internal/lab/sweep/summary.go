package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/samples"
)

var errNoDescription = errors.New("its first line, which describes the sweep, is missing")

func errFormat(n int) error {
	return fmt.Errorf("its format is %d, but this zklab reads %d: use the zklab that wrote it", n, Format)
}

// Summary is the outcome of a sweep. Durations are nanoseconds.
type Summary struct {
	Description Description `json:"sweep"`
	// Verdict is violation if any run's is; unknown if a property that decides was valid in no
	// run, or a fault that was asked for took effect in none, or no client got an answer after it in any, or some runs could not be run, or there is none; else valid. That single runs are
	// undecided is no lack of a sweep: it says in how many.
	Verdict checker.Result `json:"verdict"`
	// Why is the reason of an unknown.
	Why string `json:"why,omitempty"`

	Runs      int `json:"runs"`
	Violation int `json:"violation"`
	Unknown   int `json:"unknown"`
	Valid     int `json:"valid"`
	// Errors are runs that came to nothing.
	Errors  int     `json:"errors"`
	Reasons []Count `json:"error_reasons,omitempty"`

	Operations int           `json:"operations"`
	Virtual    time.Duration `json:"virtual"` // by the runs' own clocks
	// Wall is how long sessions lasted, of all shards together, Spent what runs took, of all jobs.
	Wall  time.Duration `json:"wall"`
	Spent time.Duration `json:"spent"`

	// Findings are by cause: those that decide first, each in order of frequency.
	Findings []Finding `json:"findings"`
	// MoreFound counts violations of causes beyond those.
	MoreFound  int               `json:"more_found,omitempty"`
	Properties []PropertySummary `json:"properties"`
	Unchecked  []Unchecked       `json:"unchecked,omitempty"` // in the order of their names
	Faults     []FaultCount      `json:"faults"`
	// NeverTook are the faults that the user asked for and that took effect in no run.
	NeverTook []NeverTook `json:"never_took,omitempty"`
	// Unanswered are the faults that the user asked for and after whose effects no operation of the load succeeded
	// in any run.
	Unanswered []string  `json:"unanswered,omitempty"`
	Met        Exercised `json:"met"`
	// Leaks are the runs in which what the clients left behind grew with the load.
	Leaks []Count `json:"leaks,omitempty"`
	// Samples are the times that all runs measured.
	Samples samples.Samples `json:"samples"`

	// Gates are the bounds that the user gave for Samples. They do not affect the verdict.
	Gates []gates.Result `json:"gates,omitempty"`

	// Zklab is the version of zklab that summed it up; that of the runs is the setting [RanBy].
	Zklab string `json:"zklab"`

	// Shards lists the shards that were read; Absent lists those without a file.
	Shards []ShardState `json:"shards"`
	Absent []Shard      `json:"absent,omitempty"`
}

// Finding describes the violations with one cause.
type Finding struct {
	Cause
	Count int `json:"count"` // runs
	// Of are the runs with a verdict; Low and High bound the share of runs that have it, by
	// Wilson's interval of 95 %.
	Of   int     `json:"of"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Smallest is the run with the fewest events.
	Smallest Example `json:"smallest"`
	// Seeds are the first of them.
	Seeds []int64 `json:"seeds"`
}

// Example is a run with a finding. Kept is its folder; empty if there is none.
type Example struct {
	Seed   int64  `json:"seed"`
	Events int    `json:"events"`
	Kept   string `json:"kept,omitempty"`
	Drawn  string `json:"drawn,omitempty"`
}

const mostSeeds = 10

// add counts a run, whatever the order in which runs come.
func (f *Finding) add(l *Line, in string) {
	f.Count++
	if at, _ := slices.BinarySearch(f.Seeds, l.Seed); at < mostSeeds {
		f.Seeds = slices.Insert(f.Seeds, at, l.Seed)
		f.Seeds = f.Seeds[:min(len(f.Seeds), mostSeeds)]
	}
	s := &f.Smallest
	if s.Seed == 0 || cmp.Or(cmp.Compare(l.Events, s.Events), cmp.Compare(l.Seed, s.Seed)) < 0 {
		*s = Example{Seed: l.Seed, Events: l.Events, Kept: l.Kept, Drawn: l.Drawn}
		if l.Kept != "" {
			s.Kept = filepath.Join(in, filepath.FromSlash(l.Kept))
		}
	}
}

// PropertySummary is in how many runs a property was what.
type PropertySummary struct {
	Name      string  `json:"property"`
	Measured  bool    `json:"measured,omitempty"`
	Valid     int     `json:"valid"`
	Violation int     `json:"violation"`
	Unknown   int     `json:"unknown"`
	Why       []Count `json:"why,omitempty"` // of the unknown ones
}

// Unchecked is a property that nobody could look at, for one reason, and in how many runs.
type Unchecked struct {
	Property string `json:"property"`
	Why      string `json:"why"`
	Runs     int    `json:"runs"`
}

// UncheckedRuns counts the runs in which a property could not be looked at, by the property and the reason. Its
// elements have no number of runs. It is for one goroutine at a time.
type UncheckedRuns map[Unchecked]int

// Add counts a run, of which it gets the properties with the reasons.
func (u UncheckedRuns) Add(run map[string]string) {
	for name, why := range run {
		u[Unchecked{Property: name, Why: why}]++
	}
}

// AddAll counts the runs of a list.
func (u UncheckedRuns) AddAll(list []Unchecked) {
	for _, one := range list {
		u[Unchecked{Property: one.Property, Why: one.Why}] += one.Runs
	}
}

// List returns the properties in the order of their names.
func (u UncheckedRuns) List() (list []Unchecked) {
	for one, runs := range u {
		one.Runs = runs
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Unchecked) int {
		return cmp.Or(strings.Compare(a.Property, b.Property), strings.Compare(a.Why, b.Why))
	})
	return list
}

// Count is how often there was something.
type Count struct {
	Text    string `json:"text"`
	Example string `json:"example,omitempty"` // one of the texts, if their numbers differ
	N       int    `json:"n"`
}

// Words are the text for people: an example of it, if its numbers differ.
func (c Count) Words() string {
	if c.Example == "" || c.N == 1 {
		return cmp.Or(c.Example, c.Text)
	}
	return "such as: " + c.Example
}

// FaultCount is how often faults of a kind took effect.
type FaultCount struct {
	Kind      string `json:"kind"`
	Runs      int    `json:"runs"`      // that had one of them
	Effective int    `json:"effective"` // of these, in which one took effect
	// Answered are the effective ones in which an operation of the load succeeded after the first fault, Unanswered those
	// in which clients called some, or waited in them, and none succeeded.
	Answered   int    `json:"answered"`
	Unanswered int    `json:"unanswered,omitempty"`
	Scheduled  int    `json:"scheduled"`         // whose time came
	Verified   int    `json:"verified"`          // that took effect
	WhyNot     string `json:"why_not,omitempty"` // why one took none, if none did in some run
}

// add counts the faults of a run. The reason that is kept does not depend on the order of runs.
func (f *FaultCount) add(run *Struck) {
	if whyNot := run.NoEffect[f.Kind]; whyNot != "" && (f.WhyNot == "" || whyNot < f.WhyNot) {
		f.WhyNot = whyNot
	}
	n := run.Faults[f.Kind]
	f.Runs++
	f.Scheduled += n[0]
	f.Verified += n[1]
	if n[1] > 0 {
		f.Effective++
	}
	answered, unanswered := run.After(f.Kind)
	f.Answered, f.Unanswered = f.Answered+answered, f.Unanswered+unanswered
}

// unanswered reports whether clients called operations after the faults took effect, and none succeeded in any run.
func (f *FaultCount) unanswered() bool { return f.Unanswered > 0 && f.Answered == 0 }

// Never are the kinds of faults that never took effect.
func (s *Summary) Never() (names []string) {
	for _, f := range s.Faults {
		if f.Verified == 0 {
			names = append(names, f.Kind)
		}
	}
	return names
}

// Decided are the runs with a verdict.
func (s *Summary) Decided() int { return s.Violation + s.Unknown + s.Valid }

// Complete reports whether every seed of every shard has its run.
func (s *Summary) Complete() bool {
	return len(s.Absent) == 0 && !slices.ContainsFunc(s.Shards, func(h ShardState) bool { return h.Done < h.Seeds })
}

// ShardState is how far a shard has come.
type ShardState struct {
	Shard  Shard  `json:"shard"`
	Source string `json:"source"` // the folder or archive
	Seeds  int64  `json:"seeds"`
	Done   int64  `json:"done"`
	// Ended tells why it ended; empty: it did not. Running means that a process is at it.
	Ended   End  `json:"ended,omitempty"`
	Running bool `json:"running,omitempty"`
	// Cut means that its archive is cut off.
	Cut bool `json:"cut,omitempty"`
	// Left are the first of the seeds without a run.
	Left Seeds `json:"left,omitempty"`
	// Command goes on with it.
	Command string `json:"command,omitempty"`

	seeds Seeds // of the whole sweep
}

// Died reports whether it neither ended nor goes on.
func (s ShardState) Died() bool { return s.Ended == "" && !s.Running && s.Done < s.Seeds }

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
	s.NeverTook, s.Unanswered = s.Description.Asked.Never(s.Faults), s.Description.Asked.Unanswered(s.Faults)
	s.decide()
	return s
}

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

// properties lists the properties, those that tell most first, in whatever order runs came.
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

func (d *decided) summary(name string) PropertySummary {
	return PropertySummary{
		Name: name, Measured: d.measured, Why: d.why.list(),
		Valid: d.count[checker.Valid], Violation: d.count[checker.Violation], Unknown: d.count[checker.Unknown],
	}
}

// list gives them, the most frequent first.
func (c *counts) list() (out []Count) {
	for _, one := range c.of {
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(b.N-a.N, strings.Compare(a.Text, b.Text)) })
	if c.rest > 0 {
		out = append(out, Count{Text: "others", N: c.rest})
	}
	return out
}

// faultCounts are in the order in which people read of kinds.
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

func (s *Summary) decide() {
	s.Verdict = checker.Unknown
	var never []string
	for _, p := range s.Properties {
		if p.Valid == 0 && !p.Measured {
			never = append(never, p.Name)
		}
	}
	switch {
	case s.Violation > 0:
		s.Verdict = checker.Violation
	case s.Decided() == 0:
		s.Why = "no run came to a verdict"
	case s.Errors > 0:
		s.Why = "some runs could not be run"
	case len(s.NeverTook)+len(s.Unanswered) > 0:
		s.Why = s.Description.Asked.Unseen(s.Faults)
	case len(never) > 0:
		s.Why = strings.Join(never, ", ") + " could be decided in no run"
	default:
		s.Verdict = checker.Valid
	}
}
