package evidence

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Mark shows in the servers' tree that a process of a client takes part in an object: a znode that
// one of its sessions made, or data that it wrote. The transaction log shows both, whatever the subject
// reports.
type Mark struct {
	Path  string
	Of    *Session // that made it
	Znode *Znode   // nil: data in another's znode
	// The mark exists in each state from From on, below Gone: the zxid at which the znode went, or
	// other data came; StillThere if neither happened.
	From, Gone uint64
}

// WithSession reports whether a mark went because its session ended.
func (m *Mark) WithSession() bool {
	return m.Znode != nil && m.Gone != StillThere && m.Znode.Owner == m.Znode.Remover && m.Gone == m.Of.ClosedInLog
}

// Taken reports whether another session removed a mark, or wrote over it.
func (m *Mark) Taken() bool {
	if m.Gone == StillThere || m.WithSession() {
		return false
	}
	return m.Znode == nil || m.Znode.Remover != m.Of.ID
}

// Marks holds the marks of all lives, by object.
type Marks struct {
	of map[markedBy]*marks
	at map[string][]*Znode // all znodes that ever existed at a path
}

// marks has the marks of one life and object, in order of From. reach is the highest Gone up to each.
type marks struct {
	list  []*Mark
	reach []uint64
}

// upTo returns how many of the marks began by a zxid.
func (l *marks) upTo(zxid uint64) int {
	i, _ := slices.BinarySearchFunc(l.list, zxid, func(m *Mark, zxid uint64) int {
		if m.From <= zxid {
			return -1
		}
		return 1
	})
	return i
}

type markedBy struct {
	key string
	by  Life
}

// MarksOf returns the marks of a record; nil if they cannot be known: the log does not reach back
// to the run's root, or clients have sessions that their links do not know.
var MarksOf = Once(func(a *Record) *Marks {
	if a.Log == nil || a.Params.Root == "" || len(a.Unlinked) > 0 || rootMade(a) == 0 {
		return nil
	}
	m := &Marks{of: map[markedBy]*marks{}, at: map[string][]*Znode{}}
	for _, folder := range slices.Sorted(maps.Keys(a.Log.Folders)) {
		for _, n := range a.Log.Folders[folder] {
			m.at[n.Path] = append(m.at[n.Path], n)
			// A folder that other clients use is not a mark.
			if s := a.Session(n.Maker); s != nil && (n.Owner != 0 || len(a.Log.Folders[n.Path]) == 0) {
				m.add(a, &Mark{Path: n.Path, Of: s, Znode: n, From: n.Created, Gone: n.Deleted})
			}
		}
	}
	m.written(a)
	for _, all := range m.of {
		slices.SortFunc(all.list, func(x, y *Mark) int {
			return cmp.Or(cmp.Compare(x.From, y.From), strings.Compare(x.Path, y.Path))
		})
		reach := uint64(0)
		for _, one := range all.list {
			reach = max(reach, one.Gone)
			all.reach = append(all.reach, reach)
		}
	}
	return m
})

// KeyAt returns the key of the object whose znode is at a path, or above it; false if there is
// none.
func (a *Record) KeyAt(path string) (key string, ok bool) {
	rest, ok := strings.CutPrefix(path, a.Params.Root+"/")
	key, _, _ = strings.Cut(rest, "/")
	return key, ok
}

// add keeps a mark that is below an object's path.
func (m *Marks) add(a *Record, one *Mark) {
	key, ok := a.KeyAt(one.Path)
	if !ok || one.Of.Client < 0 {
		return
	}
	id := markedBy{key, one.Of.Life}
	if m.of[id] == nil {
		m.of[id] = &marks{}
	}
	m.of[id].list = append(m.of[id].list, one)
}

// written adds the data that clients wrote into existing znodes.
func (m *Marks) written(a *Record) {
	last := map[string]*Mark{}
	for i := range a.Transactions {
		t := &a.Transactions[i]
		for part := range t.Changes() {
			if part.Type != "setData" {
				continue
			}
			path, z := part.Path, uint64(t.Zxid)
			if w := last[path]; w != nil {
				w.Gone = min(w.Gone, z)
			}
			delete(last, path)
			if s := a.Session(t.Session); s != nil {
				w := &Mark{Path: path, Of: s, From: z, Gone: m.goneAfter(path, z)}
				last[path] = w
				m.add(a, w)
			}
		}
	}
}

// goneAfter returns the zxid at which the znode was deleted that existed at a path at
// z.
func (m *Marks) goneAfter(path string, z uint64) uint64 {
	for _, n := range m.at[path] {
		if n.Created <= z && z < n.Deleted {
			return n.Deleted
		}
	}
	return StillThere
}

// names reports whether a path contains a name, alone or with a prefix or suffix, such as "k1-lock".
func names(path, name string) bool {
	for at := 0; ; at++ {
		i := strings.Index(path[at:], name)
		if i < 0 {
			return false
		}
		at += i
		end := at + len(name)
		if (at == 0 || !alphanumeric(path[at-1])) && (end == len(path) || !alphanumeric(path[end])) {
			return true
		}
	}
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// Within returns the marks of a life under a key, and of one of its parts ("": of any), that exist in
// some state from one zxid to the other; and the last mark that began by then, nil if there was none.
// The path of a mark of a part has the part's name in it.
func (m *Marks) Within(key, part string, by Life, low, high uint64) (there []*Mark, last *Mark) {
	of := m.of[markedBy{key, by}]
	if of == nil {
		return nil, nil
	}
	for i := of.upTo(high) - 1; i >= 0 && (last == nil || of.reach[i] > low); i-- {
		one := of.list[i]
		if part != "" && !names(one.Path, part) {
			continue
		}
		if last == nil {
			last = one
		}
		if one.Gone > low {
			there = append(there, one)
		}
	}
	return there, last
}

// Made returns the marks of a life under a key that began above one zxid and by the other.
func (m *Marks) Made(key string, by Life, low, high uint64) []*Mark {
	of := m.of[markedBy{key, by}]
	if of == nil || high < low {
		return nil
	}
	return of.list[of.upTo(low):of.upTo(high)]
}
