package linear

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/witness"
)

// Options say how to check. The zero value works.
type Options struct {
	// Budget is how long checking may take altogether; 0 is 60 s. What is not
	// decided by then is unknown.
	Budget time.Duration
	// Memory is how many bytes searches may use, roughly; 0 is 1 GiB. The fast
	// procedures need memory in proportion to the history.
	Memory int64
	// SearchOnly leaves the fast procedures out, PorcupineOnly the search, too:
	// to compare them.
	SearchOnly, PorcupineOnly bool
}

func (o Options) budget() time.Duration {
	if o.Budget <= 0 {
		return time.Minute
	}
	return o.Budget
}

func (o Options) memory() int64 {
	if o.Memory <= 0 {
		return 1 << 30
	}
	return o.Memory
}

// Verdict is the answer about one key, or (Key empty) about all that are alike.
type Verdict struct {
	checker.Verdict
	// Events are the witness: the fewest operations that show the violation, with
	// the lines of their events.
	Events []Event `json:"events,omitempty"`

	scene *witness.Scene
}

// Timeline draws the witness of a violation as text of some columns (60 to 120),
// in ASCII if asked; nothing if there is none.
func (v Verdict) Timeline(width int, colour, ascii bool) string {
	if v.scene == nil {
		return ""
	}
	return v.scene.Text(witness.Screen{Width: width, Colour: colour, ASCII: ascii})
}

// Event is one of the events of a witness.
type Event struct {
	Line    int    `json:"line"`
	Time    int64  `json:"time,omitempty"` // nanoseconds; 0 if the file has no times
	Process int64  `json:"process"`
	Type    string `json:"type"` // invoke, ok, fail
	Text    string `json:"text"` // the operation in words
}

// Report is everything that was decided about a history.
type Report struct {
	Verdict    checker.Result `json:"verdict"`
	Verdicts   []Verdict      `json:"verdicts"`
	Model      string         `json:"model"`
	Format     string         `json:"format"`
	Keys       int            `json:"keys"`
	Operations int            `json:"operations"`
	OK         int            `json:"ok"`
	Failed     int            `json:"fail"`
	Unknown    int            `json:"info"`
	// Notes say how the format was understood, where that decides.
	Notes []string `json:"notes,omitempty"`
}

// property is what a verdict is about.
const property = "linearizable"

// mostShown is how many operations of a witness are shown, the last ones. It
// only takes more where every smaller part can be explained.
const mostShown = 100

// mostKeys is how many violating or undecided keys get a verdict of their own.
const mostKeys = 5

// Check decides every key, several at a time. It is safe for concurrent use,
// and ends soon after ctx does or the budget is used up.
func Check(ctx context.Context, h *History, opts Options) Report {
	until := time.Now().Add(opts.budget())
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	findings := make([]finding, len(h.keys))
	if h.Operations == 0 && !h.idle {
		r := h.report(nil)
		r.Verdict = checker.Unknown
		r.Verdicts = []Verdict{{Verdict: checker.Verdict{Property: property, Result: checker.Unknown, Reason: "the history has no operations"}}}
		return r
	}
	workers := max(1, min(runtime.GOMAXPROCS(0), len(h.keys)))
	searching, stop := context.WithCancel(ctx)
	defer stop()
	var enough sync.Once // a violation decides: what still is searched, ends soon
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			s := &scratch{}
			for {
				i := int(next.Add(1)) - 1
				if i >= len(h.keys) {
					return
				}
				findings[i] = h.decide(searching, i, s, until, opts, opts.memory()/int64(workers))
				if findings[i].result == checker.Violation {
					enough.Do(func() { time.AfterFunc(grace, stop) })
				}
			}
		})
	}
	wg.Wait()
	return h.report(findings)
}

// grace is how long searches go on after another key was found to be violated.
const grace = 2 * time.Second

// decide asks one procedure after another about a key.
func (h *History) decide(ctx context.Context, i int, s *scratch, until time.Time, opts Options, memory int64) finding {
	k := &object{ctx: ctx, h: h, key: i, ops: h.ops[i], ranks: h.ranks[i], initial: h.initial, permits: h.Model.permits, scratch: s}
	kind := h.Model.kind
	var why string
	if time.Now().After(until) {
		return undecided(context.DeadlineExceeded)
	}
	if !opts.SearchOnly && !opts.PorcupineOnly || kind.machine == nil { // Jepsen's checks are no objects to search
		f := kind.decide(k)
		if f.result != "" {
			return f
		}
		why = f.reason + "; "
	}
	if err := ctx.Err(); err != nil {
		return undecided(err)
	}
	if !opts.PorcupineOnly {
		f := decideSearch(k, memory)
		if f.result != "" {
			return f
		}
		why += f.reason + "; "
	}
	if err := ctx.Err(); err != nil {
		return undecided(err)
	}
	f := askPorcupine(k, time.Until(until), memory)
	if f.result != "" {
		return f
	}
	if err := ctx.Err(); err != nil {
		return undecided(err)
	}
	return finding{result: checker.Unknown, decider: byPorcupine, reason: why + f.reason}
}

