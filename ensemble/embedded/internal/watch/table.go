// Package watch holds the watches that clients have set on one server, and finds the watchers of an
// event. It may not read the tree or send anything.
//
// Apache ZooKeeper 3.9 keeps them in two tables. One-time watches of getData
// and exists are in the data table, those of getChildren in the child table,
// persistent ones in both, recursive ones in the data table. What a client can
// observe of that, and what is reproduced here:
//
//   - Created and DataChanged ask the data table, ChildrenChanged the child
//     table, Deleted first the data table and then the child table.
//   - Recursive watches on any ancestor get what the data table is asked for, so
//     never ChildrenChanged.
//   - A watcher gets one event at a time, however many of its watches match.
//   - An event uses up the one-time watches of its path in the tables that it
//     asks, and no others: after Deleted none are left, after DataChanged a child
//     watch still is. Persistent ones stay. A watcher may have every kind on one
//     path; each is added, used up and removed by itself.
//   - wchs, wchc and wchp list the data table only.
//
// [Table] is generic in what stands for a watcher, normally a connection. It
// costs nothing that grows with the watches that an event does not concern.
package watch

import "github.com/zklab/zklab/internal/zk/wire"

// Table holds the watches of one server. The zero value is not ready for use:
// call [New]. It belongs to one goroutine.
type Table[W comparable] struct {
	paths    map[string]*node[W]
	watchers map[W]*watcher[W]
	entries  map[key[W]]*entry[W]

	recursive int    // entries with a recursive watch
	inData    int    // entries in the data table
	inChild   int    // entries in the child table
	dataPaths int    // paths with an entry in the data table
	listed    int    // watchers that wchs counts
	triggers  uint64 // how many events there were

	firing []W // of the last event, used again
	peak   int // the most entries there were since the maps are these
}

// large is the number of entries from which on their memory is released when they are gone.
const large = 1 << 12

// New makes an empty table.
func New[W comparable]() *Table[W] {
	return &Table[W]{
		paths:    map[string]*node[W]{},
		watchers: map[W]*watcher[W]{},
		entries:  map[key[W]]*entry[W]{},
	}
}

// kinds are the watches of one watcher on one path.
type kinds uint8

const (
	oneTimeData kinds = 1 << iota
	oneTimeChild
	persistent
	recursive

	dataTable  = oneTimeData | persistent | recursive
	childTable = oneTimeChild | persistent
)

type key[W comparable] struct {
	path string
	w    W
}

// entry holds the watches of one watcher on one path. It is on the lists of its node for
// the tables it is in, and on the list of its watcher.
type entry[W comparable] struct {
	kinds   kinds
	node    *node[W]
	watcher *watcher[W]
	links   [lists]link[W]
}

// node is a watched path; the znode need not exist.
type node[W comparable] struct {
	path                   string
	data, child, recursive list[W]
	entries                int
}

type watcher[W comparable] struct {
	w    W
	own  list[W]
	data int // entries in the data table
	// listed is whether wchs and wchc know it. As in ZooKeeper a watcher whose
	// last watch fired stays listed, one that removed its last watch does not.
	listed bool
	fired  uint64 // the last event that it got
}

// AddData sets a one-time watch for the data of path, or for its creation, as getData and exists do.
// The znode need not exist.
func (t *Table[W]) AddData(path string, w W) { t.add(path, w, oneTimeData) }

// AddChild sets a one-time watch for the children of path, as getChildren does.
func (t *Table[W]) AddChild(path string, w W) { t.add(path, w, oneTimeChild) }

// Add sets a watch that stays, as addWatch does. It reports whether there is
// such a mode.
func (t *Table[W]) Add(path string, mode wire.AddWatchMode, w W) bool {
	switch mode {
	case wire.AddPersistent:
		t.add(path, w, persistent)
	case wire.AddPersistentRecursive:
		t.add(path, w, recursive)
	default:
		return false
	}
	return true
}

func (t *Table[W]) add(path string, w W, k kinds) {
	e := t.entries[key[W]{path, w}]
	if e == nil {
		e = t.newEntry(path, w)
	}
	if e.kinds&k == 0 {
		t.change(e, e.kinds|k)
	}
}

func (t *Table[W]) newEntry(path string, w W) *entry[W] {
	n := t.paths[path]
	if n == nil {
		n = newNode[W](path)
		t.paths[path] = n
	}
	h := t.watchers[w]
	if h == nil {
		h = &watcher[W]{w: w, own: list[W]{of: ownList}}
		t.watchers[w] = h
	}
	e := &entry[W]{node: n, watcher: h}
	t.entries[key[W]{n.path, w}] = e
	t.peak = max(t.peak, len(t.entries))
	n.entries++
	h.own.push(e)
	return e
}

func newNode[W comparable](path string) *node[W] {
	return &node[W]{
		path:      path,
		data:      list[W]{of: dataList},
		child:     list[W]{of: childList},
		recursive: list[W]{of: recursiveList},
	}
}

// change gives an entry other kinds, puts it on the lists that it then belongs
// on, and drops it when none are left.
func (t *Table[W]) change(e *entry[W], now kinds) {
	before := e.kinds
	e.kinds = now
	if was, is := before&dataTable != 0, now&dataTable != 0; was != is {
		t.changeData(e, is)
	}
	if was, is := before&childTable != 0, now&childTable != 0; was != is {
		t.inChild += e.node.child.put(e, is)
	}
	if was, is := before&recursive != 0, now&recursive != 0; was != is {
		t.recursive += e.node.recursive.put(e, is)
	}
	if now == 0 {
		t.drop(e)
	}
}

func (t *Table[W]) changeData(e *entry[W], is bool) {
	n, h := e.node, e.watcher
	if is && n.data.head == nil {
		t.dataPaths++
	}
	by := n.data.put(e, is)
	if n.data.head == nil {
		t.dataPaths--
	}
	t.inData += by
	h.data += by
	if is {
		t.list(h, true)
	}
}

func (t *Table[W]) list(h *watcher[W], is bool) {
	switch {
	case is && !h.listed:
		t.listed++
	case !is && h.listed:
		t.listed--
	}
	h.listed = is
}

// drop removes an entry without kinds, and its path if it has no other watcher.
func (t *Table[W]) drop(e *entry[W]) {
	n, h := e.node, e.watcher
	delete(t.entries, key[W]{n.path, h.w})
	h.own.remove(e)
	if n.entries--; n.entries == 0 {
		delete(t.paths, n.path)
	}
	if len(t.entries) == 0 && t.peak > large { // maps do not shrink by themselves
		t.paths, t.entries, t.peak = map[string]*node[W]{}, map[key[W]]*entry[W]{}, 0
	}
}
