package checker

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// ended returns a run of a model in which every operation, by whatever client, ended with a
// code.
func ended(model, code string) *checktest.Record {
	r := checktest.Ours(model, history.Params{Clients: 1, Servers: 3})
	for i, of := range models[model].Object.Operations {
		begin := history.Event{Process: history.Process(i), Client: i, Type: history.Invoke, F: of.F, Key: "k"}
		r.Add(10*i+1, begin)
		begin.Type, begin.Error = history.Info, &history.Error{Code: code, Message: "the subject panicked: no \x1bmembers, at a.go:7"}
		r.Add(10*i+2, begin)
	}
	return r
}

// noPanic returns the verdict on panics; nil if there is none.
func noPanic(t *testing.T, h *history.History, opts Options) *Verdict {
	t.Helper()
	vs := Run(t.Context(), h, opts).Verdicts
	i := slices.IndexFunc(vs, func(v Verdict) bool { return v.Property == "no-panic" })
	if i < 0 {
		return nil
	}
	return &vs[i]
}

// A call that panicked is a violation, of each model and in each of its operations.
func TestNoPanic(t *testing.T) {
	for _, model := range Models() {
		v := noPanic(t, ended(model, history.CodePanic).Build(), Options{})
		operations := models[model].Object.Operations
		says := "client 0 called " + operations[0].F + ` of k at 0.001 s: the subject panicked: no \x1bmembers, at a.go:7`
		if v == nil || v.Result != Violation || v.Reason != says || len(v.Counterexample) != 2 || v.Figures["panics"] != float64(len(operations)) {
			t.Errorf("%s: %+v, want %q", model, v, says)
		}
		for _, code := range []string{history.CodeError, history.CodeTimeout, history.CodeProcess} {
			if v := noPanic(t, ended(model, code).Build(), Options{}); v != nil {
				t.Errorf("%s, %s: %+v", model, code, v)
			}
		}
	}
}

// Neither a client that goes around its link nor a damaged record explains a panic.
func TestPanicWhateverHappened(t *testing.T) {
	r := ended(objects.Lock.Name, history.CodePanic).Opens(1).Touches(9)
	r.Header.Params.Root = "/"
	h := r.Build()
	h.Missing, h.Damage = 3, []string{"lines are missing"}
	if v := noPanic(t, h, Options{Transactions: r.Txns}); v == nil || v.Result != Violation {
		t.Errorf("%+v", v)
	}
}

// A panic in a release that was called again shows that the release had failed before.
func TestPanicInACallAgain(t *testing.T) {
	for _, tt := range []struct {
		first history.Type
		says  string
	}{
		{history.Info, "client 0 called release of k at 0.040 s, again after it had failed at 0.031 s: the subject panicked"},
		{history.Fail, "client 0 called release of k at 0.040 s, again after it had failed at 0.031 s: the subject panicked"},
		{history.OK, "client 0 called release of k at 0.040 s: the subject panicked"},
	} {
		release := checktest.Args{Client: 0, F: objects.FRelease, Key: "k", Inv: 30, Ret: 31, Outcome: tt.first, In: objects.Held{Held: true}, Session: 1}
		panics := release
		panics.Inv, panics.Ret, panics.Outcome, panics.Err = 40, 41, history.Info, &history.Error{Code: history.CodePanic}
		r := checktest.Ours(objects.Lock.Name, history.Params{Clients: 1}).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1}).Op(release).Op(panics)
		if v := noPanic(t, r.Build(), Options{}); v == nil || v.Reason != tt.says {
			t.Errorf("%+v, want %q", v, tt.says)
		}
	}
}
