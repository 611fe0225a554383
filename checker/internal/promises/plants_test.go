package promises_test

import (
	"math/rand/v2"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/simulated/sessions"
)

// plants are the defects of one event. Each looks for the places where it certainly
// contradicts the transactions, and changes the events at one of them; it returns nil
// if there is none. With the transactions all must be found; bare is the share of
// defects that must be found without them.
var plants = []struct {
	name string
	do   func(s *sheet, rng *rand.Rand) []history.Event
	bare float64
}{
	{"other data", read("getData", func(_ *sheet, _ int, _ history.Request, a *history.Reply) bool {
		a.Data = append([]byte("not "), a.Data...)
		return true
	}), 0.7},
	{"false acknowledgement", reply(acknowledged), 0.4},
	{"false refusal", reply(refused), 0.15},
	{"another error", reply(otherError), 0},
	{"half a multi", reply(half), 1},
	{"a name twice", reply(twice()), 0.9},
	{"lost ephemeral", read("", func(_ *sheet, _ int, _ history.Request, a *history.Reply) bool {
		lost := a.Stat != nil && a.Stat.Owner != 0
		*a = history.Reply{Xid: a.Xid, Error: -101}
		return lost
	}), 0.4},
	{"kept ephemeral", older(func(n state) bool { return n.present && n.stat.Owner != 0 }), 0.5},
	{"older view", older(func(n state) bool { return n.present }), 0.5},
	{"lost znode", older(func(n state) bool { return !n.present }), 0.25},
	{"lost child", read("getChildren", func(_ *sheet, _ int, _ history.Request, a *history.Reply) bool {
		if len(a.Children) == 0 {
			return false
		}
		a.Children = a.Children[1:]
		return true
	}), 0.8},
	{"lost child and its number", read("getChildren", func(_ *sheet, _ int, _ history.Request, a *history.Reply) bool {
		if len(a.Children) == 0 {
			return false
		}
		if a.Children = a.Children[1:]; a.Stat != nil {
			stat := *a.Stat
			stat.NumChildren--
			a.Stat = &stat
		}
		return true
	}), 0.4},
	{"late event", lateEvent, 1},
	{"lost event", lostEvent, 0.7},
	{"doubled event", eachEvent(func(s *sheet, i int, _ *rand.Rand) []history.Event {
		return slices.Insert(slices.Clone(s.events), i, s.events[i])
	}), 1},
	{"event of another kind", eachEvent(otherKind), 0.7},
	{"swapped events", eachEvent(swapped), 1},
}

// pick calls do with places in a random order, until it has done something.
func pick(s *sheet, rng *rand.Rand, do func(i int) []history.Event) []history.Event {
	for _, i := range rng.Perm(len(s.events)) {
		if _, ok := s.conns[i]; !ok {
			continue
		}
		if got := do(i); got != nil {
			return got
		}
	}
	return nil
}

// with returns the events, with another value in one of them.
func (s *sheet) with(i int, v any) []history.Event {
	events := slices.Clone(s.events)
	events[i].Value = history.Value(v)
	return events
}

// reply makes a defect in a reply to a write. do is called with the transaction, which
// may be nil, and reports whether it changed the reply.
func reply(do func(s *sheet, i int, q history.Request, t *history.Txn, a *history.Reply) bool) func(*sheet, *rand.Rand) []history.Event {
	return func(s *sheet, rng *rand.Rand) []history.Event {
		return pick(s, rng, func(i int) []history.Event {
			t := s.txnOf(i)
			if t == nil {
				return nil
			}
			q, _ := s.request(i)
			a := s.value(i).(history.Reply)
			if !do(s, i, q, t, &a) {
				return nil
			}
			return s.with(i, a)
		})
	}
}

