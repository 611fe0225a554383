package anyprogram

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
)

// Report holds what was tried and found.
type Report struct {
	Messages int           `json:"messages"`        // that come in each run without a fault
	Noise    []Message     `json:"noise,omitempty"` // that come in one of the two only; no fault was tried at them
	Each     time.Duration `json:"each_ns"`         // how long a run without a fault took
	Plain    Plain         `json:"without_fault"`
	// Interrupted means that the exploration ended before everything was tried.
	Interrupted bool     `json:"interrupted,omitempty"`
	Results     []Result `json:"results"`
}

// Plain counts the runs without a fault.
type Plain struct {
	Runs int      `json:"runs"`
	Bad  int      `json:"bad"`            // that did not pass
	Tail []string `json:"tail,omitempty"` // the last lines of the command's output, in the latest run or in one that did not pass
}

// Result is what a try came to.
type Result struct {
	Try
	Outcome Outcome  `json:"outcome"`
	Runs    int      `json:"runs"`
	Bad     int      `json:"bad"`              // runs with a bad outcome
	Why     string   `json:"why,omitempty"`    // of a bad outcome, or why the fault had no effect
	Effect  string   `json:"effect,omitempty"` // what the fault did, as was seen
	Tail    []string `json:"tail,omitempty"`   // the last lines of the command's output
}

// sure reports whether the fault broke most runs of a try.
func (x Result) sure() bool { return x.Outcome.Bad() && 2*x.Bad > x.Runs }

// bad returns the number of findings.
func (r Report) bad() int { return r.count(func(x Result) bool { return x.Outcome.Bad() }) }

func (r Report) count(is func(Result) bool) (n int) {
	for _, x := range r.Results {
		if is(x) {
			n++
		}
	}
	return n
}

// Verdict returns whether the command withstands every fault that was to be tried, and why that is not known.
func (r Report) Verdict() (v checker.Result, why []string) {
	sure := r.count(Result.sure)
	add := func(n int, text string) {
		if n > 0 {
			why = append(why, fmt.Sprintf("%s: %s", prose.Count(n, "fault"), text))
		}
	}
	add(r.count(func(x Result) bool { return x.Outcome == NotTried }), "not tried")
	add(r.count(func(x Result) bool { return x.Outcome == NotMet }), "the message did not come in these runs")
	add(r.count(func(x Result) bool { return x.Outcome == NoEffect }), "without effect")
	add(r.bad()-sure, "broke only the smaller part of its runs")
	if r.Plain.Bad > 0 {
		why = append(why, fmt.Sprintf("the command fails, or leaves znodes, without a fault, too: in %d of %d runs", r.Plain.Bad, r.Plain.Runs))
		sure = 0
	}
	if len(r.Results) == 0 {
		why = append(why, "there is no message at which to try a fault")
	}
	switch {
	case sure > 0:
		return checker.Violation, why
	case len(why) > 0:
		return checker.Unknown, why
	}
	return checker.Valid, nil
}

// Text returns the report for people: findings first. again returns the command that repeats a try.
func (r Report) Text(again func(Try) string) string {
	var b strings.Builder
	verdict, why := r.Verdict()
	tried := r.count(func(x Result) bool { return x.Runs > 0 })
	switch verdict {
	case checker.Violation:
		fmt.Fprintf(&b, "✗ VIOLATION: %d of %s %s the command\n", r.bad(), prose.Count(tried, "fault"), prose.Verb(r.bad(), "break"))
	case checker.Valid:
		fmt.Fprintf(&b, "✓ VALID: the command passed with %s of %d, at %s\n", prose.Count(tried, "fault"), len(r.Results), prose.Count(r.Messages, "message"))
	default:
		fmt.Fprintf(&b, "? UNDECIDED: %s\n", strings.Join(why, "; "))
	}
	for _, x := range r.Results {
		if x.Outcome.Bad() {
			x.tell(&b, r.Plain, again(x.Try))
		}
	}
	b.WriteString("\n" + r.table())
	if verdict == checker.Violation && len(why) > 0 {
		fmt.Fprintf(&b, "\nnot decided: %s\n", strings.Join(why, "; "))
	}
	if len(r.Noise) > 0 {
		const most = 5
		fmt.Fprintf(&b, "\nnot tried, since they came in one of two runs without a fault only: %s\n",
			prose.Some(len(r.Noise), most, func(i int) string { return r.Noise[i].String() }))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// tell writes a finding.
func (x Result) tell(b *strings.Builder, plain Plain, again string) {
	fmt.Fprintf(b, "\n%s: %s in %d of %d runs, without a fault in %d of %d\n", x.Try, x.Outcome, x.Bad, x.Runs, plain.Bad, plain.Runs)
	f, _ := faultNamed(x.Fault)
	fmt.Fprintf(b, "  fault    %s; seen: %s\n", f.about, x.Effect)
	fmt.Fprintf(b, "  outcome  %s\n", x.Why)
	for _, line := range x.Tail {
		fmt.Fprintf(b, "  output   %s\n", line)
	}
	fmt.Fprintf(b, "  repeat   %s\n", again)
}

// table returns the outcomes, of each message in a line, and of each fault that could happen to one in a column.
func (r Report) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	names := slices.DeleteFunc(FaultNames(), func(name string) bool {
		return !slices.ContainsFunc(r.Results, func(x Result) bool { return x.Fault == name })
	})
	fmt.Fprintf(w, "message\t%s\n", strings.Join(names, "\t"))
	var order []Message
	cells := map[Message]map[string]Outcome{}
	for _, x := range r.Results {
		if cells[x.Message] == nil {
			cells[x.Message] = map[string]Outcome{}
			order = append(order, x.Message)
		}
		cells[x.Message][x.Fault] = x.Outcome
	}
	slices.SortStableFunc(order, func(a, b Message) int { return cmp.Compare(a.Client, b.Client) })
	for _, m := range order {
		line := m.String()
		for _, name := range names {
			line += "\t" + cmp.Or(string(cells[m][name]), "–")
		}
		fmt.Fprintln(w, line)
	}
	_ = w.Flush() // a strings.Builder never fails
	return b.String()
}
