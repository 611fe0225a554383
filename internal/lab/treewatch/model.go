package treewatch

import (
	"fmt"
	"maps"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// model is the metadata of znodes as events leave it. It knows znodes that were read, and those that were created since.
type model struct {
	znodes map[string]wire.Stat
	// unproved are the znodes that were carried over a gap and not read since.
	unproved map[string]bool
}

// carried returns the model as it is after a gap, if nothing changed in the gap.
func (m *model) carried() *model {
	c := &model{znodes: maps.Clone(m.znodes), unproved: map[string]bool{}}
	for path := range m.znodes {
		c.unproved[path] = true
	}
	return c
}

// parentOf returns the path of the parent of a znode.
func parentOf(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

// change applies an event. An error says which event must be missing.
func (m *model) change(e Event) error {
	old, known := m.znodes[e.Path]
	children := int32(0)
	switch e.Type {
	case "create":
		if known {
			return missing(e.Zxid, e.Path, "was created although it was there")
		}
		m.znodes[e.Path] = wire.Stat{Czxid: e.Zxid, Mzxid: e.Zxid, Pzxid: e.Zxid}
		children = 1
	case "delete":
		if m.unproved[e.Path] { // what happened to it in the gap cannot be read any more
			return missing(e.Zxid, e.Path, "was deleted before it was read")
		}
		if known && old.NumChildren > 0 {
			return missing(e.Zxid, e.Path, "was deleted although it had children")
		}
		delete(m.znodes, e.Path)
		children = -1
	case "setData":
		if known {
			old.Version, old.Mzxid = old.Version+1, e.Zxid
			m.znodes[e.Path] = old
		}
		return nil
	}
	if parent, ok := m.znodes[parentOf(e.Path)]; ok {
		parent.Cversion, parent.Pzxid, parent.NumChildren = parent.Cversion+1, e.Zxid, parent.NumChildren+children
		m.znodes[parentOf(e.Path)] = parent
	}
	return nil
}

// compare compares what was read with what events say.
func (m *model) compare(s Seen) error {
	known, ok := m.znodes[s.Path]
	switch {
	case ok && s.Gone:
		return missing(s.Zxid, s.Path, "is gone")
	case s.Gone:
		return nil
	case ok && !same(known, s.Stat):
		return missing(s.Zxid, s.Path, fmt.Sprintf("is %+v, not %+v", counts(s.Stat), counts(known)))
	case !ok && m.unproved != nil: // the tree was known, and this znode was not there
		return missing(s.Zxid, s.Path, "is there")
	case !ok:
		if _, above := m.znodes[parentOf(s.Path)]; above && s.Stat.Czxid > m.znodes[parentOf(s.Path)].Pzxid {
			return missing(s.Zxid, s.Path, "is newer than its parent knows")
		}
	}
	delete(m.unproved, s.Path)
	m.znodes[s.Path] = s.Stat
	return nil
}

// same reports whether what events change is the same in two stats.
func same(a, b wire.Stat) bool { return counts(a) == counts(b) }

// counted is the part of a znode's metadata that events change.
type counted struct {
	czxid, mzxid, pzxid          int64
	version, cversion, nChildren int32
}

func counts(s wire.Stat) counted {
	return counted{s.Czxid, s.Mzxid, s.Pzxid, s.Version, s.Cversion, s.NumChildren}
}

// missing returns the error that says which znode shows that an event is missing.
func missing(zxid int64, path, what string) error {
	return fmt.Errorf("a watch event is missing: by zxid 0x%x, %s %s", zxid, path, what)
}
