package promises

import (
	"container/heap"

	"github.com/zklab/zklab/history"
)

// table is one of the two that a server keeps ("Programmer's Guide, ZooKeeper
// Watches"): getData and exists set watches in the first, getChildren in the
// second. Two watches of one client in one table on one path are one.
type table int

const (
	dataTable table = iota
	childTable
)

type place struct {
	table table
	path  string
}

// watch is what the record says of one place on one connection.
type watch struct {
	place
	// owed: the answer that set it was seen, and no event since. The server has it,
	// and must send an event before it shows a change.
	owed bool
	set  *request
	// base is the view in which it was set, at the latest; absent says that there
	// was no znode then. What it waits for is the first change behind base.
	base   history.ID
	absent bool
	next   *change // as far as it is known

	// may: the server can have it, and may send one event. asking are the requests
	// on the way that set it, too; each of them may bring one.
	may    bool
	asking queue
	again  int // how many of them are setWatches
	told   int // the latest event that used it: it came before the answers to those asking then
}

// ask notes a request on the way.
func (x *watch) ask(q *request) {
	x.asking.push(q, q.index)
	if kind(q.Op) == "setWatches" {
		x.again++
	}
}

// arrived notes that a request, nil if it was none, is on the way no more.
func (x *watch) arrived(q *request) bool {
	if q != nil && kind(q.Op) == "setWatches" {
		x.again--
	}
	return q != nil
}

// watches are those of one connection. A server forgets them with it.
type watches struct {
	*judge
	c     *conn
	at    map[place]*watch
	due   dueHeap
	off   bool // it has watches of a kind that is not followed
	last  *event
	shown zxidHeap   // events that no reply has caught up with
	since history.ID // the change that the last event without a zxid told of
}

func newWatches(j *judge, c *conn) *watches {
	return &watches{judge: j, c: c, at: map[place]*watch{}}
}

// due is a watch that must have had its event before a reply shows a zxid.
type due struct {
	*watch
	set    *request
	change *change
}

type dueHeap []due

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, k int) bool { return h[i].change.zxid < h[k].change.zxid }
func (h dueHeap) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// zxidHeap is a heap of zxids, the lowest on top.
type zxidHeap []history.ID

