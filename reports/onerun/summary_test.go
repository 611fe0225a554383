package onerun

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/store"
)

func TestSummary(t *testing.T) {
	run := &store.Run{Dir: t.TempDir()}
	must.Do(t, os.WriteFile(run.Report(), nil, 0o644))
	got := Summary(sample.Result(sample.LockRun(false)), run, Screen{Full: true})
	for _, text := range []string{
		"✓ VALID: the lock kept every promise that was checked",
		"\n\n  kept         exclusion, belief (measured), tokens, fencing, lost and progress\n",
		"ok per second over", "median / p99: acquire",
		"pause: took effect 5 times, 1 of these affected no client",
		"expire: took effect 5 times (clients holding: 1, waiting: 2,",
		"the leader itself was hit 3 times; a new leader was elected",
		"fail-over    expire:holder: median 14.3 ms, longest 27.2 ms; affected clients",
		"pause:one: 5.19 ms; the affected client 1.43 s",
		"hand-over    expire:holder: median 15 ms, longest 15 ms",
		"after a hold that no fault ended: median 4.39 ms, longest 2.65 s",
		"report       " + run.Report(),
		"replay       zklab run lock",
	} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if err := sample.Fits(got); err != nil {
		t.Error(err)
	}
}

func TestFailoverWords(t *testing.T) {
	at, over := func(d time.Duration) measured.Bound { return measured.Bound{Time: d * time.Second} }, func(d time.Duration) measured.Bound {
		return measured.Bound{Time: d * time.Second, AtLeast: true}
	}
	tests := []struct {
		of                 stats.FailoverSum
		failover, handOver string
	}{
		{stats.FailoverSum{Spec: "expire:any"}, "", ""},
		{
			stats.FailoverSum{Spec: "kill:all", NoMajority: 2, HandOver: &measured.Spread{Count: 1, Median: at(4)}},
			"kill:all: none possible before the heal, no majority of the servers was left", "kill:all: 4 s",
		},
		{
			stats.FailoverSum{Spec: "kill:leader", All: &measured.Spread{Count: 3, Censored: 1, Best: at(1), Median: at(2), Worst: over(5)}},
			"kill:leader: median 2 s, longest > 5 s (no client had a success before the heal of 1 of 3)", "",
		},
		{
			stats.FailoverSum{
				Spec: "cut-off:any", All: &measured.Spread{Count: 1, Median: at(1), Worst: at(1)},
				Affected: &measured.Spread{Count: 2, Censored: 1, Best: at(2), Median: over(5), Worst: over(9)},
				HandOver: &measured.Spread{Count: 2, Censored: 1, Best: at(4), Median: over(5), Worst: over(6)},
			},
			"cut-off:any: 1 s; affected clients best 2 s, median > 5 s, worst > 9 s",
			"cut-off:any: median > 5 s, longest > 6 s (1 of 2 not granted again)",
		},
	}
	for _, tt := range tests {
		if d := cmp.Diff([]string{tt.failover, tt.handOver}, []string{words.FailoverSum(tt.of), words.HandOverSum(tt.of)}); d != "" {
			t.Error(d)
		}
	}
}

// A run with many kinds of faults still has a summary of one screen.
func TestSummaryOfManyFaults(t *testing.T) {
	r := sample.Result(&history.History{})
	for range 2 * mostFailovers {
		r.Stats.Failovers = append(r.Stats.Failovers, stats.FailoverSum{Spec: "pause:one", All: &measured.Spread{Count: 1}})
	}
	got := Summary(r, nil, Screen{Full: true})
	if n := strings.Count(got, "pause:one: 0"); n != mostFailovers || !strings.Contains(got, "and 20 more, in the report") {
		t.Errorf("%d lines:\n%s", n, got)
	}
}

func TestSummaryOfAViolation(t *testing.T) {
	h := sample.LockRun(true)
	r := sample.Violated(h)
	r.Warnings = append(r.Warnings, strings.Repeat("a long warning ", 30), "with \x1b[31mcodes\x1b[0m")
	r.Interrupted = true
	r.Assumptions[1].Met = false
	r.Stats.Stalls, r.Stats.LongestStall = 2, 6*time.Second
	dir := t.TempDir()
	f := must.Get(os.Create(filepath.Join(dir, "history.jsonl")))(t)
	must.Do(t, history.Write(f, h))
	f.Close()
	got := Summary(r, &store.Run{Dir: dir}, Screen{Full: true})
	for _, text := range []string{
		"✗ VIOLATION: the lock broke its promise: exclusion was violated",
		"violated for 1 key, valid for 2 keys",
		"measured     belief happened for 3 keys, which does not decide",
		"k0, k1 and k2: two clients believed",
		"? progress     not decided for 1 key",
		"exclusion of k0", "began to release k0 at", "\n\n    what was committed:\n    - Client 4, in session 0x4, deleted k0/lock, which", "both held k0 from", "at once", "events #",
		"interrupted", "load not met", "held up twice, for up to 6 s",
	} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if err := sample.Fits(got); err != nil {
		t.Error(err)
	}
	if coloured := Summary(r, &store.Run{Dir: dir}, Screen{Colour: true}); !strings.Contains(coloured, "\x1b[1;31m✗ VIOLATION\x1b[m:") {
		t.Errorf("no colour in\n%s", coloured)
	}
}

