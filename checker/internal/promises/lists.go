package promises

import (
	"slices"
	"sort"

	"github.com/zklab/zklab/history"
)

// This file is for records without transactions. It compares lists of children with what clients
// were told of the children that they created and deleted.

// knownChildren holds the children of a znode that are known to exist, as far as a connection's
// view goes.
type knownChildren struct {
	next  int // the first change of the past that is not yet included
	there map[string]bool
}

// childrenOf returns the children of a path that are known to exist at z.
func (v *view) childrenOf(path string, p *past, z history.ID) map[string]bool {
	if v.children == nil {
		v.children = map[string]*knownChildren{}
	}
	k := v.children[path]
	if k == nil {
		k = &knownChildren{there: map[string]bool{}}
		v.children[path] = k
	}
	for ; k.next < len(p.children) && p.children[k.next].zxid <= z; k.next++ {
		if m := &p.children[k.next]; m.what == created {
			k.there[m.child] = true
		} else {
			delete(k.there, m.child)
		}
	}
	return k.there
}

// lists reports whether a list of children is possible: it contains all children that no client
// can have deleted, and none that no client can have created.
func (j *judge) lists(c *conn, v *view, r *reply, of *content, p *past) bool {
	if !of.hasNames {
		return true
	}
	if s := of.stat; s != nil && int(s.NumChildren) != len(of.children) {
		j.broken(SingleImage, r.request.events(), "%s lists %d children and counts %d", told(c, r), len(of.children), s.NumChildren)
		return false
	}
	z := max(v.lower, latest(of.stat))
	listed := setOf(of.children)
	var missing []string
	standing := v.childrenOf(of.path, p, z)
	for name := range standing {
		if !listed[name] {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	for _, name := range missing {
		child := j.past(join(of.path, name))
		if m := j.missed(child, r, &content{absent: true}, z); m != nil {
			j.blame(c, v, r, m)
			return false
		}
		if j.goneEarly(c, v, r, child) {
			return false
		}
		delete(standing, name) // it may be deleted, and may be missing in all later lists
	}
	for _, name := range of.children {
		child := join(of.path, name)
		if q := j.past(child); q == nil || j.appears(child, q) {
			continue
		}
		if m := j.over(j.past(child), r, z); m != nil {
			j.blame(c, v, r, m)
			return false
		}
	}
	return true
}

// over returns the deletion of a znode up to z, if no client can have created the znode again
// before a reply was made. It returns nil if the znode may exist.
func (j *judge) over(p *past, r *reply, z history.ID) *change {
	i := sort.Search(len(p.own), func(i int) bool { return p.own[i].zxid > z })
	if i == 0 || p.own[i-1].what != deleted {
		return nil
	}
	if made := p.behind(p.own[i-1].zxid, created); made != nil && r.askedBefore(made) {
		return nil
	}
	return &p.own[i-1]
}
