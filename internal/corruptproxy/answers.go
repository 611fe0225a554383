package corruptproxy

import (
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

// versionOff tells of one change more than there was.
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

// oldRead shows a znode as it was before the change that the session knows: the one that it
// had made, or one that it had read. Of these it is one of somebody else, behind the session's
// own writes: a read behind a write would have to be fresh for that alone, and of a multi it
// would show a part.
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
