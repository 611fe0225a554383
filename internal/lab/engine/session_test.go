package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// beside lists the other promises that may be broken besides the one by which a corruption is found:
// those that follow from it, as the comments of package corruptproxy say. In a record without the
// servers' transactions, more promises may seem to be broken.
var beside = map[corruptproxy.Corruption]struct{ logged, bare []string }{
	corruptproxy.EphemeralGone: {logged: []string{"watch-before-data"}, bare: []string{"watch-before-data", "ephemeral"}},
	corruptproxy.LostWrite:     {bare: []string{"own-writes", "fenced", "single-image", persistent}},
	corruptproxy.NameTwice:     {bare: []string{"own-writes", "fenced", "single-image", "durable", "atomic", "ephemeral", "event-order", persistent}},
	corruptproxy.ContainerFull: {bare: []string{"own-writes", "fenced", "single-image", "durable"}}, // its child is also deleted
	corruptproxy.MultiIndex:    {logged: []string{"rights"}, bare: []string{"rights"}},              // the blamed operation was not one of those
	corruptproxy.Reordered:     {logged: []string{"answers"}, bare: []string{"answers"}},
	corruptproxy.Unanswered:    {logged: []string{"answers"}, bare: []string{"answers"}},
	corruptproxy.ExpiredAlive:  {logged: []string{"ephemeral"}, bare: []string{"ephemeral"}}, // the session goes on
	corruptproxy.Undying:       {logged: []string{"expiry"}},
	corruptproxy.VersionOff:    {bare: []string{"single-image"}},
	corruptproxy.EphemeralKept: {bare: []string{"event-order"}}, // clients that watched it got the event of its deletion
	corruptproxy.EventFalse:    {logged: []string{"one-event"}, bare: []string{"one-event"}},
	corruptproxy.EventOfFailed: {logged: []string{"one-event"}, bare: []string{"one-event"}},
	corruptproxy.ChildMissing:  {logged: lacksChild, bare: lacksChild},
	corruptproxy.PzxidKept:     {logged: []string{"atomic", "single-image"}, bare: []string{"single-image", "own-writes", "atomic", "durable"}}, // it shows no deletion
	corruptproxy.DoneTwice:     {bare: []string{"single-image", "own-writes", "fenced", "durable", "ephemeral"}},
	corruptproxy.EventLate:     {logged: []string{persistent}, bare: []string{persistent}},
	corruptproxy.EventTwice:    {logged: []string{persistent}, bare: []string{persistent}},
	corruptproxy.EventMissing:  {logged: []string{persistent}, bare: []string{persistent}},
	corruptproxy.EventKind:     {logged: []string{persistent}, bare: []string{persistent}},
}

// persistent is the promise that corruptions of events also break for persistent watches.
const persistent = "persistent-watch"

// lacksChild lists the promises that a list of children can break if it lacks a child: which ones
// depends on who created the child, and on what the session knows.
var lacksChild = []string{"own-writes", "single-image", "atomic", "durable", "ephemeral"}

// foundBare has the properties that find a corruption in a record without transactions, if they are
// different ones; "" means none.
var foundBare = map[corruptproxy.Corruption]string{
	corruptproxy.EphemeralGone: "",      // a client that got no answer may have deleted it
	corruptproxy.NameTwice:     "names", // without transactions, only the servers' answers are known
	corruptproxy.PzxidKept:     "fenced",
	corruptproxy.TornRead:      "durable", // the data is not what was written at that zxid
}

// Each corruption between clients and servers is found by the property that
// forbids it, and breaks no other promise than those that follow from it.
func TestCorruptionsAreFound(t *testing.T) {
	for _, s := range few(planted(sessions)) {
		kind := corruptproxy.Corruption(strings.TrimPrefix(s.Name, specimens.Broken+":"))
		t.Run(string(kind), func(t *testing.T) {
			x := briefly(t, s)
			x.Seed = 1
			o := virtually(t, x)
			txns := must.Get(history.OpenTxns(o.Run.Transactions()))(t)
			bare, ok := foundBare[kind]
			if !ok {
				bare = s.Property
			}
			wantFound(t, s.Property, beside[kind].logged, judgeBare(t, o.Run, txns))
			wantFound(t, bare, beside[kind].bare, judgeBare(t, o.Run, nil))
		})
	}
}

