package tree

import (
	"github.com/zklab/zklab/internal/zk/wire"
)

// Event is a change of a znode that clients may watch.
type Event struct {
	// Type is EventCreated, EventDeleted or EventDataChanged with the path of the znode, or
	// EventChildrenChanged with the path of its parent. A deletion concerns the watches of the znode
	// and those of its children.
	Type wire.EventType
	Path string
	// ACL is the list of the znode at Path: who may not read it gets no event
	// ([Allowed]).
	ACL []wire.ACL
}

// Result is the outcome of a transaction. Its slices are the tree's: they hold
// until the next Apply.
type Result struct {
	// Err is the code for the header of the reply. It is OK for a multi that
	// failed: that one's errors are in Multi.
	Err   wire.Code
	Path  string          // of a create
	Stat  wire.Stat       // of a create, SetData, SetACL
	Multi []wire.OpResult // of a multi
	// Events are in the order in which they happened, all before the reply.
	Events []Event
}

// Apply applies the next transaction.
func (t *Tree) Apply(x *Txn) Result {
	t.events, t.results = t.events[:0], t.results[:0]
	var r Result
	if m, ok := x.Body.(*Multi); ok {
		t.multi(x, m)
		r.Multi = t.results
	} else {
		one := t.change(x, x.Op, x.Body)
		r.Err, r.Path, r.Stat = one.Err, one.Path, one.Stat
	}
	t.zxid = max(t.zxid, x.Zxid)
	r.Events = t.events
	return r
}

// multi applies all parts, or none if one is a Failure.
func (t *Tree) multi(x *Txn, m *Multi) {
	for _, p := range m.Parts {
		t.results = append(t.results, t.change(x, p.Op, p.Body))
	}
}

// change applies a transaction that is not a multi, or a part of one.
func (t *Tree) change(x *Txn, op wire.Op, body Body) wire.OpResult {
	r := wire.OpResult{Op: op}
	switch b := body.(type) {
	case *Create:
		r.Path = b.Path
		r.Stat, r.Err = t.create(x, b)
	case *Delete:
		r.Err = t.delete(b.Path, x.Zxid)
	case *SetData:
		r.Stat, r.Err = t.applySetData(x, b)
		if op == wire.Reconfig && r.Err == wire.OK {
			t.reconfigured(b)
		}
	case *SetACL:
		r.Stat, r.Err = t.applySetACL(b)
	case *CreateSession:
		t.sessions[x.Session] = b.Timeout
	case *CloseSession:
		t.closeSession(x, b)
	case *SetSequence:
		r.Err = t.setSequence(b)
	case Failure:
		r = wire.OpResult{Op: wire.ErrorOp, Err: b.Code}
	}
	return r
}

// create answers NoNode or NodeExists for a transaction that no leader made.
func (t *Tree) create(x *Txn, c *Create) (wire.Stat, wire.Code) {
	parent := t.nodes[parentPath(c.Path)]
	switch {
	case parent == nil:
		return wire.Stat{}, wire.NoNode
	case t.nodes[c.Path] != nil:
		return wire.Stat{}, wire.NodeExists
	}
	t.leaveIdle(parent)
	if c.ParentCversion > parent.creates {
		parent.creates, parent.pzxid = c.ParentCversion, x.Zxid
	}
	n := &node{
		path: c.Path, data: c.Data, acl: t.acls.use(c.ACL), parent: parent,
		czxid: x.Zxid, mzxid: x.Zxid, pzxid: x.Zxid, ctime: x.Time, mtime: x.Time,
		owner: c.Owner, ttl: c.TTL, container: c.Container,
	}
	t.insert(n)
	t.track(n)
	stat := n.stat()
	t.countCreate(n)
	t.event(wire.EventCreated, n)
	t.event(wire.EventChildrenChanged, parent)
	return stat, wire.OK
}

func (t *Tree) delete(path string, zxid int64) wire.Code {
	n := t.nodes[path]
	if n == nil || n.parent == nil {
		return wire.NoNode
	}
	t.untrack(n)
	delete(t.nodes, path)
	t.dataSize -= n.size()
	n.parent.children.remove(n)
	n.parent.pzxid = max(n.parent.pzxid, zxid)
	t.enterIdle(n.parent)
	t.countDelete(n)
	t.event(wire.EventDeleted, n)
	t.event(wire.EventChildrenChanged, n.parent)
	t.acls.drop(n.acl)
	return wire.OK
}

func (t *Tree) applySetData(x *Txn, s *SetData) (wire.Stat, wire.Code) {
	n := t.nodes[s.Path]
	if n == nil {
		return wire.Stat{}, wire.NoNode
	}
	more := len(s.Data) - len(n.data)
	t.setData(n, s.Data)
	n.version, n.mzxid, n.mtime = s.Version, x.Zxid, x.Time
	stat := n.stat()
	t.count(n, 0, more)
	t.event(wire.EventDataChanged, n)
	return stat, wire.OK
}

// reconfigured takes note of a configuration that was written. Apache's servers
// write it twice, by the transaction and when they begin to use it: who watches
// hears of both.
func (t *Tree) reconfigured(s *SetData) {
	t.members = string(s.Data)
	t.event(wire.EventDataChanged, t.nodes[s.Path])
}

func (t *Tree) setData(n *node, data []byte) {
	t.dataSize += int64(len(data) - len(n.data))
	n.data = data
}

// applySetACL triggers no watches and leaves mzxid as it is.
func (t *Tree) applySetACL(s *SetACL) (wire.Stat, wire.Code) {
	n := t.nodes[s.Path]
	if n == nil {
		return wire.Stat{}, wire.NoNode
	}
	t.acls.drop(n.acl)
	n.acl, n.aversion = t.acls.use(s.ACL), s.Version
	return n.stat(), wire.OK
}

func (t *Tree) setSequence(s *SetSequence) wire.Code {
	n := t.nodes[s.Path]
	if n == nil {
		return wire.NoNode
	}
	n.creates = s.Creates
	return wire.OK
}

func (t *Tree) event(typ wire.EventType, n *node) {
	t.events = append(t.events, Event{Type: typ, Path: n.path, ACL: n.acl.entries()})
}
