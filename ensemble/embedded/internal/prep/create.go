package prep

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// create makes a znode. The type of the request tells whether it is a container
// or has a TTL, the mode the rest.
func (p *Prep) create(r *Request, op wire.Op, q *wire.CreateRequest) (tree.Body, wire.Code) {
	if code := p.checkMode(op, q); code != wire.OK {
		return nil, code
	}
	if r.Refused != wire.OK {
		return nil, r.Refused
	}
	parent, ok := parentOf(q.Path)
	if !ok {
		return nil, wire.BadArguments
	}
	acl, ok := resolveACL(q.ACL, r.Auth)
	if !ok {
		return nil, wire.InvalidACL
	}
	above, code := p.findAllowed(parent, wire.PermCreate, r.Auth)
	if code != wire.OK {
		return nil, code
	}
	path := q.Path
	if q.Mode.Sequential() {
		path = numbered(path, above.Creates)
	}
	if code := p.checkPlace(path, parent, above); code != wire.OK {
		return nil, code
	}
	if code := p.checkQuota(path, 1, len(q.Data)); code != wire.OK {
		return nil, code
	}
	above.Creates++
	c := &tree.Create{Path: path, Data: q.Data, ACL: acl, ParentCversion: above.Creates}
	switch {
	case op == wire.CreateContainer:
		c.Container = true
		if ephemeral(q.Mode) {
			p.childless = append(p.childless, path)
		}
	case op == wire.CreateTTL:
		c.TTL = q.TTL
	case ephemeral(q.Mode):
		c.Owner = r.Session
	}
	above.Children++
	p.put(change{zxid: p.zxid, path: parent, Node: above})
	p.put(change{zxid: p.zxid, path: path, made: true, Node: tree.Node{ACL: acl, Owner: c.Owner, Size: len(q.Data)}})
	return c, wire.OK
}

func (p *Prep) checkQuota(path string, nodes, bytes int) wire.Code {
	if !p.EnforceQuota {
		return wire.OK
	}
	return p.tree.Quota(path, nodes, bytes)
}

// maxTTL is the longest that fits into the 40 bits that a server has for it.
const maxTTL = (1<<40 - 1) * time.Millisecond

// checkMode judges mode and TTL. Java's servers take a CreateTTL of a mode
// without TTL if that is negative, and stop when they apply it.
func (p *Prep) checkMode(op wire.Op, q *wire.CreateRequest) wire.Code {
	wantsTTL := q.Mode == wire.PersistentTTL || q.Mode == wire.PersistentSequentialTTL
	switch {
	case q.Mode < wire.Persistent || q.Mode > wire.PersistentSequentialTTL:
		return wire.BadArguments
	case wantsTTL && p.NoTTL:
		return wire.Unimplemented
	case wantsTTL != (op == wire.CreateTTL):
		return wire.BadArguments
	case wantsTTL && (q.TTL <= 0 || q.TTL > maxTTL):
		return wire.BadArguments
	}
	return wire.OK
}

// checkPlace judges the final path of a znode below one that is there.
func (p *Prep) checkPlace(path, parent string, above tree.Node) wire.Code {
	if !tree.ValidPath(path) {
		return wire.BadArguments
	}
	if _, exists := p.find(path); exists {
		return wire.NodeExists
	}
	if above.Owner != 0 || slices.Contains(p.childless, parent) {
		return wire.NoChildrenForEphemerals
	}
	return wire.OK
}

func ephemeral(m wire.CreateMode) bool { return m == wire.Ephemeral || m == wire.EphemeralSequential }

// numbered appends the counter in ten places, the sign of a negative one among
// them ("Programmer's Guide, Sequence Nodes").
func numbered(path string, counter int32) string {
	var digits [20]byte
	n := strconv.AppendInt(digits[:0], max(int64(counter), -int64(counter)), 10)
	b := make([]byte, 0, len(path)+11)
	b = append(b, path...)
	width := 10
	if counter < 0 {
		b = append(b, '-')
		width--
	}
	for range width - len(n) {
		b = append(b, '0')
	}
	return string(append(b, n...))
}

// parentOf returns the path of the znode above; ok is false for a path without a
// slash or with a NUL.
func parentOf(path string) (parent string, ok bool) {
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 || strings.IndexByte(path, 0) >= 0 {
		return "", false
	}
	return path[:max(slash, 1)], true
}
