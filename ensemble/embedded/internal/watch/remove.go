package watch

import "github.com/zklab/zklab/internal/zk/wire"

// kindsOf returns the kinds of watches that a type of removeWatches or checkWatches concerns.
// WatcherData and WatcherChildren mean only the one-time watches; a persistent one on the same path
// stays. For an unknown type it returns none.
func kindsOf(typ wire.WatcherType) kinds {
	switch typ {
	case wire.WatcherChildren:
		return oneTimeChild
	case wire.WatcherData:
		return oneTimeData
	case wire.WatcherPersistent:
		return persistent
	case wire.WatcherPersistentRecursive:
		return recursive
	case wire.WatcherAny:
		return dataTable | childTable
	}
	return 0
}

// Has reports whether w has a watch of the type on path, for checkWatches: a
// client without one is answered with NoWatcher.
func (t *Table[W]) Has(path string, typ wire.WatcherType, w W) bool {
	e := t.entries[key[W]{path, w}]
	return e != nil && e.kinds&kindsOf(typ) != 0
}

// Remove removes w's watches of the type from path, for removeWatches, and reports whether there were
// any: a client without one is answered with NoWatcher. No event is sent: client libraries make the
// events DataWatchRemoved, ChildWatchRemoved and PersistentWatchRemoved for themselves.
func (t *Table[W]) Remove(path string, typ wire.WatcherType, w W) bool {
	e := t.entries[key[W]{path, w}]
	if e == nil || e.kinds&kindsOf(typ) == 0 {
		return false
	}
	wasData := e.kinds&dataTable != 0
	t.change(e, e.kinds&^kindsOf(typ))
	if wasData && e.watcher.data == 0 {
		t.list(e.watcher, false)
	}
	return true
}

// RemoveAll forgets all watches of w, at a cost that grows with their number
// alone. It is to be called when a connection ends, after which nothing is to be
// added for it: a record is kept for every watcher until then.
func (t *Table[W]) RemoveAll(w W) {
	h := t.watchers[w]
	if h == nil {
		return
	}
	for h.own.head != nil {
		t.change(h.own.head, 0)
	}
	t.list(h, false)
	delete(t.watchers, w)
}
