package simulated

import (
	"fmt"
	"path"
	"slices"

	"github.com/zklab/zklab/history"
)

// Transaction returns the transaction that a leader with this tree makes of a session's request; the
// transaction has an error if the request fails. Transaction changes nothing.
func (t Tree) Transaction(r history.Request, session history.ID) history.Txn {
	var x history.Txn
	switch r.Op {
	case "multi":
		x = history.Txn{Type: "multi", Parts: t.parts(r.Parts, session)}
	case "closeSession":
		x = history.Txn{Type: r.Op, Paths: t.ephemerals(session)}
	default:
		x = t.prepare(r, session)
	}
	x.Session, x.Cxid = session, r.Xid
	return x
}

// ephemerals returns the paths of a session's ephemeral znodes, sorted.
func (t Tree) ephemerals(session history.ID) (of []string) {
	for p, n := range t {
		if n.Owner == session && session != 0 {
			of = append(of, p)
		}
	}
	slices.Sort(of)
	return of
}

// parts returns the transactions of a multi's parts. If one part fails, none is done.
func (t Tree) parts(of []history.Request, session history.ID) (parts []history.Txn) {
	if len(of) > 1 { // a part sees what those before it did
		t = t.Clone()
	}
	failed := false
	for _, r := range of {
		x := t.prepare(r, session)
		switch {
		case failed:
			x = history.Txn{Type: "error", Error: RuntimeInconsistency}
		case x.Error != 0:
			failed = true
			for i := range parts {
				parts[i] = history.Txn{Type: "error"}
			}
		case len(of) > 1:
			t.ApplyPart(&x, 0)
		}
		parts = append(parts, x)
	}
	return parts
}

func (t Tree) prepare(r history.Request, session history.ID) history.Txn {
	if r.Op == "create" {
		return t.prepareCreate(r, session)
	}
	x := history.Txn{Type: r.Op, Path: r.Path, Data: r.Data}
	switch n := t[r.Path]; {
	case n == nil:
		return failure(NoNode)
	case r.Version != nil && *r.Version >= 0 && *r.Version != n.Version:
		return failure(BadVersion)
	case r.Op == "delete" && len(n.children) > 0:
		return failure(NotEmpty)
	case r.Op == "setData":
		x.Version = n.Version + 1
	}
	return x
}

func (t Tree) prepareCreate(r history.Request, session history.ID) history.Txn {
	parent := t[path.Dir(r.Path)]
	if parent == nil {
		return failure(NoNode)
	}
	if parent.Owner != 0 {
		return failure(NoChildrenForEphemerals)
	}
	x := history.Txn{Type: r.Op, Path: r.Path, Data: r.Data, ParentCversion: parent.Creates + 1}
	if r.Sequential {
		x.Path += fmt.Sprintf("%010d", parent.Creates)
	}
	if t[x.Path] != nil {
		return failure(NodeExists)
	}
	if r.Ephemeral {
		x.Owner = session
	}
	return x
}

func failure(code int32) history.Txn { return history.Txn{Type: "error", Error: code} }
