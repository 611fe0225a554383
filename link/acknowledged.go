package link

import (
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file tells which changes of znodes servers have acknowledged (Config.OnAcknowledged).

// Acknowledged is a write that a server has acknowledged.
type Acknowledged struct {
	Session history.ID
	Xid     int32      // the number of the request within its connection
	Zxid    history.ID // of the transaction: the reply to a write has it in its header
	Changes []Acked    // in order
}

// Acked is one change of an acknowledged write.
type Acked struct {
	Op         wire.Op // create or one of its variants, delete, or setData
	Path       string  // the znode, including the number of a sequential one
	Ephemeral  bool
	Sequential bool
}

// changesOf returns the changes that a request asks for; none if it is not known in full, or asks for none.
func changesOf(op wire.Op, f wire.Frame, record []byte) []Acked {
	if !writes(op) || !f.Whole() {
		return nil
	}
	request, err := wire.DecodeRequest(op, record)
	if err != nil {
		return nil
	}
	parts, ok := request.([]wire.MultiOp)
	if !ok {
		parts = []wire.MultiOp{{Op: op, Request: request}}
	}
	var changes []Acked
	for _, part := range parts {
		x := Acked{Op: part.Op}
		switch r := part.Request.(type) {
		case *wire.CreateRequest:
			x.Path, x.Sequential = r.Path, r.Mode.Sequential()
			x.Ephemeral = r.Mode == wire.Ephemeral || r.Mode == wire.EphemeralSequential
		case *wire.SetDataRequest:
			x.Path = r.Path
		case *wire.VersionRequest:
			x.Path = r.Path
			if part.Op == wire.Check {
				x.Path = "" // it changes nothing; its place in the multi is kept for the reply
			}
		}
		changes = append(changes, x)
	}
	return changes
}

// restricts reports whether a request may keep others from reading a znode, or is not known in full.
func restricts(op wire.Op, f wire.Frame, record []byte) bool {
	if !writes(op) {
		return false
	}
	request, err := wire.DecodeRequest(op, record)
	if err != nil || !f.Whole() {
		return true
	}
	parts, ok := request.([]wire.MultiOp)
	if !ok {
		parts = []wire.MultiOp{{Op: op, Request: request}}
	}
	return slices.ContainsFunc(parts, func(part wire.MultiOp) bool {
		create, ok := part.Request.(*wire.CreateRequest)
		return part.Op == wire.SetACL || ok && !slices.ContainsFunc(create.ACL, func(a wire.ACL) bool {
			return a.ID == (wire.ID{Scheme: "world", ID: "anyone"}) && a.Perms&wire.PermRead != 0
		})
	})
}

// acknowledge reports a reply, if it acknowledges changes. Call it with l.mu held.
func (c *conn) acknowledge(r request, h wire.ReplyHeader, code wire.Code, f wire.Frame, record []byte) {
	if c.l.cfg.OnAcknowledged == nil || len(r.changes) == 0 || code != wire.OK {
		return
	}
	paths := createdPaths(r.op, f, record, len(r.changes))
	a := Acknowledged{Session: history.ID(c.session.ID), Xid: r.xid, Zxid: history.ID(h.Zxid)}
	for i, x := range r.changes {
		if x.Sequential {
			if x.Path = ""; paths != nil {
				x.Path = paths[i]
			}
		}
		if x.Path != "" {
			a.Changes = append(a.Changes, x)
		}
	}
	c.l.cfg.OnAcknowledged(a)
}

// createdPaths returns the paths of the znodes that the parts of a request created, as the reply names them; nil if the reply
// does not tell.
func createdPaths(op wire.Op, f wire.Frame, record []byte, parts int) []string {
	if !f.Whole() {
		return nil
	}
	if op != wire.Multi {
		if op.Kind() != wire.Create {
			return make([]string, parts)
		}
		r, err := wire.DecodeCreateReply(op, record)
		if err != nil || parts != 1 {
			return nil
		}
		return []string{r.Path}
	}
	results, err := wire.DecodeMultiReply(record)
	if err != nil || len(results) != parts {
		return nil
	}
	var paths []string
	for i := range results {
		paths = append(paths, results[i].Path)
	}
	return paths
}
