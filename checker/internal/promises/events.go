package promises

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// This file compares events with the watches that cause them and with the changes that they report.

// tables returns the tables whose watches an event uses up.
func (e *event) tables() []table {
	switch e.Type {
	case "nodeCreated", "nodeDataChanged":
		return []table{dataTable}
	case "nodeChildrenChanged":
		return []table{childTable}
	case "nodeDeleted":
		return []table{dataTable, childTable}
	}
	return nil
}

// told records an event. The server sent it while it made the change: all replies
// before it were made before the change, and all replies after it show the change.
func (w *watches) told(e *event, v *view) {
	tables := e.tables()
	z := e.zxid
	w.heard(e)
	if w.untellable = w.untellable || z == 0; z == 0 {
		z = w.assigned(e, v)
	} else {
		w.inOrder(e)
		w.behindReplies(e, v)
	}
	if !w.off && len(tables) > 0 {
		if w.fits(e, tables) {
			w.skipped(e, z, tables)
			w.claims(e, tables)
		}
		w.used(e, tables)
	}
	v.raise(z, e.index)
}

// behindReplies checks that no reply before an event shows its change.
func (w *watches) behindReplies(e *event, v *view) {
	if e.zxid > v.replied {
		return
	}
	var set *watch // the watch that was set in the earliest view, among those that can cause it
	for _, t := range e.tables() {
		if x := w.at[place{t, e.Path}]; x != nil && x.owed && (set == nil || x.from < set.from) {
			set = x
		}
	}
	switch {
	case set == nil && !w.off && !w.possibly(e):
		return // there is no watch at all, which is reported elsewhere
	case set == nil:
		w.broken(WatchBeforeData, []int{v.repliedBy, e.index}, "client %d got %s of %s with zxid %s at %s, when it had seen the state at zxid %s",
			w.c.client, e.Type, e.Path, e.zxid, at(e.at), v.replied)
	case set.from < e.zxid:
		w.broken(WatchBeforeData, append(set.set.events(), v.repliedBy, e.index), "client %d got %s of %s with zxid %s at %s, when it had seen the state at zxid %s, though it had set the watch at %s",
			w.c.client, e.Type, e.Path, e.zxid, at(e.at), v.replied, at(set.set.at))
	default:
		w.broken(OneEvent, append(set.set.events(), e.index), "client %d got %s of %s with zxid %s at %s, a change from before the watch, which it had set in the state at zxid %s",
			w.c.client, e.Type, e.Path, e.zxid, at(e.at), set.from)
	}
}

// possibly reports whether an event can come from a watch that is set, or that a request on
// the way sets.
func (w *watches) possibly(e *event) bool {
	return slices.ContainsFunc(e.tables(), func(t table) bool {
		x := w.at[place{t, e.Path}]
		return x != nil && (x.may || x.asking.first() != nil)
	})
}

// alone returns the only watch that can have caused an event; nil if there is none, or more
// than one.
func (w *watches) alone(e *event, tables []table) (only *watch) {
	if w.settingAgain(e) {
		return nil
	}
	for _, t := range tables {
		x := w.at[place{t, e.Path}]
		switch {
		case x == nil:
		case x.asking.first() != nil, x.may && !x.owed, x.owed && only != nil:
			return nil
		case x.owed:
			only = x
		}
	}
	return only
}

// fits reports whether an event is of the kind that its watch waits for: the first event of a watch
// that waits for a znode to be created is its creation, and that of any other watch is not.
func (w *watches) fits(e *event, tables []table) bool {
	x := w.alone(e, tables)
	if x == nil || x.absent == (e.Type == "nodeCreated") {
		return true
	}
	there := "was there"
	if x.absent {
		there = "was not there"
	}
	w.broken(w.ofChange(e), append(x.set.events(), e.index), "client %d got %s of %s at %s as the first event of the watch that it had set at %s, when the znode %s",
		w.c.client, e.Type, e.Path, at(e.at), at(x.set.at), there)
	return false
}

// ofChange returns the promise that an event breaks if it reports none of the changes that it can
// report. If it is not known which change it reports, the event only has to come from a set
// watch.
func (w *watches) ofChange(e *event) string {
	if e.zxid == 0 && w.log == nil {
		return OneEvent
	}
	return EventOrder
}

// claims records what an event reports about a znode whose stat the client knows.
func (w *watches) claims(e *event, tables []table) {
	x := w.alone(e, tables)
	if x == nil || x.table != dataTable || x.absent || x.set == nil || x.set.reply == nil || x.set.reply.Stat == nil {
		return
	}
	w.claimed[e.Path] = claim{e, x.set}
}

// claim is an event about a znode whose stat a request had shown.
type claim struct {
	event *event
	by    *request
}

// denied looks for a change that an event has reported but a later reply does not show. A reported
// change must be visible.
func (w *watches) denied(r *reply, of *content) {
	c, ok := w.claimed[of.path]
	if !ok || of.stat == nil && !of.absent {
		return
	}
	delete(w.claimed, of.path)
	if of.absent {
		return
	}
	before, still := c.by.reply.Stat, false
	switch c.event.Type {
	case "nodeDataChanged":
		still = of.stat.Mzxid <= before.Mzxid
	case "nodeDeleted":
		still = of.stat.Czxid <= before.Czxid
	}
	if still {
		w.broken(w.ofChange(c.event), append(append(r.request.events(), c.by.events()...), c.event.index), "%s shows the znode as it was at zxid %s, though the client had got %s of it at %s, by the watch that it had set at %s",
			told(w.c, r), before.Mzxid, c.event.Type, at(c.event.at), at(c.by.at))
	}
}

