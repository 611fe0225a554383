package linear

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/explain"
)

// Verdict is the answer about one key, or (if Key is empty) about all keys with the same answer.
type Verdict struct {
	checker.Verdict
	// Events are the events of the counterexample: the fewest operations that show the violation,
	// with their lines.
	Events []Event `json:"events,omitempty"`

	scene   *explain.Scene
	byEvent bool
}

// Places returns where the events of the counterexample stand, in the order of the file: their
// lines or, if events share lines, their numbers in the file.
func (v Verdict) Places() (noun string, places []int) {
	noun = "line"
	if v.byEvent {
		noun = "event"
	}
	for _, e := range v.Events {
		if v.byEvent {
			places = append(places, e.Event)
		} else {
			places = append(places, e.Line)
		}
	}
	slices.Sort(places)
	return noun, slices.Compact(places) // both events of a record are in one line
}

// Timeline draws the counterexample of a violation. It returns nothing if there is none.
func (v Verdict) Timeline(screen explain.Screen) string {
	if v.scene == nil {
		return ""
	}
	return v.scene.Text(screen)
}

// Event is one of the events of a counterexample.
type Event struct {
	Line    int    `json:"line"`
	Event   int    `json:"event"`          // its number in the file, from 1
	Time    int64  `json:"time,omitempty"` // nanoseconds; 0 if the file has no times
	Process int64  `json:"process"`
	Type    string `json:"type"` // invoke, ok, fail
	Text    string `json:"text"` // the operation in words
}

// Report is everything that was decided about a history.
type Report struct {
	Verdict checker.Result `json:"verdict"`
	// Order means that the model is an object whose operations must have an order. Other models are
	// checks of Jepsen, which require less.
	Order      bool      `json:"-"`
	Verdicts   []Verdict `json:"verdicts"`
	Model      string    `json:"model"`
	Format     string    `json:"format"`
	Keys       int       `json:"keys"`
	Operations int       `json:"operations"`
	OK         int       `json:"ok"`
	Failed     int       `json:"fail"`
	Unknown    int       `json:"info"`
	// Notes say how the format was interpreted, if the verdict depends on it.
	Notes []string `json:"notes,omitempty"`
}

// property is the property of each verdict.
const property = "linearizable"

// mostShown is the maximum number of operations of a counterexample that are shown, the last
// ones. A counterexample has more only if every smaller part can be explained.
const mostShown = 100

// report computes the report from the findings about the keys.
func (h *History) report(findings []finding) Report {
	r := Report{
		Verdict: checker.Valid, Order: h.Model.kind.machine != nil, Model: h.Model.name, Format: string(h.Format), Keys: len(h.keys),
		Operations: h.Operations, OK: h.OK, Failed: h.Failed, Unknown: h.Unknown, Notes: h.notes(findings),
	}
	count := map[checker.Result]int{}
	var deciders []string
	for i, f := range findings {
		if f.decider != "" && !slices.Contains(deciders, f.decider) {
			deciders = append(deciders, f.decider)
		}
		if f.result.Compare(r.Verdict) > 0 {
			r.Verdict = f.result
		}
		if count[f.result]++; f.result != checker.Valid && count[f.result] <= frame.MostKeys {
			r.Verdicts = append(r.Verdicts, h.verdict(i, f))
		}
	}
	slices.SortStableFunc(r.Verdicts, func(x, y Verdict) int { return y.Result.Compare(x.Result) })
	for _, result := range []checker.Result{checker.Violation, checker.Unknown} {
		if more := count[result] - frame.MostKeys; more > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("%d more keys are %s", more, result))
		}
	}
	if r.Verdict == checker.Valid {
		r.Verdicts = []Verdict{{Verdict: checker.Verdict{Property: property, Result: checker.Valid, Decider: strings.Join(deciders, ", "), Evidence: "R"}}}
	}
	h.proveNothing(&r)
	return r
}

// proveNothing makes verdicts unknown that rest on too little.
func (h *History) proveNothing(r *Report) {
	if h.Operations == 0 && !h.idle {
		r.unknown("the history has no operations")
		return
	}
	if r.Verdict == checker.Valid && h.OK == 0 && !h.has(mismatch) && !h.idle {
		r.unknown("nothing is known to have happened: of %s none ended with ok", plural(h.Operations, "operation"))
	}
	if exercised := h.Model.kind.exercised; r.Verdict == checker.Valid && exercised != nil && !h.idle {
		if why := exercised(h); why != "" {
			r.unknown("%s", why)
		}
	}
	switch {
	case h.damage == "":
	case r.Verdict == checker.Valid:
		r.unknown("%s; what is left proves nothing", h.damage)
	default:
		r.unknown("%s; what is left would be %s: %s", h.damage, r.Verdict, r.Verdicts[0].Reason)
	}
}

// unknown makes the verdict about the whole history unknown, for one reason.
func (r *Report) unknown(format string, args ...any) {
	r.Verdict = checker.Unknown
	r.Verdicts = []Verdict{{Verdict: checker.Verdict{Property: property, Result: checker.Unknown, Reason: fmt.Sprintf(format, args...)}}}
}

// verdict turns a finding into a verdict, with its counterexample.
func (h *History) verdict(i int, f finding) Verdict {
	v := Verdict{Verdict: checker.Verdict{Property: property, Key: h.keys[i], Result: f.result, Reason: f.reason, Decider: f.decider, Evidence: "R"}, byEvent: h.byEvent}
	k := &object{ctx: context.Background(), h: h, key: i, ops: h.ops[i], ranks: h.ranks[i], initial: h.initials[i], scratch: &scratch{}}
	if count := h.Model.kind.tally; count != nil && f.result == checker.Violation {
		v.Anomalies = count(k)
	}
	if failed := k.failedMakers(f.counterexample); failed != "" {
		v.Reason += "; " + failed
	}
	type event struct {
		rank int32
		op   int32
		kind string
	}
	shown := f.counterexample[max(0, len(f.counterexample)-mostShown):]
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
		out := Event{Line: int(h.lines[at]), Event: int(h.indices[at]) + 1, Process: h.processes[k.ops[e.op].process], Type: e.kind, Text: k.act(e.op)}
		if h.times != nil {
			out.Time = max(h.times[at], 0)
		}
		v.Events = append(v.Events, out)
		v.Counterexample = append(v.Counterexample, int(h.indices[at]))
	}
	return v
}
