package checker

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	objects "github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/allocs"
)

// FuzzRun decides any lines as a history of any model, with any transactions: in
// bounded memory, with the same result each time, and with verdicts that give reasons.
func FuzzRun(f *testing.F) {
	for i, model := range Models() {
		for _, h := range seedHistories(model) {
			lines, err := historytest.Lines(h.h)
			if err != nil {
				f.Fatal(err)
			}
			var log bytes.Buffer
			if err := history.WriteTxns(&log, h.txns); err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), lines, log.Bytes())
			f.Add(uint8(i), lines, []byte(nil))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, lines, log []byte) {
		model := Models()[int(which)%len(Models())]
		header := checktest.Good(model, 0).Header
		header.Params.MinLoad = 2
		h := historytest.Salvage(header, lines)
		txns, err := history.ReadTxns(bytes.NewReader(log))
		if err != nil {
			return
		}
		opts := Options{Transactions: txns, NoReference: true, Budget: 5 * time.Second}
		var rep Report
		allocs.Within(t, len(lines)+len(log), 5000, func() { rep = Run(t.Context(), h, opts) })
		for i := range rep.Verdicts {
			checkVerdict(t, h, &rep.Verdicts[i])
		}
		again := Run(t.Context(), h, opts)
		rep.Cost, again.Cost = Cost{}, Cost{} // real time
		if !reflect.DeepEqual(rep, again) {
			t.Errorf("decided once -, twice +: %s", cmp.Diff(rep, again))
		}
		if _, err := json.Marshal(rep); err != nil {
			t.Error(err)
		}
	})
}

// FuzzHeader decides histories in which nothing went wrong under any parameters:
// nothing panics, and parameters that no run can have are not valid.
func FuzzHeader(f *testing.F) {
	for which := range recipeModels() {
		f.Add(uint8(which), 3, 3, int64(4e9), int64(5e8), int64(0), 2, 3)
		f.Add(uint8(which), 3, 3, int64(-4e10), int64(0), int64(0), 2, 3)
		f.Add(uint8(which), 3, 3, int64(math.MaxInt64), int64(0), int64(0), 2, 3)
		f.Add(uint8(which), 3, -1, int64(-4e9), int64(math.MaxInt64), int64(math.MinInt64), -7, 0)
		f.Add(uint8(which), 1<<40, 0, int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64), 1<<60, 1<<60)
		f.Add(uint8(which), 5, 5, int64(1), int64(1), int64(1), 0, -3)
	}
	f.Fuzz(func(t *testing.T, which uint8, clients, servers int, timeout, tick, reconnect int64, load, parties int) {
		model := recipeModels()[int(which)%len(recipeModels())]
		r := checktest.Good(model, 4)
		p := checktest.Sized(parties)
		p.Clients, p.Servers, p.MinLoad = clients, servers, load
		p.SessionTimeout, p.Tick, p.Reconnect = time.Duration(timeout), time.Duration(tick), time.Duration(reconnect)
		r.Header.Params = p
		rep := Run(t.Context(), r.Build(), Options{NoReference: true})
		if r.Header.Params.Check() != nil && rep.Verdict == Valid {
			t.Errorf("valid under %+v", r.Header.Params)
		}
	})
}

type seedHistory struct {
	h    *history.History
	txns []history.Txn
}

// seedHistories returns short histories of a model: one in which nothing went wrong,
// and some that violate a property.
func seedHistories(model string) []seedHistory {
	if model == objects.Session.Name {
		h, txns := sessionRun(1, "", 60)
		bad, its := sessionRun(3, "one event", 60)
		return []seedHistory{{h, txns}, {bad, its}}
	}
	h, txns := checktest.WithLog(checktest.Good(model, 2))
	list := []seedHistory{{h, txns}}
	for _, s := range slices.Concat(scenarios, awayScenarios, givenUpScenarios, logScenarios, registerScenarios()) {
		if r := s.record; r != nil && r.Header.Model == model && s.want == Violation && len(list) < 8 {
			list = append(list, seedHistory{r.Build(), r.Txns})
		}
	}
	return list
}

// checkVerdict checks what every verdict must have.
func checkVerdict(t *testing.T, h *history.History, v *Verdict) {
	t.Helper()
	switch v.Result {
	case Valid:
	case Unknown, Violation:
		if v.Reason == "" {
			t.Errorf("no reason: %+v", v)
		}
	default:
		t.Errorf("result %q", v.Result)
	}
	if v.Result == Violation && len(v.Counterexample) == 0 {
		t.Errorf("no counterexample: %+v", v)
	}
	for _, i := range v.Counterexample {
		if i < 0 || i >= len(h.Events) {
			t.Errorf("event %d of %d: %+v", i, len(h.Events), v)
		}
	}
	if text := strings.Join(v.Story, ""); strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("control characters: %q", text)
	}
}
