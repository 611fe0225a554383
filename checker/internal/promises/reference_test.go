package promises_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// reference decides a small record by trying everything: a server that applies the
// committed transactions one by one, and answers requests in their order between any two
// of them. The record is right if one way to do so sends what was recorded.
type reference struct {
	txns  []history.Txn
	asked []int // by which event each transaction, and all before it, had been asked for
	trees []smallTree
	// committed is, for each fact, the latest transaction that any client had been
	// shown.
	committed []int
	ackedBy   []int // the same for answers to writes
}

// smallConn lists what went over one connection of the session.
type smallConn struct {
	seen     history.ID
	requests []smallFact[history.Request]
	facts    []history.Event // replies and events
}

type smallFact[T any] struct {
	value T
	index int
}

func decoded[T any](e history.Event) (v T) {
	if err := e.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

// legal reports whether a record can come from servers that keep their promises.
func legal(events []history.Event, txns []history.Txn) bool {
	f := newReference(events, txns)
	return f.inTime(events) && !slices.ContainsFunc(connsOf(events), func(c *smallConn) bool { return !f.connection(c) })
}

func newReference(events []history.Event, txns []history.Txn) *reference {
	f := &reference{txns: txns}
	at := map[[2]int64]int{}
	top, acked := 0, 0
	for i := range events {
		e := &events[i]
		switch e.F {
		case history.FRequest:
			at[[2]int64{int64(e.Session), int64(decoded[history.Request](*e).Xid)}] = i
		case history.FReply, history.FEvent:
			top = max(top, f.shows(*e))
			for k, x := range txns {
				if e.F == history.FReply && x.Session == e.Session && x.Cxid == decoded[history.Reply](*e).Xid {
					acked = max(acked, k+1)
				}
			}
		}
		f.committed = append(f.committed, top)
		f.ackedBy = append(f.ackedBy, acked)
	}
	latest := 0
	for i := range txns {
		latest = max(latest, at[[2]int64{int64(txns[i].Session), int64(txns[i].Cxid)}])
		f.asked = append(f.asked, latest)
	}
	for i := range len(txns) + 1 {
		f.trees = append(f.trees, treeAfter(txns[:i]))
	}
	return f
}

// shows returns the transaction that a fact shows at least.
func (f *reference) shows(e history.Event) int {
	z := e.Zxid
	if e.F == history.FReply {
		a := decoded[history.Reply](e)
		for _, s := range append([]history.Reply{a}, a.Parts...) {
			if s.Stat != nil {
				z = max(z, s.Stat.Czxid, s.Stat.Mzxid, s.Stat.Pzxid)
			}
		}
	}
	return max(0, int(z-smallZxid(0)))
}

// inTime reports whether each write was committed after everything that any client had been
// shown when it was sent.
func (f *reference) inTime(events []history.Event) bool {
	for _, e := range events {
		if e.F != history.FRequest {
			continue
		}
		q := decoded[history.Request](e)
		for i, x := range f.txns {
			if x.Session == e.Session && x.Cxid == q.Xid && i+1 <= f.committed[e.Index] {
				return false
			}
		}
	}
	return true
}

func connsOf(events []history.Event) (all []*smallConn) {
	for i, e := range events {
		if e.Session != looked {
			continue
		}
		switch e.F {
		case history.FConnected:
			all = append(all, &smallConn{seen: decoded[history.Connected](e).Seen})
		case history.FRequest:
			c := all[len(all)-1]
			c.requests = append(c.requests, smallFact[history.Request]{decoded[history.Request](e), i})
		case history.FReply, history.FEvent:
			c := all[len(all)-1]
			c.facts = append(c.facts, e)
		}
	}
	return all
}

func (f *reference) connection(c *smallConn) bool {
	least := history.ID(c.seen)
	for _, e := range c.facts {
		if e.F == history.FReply {
			if e.Zxid < least {
				return false
			}
			least = e.Zxid
		}
	}
	from := 0
	if c.seen > 0 {
		from = int(c.seen - smallZxid(0))
	}
	for pos := from; pos <= len(f.txns); pos++ {
		if f.try(c, 0, 0, pos, 0, nil, nil) {
			return true
		}
	}
	return false
}

// try goes on from fact i and request q, with a server that has done pos transactions.
// Because of a sync, reads must show the transaction need.
func (f *reference) try(c *smallConn, i, q, pos, need int, data, children map[string]bool) bool {
	if i >= len(c.facts) {
		return true
	}
	if pos > 0 && f.asked[pos-1] > c.facts[i].Index {
		return false
	}
	if q < len(c.requests) && c.requests[q].index < c.facts[i].Index && f.reply(c, i, q, pos, need, data, children) {
		return true
	}
	if pos == len(f.txns) {
		return false
	}
	out, d, k := fires(f.trees[pos], &f.txns[pos], data, children)
	return f.asked[pos] <= c.facts[i].Index && sends(c, i, out, smallZxid(pos+1)) && f.try(c, i+len(out), q, pos+1, need, d, k)
}

// sends reports whether the facts from i on are the given events.
func sends(c *smallConn, i int, out []history.WatchEvent, z history.ID) bool {
	if i+len(out) > len(c.facts) {
		return sendsSome(c.facts[min(i, len(c.facts)):], out, z) // and then the connection ended
	}
	return sendsSome(c.facts[i:i+len(out)], out, z)
}

// sendsSome reports whether each of the facts is one of the given events.
func sendsSome(facts []history.Event, out []history.WatchEvent, z history.ID) bool {
	left := slices.Clone(out)
	for _, e := range facts {
		if e.F != history.FEvent || e.Zxid > 0 && e.Zxid != z {
			return false
		}
		k := slices.Index(left, decoded[history.WatchEvent](e))
		if k < 0 {
			return false
		}
		left = slices.Delete(left, k, k+1)
	}
	return true
}

// reply reports whether fact i can be the answer to request q.
func (f *reference) reply(c *smallConn, i, q, pos, need int, data, children map[string]bool) bool {
	r := c.requests[q].value
	if r.Op == "setWatches" {
		out, d, k := setAgain(r, f.trees[pos], data, children)
		if !sends(c, i, out, 0) {
			return false
		}
		if i += len(out); i >= len(c.facts) {
			return true
		}
		data, children = d, k
	}
	e := c.facts[i]
	if e.F != history.FReply || pos > 0 && f.asked[pos-1] > e.Index || e.Index < c.requests[q].index {
		return false
	}
	got := decoded[history.Reply](e)
	if got.Xid != r.Xid || int(e.Zxid-smallZxid(0)) > pos {
		return false
	}
	got.Xid = 0
	switch r.Op {
	case "sync":
		need = max(need, f.acked(c.requests[q].index))
	case "setWatches":
	case "exists", "getData", "getChildren", "getChildren2":
		n, ok := f.trees[pos][r.Path]
		if pos < need || !sameReply(got, smallShow(r, n, ok)) {
			return false
		}
		if r.Watch && (ok || r.Op == "exists") {
			if r.Op == "exists" || r.Op == "getData" {
				data = with(data, r.Path)
			} else {
				children = with(children, r.Path)
			}
		}
	default:
		if pos == 0 || f.txns[pos-1].Session != looked || f.txns[pos-1].Cxid != r.Xid || e.Zxid != smallZxid(pos) {
			return false
		}
		want := smallAnswer(r, f.txns[pos-1], f.trees[pos])
		want.Xid = 0
		if !sameReply(got, want) {
			return false
		}
	}
	return f.try(c, i+1, q+1, pos, need, data, children)
}

// acked returns the latest transaction for which a writer had the answer.
func (f *reference) acked(index int) int { return f.ackedBy[index] }

func with(m map[string]bool, p string) map[string]bool {
	n := map[string]bool{p: true}
	for k := range m {
		n[k] = true
	}
	return n
}

// sameReply compares what checkers consider.
func sameReply(a, b history.Reply) bool {
	for _, r := range []*history.Reply{&a, &b} {
		if r.Stat != nil {
			s := *r.Stat
			s.Cversion = 0
			r.Stat = &s
		}
		r.Children = slices.Clone(r.Children)
		slices.Sort(r.Children)
	}
	if a.Error != b.Error || a.Path != b.Path || !bytes.Equal(a.Data, b.Data) || !slices.Equal(a.Children, b.Children) ||
		(a.Stat == nil) != (b.Stat == nil) || a.Stat != nil && *a.Stat != *b.Stat || len(a.Parts) != len(b.Parts) {
		return false
	}
	for i := range a.Parts {
		if a.Parts[i].Error != b.Parts[i].Error || a.Parts[i].Path != b.Parts[i].Path {
			return false
		}
	}
	return true
}

// smallDefects change one fact of the observed session.
var smallDefects = []struct {
	name string
	do   func(rng *rand.Rand, s *small, events []history.Event, i int) []history.Event
}{
	{"none", func(_ *rand.Rand, _ *small, events []history.Event, _ int) []history.Event { return events }},
	{"zxid of an event or a header", func(rng *rand.Rand, s *small, events []history.Event, i int) []history.Event {
		if events[i].Zxid > 0 {
			events[i].Zxid = smallZxid(rng.IntN(len(s.txns) + 1))
		}
		return events
	}},
	{"lost", func(_ *rand.Rand, _ *small, events []history.Event, i int) []history.Event {
		if events[i].F == history.FEvent {
			return slices.Delete(events, i, i+1)
		}
		return events
	}},
	{"twice", func(_ *rand.Rand, _ *small, events []history.Event, i int) []history.Event {
		if events[i].F == history.FEvent {
			return slices.Insert(events, i, events[i])
		}
		return events
	}},
	{"late", func(rng *rand.Rand, _ *small, events []history.Event, i int) []history.Event {
		if events[i].F != history.FEvent {
			return events
		}
		for k := i + 1; k < len(events); k++ {
			if e := events[k]; e.Session == looked && e.F == history.FConnected {
				break
			} else if e.Session == looked && (e.F == history.FReply || e.F == history.FEvent) && rng.IntN(2) == 0 {
				moved := events[i]
				events = slices.Delete(events, i, i+1)
				return slices.Insert(events, k, moved)
			}
		}
		return events
	}},
	{"kind", func(rng *rand.Rand, _ *small, events []history.Event, i int) []history.Event {
		if events[i].F == history.FEvent {
			e := decoded[history.WatchEvent](events[i])
			e.Type = []string{"nodeCreated", "nodeDeleted", "nodeDataChanged", "nodeChildrenChanged"}[rng.IntN(4)]
			events[i].Value = history.Value(e)
		}
		return events
	}},
	{"read of another view", func(rng *rand.Rand, s *small, events []history.Event, i int) []history.Event {
		return s.reread(events, i, s.treeAt(rng.IntN(len(s.txns)+1)))
	}},
	{"data", func(_ *rand.Rand, _ *small, events []history.Event, i int) []history.Event {
		if events[i].F == history.FReply {
			if a := decoded[history.Reply](events[i]); len(a.Data) > 0 {
				a.Data = []byte("?")
				events[i].Value = history.Value(a)
			}
		}
		return events
	}},
	{"error", func(rng *rand.Rand, _ *small, events []history.Event, i int) []history.Event {
		if events[i].F == history.FReply {
			switch a := decoded[history.Reply](events[i]); {
			case a.Error == -101 && rng.IntN(2) == 0 || a.Path != "":
				events[i].Value = history.Value(history.Reply{Xid: a.Xid, Error: -101 - 9*int32(len(a.Path)%2)})
			case a.Stat != nil:
				events[i].Value = history.Value(history.Reply{Xid: a.Xid, Error: -101})
			}
		}
		return events
	}},
}

// reread gives a read the answer for another tree.
func (s *small) reread(events []history.Event, i int, t smallTree) []history.Event {
	if events[i].F != history.FReply {
		return events
	}
	a := decoded[history.Reply](events[i])
	for k := range i {
		if e := events[k]; e.F == history.FRequest && e.Session == events[i].Session {
			if q := decoded[history.Request](e); q.Xid == a.Xid && slices.Contains([]string{"exists", "getData", "getChildren", "getChildren2"}, q.Op) {
				n, ok := t[q.Path]
				got := smallShow(q, n, ok)
				got.Xid = a.Xid
				events[i].Value = history.Value(got)
			}
		}
	}
	return events
}

// smallRecord returns a record with at most one defect, and its transactions.
func smallRecord(seed uint64) (events []history.Event, txns []history.Txn, defect string) {
	rng := rand.New(rand.NewPCG(seed, 12))
	s := newSmall(rng)
	events = slices.Clone(s.events)
	var of, told []int
	for i, e := range events {
		if e.Session == looked && (e.F == history.FReply || e.F == history.FEvent) {
			of = append(of, i)
			if e.F == history.FEvent {
				told = append(told, i)
			}
		}
	}
	d := smallDefects[rng.IntN(len(smallDefects))]
	if len(told) > 0 && slices.Contains([]string{"lost", "twice", "late", "kind"}, d.name) {
		of = told // since there are few of them
	}
	if len(of) > 0 {
		events = d.do(rng, s, events, of[rng.IntN(len(of))])
	}
	for i := range events {
		events[i].Index = i
		events[i].Time = s.events[min(i, len(s.events)-1)].Time
	}
	return events, s.txns, d.name
}

// TestSmallRecordsAgreeWithAReference checks that with the transactions everything that
// is wrong is found, and nothing else, and that without them nothing right is accused.
// ZKLAB_WORLDS and ZKLAB_FIRST work as for TestCorrectServersKeepTheirPromises.
func TestSmallRecordsAgreeWithAReference(t *testing.T) {
	t.Parallel()
	n, first := runs()
	type tally struct{ wrong, logged, bare int }
	count := map[string]*tally{}
	for seed := first; seed < first+uint64(n); seed++ {
		events, txns, defect := smallRecord(seed)
		w := &tale{events: events, txns: txns}
		right := legal(events, txns)
		logged := broken(promises.Check(t.Context(), w.run(true)))
		bare := broken(promises.Check(t.Context(), w.run(false)))
		c := count[defect]
		if c == nil {
			c = &tally{}
			count[defect] = c
		}
		if !right {
			c.wrong++
		}
		if len(logged) > 0 {
			c.logged++
		}
		if len(bare) > 0 {
			c.bare++
		}
		missed := !right && len(logged) == 0 && !early(events)
		if right && len(logged)+len(bare) > 0 || missed || defect == "none" && !right {
			t.Errorf("seed %d, %s: right: %v; broken: %q, without transactions %q", seed, defect, right, logged, bare)
			if os.Getenv("ZKLAB_FIRST") != "" {
				tellSmall(t, events, txns)
			}
		}
		if t.Failed() && os.Getenv("ZKLAB_COUNT") == "" {
			return
		}
	}
	for _, d := range smallDefects {
		if c := count[d.name]; c != nil {
			t.Logf("%s: %d wrong, %d found with transactions, %d without", d.name, c.wrong, c.logged, c.bare)
		}
	}
}

// early reports whether an event comes while a request that sets a watch has no answer yet.
// The checker then takes the event for that watch's own if necessary, although a server
// answers first.
func early(events []history.Event) bool {
	waiting := map[int32]bool{}
	for _, e := range events {
		if e.Session != looked {
			continue
		}
		switch e.F {
		case history.FConnected:
			clear(waiting)
		case history.FRequest:
			if q := decoded[history.Request](e); q.Watch || q.Op == "setWatches" {
				waiting[q.Xid] = true
			}
		case history.FReply:
			delete(waiting, decoded[history.Reply](e).Xid)
		case history.FEvent:
			if len(waiting) > 0 {
				return true
			}
		}
	}
	return false
}

func tellSmall(t *testing.T, events []history.Event, txns []history.Txn) {
	for _, e := range events {
		t.Log(strconv.Itoa(e.Index), e.Session, e.F, e.Zxid, string(e.Value))
	}
	for _, x := range txns {
		t.Logf("%s %s %d %s %s err %d owner %s %v", x.Zxid, x.Session, x.Cxid, x.Type, x.Path, x.Error, x.Owner, x.Parts)
	}
}
