package promises

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/heaps"
)

// table is one of the two tables of watches that a server keeps ("Programmer's Guide, ZooKeeper
// Watches"): getData and exists set watches in the first, getChildren in the second. Two watches of one
// client on one path in one table count as one.
type table int

const (
	dataTable table = iota
	childTable
)

type place struct {
	table table
	path  string
}

// watch holds what the record shows about one place on one connection.
type watch struct {
	place
	// owed means that the answer that set the watch was seen, and no event since. The
	// server has the watch, and must send an event before it shows a change.
	owed bool
	set  *request
	// base is a view such that nothing that triggers the watch had happened between
	// base and the moment when it was set, so that it waits for the first change after
	// base. absent means that there was no znode at base. from is the earliest view in
	// which the watch can have been set.
	base, from history.ID
	absent     bool
	next       *change // the change that it waits for, as far as it is known
	// names is the sum of the hashes of the children that were listed, without a stat,
	// in the answer that set the watch.
	names    uint64
	hasNames bool

	// may means that the server may have the watch, and may send one event. asking
	// holds the pending requests that set it as well; each of them may bring one event.
	may    bool
	asking queue
	again  int // how many of asking are setWatches
	told   int // the latest event that used it up; it came before the answers to the requests in asking then
}

// ask records a pending request that sets the watch.
func (x *watch) ask(q *request) {
	x.asking.push(q, q.index)
	if kind(q.Op) == "setWatches" {
		x.again++
	}
}

// arrived records that a request is no longer pending. It returns false for nil.
func (x *watch) arrived(q *request) bool {
	if q != nil && kind(q.Op) == "setWatches" {
		x.again--
	}
	return q != nil
}

// watches holds the watches of one connection. A server forgets them with the connection.
// events.go compares the events with them.
type watches struct {
	*judge
	c       *conn
	at      map[place]*watch
	due     heaps.Heap[due] // by zxid
	off     bool            // the connection has watches of a kind that is not followed
	last    *event
	same    map[history.WatchEvent]int // the events of the last event's transaction
	shown   heaps.Heap[history.ID]     // events whose change no reply has shown yet
	claimed map[string]claim           // by path: what an event reported, until a reply shows it
	since   history.ID                 // the change that the last event without a zxid reported

	standing   []*standing // watches that stay, in the order in which they were asked for
	setAgain   bool        // persistent watches of another connection were set again, which is not followed
	occurred   map[occurrence]int
	untellable bool // events have no zxid, so it is not known which change they report
}

func newWatches(j *judge, c *conn) *watches {
	return &watches{
		judge: j, c: c, at: map[place]*watch{}, claimed: map[string]claim{},
		due:   heaps.Heap[due]{Less: func(a, b due) bool { return a.change.zxid < b.change.zxid }},
		shown: heaps.Heap[history.ID]{Less: func(a, b history.ID) bool { return a < b }},
	}
}

// due is a watch that must have brought its event before a reply shows a zxid.
type due struct {
	*watch
	set    *request
	change *change
}

func (w *watches) in(p place) *watch {
	x := w.at[p]
	if x == nil {
		x = &watch{place: p, told: -1}
		w.at[p] = x
	}
	return x
}

// sets calls each with every place in which a request sets a watch. absent means that setWatches
// lists the znode as one that did not exist.
func (q *request) sets(each func(p place, absent bool)) {
	switch kind(q.Op) {
	case "exists", "getData":
		if q.Watch {
			each(place{dataTable, q.Path}, false)
		}
	case "getChildren":
		if q.Watch {
			each(place{childTable, q.Path}, false)
		}
	case "setWatches":
		for _, p := range q.DataWatches {
			each(place{dataTable, p}, false)
		}
		for _, p := range q.ExistWatches {
			each(place{dataTable, p}, true)
		}
		for _, p := range q.ChildWatches {
			each(place{childTable, p}, false)
		}
	}
}

// sent records a request: from now on it may have set its watches.
func (w *watches) sent(q *request) {
	switch q.Op {
	case "addWatch", "removeWatches", "checkWatches", "setWatches2":
		w.off = true
	}
	w.stands(q)
	q.sets(func(p place, _ bool) {
		w.in(p).ask(q)
	})
}

// answered records what a reply says about the watches of its request.
func (w *watches) answered(r *reply, v *view) {
	q := r.request
	w.stood(r)
	q.sets(func(p place, absent bool) {
		x := w.in(p)
		switch {
		case !x.arrived(x.asking.take(q.index)): // it has already brought its event
		case r.Error != 0 && (r.Error != -101 || q.Op != "exists"): // nothing was set
		default:
			x.may = true
			if q.index > x.told && !x.owed { // otherwise the server has an older watch, which stays
				w.arm(x, r, absent, v)
			}
		}
	})
}

