package corruptproxy

import (
	"path"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file corrupts the answers to requests.

// unanswered leaves a read without an answer.
type unanswered struct{ unchanged }

func (unanswered) toClient(c *conn, q *request, f frame) []frame {
	if q.asks(wire.GetData) && c.proxy.corrupts() {
		return nil
	}
	return []frame{f}
}

// zxidFalls gives a read a lower zxid than one before it.
type zxidFalls struct{ unchanged }

func (zxidFalls) toClient(c *conn, q *request, f frame) []frame {
	if seen := c.proxy.seen[c.session]; q.asks(wire.GetData) && seen > 1 && c.proxy.corrupts() {
		f.Zxid = seen - 1
	}
	return []frame{f}
}

// versionOff reports a version that is too high by one.
type versionOff struct{ unchanged }

func (versionOff) toClient(c *conn, q *request, f frame) []frame {
	if !q.asks(wire.SetData) || f.Err != wire.OK {
		return []frame{f}
	}
	if s, err := wire.DecodeStat(f.record); err == nil && c.proxy.corrupts() {
		s.Version++
		f.record = s.Append(nil)
	}
	return []frame{f}
}

// oldRead shows a znode as it was before a change that the session knows of, since it made or read the
// change. A change that it only read must be another client's, and later than the session's own writes:
// otherwise other properties would also find the corruption (a read after a write must be fresh, and a
// multi must not show in part).
type oldRead struct {
	unchanged
	made  bool
	knows map[string]int64 // zxid of the change, by path
	wrote int64            // zxid of the session's latest write
	multi map[int64]bool   // zxids of multis, for all connections
}

func newReadBack() func() corrupter {
	multi := map[int64]bool{}
	return func() corrupter { return &oldRead{knows: map[string]int64{}, multi: multi} }
}

func newOwnReadBack() func() corrupter {
	return func() corrupter { return &oldRead{made: true, knows: map[string]int64{}} }
}

func (t *oldRead) toClient(c *conn, q *request, f frame) []frame {
	switch {
	case q == nil || f.Err != wire.OK:
	case q.Op == wire.GetData:
		return []frame{t.read(c, q, f)}
	case q.Op == wire.SetData && t.made:
		if s, err := wire.DecodeStat(f.record); err == nil {
			t.knows[q.record.(*wire.SetDataRequest).Path] = s.Mzxid
		}
	case q.Op == wire.Multi && !t.made:
		t.multi[f.Zxid] = true
	}
	if q != nil && wire.ProvesAlive(q.Op, f.Err) {
		t.wrote = f.Zxid
	}
	return []frame{f}
}

func (t *oldRead) read(c *conn, q *request, f frame) frame {
	r, err := wire.DecodeDataReply(f.record)
	if err != nil {
		return f
	}
	path, z := q.path(), r.Stat.Mzxid
	old, ok := c.proxy.before(path, z)
	if ok && old.isJustBefore(r.Stat) && t.knows[path] == z && (t.made || z > t.wrote) && !q.record.(*wire.ReadRequest).Watch && c.proxy.corrupts() {
		f.record = old.record
		return f
	}
	if !t.made && z > t.wrote && !t.multi[z] {
		t.knows[path] = z
	}
	return f
}

// childMissing leaves a child out of a list.
type childMissing struct{ unchanged }

func (childMissing) toClient(c *conn, q *request, f frame) []frame {
	r, ok := f.children(q)
	if ok && len(r.Children) > 0 && c.proxy.corrupts() {
		r.Children = r.Children[1:]
		r.Stat.NumChildren--
		f.record = wire.AppendChildrenReply(nil, q.Op, r)
	}
	return []frame{f}
}

// children returns the reply to a request for a list of children.
func (f frame) children(q *request) (r wire.ChildrenReply, ok bool) {
	if q == nil || q.Op.Kind() != wire.GetChildren || f.Err != wire.OK {
		return r, false
	}
	r, err := wire.DecodeChildrenReply(q.Op, f.record)
	return r, err == nil
}

// pzxidKept shows, after deletions of children, the pzxid from before the deletions.
type pzxidKept struct {
	unchanged
	last map[string]wire.ChildrenReply // by path, for all connections
}

func (t pzxidKept) toClient(c *conn, q *request, f frame) []frame {
	r, ok := f.children(q)
	if !ok || q.Op != wire.GetChildren2 {
		return []frame{f}
	}
	last, seen := t.last[q.path()]
	if seen && last.Stat.Pzxid >= r.Stat.Pzxid {
		return []frame{f}
	}
	t.last[q.path()] = r
	isOld := func(name string) bool { return slices.Contains(last.Children, name) }
	if seen && len(r.Children) < len(last.Children) && slices.IndexFunc(r.Children, func(n string) bool { return !isOld(n) }) < 0 && c.proxy.corrupts() {
		r.Stat.Pzxid = last.Stat.Pzxid
		f.record = wire.AppendChildrenReply(nil, q.Op, r)
	}
	return []frame{f}
}

// tornRead shows the data of one version of a znode with the stat of the next one.
type tornRead struct{ unchanged }

func (tornRead) toClient(c *conn, q *request, f frame) []frame {
	if !q.asks(wire.GetData) || f.Err != wire.OK {
		return []frame{f}
	}
	r, err := wire.DecodeDataReply(f.record)
	if err != nil {
		return []frame{f}
	}
	old, ok := c.proxy.before(q.path(), r.Stat.Mzxid)
	if !ok || !old.isJustBefore(r.Stat) || !c.proxy.corrupts() {
		return []frame{f}
	}
	if torn, err := wire.DecodeDataReply(old.record); err == nil {
		f.record = wire.DataReply{Data: torn.Data, Stat: r.Stat}.Append(nil)
	}
	return []frame{f}
}

// multiIndex blames the operation next to the one that made a multi fail.
type multiIndex struct{ unchanged }

func (multiIndex) toClient(c *conn, q *request, f frame) []frame {
	if !q.asks(wire.Multi) || f.Err != wire.OK {
		return []frame{f}
	}
	results, err := wire.DecodeMultiReply(f.record)
	code, _ := wire.MultiResult(f.record)
	if err != nil || code == wire.OK || len(results) < 2 || !c.proxy.corrupts() {
		return []frame{f}
	}
	failed := slices.IndexFunc(results, func(r wire.OpResult) bool { return r.Err != wire.OK })
	blamed := (failed + 1) % len(results)
	for i := range results {
		results[i].Err = wire.RuntimeInconsistency
		switch {
		case i < blamed:
			results[i].Err = wire.OK
		case i == blamed:
			results[i].Err = code
		}
	}
	f.record = wire.AppendMultiReply(nil, results)
	return []frame{f}
}

// otherError answers "no node" where the server answered "bad version".
type otherError struct{ unchanged }

func (otherError) toClient(c *conn, q *request, f frame) []frame {
	if q != nil && f.Err == wire.BadVersion && c.proxy.corrupts() {
		f.Err = wire.NoNode
	}
	return []frame{f}
}

// cversionOff makes the cversion of a parent also count writes of its children's data.
type cversionOff struct {
	unchanged
	sets map[string]int32 // by parent, for all connections
}

func (t cversionOff) toClient(c *conn, q *request, f frame) []frame {
	if q != nil && f.Err == wire.OK {
		if r, ok := q.record.(*wire.SetDataRequest); ok {
			t.sets[path.Dir(r.Path)]++
		}
	}
	r, ok := f.children(q)
	if ok && q.Op == wire.GetChildren2 && t.sets[q.path()] > 0 && c.proxy.corrupts() {
		r.Stat.Cversion += t.sets[q.path()]
		f.record = wire.AppendChildrenReply(nil, q.Op, r)
	}
	return []frame{f}
}

// stuckServer answers a client from the state of the first answer on its connection, like a server that
// applies no more commits but still answers its leader. It does so only while the client just reads one
// znode, since the proxy cannot know what such a server would answer to anything else.
type stuckServer struct {
	unchanged
	first frame
	path  string // "": nothing was read
	over  bool
}

func (t *stuckServer) toClient(c *conn, q *request, f frame) []frame {
	if q.asks(wire.Ping) {
		if t.path != "" && !t.over {
			f.Zxid = t.first.Zxid
		}
		return []frame{f}
	}
	t.over = t.over || !q.asks(wire.GetData) || q.record.(*wire.ReadRequest).Watch || f.Err != wire.OK || t.path != "" && t.path != q.path()
	switch {
	case t.over:
	case t.path == "":
		t.path, t.first = q.path(), f
	case f.Zxid > t.first.Zxid && c.proxy.corrupts():
		f.Zxid, f.record = t.first.Zxid, t.first.record
	}
	return []frame{f}
}
