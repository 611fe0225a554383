package watch

import (
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Trigger uses up the one-time watches that an event matches, and then calls fire once for every
// watcher of the event: those of the path in the order in which they registered, then recursive ones of
// the ancestors, nearest first.
//
// It is to be called once per change of a znode: Created, Deleted or DataChanged
// with its path, ChildrenChanged with its parent's. The deletion of a znode
// reaches those who watch its children with the same call. A watch that is used
// up is gone whether fire sends the event or not; ZooKeeper does not send it to a
// client that may not read the znode (CVE-2024-23944).
//
// fire may call any method of the table.
func (t *Table[W]) Trigger(typ wire.EventType, path string, fire func(w W, typ wire.EventType, path string)) {
	t.triggers++
	firing := t.firing[:0]
	t.firing = nil // fire may trigger another event
	if n := t.paths[path]; n != nil {
		firing = t.fireNode(n, typ, firing)
	}
	if t.recursive > 0 && typ != wire.EventChildrenChanged {
		firing = t.fireAncestors(path, firing)
	}
	for _, w := range firing {
		fire(w, typ, path)
	}
	clear(firing) // keeps no watcher alive
	if cap(firing) <= large {
		t.firing = firing[:0]
	}
}

func (t *Table[W]) fireNode(n *node[W], typ wire.EventType, firing []W) []W {
	switch typ {
	case wire.EventCreated, wire.EventDataChanged:
		firing = t.fireList(&n.data, oneTimeData, firing)
	case wire.EventChildrenChanged:
		firing = t.fireList(&n.child, oneTimeChild, firing)
	case wire.EventDeleted:
		firing = t.fireList(&n.data, oneTimeData, firing)
		firing = t.fireList(&n.child, oneTimeChild, firing)
	}
	return firing
}

// fireList adds the watchers of a list that this event has not reached yet, and
// takes away the one-time watches.
func (t *Table[W]) fireList(l *list[W], used kinds, firing []W) []W {
	for e := l.head; e != nil; {
		next := l.next(e)
		firing = t.mark(e.watcher, firing)
		if e.kinds&used != 0 {
			t.change(e, e.kinds&^used)
		}
		e = next
	}
	return firing
}

func (t *Table[W]) mark(h *watcher[W], firing []W) []W {
	if h.fired == t.triggers {
		return firing
	}
	h.fired = t.triggers
	return append(firing, h.w)
}

func (t *Table[W]) fireAncestors(path string, firing []W) []W {
	for path != "/" {
		slash := strings.LastIndexByte(path, '/')
		if slash < 0 {
			break
		}
		path = path[:max(slash, 1)]
		n := t.paths[path]
		if n == nil {
			continue
		}
		for e := n.recursive.head; e != nil; e = n.recursive.next(e) {
			firing = t.mark(e.watcher, firing)
		}
	}
	return firing
}