// A reason that several properties share is printed with the first.
func TestSummaryTellsAReasonOnce(t *testing.T) {
	all, one := "nothing wrong was found, but the ensemble was not healthy", "too few reads"
	got := Summary(&store.Result{Verdict: checker.Unknown, Verdicts: []checker.Verdict{
		{Property: "exclusion", Result: checker.Unknown, Reason: all},
		{Property: "fencing", Result: checker.Unknown, Reason: one},
		{Property: "tokens", Result: checker.Unknown, Reason: all},
		{Property: "lost", Result: checker.Unknown, Reason: all, Key: "k1"}, // not about the same key
	}}, nil, Screen{})
	for _, text := range []string{
		"? exclusion    not decided\n                 " + all + "\n                 the same is true of tokens\n",
		"? fencing      not decided\n                 " + one,
		"? lost         not decided for 1 key\n                 k1: " + all,
	} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if err := sample.Fits(got); err != nil {
		t.Error(err)
	}
}

func TestSummaryOfLittle(t *testing.T) {
	got := Summary(&store.Result{Verdict: checker.Unknown, Verdicts: []checker.Verdict{
		{Property: "exclusion", Result: checker.Unknown, Reason: "nothing was exercised"},
	}}, nil, Screen{})
	for _, text := range []string{"? UNDECIDED: nothing was violated, but exclusion could not be decided", "nothing was exercised", "faults       none were injected: --faults all adds them"} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if strings.Contains(got, "report ") || strings.Contains(got, "replay") {
		t.Errorf("a report or replay of nothing in\n%s", got)
	}
}

// A user who asked for faults, or whose run was made small, is not advised to add
// faults.
func TestSummaryOfNoFaults(t *testing.T) {
	unmet := []checker.Assumption{{Name: "faults", Text: "scheduled but never seen to take effect: expire"}}
	for says, r := range map[string]*store.Result{
		"none were injected, although some were asked for\n": {Assumptions: unmet}, "none were injected\n": {Shrunk: &store.Shrunk{}},
	} {
		if got := Summary(r, nil, Screen{Full: true}); !strings.Contains(got, says) {
			t.Errorf("advice to add faults in\n%s", got)
		}
	}
}

func TestSentence(t *testing.T) {
	v := func(p string, r checker.Result, measured bool) checker.Verdict {
		return checker.Verdict{Property: p, Result: r, Measured: measured}
	}
	tests := []struct {
		r    store.Result
		want string
	}{
		{
			store.Result{Recipe: "lock", Verdict: checker.Valid, Verdicts: []checker.Verdict{v("exclusion", checker.Valid, false), v("belief", checker.Violation, true)}, NotAvailable: []checker.NotAvailable{
				{Kind: "property", Name: "tokens", Why: "no Fence"}, {Kind: "fault", Name: "pause", Why: "no servers"}, {Kind: "property", Name: "fencing", Why: "no Fence"},
			}},
			"the lock kept every promise that was checked: 1 property; not checked: tokens and fencing (no Fence)",
		},
		{
			store.Result{Verdict: checker.Violation, Verdicts: []checker.Verdict{
				v("exclusion", checker.Violation, false), v("belief", checker.Violation, true), v("fencing", checker.Violation, false),
			}},
			"this history broke its promise: exclusion and fencing were violated",
		},
		{
			store.Result{Recipe: "lock", Strict: true, Verdict: checker.Violation, Verdicts: []checker.Verdict{v("belief", checker.Violation, true)}},
			"the lock broke its promise: belief was violated",
		},
		{
			store.Result{Recipe: "queue", Verdict: checker.Violation, Verdicts: []checker.Verdict{v("loss", checker.Violation, false), v("server-agreement", checker.Violation, false)}},
			"the queue broke its promise, or the servers broke theirs: loss and server-agreement were violated",
		},
		{
			store.Result{Recipe: "lock", Verdict: checker.Violation, Verdicts: []checker.Verdict{v("exclusion", checker.Valid, false), v("server-agreement", checker.Violation, false)}},
			"the servers broke their promise: server-agreement was violated",
		},
		{store.Result{Recipe: "lock", Verdict: checker.Unknown}, "nothing was violated, but the run does not allow a verdict"},
		{store.Result{}, "no verdict was reached"},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, verdicts.Sentence(&tt.r)); d != "" {
			t.Error(d)
		}
	}
}

