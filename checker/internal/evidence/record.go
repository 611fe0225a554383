package evidence

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/models"
)

// Record holds what every check needs of a history, read once. Checks share it: after [Read] only the
// damage changes, and the values that packages keep with it ([Once]).
type Record struct {
	History *history.History
	Object  *models.Model
	Params  history.Params
	// Foreign means that zklab did not write the history. It states no facts about its run,
	// so there is nothing to assume about it.
	Foreign bool
	Offers  history.Offers // what the record says outright that a subject can do
	Offered bool           // the record says so

	// Memory is roughly how many bytes searches may use, all together; 0 means DefaultMemory.
	Memory int64
	// SearchTime bounds the search for one key of an object that a program declares; 0 is the default.
	SearchTime time.Duration
	// Quick means that counterexamples need not be small.
	Quick bool

	Keys []*Key // in order of key

	Agreements []Agreement // in order

	Sessions
	Processes
	Timing
	Faults Faults
	Links
	Committed
	Damage
	memos
}

// BudgetSpent is the reason of an unknown verdict for which the budget for checking left no time.
const BudgetSpent = "the time for checking (--budget) was used up before this could be decided"

// DefaultMemory is roughly how many bytes searches may use by default.
const DefaultMemory = 256 << 20

// Agreement is the result of a comparison of the servers, with its event.
type Agreement struct {
	history.Agreement
	Event int
}

// Key holds what happened to one object, with the record that it belongs to.
type Key struct {
	*Record
	Name  string
	Facts []*history.Event // lost, drained, final, renewed: in order

	ops         []*history.Operation // in order of invocation
	invocations []int32              // the indices of the operations' invocations, if the record is packed
	memos
}

// Read reads h, as a history of a model (nil: the one that it names), and the transactions of its
// run, if they are known. It stops early when ctx ends; the caller checks ctx.
func Read(ctx context.Context, h *history.History, of *models.Model, list []history.Txn) *Record {
	return read(ctx, h, of, Committed{Transactions: list})
}

// ReadPacked is like Read, with packed transactions; packed is nil if they are not known.
func ReadPacked(ctx context.Context, h *history.History, of *models.Model, packed *history.PackedTxns) *Record {
	return read(ctx, h, of, Committed{packed: packed})
}

func read(ctx context.Context, h *history.History, of *models.Model, committed Committed) *Record {
	if of == nil {
		of = models.Of(h)
	}
	if !of.Packs {
		h = h.Unpacked()
	}
	h = inOrder(h)
	a := &Record{
		History:   h,
		Object:    of,
		Params:    h.Header.Params,
		Foreign:   h.Header.Version == 0,
		Sessions:  newSessions(),
		Processes: newProcesses(),
		Timing:    Timing{Health: map[string]healthAt{}},
		Links:     Links{carried: map[history.ID]bool{}},
		Committed: committed,
	}
	if err := a.Params.Check(); err != nil { // the reader of the file has refused it
		a.Damage.note(0, err.Error())
		a.Params = history.Params{}
	}
	if !a.readEvents(ctx) {
		return a
	}
	a.unpaired()
	a.findUnlinked()
	a.readLog()
	a.giveUps()
	a.connections()
	a.absences()
	a.settleTimes()
	return a
}

// readEvents reads all events, and sorts operations and facts by key. It returns false if ctx ended
// before that.
func (a *Record) readEvents(ctx context.Context) bool {
	keys := map[string]*Key{}
	if a.Object.Keyless {
		keys[""] = &Key{Record: a}
	}
	record := func(key string) *Key {
		k := keys[key]
		if k == nil {
			k = &Key{Record: a, Name: key}
			keys[key] = k
		}
		return k
	}
	for e := range a.History.All() {
		if e.Index&0xffff == 0 && ctx.Err() != nil {
			return false
		}
		if a.History.Packed() && e.Process >= 0 && e.Type == history.Invoke {
			k := record(a.keyOf(e.Key))
			k.invocations = append(k.invocations, int32(e.Index))
		}
		a.End = max(a.End, e.Time)
		switch e.F {
		case history.FDrained, history.FFinal, history.FLost, history.FRenewed, history.FMade, history.FUnreturned:
			if e.Process < 0 {
				k := record(a.keyOf(e.Key))
				k.Facts = append(k.Facts, e)
			}
		}
		if e.Process == history.Nemesis {
			a.readFact(e)
		}
		a.readSession(e)
		a.readUsed(e)
		a.readProcess(e)
	}
	if !a.History.Packed() {
		for _, op := range a.History.Operations() {
			k := record(a.keyOf(op.Key))
			k.ops = append(k.ops, op)
		}
	}
	for _, k := range keys {
		a.Keys = append(a.Keys, k)
	}
	slices.SortFunc(a.Keys, func(x, y *Key) int { // k2 before k10
		return cmp.Or(cmp.Compare(len(x.Name), len(y.Name)), strings.Compare(x.Name, y.Name))
	})
	return true
}

// keyOf returns the key that decides what happened to a key.
func (a *Record) keyOf(key string) string {
	if a.Object.Keyless {
		return ""
	}
	return key
}

// readFact reads one fact about the run.
func (a *Record) readFact(e *history.Event) {
	switch e.F {
	case history.FOffers:
		a.Decode(e, &a.Offers)
		a.Offered = true
	case history.FPhase:
		var p history.Phase
		a.Decode(e, &p)
		a.phases = append(a.phases, phaseAt{p.Name, e.Time})
	case history.FHealth:
		var v history.Health
		a.Decode(e, &v)
		a.Health[v.When] = healthAt{v, e.Time}
	case history.FStall:
		var s history.Stall
		a.Decode(e, &s)
		a.Stalls = append(a.Stalls, Span{From: e.Time - s.Gap, To: e.Time})
	case history.FClock:
		var c history.Clock
		a.Decode(e, &c)
		a.drifted(c.Drift)
	case history.FHarness:
		var own history.Harness
		a.Decode(e, &own)
		a.carried[own.Session] = true
	case history.FTreeWatch:
		var w history.TreeWatch
		a.Decode(e, &w)
		a.treeWatch = append(a.treeWatch, w)
	case history.FAgreement:
		g := Agreement{Event: e.Index}
		a.Decode(e, &g.Agreement)
		a.Agreements = append(a.Agreements, g)
	default:
		if faults.Tells(e) {
			a.readFault(e)
		}
	}
}