func (h zxidHeap) Len() int           { return len(h) }
func (h zxidHeap) Less(i, k int) bool { return h[i] < h[k] }
func (h zxidHeap) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *zxidHeap) Push(x any)        { *h = append(*h, x.(history.ID)) }
func (h *zxidHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func (w *watches) in(p place) *watch {
	x := w.at[p]
	if x == nil {
		x = &watch{place: p, told: -1}
		w.at[p] = x
	}
	return x
}

// sets calls each with every place that a request sets a watch in. absent says
// that setWatches names a znode that was not there.
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

// sent notes a request: from now on it may have set its watches.
func (w *watches) sent(q *request) {
	switch q.Op {
	case "addWatch", "removeWatches", "checkWatches", "setWatches2":
		w.off = true
	}
	q.sets(func(p place, _ bool) {
		w.in(p).ask(q)
	})
}

// answered notes what a reply says of the watches of its request.
func (w *watches) answered(r *reply) {
	q := r.request
	q.sets(func(p place, absent bool) {
		x := w.in(p)
		switch {
		case !x.arrived(x.asking.take(q.index)): // it brought its event already
		case r.Error != 0 && (r.Error != -101 || q.Op != "exists"): // nothing was set
		default:
			x.may = true
			if q.index > x.told && !x.owed { // else the server has an older one, which stays
				w.arm(x, r, absent)
			}
		}
	})
}

// arm notes the watch that a read set, or that setWatches set again.
func (w *watches) arm(x *watch, r *reply, absent bool) {
	x.owed, x.set, x.base, x.absent = true, r.request, r.zxid, r.Error != 0
	switch s := r.Stat; {
	case kind(r.request.Op) == "setWatches":
		// The server told at once what had changed since. It may have overlooked a
		// znode that came and went.
		if x.absent = absent; !absent {
			x.base = r.request.Since
		}
	case s == nil && x.table == childTable:
		x.owed = false // the list alone does not tell how new it is
		return
	case s != nil && x.table == childTable:
		x.base = max(x.base, s.Pzxid)
	case s != nil:
		x.base = max(x.base, s.Mzxid)
	}
	if x.next = w.following(x); x.next == nil {
		return
	}
	if x.next.zxid <= r.zxid {
		w.late(x, r, x.next)
		return
	}
	heap.Push(&w.due, due{x, x.set, x.next})
}

// following is the first known change that a watch waits for; nil: there is none.
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

// childChange is the first change behind z that concerns those who watch the
// children of a path.
func childChange(p *past, z history.ID) *change {
	own := p.behind(z, deleted)
	kid := after(p.kids, z)
	if p.stuck || own != nil && (kid == nil || own.zxid < kid.zxid) {
		return own
	}
	return kid
}

// before judges a reply before its own watches are set: does it show a change
// for which there is a watch and was no event?
func (w *watches) before(r *reply, shown []content) {
	if r.request.auth() {
		return
	}
	w.caught(r)
	for len(w.due) > 0 && w.due[0].change.zxid <= r.zxid {
		d := heap.Pop(&w.due).(due)
		if d.owed && d.watch.set == d.set {
			w.late(d.watch, r, d.change)
		}
	}
	for i := range shown {
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

// late tells of a reply that shows a change before the event of the watch.
func (w *watches) late(x *watch, r *reply, m *change) {
	x.owed = false
	p := w.past(x.path)
	if w.off || p != nil && p.denied || w.log == nil && w.Denied {
		return
	}
	witness := append(r.request.events(), x.set.events()...)
	what := "a change"
	if m != nil {
		what = m.wrote()
		witness = append(witness, m.shown()...)
	}
	w.broken(WatchBeforeData, witness, "%s shows %s, but the watch on %s that it had set at %s had brought no event before",
		told(w.c, r), what, x.path, at(x.set.at))
}

// told notes an event.
func (w *watches) told(e *event) {
	w.inOrder(e)
	if w.off {
		return
	}
	switch e.Type {
	case "nodeCreated", "nodeDataChanged":
		w.used(e, dataTable)
	case "nodeChildrenChanged":
		w.used(e, childTable)
	case "nodeDeleted":
		w.used(e, dataTable, childTable)
	}
}

// used takes away the watches that an event came from.
func (w *watches) used(e *event, tables ...table) {
	w.Report[OneEvent].count("events", 1)
	may, stays := false, w.settingAgain(e)
	for _, t := range tables {
		x := w.in(place{t, e.Path})
		if x.owed && x.next != nil {
			heap.Push(&w.shown, x.next.zxid)
		} else if x.owed && e.zxid > 0 {
			heap.Push(&w.shown, e.zxid)
		}
		may = may || x.may
		x.may, x.owed = x.may && stays, false
		x.told = e.index
	}
	if may {
		return
	}
	var first *watch // of those that a request on the way can have set, the oldest
	for _, t := range tables {
		x := w.in(place{t, e.Path})
		if q := x.asking.first(); q != nil && (first == nil || q.index < first.asking.first().index) {
			first = x
		}
	}
	if first != nil {
		first.arrived(first.asking.takeFirst())
		return
	}
	w.broken(OneEvent, []int{w.c.from(), e.index}, "client %d got %s of %s at %s, though no watch was left that it had set on this connection",
		w.c.client, e.Type, e.Path, at(e.at))
}

// settingAgain says that an event may come from a setWatches on the way. Such a
// one is sent instead of setting a watch, and uses up none that is there
// (DataTree.setWatches): of a znode that is gone, the one that waits for it stays
// when the one on its children is told so.
func (w *watches) settingAgain(e *event) bool {
	return e.zxid == 0 && w.in(place{dataTable, e.Path}).again+w.in(place{childTable, e.Path}).again > 0
}

// caught counts the events of which a reply now shows the change.
func (w *watches) caught(r *reply) {
	n := len(w.shown)
	for len(w.shown) > 0 && w.shown[0] <= r.zxid {
		heap.Pop(&w.shown)
	}
	w.Report[WatchBeforeData].count("events", float64(n-len(w.shown)))
}

// inOrder says that events come in the order of the changes they tell of.
func (w *watches) inOrder(e *event) {
	if e.zxid == 0 {
		w.assigned(e)
		return
	}
	w.Report[EventOrder].count("events", 1)
	if w.last != nil && e.zxid < w.last.zxid {
		w.broken(EventOrder, []int{w.last.index, e.index}, "client %d got %s of %s with zxid %s at %s, after %s of %s with zxid %s",
			w.c.client, e.Type, e.Path, e.zxid, at(e.at), w.last.Type, w.last.Path, w.last.zxid)
		return
	}
	w.last = e
	if w.log != nil && !w.happenedAt(e) {
		w.broken(EventOrder, []int{e.index}, "client %d got %s of %s at %s with zxid %s, at which no such thing happened",
			w.c.client, e.Type, e.Path, at(e.at), e.zxid)
	}
}

// happenedAt says that a transaction did what an event tells.
func (w *watches) happenedAt(e *event) bool {
	m := w.cause(e, e.zxid)
	return m != nil && m.zxid == e.zxid
}

// cause is the first change at z or later that an event can tell of.
func (w *watches) cause(e *event, z history.ID) *change {
	p := w.past(e.Path)
	if p == nil {
		return nil
	}
	switch e.Type {
	case "nodeCreated":
		return p.behind(z-1, created)
	case "nodeDeleted":
		return p.behind(z-1, deleted)
	case "nodeChildrenChanged":
		return after(p.kids, z-1)
	}
	return p.behind(z-1, set)
}

// assigned judges an event without a zxid, as all are before 3.9: in the order of
// events, each tells of the earliest change that it can. What setWatches brings
// tells of no change in particular.
func (w *watches) assigned(e *event) {
	if w.log == nil || w.settingAgain(e) {
		return
	}
	w.Report[EventOrder].count("events", 1)
	m := w.cause(e, w.since)
	if m == nil {
		w.broken(EventOrder, []int{e.index}, "client %d got %s of %s at %s, but no such thing happened behind zxid %s, of which it had been told before",
			w.c.client, e.Type, e.Path, at(e.at), w.since)
		return
	}
	w.since = m.zxid
}