// acknowledged makes a refused write look done.
func acknowledged(s *sheet, i int, q history.Request, t *history.Txn, a *history.Reply) bool {
	if a.Error == 0 || t.Type != "error" {
		return false
	}
	a.Error = 0
	n := s.views(i, q.Path)[0]
	switch q.Op {
	case "create":
		a.Path = q.Path
		return !q.Sequential
	case "setData":
		stat := n.stat
		stat.Mzxid, stat.Version = t.Zxid, stat.Version+1
		a.Stat = &stat
		return n.present
	}
	return q.Op == "delete"
}

// refused makes a write that was done look refused.
func refused(_ *sheet, _ int, q history.Request, _ *history.Txn, a *history.Reply) bool {
	if a.Error != 0 || q.Op == "multi" {
		return false
	}
	*a = history.Reply{Xid: a.Xid, Error: -101}
	return true
}

func otherError(_ *sheet, _ int, q history.Request, t *history.Txn, a *history.Reply) bool {
	other := func(code int32) int32 {
		if code == -101 {
			return -110
		}
		return -101
	}
	if q.Op == "multi" {
		k := slices.IndexFunc(a.Parts, func(p history.Reply) bool { return p.Error != 0 })
		if k < 0 {
			return false
		}
		a.Parts = slices.Clone(a.Parts)
		a.Parts[k].Error = other(a.Parts[k].Error)
		return true
	}
	if a.Error == 0 || t.Error != a.Error {
		return false
	}
	a.Error = other(a.Error)
	return true
}

// half makes one part of a multi look done and another one not.
func half(_ *sheet, _ int, _ history.Request, _ *history.Txn, a *history.Reply) bool {
	did := slices.IndexFunc(a.Parts, func(p history.Reply) bool { return p.Error == 0 && (p.Path != "" || p.Stat != nil) })
	if did < 0 || len(a.Parts) < 2 {
		return false
	}
	a.Parts = slices.Clone(a.Parts)
	a.Parts[(did+1)%len(a.Parts)] = history.Reply{Error: -101}
	return true
}

// twice gives a sequential znode the name of one that was made before it under the same
// parent.
func twice() func(s *sheet, i int, q history.Request, t *history.Txn, a *history.Reply) bool {
	return func(s *sheet, i int, q history.Request, t *history.Txn, a *history.Reply) bool {
		if !q.Sequential || a.Path == "" {
			return false
		}
		for k := i - 1; k >= 0; k-- {
			before, ok := s.value(k).(history.Reply)
			asked, _ := s.request(k)
			if ok && asked.Sequential && before.Path != "" && before.Path != a.Path && path.Dir(before.Path) == path.Dir(a.Path) && s.events[k].Zxid < t.Zxid {
				a.Path = before.Path
				return true
			}
		}
		return false
	}
}

// read makes a defect in the answer to a read. do reports whether it made one.
func read(op string, do func(s *sheet, i int, q history.Request, a *history.Reply) bool) func(*sheet, *rand.Rand) []history.Event {
	return func(s *sheet, rng *rand.Rand) []history.Event {
		return pick(s, rng, func(i int) []history.Event {
			q, ok := s.request(i)
			if !ok || q.Path == "/" || !slices.Contains([]string{"exists", "getData", "getChildren", "getChildren2"}, q.Op) ||
				op != "" && q.Op != op && q.Op != op+"2" {
				return nil
			}
			a := s.value(i).(history.Reply)
			if a.Error != 0 || !do(s, i, q, &a) || s.can(i, q, a) {
				return nil
			}
			return s.with(i, a)
		})
	}
}

// older makes a read show a state that was over.
func older(want func(n state) bool) func(*sheet, *rand.Rand) []history.Event {
	return func(s *sheet, rng *rand.Rand) []history.Event {
		return pick(s, rng, func(i int) []history.Event {
			q, ok := s.request(i)
			if !ok || q.Path == "/" || !slices.Contains([]string{"exists", "getData", "getChildren", "getChildren2"}, q.Op) {
				return nil
			}
			all := s.states[q.Path]
			k := slices.IndexFunc(all, func(n state) bool { return n.from > s.low[i] })
			if k < 0 {
				k = len(all)
			}
			a := s.value(i).(history.Reply)
			if k--; k < 1 || !want(all[k-1]) || a.Error != 0 && !all[k-1].present {
				return nil
			}
			before := history.Reply{Xid: a.Xid, Error: -101}
			if all[k-1].present {
				before = all[k-1].show(q, a)
			}
			if s.can(i, q, before) {
				return nil
			}
			return s.with(i, before)
		})
	}
}

