package watch

// Summary holds the figures of the four-letter word wchs: of the data table alone.
type Summary struct {
	Watchers int // "connections watching"
	Paths    int
	Watches  int // pairs of the two
}

// Summary counts the watches of the data table. Like ZooKeeper it still counts a
// watcher whose last watch has fired.
func (t *Table[W]) Summary() Summary {
	return Summary{Watchers: t.listed, Paths: t.dataPaths, Watches: t.inData}
}

// Len returns the number of watches in both tables, zk_watch_count of mntr: pairs of
// a path and a watcher in the data table and such pairs in the child table, so a
// persistent watch counts twice.
func (t *Table[W]) Len() int { return t.inData + t.inChild }

// ByWatcher lists, for wchc, the paths of every watcher in the data table. A watcher whose last watch
// has fired is listed without any. It goes through the whole table.
func (t *Table[W]) ByWatcher() map[W][]string {
	all := make(map[W][]string, t.listed)
	for w, h := range t.watchers {
		if h.listed {
			all[w] = pathsOf(h)
		}
	}
	return all
}

func pathsOf[W comparable](h *watcher[W]) []string {
	paths := make([]string, 0, h.data)
	for e := h.own.head; e != nil; e = h.own.next(e) {
		if e.kinds&dataTable != 0 {
			paths = append(paths, e.node.path)
		}
	}
	return paths
}

// ByPath lists, for wchp, the watchers of every path in the data table, in the order in which they
// registered. It goes through the whole table.
func (t *Table[W]) ByPath() map[string][]W {
	all := make(map[string][]W, t.dataPaths)
	for path, n := range t.paths {
		for e := n.data.head; e != nil; e = n.data.next(e) {
			all[path] = append(all[path], e.watcher.w)
		}
	}
	return all
}
