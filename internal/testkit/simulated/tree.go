package simulated

import (
	"path"

	"github.com/zklab/zklab/history"
)

// The protocol's codes of errors.
const (
	RuntimeInconsistency    = -2 // of a part of a multi after the part that failed
	NoNode                  = -101
	BadVersion              = -103
	NoChildrenForEphemerals = -108
	NodeExists              = -110
	NotEmpty                = -111
	SessionExpired          = -112
)

// Tree holds a server's znodes by path. The zero value is not usable.
type Tree map[string]*Znode

// NewTree returns a tree with nothing but the root.
func NewTree() Tree { return Tree{"/": {children: map[string]bool{"zookeeper": true}}} }

// Clone returns a copy that shares only the data of znodes.
func (t Tree) Clone() Tree {
	c := make(Tree, len(t))
	for p, n := range t {
		c[p] = n.clone()
	}
	return c
}

func (t Tree) add(p string, n *Znode) {
	t[p] = n
	up := t[path.Dir(p)]
	if up.children == nil {
		up.children = map[string]bool{}
	}
	up.children[path.Base(p)] = true
}

// Change is an event that watchers may get, with what was at its path before; nil if there was nothing.
type Change struct {
	history.WatchEvent
	Before *Znode
}

// Apply applies a transaction that a leader made. keep is a path that stays even if the end of a
// session should delete it.
func (t Tree) Apply(x *history.Txn, keep string) (all []Change) {
	if x.Refused() {
		return nil
	}
	for i := range x.Parts {
		all = append(all, t.ApplyPart(&x.Parts[i], x.Zxid)...)
	}
	for _, p := range x.Paths {
		if p != keep {
			all = append(all, t.ApplyPart(&history.Txn{Type: "delete", Path: p}, x.Zxid)...)
		}
	}
	return append(all, t.ApplyPart(x, x.Zxid)...)
}

// ApplyPart applies one operation of the transaction with zxid z.
func (t Tree) ApplyPart(x *history.Txn, z history.ID) []Change {
	change := func(typ, p string) Change {
		return Change{history.WatchEvent{Type: typ, Path: p}, t[p].clone()}
	}
	up := path.Dir(x.Path)
	var of []Change
	switch x.Type {
	case "create":
		of = []Change{change("nodeCreated", x.Path), change("nodeChildrenChanged", up)}
		t.add(x.Path, &Znode{Data: x.Data, Czxid: z, Mzxid: z, Pzxid: z, Owner: x.Owner})
		t[up].Creates, t[up].Pzxid = x.ParentCversion, z
	case "delete":
		of = []Change{change("nodeDeleted", x.Path), change("nodeChildrenChanged", up)}
		delete(t, x.Path)
		delete(t[up].children, path.Base(x.Path))
		t[up].Pzxid = z
	case "setData":
		of = []Change{change("nodeDataChanged", x.Path)}
		n := t[x.Path]
		n.Data, n.Version, n.Mzxid = x.Data, x.Version, z
	}
	return of
}