// eachEvent makes a defect in an event that reports its change.
func eachEvent(do func(s *sheet, i int, rng *rand.Rand) []history.Event) func(*sheet, *rand.Rand) []history.Event {
	return func(s *sheet, rng *rand.Rand) []history.Event {
		return pick(s, rng, func(i int) []history.Event {
			if e := s.events[i]; e.F != history.FEvent || e.Zxid <= 0 {
				return nil
			}
			return do(s, i, rng)
		})
	}
}

// behind returns the facts of a connection after one of them.
func (s *sheet) behind(i int) []int {
	all := s.facts[s.conns[i]]
	return all[slices.Index(all, i)+1:]
}

// lateEvent moves an event behind a reply that shows its change.
func lateEvent(s *sheet, rng *rand.Rand) []history.Event {
	return eachEvent(func(s *sheet, i int, _ *rand.Rand) []history.Event {
		for _, k := range s.behind(i) {
			if s.events[k].F != history.FReply || s.events[k].Zxid < s.events[i].Zxid {
				continue
			}
			events := slices.Clone(s.events)
			moved := events[i]
			moved.Time = events[k].Time
			copy(events[i:k], events[i+1:k+1])
			events[k] = moved
			return events
		}
		return nil
	})(s, rng)
}

// lostEvent removes an event that a later reply requires: the answer that set the watch
// shows the state before the change, and the change was not undone.
func lostEvent(s *sheet, rng *rand.Rand) []history.Event {
	return eachEvent(func(s *sheet, i int, _ *rand.Rand) []history.Event {
		e := s.events[i]
		for _, k := range s.behind(i) {
			if s.events[k].F == history.FReply && s.events[k].Zxid >= e.Zxid && s.owed(i) {
				return slices.Delete(slices.Clone(s.events), i, i+1)
			}
			if s.events[k].F == history.FEvent && s.value(k).(history.WatchEvent).Path == s.value(i).(history.WatchEvent).Path {
				return nil
			}
		}
		return nil
	})(s, rng)
}

// owed reports whether a watch certainly waits for an event: some earlier answer set one, and
// shows what existed before the event's change and at no other time.
func (s *sheet) owed(i int) bool {
	w := s.value(i).(history.WatchEvent)
	all := s.facts[s.conns[i]]
	for _, k := range slices.Backward(all[:slices.Index(all, i)]) {
		if old, ok := s.value(k).(history.WatchEvent); ok && old.Path == w.Path {
			return false
		}
		q, ok := s.request(k)
		children := q.Op == "getChildren" || q.Op == "getChildren2"
		if !ok || q.Path != w.Path || !q.Watch || children != (w.Type == "nodeChildrenChanged") || w.Type == "nodeDeleted" {
			continue
		}
		a := s.value(k).(history.Reply)
		if a.Error != 0 && (q.Op != "exists" || a.Error != -101) {
			continue
		}
		n := 0
		for _, v := range s.views(k, q.Path) {
			if v.shows(q, a) {
				n++
			}
		}
		return n == 1
	}
	return false
}

// otherKind makes an event report something that did not happen.
func otherKind(s *sheet, i int, rng *rand.Rand) []history.Event {
	w := s.value(i).(history.WatchEvent)
	w.Type = []string{"nodeCreated", "nodeDeleted", "nodeDataChanged", "nodeChildrenChanged"}[rng.IntN(4)]
	if s.did[s.events[i].Zxid][w] {
		return nil
	}
	return s.with(i, w)
}