// arm records the watch that a read set, or that setWatches set again.
func (w *watches) arm(x *watch, r *reply, absent bool, v *view) {
	x.owed, x.set, x.base, x.from, x.absent = true, r.request, r.zxid, v.replied, r.Error != 0
	x.hasNames = false
	switch s := r.Stat; {
	case kind(r.request.Op) == "setWatches":
		// The server reported at once what had changed since. It may have missed a
		// znode that was created and deleted.
		if x.absent = absent; absent {
			if m := w.untold(x.path, r, v); m != nil {
				w.late(x, r, m)
				return
			}
			x.base, x.owed = w.absentAt(x.path, r)
		} else if m, gone := w.missing(x, r, v); gone {
			w.late(x, r, m)
			return
		} else {
			x.base = r.request.Since
		}
	case x.absent:
		x.base, x.owed = w.absentAt(x.path, r)
	case r.Cut:
		x.owed = false
	case s == nil && x.table == childTable:
		x.base, x.owed = w.listedAt(x.path, r)
		x.names, x.hasNames = hashes(r.Children), true
	case s == nil: // too long for the record
		x.owed = false
	case x.table == childTable:
		x.base = max(x.base, s.Pzxid)
	default:
		x.base = max(x.base, s.Mzxid)
	}
	if !x.owed {
		return
	}
	if x.next = w.following(x); x.next == nil {
		return
	}
	if x.next.zxid <= v.lower {
		w.late(x, r, x.next)
		return
	}
	w.due.Push(due{x, x.set, x.next})
}

// following returns the first known change that a watch waits for; nil if there is none.
func (w *watches) following(x *watch) *change {
	p := w.past(x.path)
	switch {
	case p == nil:
		return nil
	case x.absent:
		return p.behind(x.base, created)
	case x.table == childTable:
		return childChange(p, x.base)
	}
	return after(p.own, x.base)
}

// childChange returns the first change after z that triggers watches on the children of
// a path.
func childChange(p *past, z history.ID) *change {
	own := p.behind(z, deleted)
	child := after(p.children, z)
	if p.stuck || own != nil && (child == nil || own.zxid < child.zxid) {
		return own
	}
	return child
}

// before judges a reply before the reply's own watches are recorded: whether it shows a change for
// which a watch was set but no event arrived.
func (w *watches) before(r *reply, v *view, shown []content) {
	if r.request.auth() {
		return
	}
	w.caught(v)
	w.missedEvents(r, v)
	for len(w.due.Items) > 0 && w.due.Items[0].change.zxid <= v.lower {
		d, _ := w.due.Pop()
		if d.owed && d.watch.set == d.set {
			w.late(d.watch, r, d.change)
		}
	}
	for i := range shown {
		w.denied(r, &shown[i])
		w.compare(dataTable, r, &shown[i])
		w.compare(childTable, r, &shown[i])
	}
}

// compare looks for a change in what a reply shows of a watched znode.
func (w *watches) compare(t table, r *reply, c *content) {
	x := w.at[place{t, c.path}]
	if x == nil || !x.owed {
		return
	}
	var shows bool
	switch {
	case c.absent:
		shows = !x.absent
	case x.absent:
		shows = true
	case t == childTable && x.hasNames: // names alone do not show how new they were
		shows = c.hasNames && c.names != x.names
	case c.stat == nil:
	case t == dataTable:
		shows = c.stat.Mzxid > x.base
	default:
		shows = c.stat.Pzxid > x.base
	}
	if shows {
		w.late(x, r, x.next)
	}
}

// late reports a reply that shows a change before the event of the watch arrived.
func (w *watches) late(x *watch, r *reply, m *change) {
	x.owed = false
	p := w.past(x.path)
	if w.off || p != nil && p.denied || w.log == nil && w.Denied {
		return
	}
	counterexample := append(r.request.events(), x.set.events()...)
	what := "a change"
	if m != nil {
		what = m.wrote()
		counterexample = append(counterexample, m.shown()...)
	}
	w.broken(WatchBeforeData, counterexample, "%s shows %s, but the watch on %s that it had set at %s had brought no event before",
		told(w.c, r), what, x.path, at(x.set.at))
}

// caught counts the events whose change a reply now shows.
func (w *watches) caught(v *view) {
	n := len(w.shown.Items)
	for len(w.shown.Items) > 0 && w.shown.Items[0] <= v.replied {
		w.shown.Pop()
	}
	w.Report[WatchBeforeData].count("events", float64(n-len(w.shown.Items)))
}
