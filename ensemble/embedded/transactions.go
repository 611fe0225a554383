package embedded

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/server"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Transactions returns what was committed since the ensemble was started, in the order of zxids. It is
// an error if the servers have kept too little of their log: they fold old entries into a snapshot,
// unless [Config.KeepLog] is set. For a long time, see [Ensemble.StreamTransactions].
func (e *Ensemble) Transactions(context.Context) ([]history.Txn, error) {
	longest, err := e.behind(0)
	if err != nil {
		return nil, err
	}
	return transactions(longest), nil
}

// behind returns the entries committed after a zxid, as far as any server knows them.
func (e *Ensemble) behind(zxid int64) (longest []zab.Entry, err error) {
	for _, s := range e.servers {
		entries, base := s.committed()
		if base > zxid {
			return nil, fmt.Errorf("the transactions up to zxid %#x are in a snapshot of server %d, and no longer kept one by one", base, s.id)
		}
		i := sort.Search(len(entries), func(i int) bool { return entries[i].Zxid > zxid })
		if entries = entries[i:]; len(entries) > len(longest) {
			longest = entries
		}
	}
	return longest, nil
}

func transactions(entries []zab.Entry) []history.Txn {
	txns := make([]history.Txn, 0, len(entries))
	for _, entry := range entries {
		txns = append(txns, transaction(server.Txn(entry)))
	}
	return txns
}

// committed returns the log as far as the server knows it to be committed, and
// where it begins. Servers differ only in how much they know.
func (s *Server) committed() (entries []zab.Entry, base int64) {
	s.withDisk(func(d *zab.Disk) { entries, base = d.Committed(), d.Base() })
	return entries, base
}

func transaction(x *tree.Txn) history.Txn {
	t := part(x.Op, x.Body)
	t.Zxid, t.Session, t.Cxid = history.ID(x.Zxid), history.ID(x.Session), x.Cxid
	t.Wall = time.UnixMilli(x.Time).UTC()
	return t
}

// part returns a transaction, or one operation of a multi.
func part(op wire.Op, body tree.Body) history.Txn {
	t := history.Txn{Type: op.String()}
	switch b := body.(type) {
	case *tree.Create:
		t.Path, t.Data, t.ACL = b.Path, b.Data, accessList(b.ACL)
		t.Owner, t.TTL, t.ParentCversion = history.ID(b.Owner), b.TTL, b.ParentCversion
	case *tree.Delete:
		t.Path = b.Path
	case *tree.SetData:
		t.Path, t.Data, t.Version = b.Path, b.Data, b.Version
	case *tree.SetACL:
		t.Path, t.ACL, t.Version = b.Path, accessList(b.ACL), b.Version
	case *tree.Check:
		t.Path, t.Version = b.Path, b.Version
	case *tree.SetSequence:
		t.Type, t.Path, t.ParentCversion = "setSequence", b.Path, b.Creates
	case *tree.CreateSession:
		t.Timeout = b.Timeout
	case *tree.CloseSession:
		t.Paths = b.Paths
	case tree.Failure:
		t.Error = int32(b.Code)
	case *tree.Multi:
		for _, p := range b.Parts {
			t.Parts = append(t.Parts, part(p.Op, p.Body))
		}
	}
	return t
}

// accessList converts an access control list. It returns nil if the list allows everything to everyone.
func accessList(list []wire.ACL) []history.TxnACL {
	if len(list) == 1 && list[0] == (wire.ACL{Perms: wire.PermAll, ID: tree.Anyone}) {
		return nil
	}
	var out []history.TxnACL
	for _, a := range list {
		out = append(out, history.TxnACL{Perms: int32(a.Perms), Scheme: a.ID.Scheme, ID: a.ID.ID})
	}
	return out
}