func swapped(s *sheet, i int, _ *rand.Rand) []history.Event {
	for _, k := range s.behind(i) {
		switch {
		case s.events[k].F == history.FRequest:
		case s.events[k].F == history.FEvent && s.events[k].Zxid > s.events[i].Zxid:
			events := slices.Clone(s.events)
			events[i], events[k] = events[k], events[i]
			events[i].Time, events[k].Time = events[k].Time, events[i].Time
			return events
		default:
			return nil
		}
	}
	return nil
}

// recorded returns a stored run, on Apache's servers or on zklab's own, with faults of
// servers and clients.
func recorded(t *testing.T, name string) *sheet {
	t.Helper()
	h, txns, err := checktest.Stored(filepath.Join("..", "..", "testdata", "corpus", name))
	if err != nil {
		t.Fatal(err)
	}
	run := promises.Run{Final: h.Events[len(h.Events)-1].Time}
	for i := range h.Events {
		if e := &h.Events[i]; e.F == history.FPhase && decoded[history.Phase](*e).Name == history.PhaseQuiesce {
			run.Final = e.Time
		}
	}
	return newSheet(h.Events, txns, run)
}

// TestDefectsAreFound plants each defect in simulated records and in two stored runs.
// With -v it tells how many of each were found. ZKLAB_WORLDS and ZKLAB_FIRST work as for
// TestCorrectServersKeepTheirPromises.
func TestDefectsAreFound(t *testing.T) {
	t.Parallel()
	n, first := runs()
	n = max(1, n/80)
	type tally struct{ planted, logged, bare int }
	count := make([]tally, len(plants))
	all := func(s *sheet, seed uint64, from string) {
		for k, p := range plants {
			rng := rand.New(rand.NewPCG(seed, uint64(k)))
			events := p.do(s, rng)
			if events == nil {
				continue
			}
			c := &count[k]
			c.planted++
			if len(broken(s.judge(t, slices.Clone(events), true))) > 0 {
				c.logged++
			} else {
				t.Errorf("%s %d: %s was not found", from, seed, p.name)
				tellDefect(t, s, events)
			}
			if len(broken(s.judge(t, events, false))) > 0 {
				c.bare++
			}
		}
	}
	for _, name := range []string{"session-zklab", "session-zklab-container"} {
		stored := recorded(t, name)
		if got := broken(stored.judge(t, slices.Clone(stored.events), true)); got != nil {
			t.Fatalf("%s breaks %q", name, got)
		}
		for seed := range uint64(2) {
			all(stored, seed, name)
		}
	}
	for seed := first; seed < first+uint64(n); seed++ {
		w := sessions.Run(seed, "", 1000)
		all(newSheet(w.Events, w.Transactions, promises.Run{Final: w.Final, Lag: sessions.SyncLag}), seed, "simulated run")
	}
	for k, c := range count {
		t.Logf("%-26s %4d planted, %4d found with transactions, %4d without", plants[k].name, c.planted, c.logged, c.bare)
		const enough = 5 // enough defects for a share to mean something: rare defects are in few runs
		if c.planted == 0 || c.planted >= enough && float64(c.bare) < plants[k].bare*float64(c.planted) {
			t.Errorf("%s: %d planted, and without transactions %d found", plants[k].name, c.planted, c.bare)
		}
	}
}

// tellDefect shows the first fact that a defect changed, with those of its connection
// around it.
func tellDefect(t *testing.T, s *sheet, events []history.Event) {
	t.Helper()
	for i := range min(len(events), len(s.events)) {
		if a, b := s.events[i], events[i]; a.F != b.F || string(a.Value) != string(b.Value) || a.Zxid != b.Zxid {
			t.Logf("at %d: %s %s %s became %s %s %s", i, a.F, a.Zxid, a.Value, b.F, b.Zxid, b.Value)
			if q, ok := s.request(i); ok {
				t.Logf("asked: %s; view %s to %s", history.Value(q), s.low[i], s.high[i])
			}
			return
		}
	}
}
