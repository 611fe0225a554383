package simulated

import (
	"maps"
	"slices"

	"github.com/zklab/zklab/history"
)

// Znode is a znode of a tree. A change of it is visible through all pointers to it.
type Znode struct {
	Data                []byte
	Czxid, Mzxid, Pzxid history.ID
	Version             int32
	Creates             int32      // how many children were ever created: the next sequential number
	Owner               history.ID // the session of an ephemeral znode, else 0
	children            map[string]bool
}

// Children returns the names of the znode's children, sorted; nil if it has none.
func (n *Znode) Children() []string { return slices.Sorted(maps.Keys(n.children)) }

// Stat returns the znode's stat as servers report it.
func (n *Znode) Stat() *history.Stat {
	return &history.Stat{
		Czxid: n.Czxid, Mzxid: n.Mzxid, Pzxid: n.Pzxid, Version: n.Version,
		Cversion: 2*n.Creates - int32(len(n.children)), Owner: n.Owner, NumChildren: int32(len(n.children)),
	}
}

func (n *Znode) clone() *Znode {
	if n == nil {
		return nil
	}
	c := *n
	c.children = maps.Clone(n.children)
	return &c
}