// Evidence and properties that a run lacked are named, with each reason once.
func TestSummaryTellsWhatIsNotAvailable(t *testing.T) {
	r := &store.Result{Verdict: checker.Valid, NotAvailable: []checker.NotAvailable{
		{Kind: "evidence", Name: "committed transactions", Why: "no log"},
		{Kind: "property", Name: "views", Why: "no log"},
		{Kind: "property", Name: "log", Why: "no log"},
		{Kind: "fault", Name: "pause", Why: "no command"},
	}}
	text := Summary(r, nil, Screen{Full: true})
	for _, want := range []string{
		"\n\n  not checked  views and log (no log)\n  left out     not available: committed transactions (no log)\n               not available: fault pause (no command)\n\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// The notes of a valid property, about what it does not rest on, stand below it.
func TestSummaryTellsNotesOfWhatIsValid(t *testing.T) {
	r := &store.Result{Verdict: checker.Valid, Verdicts: []checker.Verdict{
		{Property: "durable", Result: checker.Valid, Notes: []string{"this is not looked at: refusals"}},
	}}
	if got := Summary(r, nil, Screen{Full: true}); !strings.Contains(got, "  kept         durable\n  note         durable: this is not looked at: refusals\n") {
		t.Error(got)
	}
}

// A fault that the end of the load overtook is not told as one without a target.
func TestSummaryOfLateFaults(t *testing.T) {
	const want = "kill: never took effect, once skipped for lack of a target, twice overtaken by the end of the load"
	if got := words.Faults(stats.FaultKind{Kind: "kill", Scheduled: 3, Skipped: 3, TooLate: 2}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The summary says how many freezes lasted longer than a session, and says so of no other
// fault.
func TestSummaryOfFreezes(t *testing.T) {
	for _, c := range []struct {
		kind                       string
		verified, outlasted, ended int
		want                       string
	}{
		{"freeze", 3, 0, 0, "freeze: took effect 3 times, never longer than a session"},
		{"freeze", 3, 3, 0, "freeze: took effect 3 times, 3 times longer than a session, none of which ended"},
		{"freeze", 3, 2, 2, "freeze: took effect 3 times, twice longer than a session, which ended"},
		{"freeze", 3, 3, 1, "freeze: took effect 3 times, 3 times longer than a session, which ended once"},
		{"freeze", 0, 0, 0, "freeze: never took effect"},
		{"pause", 3, 0, 0, "pause: took effect 3 times"},
	} {
		k := stats.FaultKind{Kind: c.kind, Scheduled: c.verified, Verified: c.verified, Felt: c.verified, Outlasted: c.outlasted, EndedSession: c.ended}
		if got := words.Faults(k); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// A screen shows the verdict of any run, the full text is longer, and the page has each line of it.
func TestSummaryFitsAScreen(t *testing.T) {
	many := sample.Result(sample.LockRun(false))
	for i := range 30 {
		name := fmt.Sprint("fault-", i)
		many.Stats.FaultKinds = append(many.Stats.FaultKinds, stats.FaultKind{Kind: name, Scheduled: 2, Verified: 2})
		many.Stats.Failovers = append(many.Stats.Failovers, stats.FailoverSum{Spec: name, All: &measured.Spread{Count: 1}})
		many.NotAvailable = append(many.NotAvailable, checker.NotAvailable{Kind: "fault", Name: name + "x", Why: "the servers cannot do it, because " + name})
		many.Warnings = append(many.Warnings, strings.Repeat("a long warning ", 20))
	}
	violated := sample.Violated(sample.LockRun(true))
	violated.NotAvailable, violated.Warnings, violated.Stats = many.NotAvailable, many.Warnings, many.Stats
	undecided := &store.Result{Verdict: checker.Unknown, NotAvailable: many.NotAvailable, Warnings: many.Warnings, Stats: many.Stats}
	for i := range 30 {
		undecided.Verdicts = append(undecided.Verdicts, checker.Verdict{Property: fmt.Sprint("property-", i), Result: checker.Unknown, Reason: strings.Repeat("too few of them ", 10)})
	}
	for name, c := range map[string]struct {
		r    *store.Result
		h    *history.History
		most int
	}{
		"valid":     {many, sample.LockRun(false), 24},
		"violated":  {violated, sample.LockRun(true), 40},
		"undecided": {undecided, sample.LockRun(false), 40},
	} {
		t.Run(name, func(t *testing.T) {
			run := &store.Run{Dir: t.TempDir()}
			brief, full := summaryOf(c.r, run, c.h, true, Screen{}), summaryOf(c.r, run, c.h, true, Screen{Full: true, NoTimeline: true})
			if n := sample.Rows(brief); n > c.most {
				t.Errorf("%d rows, of %d at most:\n%s", n, c.most, brief)
			}
			if err := sample.Fits(brief + full); err != nil {
				t.Error(err)
			}
			if !strings.Contains(brief, " more lines: --verbose, or the report\n") || strings.Contains(full, "--verbose") {
				t.Errorf("the screen does not say where the rest is, or the full text does:\n%s\n%s", brief, full)
			}
			must.Do(t, Render(t.Context(), run.Dir, run.Dir, c.h, c.r))
			page := must.Get(os.ReadFile(run.Report()))(t)
			if lost := sample.Lost(full, string(page)); len(lost) > 0 {
				t.Errorf("the page lacks %q", lost)
			}
		})
	}
}
