package prep

import (
	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
)

// closeSession deletes all ephemeral znodes of a session, including those of creates under way.
func (p *Prep) closeSession(session int64) tree.Body {
	paths := p.ephemerals(session)
	for _, path := range paths {
		parent, _ := parentOf(path)
		p.remove(parent, path)
	}
	return &tree.CloseSession{Paths: paths}
}

// ephemerals returns the ephemerals that a session will have, in the order in
// which Java's server deletes them: that of a copy of the tree's set, from which
// the outstanding changes removed some and to which they added others.
func (p *Prep) ephemerals(session int64) []string {
	paths := p.tree.Ephemerals(session)
	copied := len(paths)
	kept := paths[:0]
	for _, path := range paths {
		if n, ok := p.find(path); ok && n.Owner == session {
			kept = append(kept, path)
		}
	}
	if p.creating[session] == 0 {
		return kept
	}
	paths = append(kept, p.created(session)...)
	javahash.Order(paths, copied)
	return paths
}

// created returns the ephemerals that a session will have and does not have yet.
func (p *Prep) created(session int64) []string {
	var paths []string
	seen := make(map[string]bool)
	for i := range p.changes[p.live:] {
		c := &p.changes[p.live+i]
		if !c.made || c.Owner != session || seen[c.path] {
			continue
		}
		seen[c.path] = true
		inTree, ok := p.tree.Node(c.path)
		if ok && inTree.Owner == session {
			continue
		}
		if n, ok := p.find(c.path); ok && n.Owner == session {
			paths = append(paths, c.path)
		}
	}
	return paths
}
