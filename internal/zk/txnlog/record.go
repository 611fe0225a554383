package txnlog

import (
	"errors"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// errorType is the history.Txn.Type of a request that was refused: the log does not keep its type.
const errorType = "error"

var errNested = errors.New("a multi within a multi")

// decode reads header and record, and returns where they end: a digest of the
// whole tree may follow. The layouts come from zookeeper.jute, module txn.
func decode(b []byte) (t history.Txn, n int, err error) {
	d := wire.NewDecoder(b)
	t.Session, t.Cxid = history.ID(d.Long()), d.Int()
	t.Zxid = history.ID(d.Long())
	t.Wall = time.UnixMilli(d.Long()).UTC()
	op := wire.Op(d.Int())
	fill(&t, op, d)
	if d.Err() != nil {
		return t, 0, d.Err()
	}
	return t, len(b) - len(d.Rest()), nil
}

// fill reads the record of a transaction, or of a part of a multi.
func fill(t *history.Txn, op wire.Op, d *wire.Decoder) {
	t.Type = op.String()
	switch op {
	case wire.Create, wire.Create2:
		fillCreate(t, d)
		if ephemeral := d.Bool(); ephemeral {
			t.Owner = t.Session
		}
		t.ParentCversion = d.Int()
	case wire.CreateContainer:
		fillCreate(t, d)
		t.ParentCversion = d.Int()
	case wire.CreateTTL:
		fillCreate(t, d)
		t.ParentCversion = d.Int()
		t.TTL = time.Duration(d.Long()) * time.Millisecond
	case wire.Delete, wire.DeleteContainer:
		t.Path = d.String()
	case wire.SetData, wire.Reconfig:
		t.Path, t.Data, t.Version = d.String(), clone(d.Buffer()), d.Int()
	case wire.SetACL:
		t.Path, t.ACL, t.Version = d.String(), accessList(d), d.Int()
	case wire.Check:
		t.Path, t.Version = d.String(), d.Int()
	case wire.CreateSession:
		t.Timeout = time.Duration(d.Int()) * time.Millisecond
	case wire.CloseSession:
		t.Paths = paths(d)
	case wire.Multi:
		fillMulti(t, d)
	case wire.ErrorOp:
		t.Type, t.Error = errorType, d.Int()
	}
}

func fillCreate(t *history.Txn, d *wire.Decoder) {
	t.Path, t.Data, t.ACL = d.String(), clone(d.Buffer()), accessList(d)
}

// fillMulti reads the parts of a multi. In the log, a multi that failed keeps the operations before the
// failure, though they were not done: of these, fillMulti returns only the type.
func fillMulti(t *history.Txn, d *wire.Decoder) {
	failed := false
	for range d.Count(8) {
		op := wire.Op(d.Int())
		part := history.Txn{Session: t.Session} // the owner of the ephemeral znodes that the part creates
		record := wire.NewDecoder(d.Buffer())
		if op == wire.Multi {
			d.Fail(errNested)
			return
		}
		fill(&part, op, record)
		part.Session = 0
		if err := record.Err(); err != nil {
			d.Fail(err)
			return
		}
		if op == wire.ErrorOp && len(record.Rest()) > 0 {
			part.Error = 0 // the part itself did not fail: the server marked it because another one did; see identity
		}
		failed = failed || op == wire.ErrorOp
		t.Parts = append(t.Parts, part)
	}
	for i := range t.Parts {
		if p := t.Parts[i]; failed && p.Type != errorType {
			t.Parts[i] = history.Txn{Type: p.Type}
		}
	}
}

// paths reads the paths in a closeSession. Before ZooKeeper 3.6, a closeSession has no record.
func paths(d *wire.Decoder) []string {
	if len(d.Rest()) == 0 {
		return nil
	}
	var list []string
	for range d.Count(4) {
		list = append(list, d.String())
	}
	return list
}

// accessList reads an access control list. It returns nil for the list that allows everything to
// everyone.
func accessList(d *wire.Decoder) []history.TxnACL {
	var list []history.TxnACL
	for range d.Count(12) {
		list = append(list, history.TxnACL{Perms: d.Int(), Scheme: d.String(), ID: d.String()})
	}
	if len(list) == 1 && list[0] == (history.TxnACL{Perms: int32(wire.PermAll), Scheme: "world", ID: "anyone"}) {
		return nil
	}
	return list
}

func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}
