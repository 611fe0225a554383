package promises_test

import (
	"math"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// sheet is a correct record, with what its transactions tell about it: enough to say
// where a planted defect certainly contradicts them.
type sheet struct {
	events []history.Event
	txns   []history.Txn
	run    promises.Run // without the events and the transactions
	values

	asked  map[int]int // the request of each reply
	conns  map[int]int // the connection of each fact
	facts  map[int][]int
	low    map[int]history.ID // no view of a reply is older than this
	high   map[int]history.ID // nor newer than this
	after  []int              // for each fact, the first transaction that no client had asked for by then
	states map[string][]state
	did    map[history.ID]map[history.WatchEvent]bool
	of     map[[2]int64]*history.Txn // by session and number of the request
}

// state is the state of a znode from a transaction on.
type state struct {
	from     history.ID
	present  bool
	stat     history.Stat
	data     string
	children []string // in order
}

func newSheet(events []history.Event, txns []history.Txn, run promises.Run) *sheet {
	s := &sheet{
		events: events, txns: txns, run: run, values: valuesOf(events),
		asked: map[int]int{}, conns: map[int]int{}, facts: map[int][]int{}, low: map[int]history.ID{}, high: map[int]history.ID{},
		states: map[string][]state{}, did: map[history.ID]map[history.WatchEvent]bool{}, of: map[[2]int64]*history.Txn{},
	}
	for i := range txns {
		t := &txns[i]
		s.of[[2]int64{int64(t.Session), int64(t.Cxid)}] = t
		s.apply(t)
	}
	s.read()
	s.bound()
	return s
}

// read finds the connection to which each fact belongs.
func (s *sheet) read() {
	now := map[history.ID]int{}
	waiting := map[[2]int]int{}
	for i := range s.events {
		e := &s.events[i]
		if e.Process != history.SessionProcess || e.Session == 0 {
			continue
		}
		if e.F == history.FConnected {
			now[e.Session] = i
		}
		c := now[e.Session]
		switch v := s.value(i).(type) {
		case history.Request:
			waiting[[2]int{c, int(v.Xid)}] = i
		case history.Reply:
			if q, ok := waiting[[2]int{c, int(v.Xid)}]; ok {
				s.asked[i] = q
			}
		case nil:
			continue
		}
		s.conns[i] = c
		s.facts[c] = append(s.facts[c], i)
	}
}

// bound finds the transactions between which the view of each reply lies.
func (s *sheet) bound() {
	sent := map[[2]int64]int{}
	for i := range s.events {
		if q, ok := s.value(i).(history.Request); ok {
			sent[[2]int64{int64(s.events[i].Session), int64(q.Xid)}] = i
		}
	}
	s.after = make([]int, len(s.events))
	latest, k := 0, 0
	for i := range s.events {
		for ; k < len(s.txns); k++ {
			t := &s.txns[k]
			if latest = max(latest, sent[[2]int64{int64(t.Session), int64(t.Cxid)}]); latest > i {
				break
			}
		}
		s.after[i] = k
	}
	for c, facts := range s.facts {
		low, _ := s.value(c).(history.Connected)
		least := low.Seen
		for _, i := range facts {
			least = max(least, s.events[i].Zxid)
			s.low[i] = least
		}
		most := history.ID(math.MaxInt64)
		for _, i := range slices.Backward(facts) {
			s.high[i] = most
			if k := s.after[i]; k < len(s.txns) {
				s.high[i] = min(most, s.txns[k].Zxid-1)
			}
			switch z := s.events[i].Zxid; {
			case s.events[i].F == history.FEvent && z > 0:
				most = min(most, z-1)
			case s.events[i].F == history.FReply && s.txnOf(i) != nil && z > 0:
				most = min(most, z)
			}
		}
	}
}

func (s *sheet) value(i int) any {
	if e := &s.events[i]; len(e.Value) > 0 {
		return s.values[&e.Value[0]]
	}
	return nil
}

// request returns the request that a reply answers; false if there is none.
func (s *sheet) request(i int) (history.Request, bool) {
	q, ok := s.asked[i]
	if !ok {
		return history.Request{}, false
	}
	return s.value(q).(history.Request), true
}

// txnOf returns the transaction to which a reply belongs.
func (s *sheet) txnOf(i int) *history.Txn {
	q, ok := s.request(i)
	if !ok {
		return nil
	}
	switch q.Op {
	case "create", "create2", "delete", "setData", "multi":
		return s.of[[2]int64{int64(s.events[i].Session), int64(q.Xid)}]
	}
	return nil
}

func (s *sheet) now(p string) state {
	if all := s.states[p]; len(all) > 0 {
		return all[len(all)-1]
	}
	return state{present: p == "/"}
}

func (s *sheet) push(p string, z history.ID, n state) {
	n.from = z
	if all := s.states[p]; len(all) > 0 && all[len(all)-1].from == z {
		all[len(all)-1] = n
		return
	}
	s.states[p] = append(s.states[p], n)
}

func (s *sheet) apply(t *history.Txn) {
	failed := func(p history.Txn) bool { return p.Error != 0 || p.Type == "error" }
	s.did[t.Zxid] = map[history.WatchEvent]bool{}
	switch {
	case failed(*t) || slices.ContainsFunc(t.Parts, failed):
	case t.Type == "multi":
		for i := range t.Parts {
			s.one(&t.Parts[i], t.Zxid)
		}
	case t.Type == "closeSession":
		for p := range s.states {
			if n := s.now(p); n.present && n.stat.Owner == t.Session {
				s.remove(p, t.Zxid)
			}
		}
	default:
		s.one(t, t.Zxid)
	}
}

func (s *sheet) one(t *history.Txn, z history.ID) {
	switch t.Type {
	case "create", "create2", "createContainer", "createTTL":
		s.push(t.Path, z, state{present: true, data: string(t.Data), stat: history.Stat{Czxid: z, Mzxid: z, Pzxid: z, Owner: t.Owner}})
		s.did[z][history.WatchEvent{Type: "nodeCreated", Path: t.Path}] = true
		s.child(t.Path, z, true)
	case "delete", "deleteContainer":
		s.remove(t.Path, z)
	case "setData":
		n := s.now(t.Path)
		n.data, n.stat.Mzxid, n.stat.Version = string(t.Data), z, t.Version
		s.push(t.Path, z, n)
		s.did[z][history.WatchEvent{Type: "nodeDataChanged", Path: t.Path}] = true
	}
}

func (s *sheet) remove(p string, z history.ID) {
	s.push(p, z, state{})
	s.did[z][history.WatchEvent{Type: "nodeDeleted", Path: p}] = true
	s.child(p, z, false)
}

func (s *sheet) child(p string, z history.ID, there bool) {
	up, name := path.Dir(p), path.Base(p)
	n := s.now(up)
	n.children = slices.DeleteFunc(slices.Clone(n.children), func(k string) bool { return k == name })
	if there {
		n.children = append(n.children, name)
		slices.Sort(n.children)
	}
	n.stat.Pzxid, n.stat.NumChildren = z, int32(len(n.children))
	s.push(up, z, n)
	s.did[z][history.WatchEvent{Type: "nodeChildrenChanged", Path: up}] = true
}

// views returns the states of a znode that a reply can show.
func (s *sheet) views(i int, p string) []state {
	all := s.states[p]
	from := 0
	for from < len(all) && all[from].from <= s.low[i] {
		from++
	}
	to := from
	for to < len(all) && all[to].from <= s.high[i] {
		to++
	}
	if from == 0 {
		return append([]state{{present: p == "/"}}, all[:to]...)
	}
	return all[from-1 : to]
}

// can reports whether a reply can show what it says about a znode.
func (s *sheet) can(i int, q history.Request, a history.Reply) bool {
	return slices.ContainsFunc(s.views(i, q.Path), func(n state) bool { return n.shows(q, a) })
}

func (n state) shows(q history.Request, a history.Reply) bool {
	if a.Error != 0 || !n.present {
		return a.Error == -101 && !n.present
	}
	if a.Stat != nil {
		got := *a.Stat
		got.Cversion, got.Aversion = 0, 0
		if got != n.stat {
			return false
		}
	}
	return (q.Op != "getData" || string(a.Data) == n.data) &&
		(!strings.HasPrefix(q.Op, "getChildren") || slices.Equal(slices.Sorted(slices.Values(a.Children)), n.children))
}

// show returns the answer of a read for a state.
func (n state) show(q history.Request, a history.Reply) history.Reply {
	stat := n.stat
	got := history.Reply{Xid: a.Xid, Stat: &stat}
	switch q.Op {
	case "getData":
		got.Data = []byte(n.data)
	case "getChildren2":
		got.Children = n.children
	case "getChildren":
		got.Stat, got.Children = nil, n.children
	}
	return got
}

// judge decides a record that differs from the sheet in some events.
func (s *sheet) judge(t *testing.T, events []history.Event, log bool) promises.Report {
	for i := range events {
		events[i].Index = i
	}
	run := s.run
	run.Events = events
	if log {
		run.Transactions = s.txns
	}
	run.Decode = s.decode
	return promises.Check(t.Context(), run)
}
