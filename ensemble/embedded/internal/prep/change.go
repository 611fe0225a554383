package prep

import (
	"slices"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// findAllowed finds a znode for a client that has any of perms.
func (p *Prep) findAllowed(path string, perms wire.Perm, ids []wire.ID) (tree.Node, wire.Code) {
	n, ok := p.find(path)
	switch {
	case !ok:
		return n, wire.NoNode
	case !tree.Allowed(n.ACL, perms, ids):
		return n, wire.NoAuth
	}
	return n, wire.OK
}

// matches compares a version with the one that the client expects.
func matches(version, expected int32) bool { return expected == -1 || expected == version }

func (p *Prep) delete(r *Request, q *wire.VersionRequest) (tree.Body, wire.Code) {
	if r.Refused != wire.OK {
		return nil, r.Refused
	}
	parent, ok := parentOf(q.Path)
	if !ok || tree.Special(q.Path) {
		return nil, wire.BadArguments
	}
	if _, code := p.findAllowed(parent, wire.PermDelete, r.Auth); code != wire.OK {
		return nil, code
	}
	n, ok := p.find(q.Path)
	switch {
	case !ok:
		return nil, wire.NoNode
	case !matches(n.Version, q.Version):
		return nil, wire.BadVersion
	case n.Children > 0:
		return nil, wire.NotEmpty
	}
	p.remove(parent, q.Path)
	return &tree.Delete{Path: q.Path}, wire.OK
}

// deleteContainer returns how a leader deletes containers and znodes whose TTL is
// over. Clients may send it, too, for any znode that is not an ephemeral.
func (p *Prep) deleteContainer(q *wire.PathRequest) (tree.Body, wire.Code) {
	parent, ok := parentOf(q.Path)
	if !ok || tree.Special(q.Path) {
		return nil, wire.BadArguments
	}
	n, ok := p.find(q.Path)
	switch {
	case !ok:
		return nil, wire.NoNode
	case n.Children > 0:
		return nil, wire.NotEmpty
	case n.Owner != 0:
		return nil, wire.BadVersion
	}
	p.remove(parent, q.Path)
	return &tree.Delete{Path: q.Path}, wire.OK
}

// setSequence sets the number that the next sequential child of a znode gets. Only the ensemble's owner
// sends this request.
func (p *Prep) setSequence(q *tree.SetSequence) (tree.Body, wire.Code) {
	n, ok := p.find(q.Path)
	if !ok {
		return nil, wire.NoNode
	}
	n.Creates = q.Creates
	p.put(change{zxid: p.zxid, path: q.Path, Node: n})
	return q, wire.OK
}

func (p *Prep) remove(parent, path string) {
	p.childless = slices.DeleteFunc(p.childless, func(c string) bool { return c == path })
	above, _ := p.find(parent)
	above.Children--
	p.put(change{zxid: p.zxid, path: parent, Node: above})
	p.put(change{zxid: p.zxid, path: path, gone: true})
}

// target finds the znode that setData, setACL or check is about.
func (p *Prep) target(path string, perms wire.Perm, ids []wire.ID) (tree.Node, wire.Code) {
	if !tree.ValidPath(path) {
		return tree.Node{}, wire.BadArguments
	}
	return p.findAllowed(path, perms, ids)
}

func (p *Prep) setData(r *Request, q *wire.SetDataRequest) (tree.Body, wire.Code) {
	if r.Refused != wire.OK {
		return nil, r.Refused
	}
	n, code := p.target(q.Path, wire.PermWrite, r.Auth)
	if code == wire.OK {
		code = p.checkQuota(q.Path, 0, len(q.Data)-n.Size)
	}
	switch {
	case code != wire.OK:
		return nil, code
	case !matches(n.Version, q.Version):
		return nil, wire.BadVersion
	}
	n.Version++
	n.Size = len(q.Data)
	p.put(change{zxid: p.zxid, path: q.Path, Node: n})
	return &tree.SetData{Path: q.Path, Data: q.Data, Version: n.Version}, wire.OK
}

func (p *Prep) setACL(r *Request, q *wire.SetACLRequest) (tree.Body, wire.Code) {
	if r.Refused != wire.OK {
		return nil, r.Refused
	}
	if !tree.ValidPath(q.Path) {
		return nil, wire.BadArguments
	}
	acl, ok := resolveACL(q.ACL, r.Auth)
	if !ok {
		return nil, wire.InvalidACL
	}
	n, code := p.findAllowed(q.Path, wire.PermAdmin, r.Auth)
	switch {
	case code != wire.OK:
		return nil, code
	case !matches(n.Aversion, q.Version):
		return nil, wire.BadVersion
	}
	n.Aversion++
	n.ACL = acl
	p.put(change{zxid: p.zxid, path: q.Path, Node: n})
	return &tree.SetACL{Path: q.Path, ACL: acl, Version: n.Aversion}, wire.OK
}

func (p *Prep) check(r *Request, q *wire.VersionRequest) (tree.Body, wire.Code) {
	if r.Refused != wire.OK {
		return nil, r.Refused
	}
	n, code := p.target(q.Path, wire.PermRead, r.Auth)
	switch {
	case code != wire.OK:
		return nil, code
	case !matches(n.Version, q.Version):
		return nil, wire.BadVersion
	}
	return &tree.Check{Path: q.Path, Version: n.Version}, wire.OK
}
