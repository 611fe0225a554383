package checker

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// reread writes a history and reads it, as zklab check does.
func reread(t *testing.T, h *history.History) *history.History {
	t.Helper()
	var file bytes.Buffer
	must.Do(t, history.Write(&file, h))
	return must.Get(history.Read(&file))(t)
}

// returnedEarly returns copies of a history. In each of them, one call returned, or one
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
		for _, by := range []time.Duration{time.Nanosecond, 100 * checktest.Unit, time.Hour} {
			bad := h.With(slices.Clone(h.Events))
			before := bad.Events[p[0]].Time
			bad.Events[p[1]].Time = max(0, before-by)
			if bad.Events[p[1]].Time < before {
				each(bad)
			}
		}
	}
}

// A run in which nothing went wrong does not look wrong because a time in its record is
// wrong: neither when it is read as a file, nor when no check has looked for damage
// before.
func TestReturnsBeforeCallsProveNothing(t *testing.T) {
	for _, model := range Models() {
		t.Run(model, func(t *testing.T) {
			var h *history.History
			var txns []history.Txn
			if model == objects.Session.Name {
				h, txns = sessionRun(1, "", 60)
			} else {
				h, txns = checktest.WithLog(checktest.Good(model, 8))
			}
			returnedEarly(h, func(bad *history.History) {
				for _, x := range []*history.History{reread(t, bad), bad} {
					for _, log := range [][]history.Txn{nil, txns} {
						rep := Run(t.Context(), x, Options{Transactions: log, NoReference: true, Strict: true})
						if rep.Verdict != Unknown {
							t.Fatalf("%s: %+v\n%s", rep.Verdict, rep.Verdicts, checktest.Dump(x))
						}
						for _, v := range rep.Verdicts {
							if v.Result == Violation {
								t.Fatalf("%+v\n%s", v, checktest.Dump(x))
							}
						}
					}
				}
			})
		})
	}
}

// If a record is damaged, a violation elsewhere stands.
func TestViolationBesideDamage(t *testing.T) {
	r := checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 60, Token: 2})
	r.Op(checktest.Args{Client: 2, F: objects.FAcquire, Key: "l", Inv: 100, Ret: 120, Outcome: history.OK, Out: objects.Grant{Token: 3}, Session: 3})
	r.Op(checktest.Args{Client: 2, F: objects.FRelease, Key: "l", Inv: 150, Ret: 155, Outcome: history.OK, In: objects.Held{Held: true}, Session: 3})
	whole := r.Build()
	for name, damage := range map[string]func(*history.History){
		"a time that runs back": func(h *history.History) { h.Events[len(h.Events)-1].Time = checktest.Unit },
		"a value that cannot be read": func(h *history.History) {
			for i := range h.Events {
				if e := &h.Events[i]; e.F == objects.FAcquire && e.Type == history.OK && e.Client == 2 {
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
			h := whole.With(slices.Clone(whole.Events))
			damage(h)
			rep := Run(t.Context(), reread(t, h), Options{})
			i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "exclusion" })
			if v := rep.Verdicts[i]; rep.Verdict != Violation || v.Result != Violation || len(v.Counterexample) == 0 {
				t.Errorf("%s: %+v", rep.Verdict, v)
			}
			if as := rep.Assumptions; !slices.ContainsFunc(as, func(s Assumption) bool { return s.Name == "record" && !s.Met }) {
				t.Errorf("the damage is not told: %+v", as)
			}
		})
	}
	cut := whole.With(whole.Events)
	cut.Complete, cut.Truncated = false, true
	if rep := Run(t.Context(), cut, Options{}); rep.Verdict != Violation {
		t.Errorf("cut off: %+v", rep)
	}
}

// A run in which nothing went wrong does not look wrong because a line of its record is
// missing, or a value cannot be read.
func TestMissingEvidenceProvesNothing(t *testing.T) {
	for _, model := range Models() {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			var h *history.History
			if model == objects.Session.Name {
				h, _ = sessionRun(1, "", 60)
			} else {
				h = checktest.Good(model, 8).Build()
			}
			for i := 1; i < len(h.Events); i++ {
				gone, unreadable := h.With(slices.Delete(slices.Clone(h.Events), i, i+1)), h.With(slices.Clone(h.Events))
				unreadable.Events[i].Value = []byte(`[7]`)
				for _, bad := range []*history.History{reread(t, gone), reread(t, unreadable)} {
					rep := Run(t.Context(), bad, Options{NoReference: true, Strict: true})
					for _, v := range rep.Verdicts {
						if v.Result == Violation {
							t.Fatalf("event %d of %d: %+v\n%s", i, len(h.Events), v, checktest.Dump(bad))
						}
					}
					if bad.Missing > 0 && rep.Verdict != Unknown {
						t.Fatalf("event %d is missing: %s", i, rep.Verdict)
					}
				}
			}
		})
	}
}