// skipped checks that an event about a change at z reports the first change for which its watch
// waited, as far as that change is known.
func (w *watches) skipped(e *event, z history.ID, tables []table) {
	for _, t := range tables {
		x := w.at[place{t, e.Path}]
		if x == nil || !x.owed || x.next == nil || x.next.zxid >= z || w.hidden(x.path) {
			continue
		}
		if e.zxid == 0 && w.settingAgain(e) {
			continue
		}
		promise := WatchBeforeData
		if e.zxid == 0 {
			promise = EventOrder // it may report the right change with the wrong type
		}
		w.broken(promise, slices.Concat(x.set.events(), x.next.shown(), []int{e.index}), "client %d got %s of %s, which is of zxid %s, at %s as the first event of the watch that it had set at %s, and none of %s",
			w.c.client, e.Type, e.Path, z, at(e.at), at(x.set.at), x.next.wrote())
	}
}

// hidden reports whether a server may keep the events of a path from a client.
func (w *watches) hidden(path string) bool {
	p := w.past(path)
	return p != nil && p.denied || w.log == nil && w.Denied
}

// used removes the watches that an event used up.
func (w *watches) used(e *event, tables []table) {
	w.Report[OneEvent].count("events", 1)
	may, stays := false, w.settingAgain(e)
	for _, t := range tables {
		x := w.in(place{t, e.Path})
		if x.owed && x.next != nil {
			w.shown.Push(x.next.zxid)
		} else if x.owed && e.zxid > 0 {
			w.shown.Push(e.zxid)
		}
		may = may || x.may
		x.may, x.owed = x.may && stays, false
		x.told = e.index
	}
	if may {
		return
	}
	var first *watch // the oldest of the watches that a pending request can have set
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

// settingAgain reports whether an event may come from a pending setWatches. The server sends such
// an event instead of setting a watch, and the event uses up no set watch (DataTree.setWatches): if
// a znode was deleted, a watch that waits for its creation remains when the watch on its children
// gets the event.
func (w *watches) settingAgain(e *event) bool {
	return e.zxid == 0 && w.in(place{dataTable, e.Path}).again+w.in(place{childTable, e.Path}).again > 0
}

// inOrder checks that events come in the order of the changes that they report.
func (w *watches) inOrder(e *event) {
	w.Report[EventOrder].count("events", 1)
	switch {
	case w.last != nil && e.zxid < w.last.zxid:
		w.broken(EventOrder, []int{w.last.index, e.index}, "client %d got %s of %s with zxid %s at %s, after %s of %s with zxid %s",
			w.c.client, e.Type, e.Path, e.zxid, at(e.at), w.last.Type, w.last.Path, w.last.zxid)
		return
	case !w.happenedAt(e):
		w.broken(EventOrder, []int{e.index}, "client %d got %s of %s at %s with zxid %s, at which no such thing happened",
			w.c.client, e.Type, e.Path, at(e.at), e.zxid)
	case w.log != nil && e.zxid > w.log.committed(e.at):
		w.broken(EventOrder, []int{e.index}, "client %d got %s of %s at %s with zxid %s, which no transaction had yet",
			w.c.client, e.Type, e.Path, at(e.at), e.zxid)
	}
	w.once(e)
	w.last = e
}

// once checks that one change causes one event of a kind for a path: any other watch on the path was
// set after the change.
func (w *watches) once(e *event) {
	if w.last == nil || w.last.zxid != e.zxid {
		w.same = map[history.WatchEvent]int{}
	}
	if first, ok := w.same[e.WatchEvent]; ok && !w.off {
		w.broken(OneEvent, []int{first, e.index}, "client %d got %s of %s with zxid %s once more at %s",
			w.c.client, e.Type, e.Path, e.zxid, at(e.at))
	}
	w.same[e.WatchEvent] = e.index
}

// happenedAt reports whether a transaction made the change that an event reports, as far
// as the change is known.
func (w *watches) happenedAt(e *event) bool {
	if boot(e.Path) || w.log == nil && !w.complete[e.zxid] {
		return true
	}
	m := w.cause(e, e.zxid)
	return m != nil && m.zxid == e.zxid
}

// cause returns the first change at z or later that an event can report.
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
		return after(p.children, z-1)
	}
	return p.behind(z-1, set)
}

// assigned judges an event without a zxid, like all events before 3.9, and returns the zxid of the
// earliest change that it can report: one that was not reported or shown before. An event that
// setWatches causes reports no particular change, so it gets 0.
func (w *watches) assigned(e *event, v *view) history.ID {
	if w.log == nil || w.settingAgain(e) {
		return 0
	}
	w.Report[EventOrder].count("events", 1)
	since := max(w.since, v.replied+1)
	m := w.cause(e, since)
	if m == nil || m.zxid > w.log.committed(e.at) {
		w.broken(EventOrder, []int{e.index}, "client %d got %s of %s at %s, but no such thing had happened after zxid %s, which it had seen before",
			w.c.client, e.Type, e.Path, at(e.at), since-1)
		return 0
	}
	w.since = m.zxid
	return m.zxid
}
