package checker

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	objects "github.com/zklab/zklab/history/models"
)

// watched returns a record without transactions, whose tree watch told the same changes. edit changes them first.
func watched(h *history.History, txns []history.Txn, edit func(*history.TreeWatch)) *history.History {
	w := historytest.TreeWatch(txns, h.Header.Params.Root)
	edit(&w)
	events := slices.Clone(h.Events)
	at := len(events) - 1 // before the end mark
	fact := history.Event{Time: events[at].Time, Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FTreeWatch, Value: history.Value(w)}
	events = slices.Insert(events, at, fact)
	for i := range events[at:] {
		events[at+i].Index = at + i
	}
	of := h.With(events)
	of.Header.Params.Unlogged = true
	return of
}

// byWatch are the properties that the tree watch decides in place of the log.
var byWatch = []string{"own-znodes", "grant"}

// violated returns which keys violate the properties that the tree watch decides.
func violated(t *testing.T, h *history.History, txns []history.Txn) (keys []string) {
	t.Helper()
	for _, v := range Run(t.Context(), h, Options{Transactions: txns, NoReference: true, Quick: true}).Verdicts {
		if slices.Contains(byWatch, v.Property) && v.Result == Violation {
			keys = append(keys, v.Property+" "+v.Key)
		}
	}
	return keys
}

// Of stored runs, a tree watch accuses nobody that the log does not accuse, whatever it does not know.
func TestTreeWatchOfStoredRuns(t *testing.T) {
	dirs, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(dirs) < 40 {
		t.Fatalf("%d stored runs, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		h, txns, err := checktest.Stored(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(txns) == 0 || h.Header.Params.Root == "" {
			continue
		}
		want := violated(t, h, txns)
		for name, edit := range lessWatched {
			for _, key := range violated(t, watched(h, txns, edit), nil) {
				if !slices.Contains(want, key) {
					t.Errorf("%s, with %s: %s is accused", filepath.Base(dir), name, key)
				}
			}
		}
	}
}

// A run says why the tree watch told nothing.
func TestWithoutTreeWatch(t *testing.T) {
	c := ownZnodeScenarios(objects.Lock.Name)[0]
	for name, want := range map[string]string{"nothing": "cannot be read, and the tree watch is not complete: no server could be watched", "all": ""} {
		got := ""
		for _, n := range Run(t.Context(), watched(c.record.Build(), c.record.Txns, lessWatched[name]), Options{}).NotAvailable {
			if n.Name == c.property {
				got = n.Why
			}
		}
		if got == "" && want != "" || !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A tree watch that tells all decides as the log does. One that does not know who made the changes accuses nobody.
func TestTreeWatchDecides(t *testing.T) {
	scenarios := slices.Clone(logScenarios)
	for name, m := range models {
		if slices.Contains(m.Properties, frame.OwnZnodes) {
			scenarios = append(scenarios, ownZnodeScenarios(name)...)
		}
	}
	decided := map[Result]int{}
	for _, c := range scenarios {
		if !slices.Contains(byWatch, c.property) || strings.Contains(c.name, "past the wrap") { // whose numbers are not known from names alone
			continue
		}
		h := c.record.Build()
		f := decideOne(t, watched(h, c.record.Txns, lessWatched["all"]), c.property, nil)
		decided[c.want]++
		says := strings.ReplaceAll(c.says, "the transaction log", "what zklab's tree watch saw")
		if got := orValid(f); got != c.want || !strings.Contains(f.Reason, says) {
			t.Errorf("%s is %s, want %s: %+v", c.name, got, c.want, f)
		}
		for name, edit := range lessWatched {
			if keys := violated(t, watched(h, c.record.Txns, edit), nil); len(keys) > 0 && (c.want != Violation || name == "no author" || name == "nothing") {
				t.Errorf("%s, with %s: %v is accused", c.name, name, keys)
			}
		}
	}
	if decided[Violation] < 10 || decided[Valid] < 10 {
		t.Errorf("%v", decided)
	}
}

// lessWatched are tree watches that know all, or less.
var lessWatched = map[string]func(*history.TreeWatch){
	"all": func(*history.TreeWatch) {},
	"half of the authors": func(w *history.TreeWatch) {
		for i := range w.Changes {
			if c := &w.Changes[i]; c.Zxid%2 == 0 {
				c.Session, c.Cxid, c.Sequential, c.Owner = 0, 0, false, 0
			}
		}
	},
	"no author": func(w *history.TreeWatch) {
		for i := range w.Changes {
			c := &w.Changes[i]
			c.Session, c.Cxid, c.Sequential = 0, 0, false
		}
	},
	"a hole": func(w *history.TreeWatch) {
		if len(w.Changes) < 10 {
			return
		}
		from, to := w.Changes[len(w.Changes)/3].Zxid, w.Changes[len(w.Changes)/2].Zxid
		w.Changes = slices.DeleteFunc(w.Changes, func(c history.TreeChange) bool { return from < c.Zxid && c.Zxid <= to })
		w.Stretches = []history.ZxidStretch{{From: w.Stretches[0].From, To: from}, {From: to, To: w.Stretches[len(w.Stretches)-1].To}}
	},
	"nothing": func(w *history.TreeWatch) { *w = history.TreeWatch{Why: "no server could be watched"} },
}
