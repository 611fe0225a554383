package checker

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
)

// reread writes a history and reads it, as zklab check does.
func reread(t *testing.T, h *history.History) *history.History {
	t.Helper()
	var file bytes.Buffer
	if err := history.Write(&file, h); err != nil {
		t.Fatal(err)
	}
	got, err := history.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// returnedEarly are copies of a history in each of which one call returned, or one
// reply came, before it was made.
func returnedEarly(h *history.History, each func(*history.History)) {
	var pairs [][2]int
	for _, op := range h.Operations() {
		if op.Return != nil {
			pairs = append(pairs, [2]int{op.Invoke.Index, op.Return.Index})
		}
	}
	for i, e := range h.Events {
		if e.F == history.FReply {
			pairs = append(pairs, [2]int{i - 1, i})
		}
	}
	for _, p := range pairs {
		for _, by := range []time.Duration{time.Nanosecond, 100 * ms, time.Hour} {
			bad := *h
			bad.Events = slices.Clone(h.Events)
			before := bad.Events[p[0]].Time
			bad.Events[p[1]].Time = max(0, before-by)
			if bad.Events[p[1]].Time < before {
				each(&bad)
			}
		}
	}
}

// A run in which all went well does not look wrong because a time in its record is:
// neither as a file, nor when nobody looked for damage before.
func TestReturnsBeforeCallsProveNothing(t *testing.T) {
	for _, model := range Models() {
		t.Run(model, func(t *testing.T) {
			var h *history.History
			var txns []history.Txn
			if model == history.ModelSession {
				h, txns = sessionRun(1, "", 60)
			} else {
				h, txns = withLog(good(model, 8))
			}
			returnedEarly(h, func(bad *history.History) {
				for _, x := range []*history.History{reread(t, bad), bad} {
					for _, log := range [][]history.Txn{nil, txns} {
						rep := Run(t.Context(), x, Options{Transactions: log, NoReferee: true, Strict: true})
						if rep.Verdict != Unknown {
							t.Fatalf("%s: %+v\n%s", rep.Verdict, rep.Verdicts, dump(x))
						}
						for _, v := range rep.Verdicts {
							if v.Result == Violation {
								t.Fatalf("%+v\n%s", v, dump(x))
							}
						}
					}
				}
			})
		})
	}
}

// Of a record with damage, a violation elsewhere stands.
func TestViolationBesideDamage(t *testing.T) {
	r := lock().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1}).hold(grant{client: 1, inv: 11, ret: 30, release: 60, token: 2})
	r.hold(grant{client: 2, inv: 100, ret: 120, release: 150, token: 3})
	whole := r.build()
	for name, damage := range map[string]func(*history.History){
		"a time that runs back": func(h *history.History) { h.Events[len(h.Events)-1].Time = ms },
		"a value that cannot be read": func(h *history.History) {
			for i := range h.Events {
				if e := &h.Events[i]; e.F == history.FAcquire && e.Type == history.OK && e.Client == 2 {
					e.Value = []byte(`{"token":7}`)
				}
			}
		},
		"a call that was not made": func(h *history.History) {
			last := len(h.Events) - 2
			h.Events = slices.Delete(h.Events, last, last+1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := *whole
			h.Events = slices.Clone(whole.Events)
			damage(&h)
			rep := Run(t.Context(), reread(t, &h), Options{})
			i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "exclusion" })
			if v := rep.Verdicts[i]; rep.Verdict != Violation || v.Result != Violation || len(v.Witness) == 0 {
				t.Errorf("%s: %+v", rep.Verdict, v)
			}
			if as := rep.Assumptions; !slices.ContainsFunc(as, func(s Assumption) bool { return s.Name == "record" && !s.Met }) {
				t.Errorf("the damage is not told: %+v", as)
			}
		})
	}
	cut := *whole
	cut.Complete, cut.Truncated = false, true
	if rep := Run(t.Context(), &cut, Options{}); rep.Verdict != Violation {
		t.Errorf("cut off: %+v", rep)
	}
}