// wantFound requires a violation of a property, unless it is "", and allows no other violations than
// those in more.
func wantFound(t *testing.T, property string, more []string, r *store.Result) {
	t.Helper()
	var all []string
	for _, v := range r.Verdicts {
		if v.Result == checker.Violation {
			all = append(all, v.Property)
		}
	}
	odd := slices.ContainsFunc(all, func(p string) bool { return p != property && !slices.Contains(more, p) })
	if odd || property != "" && !slices.Contains(all, property) {
		t.Errorf("%q are violated; want %q, and perhaps %q", all, property, more)
		runtest.Explain(t, r)
	}
}

// judgeBare decides the record with the given transactions, or without any.
func judgeBare(t *testing.T, run *store.Run, txns []history.Txn) *store.Result {
	t.Helper()
	record := must.Get(os.ReadFile(run.History()))(t)
	path := filepath.Join(t.TempDir(), "history.jsonl")
	must.Do(t, os.WriteFile(path, record, 0o644))
	bare := must.Get(store.Open("", path))(t)
	return must.Get(zklab.Judge(t.Context(), bare, checker.Options{Transactions: txns}))(t)
}

// The servers keep their promises to sessions under every fault of the clients' links and of servers.
// The record has much of everything, and is decided with the servers' transactions.
func TestSessionUnderFaults(t *testing.T) {
	limit := 40 * time.Second
	if testing.Short() {
		limit = 10 * time.Second
	}
	o := valid(t, virtually(t, engine.Config{
		Workload: workloads.Session{}, Settings: settings.Settings{TimeLimit: limit, OptionalFaults: testing.Short()}, Seed: 1,
		Faults: plan.Every(2*time.Second,
			faults.Reset{}, faults.LoseReply{}, faults.Move{}, faults.LateEvent{}, faults.LoseRequest{}, faults.StallLink{}, faults.Pause{}, faults.Expire{}),
	}))
	if bare := judgeBare(t, o.Run, nil); bare.Verdict == checker.Violation {
		t.Error("without transactions promises seem to be broken")
		runtest.Explain(t, bare)
	}
	if !testing.Short() {
		rich(t, o.Run)
	}
}

// rich requires much of everything in the record of a run.
func rich(t *testing.T, run *store.Run) {
	t.Helper()
	h, err := history.Open(run.History())
	if err != nil || len(h.Damage) > 0 {
		t.Fatalf("%v, %q", err, h.Damage)
	}
	count := map[string]int{}
	for i := range h.Events {
		e := &h.Events[i]
		count[e.F]++
		switch e.F {
		case history.FRequest:
			var q history.Request
			must.Do(t, e.Decode(&q))
			count[q.Op]++
			if q.Watch {
				count["watch of "+q.Op]++
			}
		case history.FReply:
			var a history.Reply
			must.Do(t, e.Decode(&a))
			if a.Error != 0 {
				count["refusal"]++
			}
		case history.FEvent:
			var w history.WatchEvent
			must.Do(t, e.Decode(&w))
			count[w.Type]++
		}
	}
	for what, least := range map[string]int{
		history.FRequest: 5000, history.FReply: 5000, history.FEvent: 500, history.FDead: 30, history.FExpired: 5,
		"create": 500, "setData": 500, "delete": 200, "multi": 200, "getData": 1000, "exists": 500, "getChildren2": 200, "sync": 100,
		"setWatches": 3, "closeSession": 20, "watch of getData": 50, "watch of exists": 50, "watch of getChildren2": 50, "refusal": 300,
		"nodeCreated": 20, "nodeDeleted": 20, "nodeDataChanged": 50, "nodeChildrenChanged": 50,
		models.FPipeline: 100, models.FReads: 100, models.FWatch: 100, models.FTogether: 50, models.FEphemerals: 50, models.FSequence: 50,
		models.FVisit: 10, models.FSyncRead: 50, models.FFencedRead: 20, models.FConflict: 20,
	} {
		if count[what] < least {
			t.Errorf("%d of %s, want %d", count[what], what, least)
		}
	}
}
