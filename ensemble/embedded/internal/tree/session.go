package tree

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
)

// Sessions returns all sessions and their timeouts, by id.
func (t *Tree) Sessions() iter.Seq2[int64, time.Duration] {
	ids := slices.Sorted(maps.Keys(t.sessions))
	return func(yield func(int64, time.Duration) bool) {
		for _, id := range ids {
			if !yield(id, t.sessions[id]) {
				return
			}
		}
	}
}

// HasSession reports whether a session is there.
func (t *Tree) HasSession(id int64) bool {
	_, ok := t.sessions[id]
	return ok
}

// SessionCount returns the number of sessions.
func (t *Tree) SessionCount() int { return len(t.sessions) }

// Session returns the timeout of a session; ok is false if there is no such.
func (t *Tree) Session(id int64) (timeout time.Duration, ok bool) {
	timeout, ok = t.sessions[id]
	return timeout, ok
}

// Ephemerals returns the paths of a session's ephemerals, in the order in which
// they go when it is closed.
func (t *Tree) Ephemerals(session int64) []string {
	r := t.owned[session]
	if r == nil || len(r.nodes) == 0 {
		return nil
	}
	paths := make([]string, 0, len(r.nodes))
	for _, n := range r.inOrder() {
		paths = append(paths, n.path)
	}
	// The server copies the session's set, and goes through the copy.
	javahash.Sort(paths, javahash.Grown(javahash.Default, r.most), javahash.String)
	javahash.Sort(paths, javahash.Copied(len(paths)), javahash.String)
	return paths
}

// AllEphemerals returns the paths of all ephemerals by session, of those sessions
// that have or had any.
func (t *Tree) AllEphemerals() map[int64][]string {
	all := make(map[int64][]string, len(t.owned))
	for session := range t.owned {
		all[session] = t.Ephemerals(session)
	}
	return all
}

// EphemeralsUnder returns those of a session's ephemerals whose paths begin with
// prefix; a blank one or "/" means all.
func (t *Tree) EphemeralsUnder(session int64, prefix string) []string {
	paths := t.Ephemerals(session)
	if all := strings.TrimSpace(prefix); all == "" || all == "/" {
		return paths
	}
	return slices.DeleteFunc(paths, func(p string) bool { return !strings.HasPrefix(p, prefix) })
}

// closeSession deletes the ephemerals that the leader found, and any that it did
// not.
func (t *Tree) closeSession(x *Txn, c *CloseSession) {
	for _, path := range c.Paths {
		t.delete(path, x.Zxid)
	}
	for _, path := range t.Ephemerals(x.Session) {
		t.delete(path, x.Zxid)
	}
	delete(t.owned, x.Session)
	delete(t.sessions, x.Session)
}

// inOrder returns the nodes, oldest first.
func (r *nodeList) inOrder() []*node {
	return slices.SortedFunc(slices.Values(r.nodes), func(a, b *node) int { return cmp.Compare(a.order, b.order) })
}

// listOf returns the list that a node is on, or nil.
func (t *Tree) listOf(n *node) *nodeList {
	switch {
	case n.owner != 0:
		return t.owned[n.owner]
	case n.ttl != 0:
		return &t.ttls
	case n.idling():
		return &t.idle
	}
	return nil
}

// track puts a new node on the list of its kind.
func (t *Tree) track(n *node) {
	if n.owner != 0 {
		t.ephemerals++
		if t.owned[n.owner] == nil {
			t.owned[n.owner] = new(nodeList)
		}
	}
	if r := t.listOf(n); r != nil {
		r.add(n)
	}
}

// untrack takes a node off the list that it is on.
func (t *Tree) untrack(n *node) {
	if n.owner != 0 {
		t.ephemerals--
	}
	if r := t.listOf(n); r != nil {
		r.remove(n)
	}
}