// undecided says why a search was ended.
func undecided(err error) finding {
	reason := "the budget for checking was used up before this could be decided"
	if errors.Is(err, context.Canceled) {
		reason = "not searched to the end: another key is violated, or the check was interrupted"
	}
	return finding{result: checker.Unknown, reason: reason}
}

// report sums the keys up.
func (h *History) report(findings []finding) Report {
	r := Report{
		Verdict: checker.Valid, Model: h.Model.name, Format: string(h.Format), Keys: len(h.keys),
		Operations: h.Operations, OK: h.OK, Failed: h.Failed, Unknown: h.Unknown, Notes: h.notes(),
	}
	count := map[checker.Result]int{}
	var deciders []string
	for i, f := range findings {
		if count[f.result]++; f.decider != "" && !slices.Contains(deciders, f.decider) {
			deciders = append(deciders, f.decider)
		}
		if f.result == checker.Valid || count[f.result] > mostKeys {
			continue
		}
		r.Verdicts = append(r.Verdicts, h.verdict(i, f))
	}
	slices.SortStableFunc(r.Verdicts, func(x, y Verdict) int { return worse(y.Result) - worse(x.Result) })
	switch {
	case count[checker.Violation] > 0:
		r.Verdict = checker.Violation
	case count[checker.Unknown] > 0:
		r.Verdict = checker.Unknown
	}
	for result, n := range count {
		if n > mostKeys && result != checker.Valid {
			r.Notes = append(r.Notes, fmt.Sprintf("%d more keys are %s", n-mostKeys, result))
		}
	}
	if len(r.Verdicts) == 0 {
		v := Verdict{Verdict: checker.Verdict{Property: property, Result: checker.Valid, Evidence: "R"}}
		for i, d := range deciders {
			if i > 0 {
				v.Decider += ", "
			}
			v.Decider += d
		}
		r.Verdicts = []Verdict{v}
	}
	return r
}

func worse(r checker.Result) int {
	switch r {
	case checker.Violation:
		return 2
	case checker.Unknown:
		return 1
	}
	return 0
}

// verdict is a finding with its witness.
func (h *History) verdict(i int, f finding) Verdict {
	v := Verdict{Verdict: checker.Verdict{Property: property, Key: h.keys[i], Result: f.result, Reason: f.reason, Decider: f.decider, Evidence: "R"}}
	k := &object{h: h, key: i, ops: h.ops[i], ranks: h.ranks[i]}
	type event struct {
		rank int32
		op   int32
		kind string
	}
	shown := f.witness[max(0, len(f.witness)-mostShown):]
	if len(shown) > 0 && f.result == checker.Violation {
		v.scene = k.scene(shown)
		v.Story = v.scene.Story()
	}
	var events []event
	for _, at := range shown {
		o := &k.ops[at]
		if events = append(events, event{o.inv, at, "invoke"}); o.unknown() {
			continue
		}
		kind := "ok"
		if o.code == mismatch {
			kind = "fail"
		}
		events = append(events, event{o.ret, at, kind})
	}
	slices.SortStableFunc(events, func(x, y event) int { return int(x.rank) - int(y.rank) })
	for _, e := range events {
		at := h.ranks[i][e.rank]
		out := Event{Line: int(h.lines[at]), Process: h.processes[k.ops[e.op].process], Type: e.kind, Text: k.act(e.op)}
		if h.times != nil {
			out.Time = max(h.times[at], 0)
		}
		v.Events = append(v.Events, out)
		v.Witness = append(v.Witness, int(h.indices[at]))
	}
	return v
}

// notes say what the format decided.
func (h *History) notes() []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	switch {
	case h.has(mismatch):
		add("in this format a failed cas counts as an observation: the value was another than it compared with")
	case h.has(cas) && h.Failed > 0:
		add("a failed operation counts as one that did nothing; a failed cas says nothing of the value")
	}
	if h.idle {
		add("no client called anything: nothing could go wrong")
	}
	if h.plain {
		add("values of two items are taken as they are, not as [key value]: not every operation names a key so")
	}
	if h.blank > 0 {
		add("%s of nil counts as one of an unknown value, as it does for Jepsen: nil was not there at first, and nobody wrote it", plural(h.blank, "read"))
	}
	if v, found := h.strange(); found {
		add("%s was read and nobody wrote it: if registers began as that, say so (--initial)", h.values.name(v))
	}
	if h.Unknown > 0 {
		add("%s with an unknown outcome may have taken effect at any time after the invocation, or never", plural(h.Unknown, "operation"))
	}
	return notes
}

// strange is a value that a register showed first of all, though it is not what
// registers are taken to begin with and nobody wrote it.
func (h *History) strange() (int32, bool) {
	if !h.Model.Begins() {
		return 0, false
	}
	for _, ops := range h.ops {
		for i := range ops {
			if o := &ops[i]; o.code != read || o.a != h.initial {
				if o.code == read && !slices.ContainsFunc(ops, func(w op) bool { return makes(&w, o.a) }) {
					return o.a, true
				}
				break
			}
		}
	}
	return 0, false
}

// makes says whether a register can have come to a value by an operation.
func makes(o *op, v int32) bool {
	made, writes := effect(o)
	return o.code == extend || writes && made == v
}
