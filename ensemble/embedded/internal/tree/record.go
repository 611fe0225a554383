package tree

import (
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// ErrRecord means bytes that are no transaction or no tree.
var ErrRecord = errors.New("not a record of a transaction")

// AppendTxn appends a transaction in the form of ZooKeeper's log: header, record. The layouts come from
// zookeeper.jute, module txn. There, a failed request of any type has the type error; SetSequence has a
// layout of our own.
func AppendTxn(b []byte, x *Txn) []byte {
	op, record := appendBody(nil, x.Op, x.Body)
	b = wire.AppendLong(b, x.Session)
	b = wire.AppendInt(b, x.Cxid)
	b = wire.AppendLong(b, x.Zxid)
	b = wire.AppendLong(b, x.Time)
	return append(wire.AppendInt(b, int32(op)), record...)
}

func appendBody(b []byte, op wire.Op, body Body) (wire.Op, []byte) {
	switch r := body.(type) {
	case *Create:
		b = appendCreate(b, op, r)
	case *Delete:
		b = wire.AppendString(b, r.Path)
	case *SetData:
		b = wire.AppendInt(wire.AppendBuffer(wire.AppendString(b, r.Path), r.Data), r.Version)
	case *SetACL:
		b = wire.AppendInt(appendACL(wire.AppendString(b, r.Path), r.ACL), r.Version)
	case *Check:
		b = wire.AppendInt(wire.AppendString(b, r.Path), r.Version)
	case *CreateSession:
		b = wire.AppendInt(b, int32(r.Timeout.Milliseconds()))
	case *CloseSession:
		b = wire.AppendInt(b, int32(len(r.Paths)))
		for _, path := range r.Paths {
			b = wire.AppendString(b, path)
		}
	case *SetSequence:
		b = wire.AppendInt(wire.AppendString(b, r.Path), r.Creates)
	case *Multi:
		b = wire.AppendInt(b, int32(len(r.Parts)))
		for _, p := range r.Parts {
			op, record := appendBody(nil, p.Op, p.Body)
			b = wire.AppendBuffer(wire.AppendInt(b, int32(op)), append([]byte{}, record...))
		}
	case Failure:
		return wire.ErrorOp, wire.AppendInt(b, int32(r.Code))
	}
	return op, b
}

func appendCreate(b []byte, op wire.Op, c *Create) []byte {
	b = appendACL(wire.AppendBuffer(wire.AppendString(b, c.Path), c.Data), c.ACL)
	switch op {
	case wire.CreateContainer:
		return wire.AppendInt(b, c.ParentCversion)
	case wire.CreateTTL:
		return wire.AppendLong(wire.AppendInt(b, c.ParentCversion), c.TTL.Milliseconds())
	}
	return wire.AppendInt(wire.AppendBool(b, c.Owner != 0), c.ParentCversion)
}

func appendACL(b []byte, list []wire.ACL) []byte {
	b = wire.AppendInt(b, int32(len(list)))
	for _, a := range list {
		b = wire.AppendString(wire.AppendString(wire.AppendInt(b, int32(a.Perms)), a.ID.Scheme), a.ID.ID)
	}
	return b
}

// ReadTxn reads what AppendTxn wrote. It shares nothing with b.
func ReadTxn(b []byte) (*Txn, error) {
	d := wire.NewDecoder(b)
	x := &Txn{Session: d.Long(), Cxid: d.Int(), Zxid: d.Long(), Time: d.Long(), Op: wire.Op(d.Int())}
	x.Body = readBody(d, x.Op, x.Session, true)
	if err := d.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return x, nil
}

func readBody(d *wire.Decoder, op wire.Op, session int64, whole bool) Body {
	switch op {
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL:
		return readCreate(d, op, session)
	case wire.Delete, wire.DeleteContainer:
		return &Delete{Path: d.String()}
	case wire.SetData, wire.Reconfig:
		return &SetData{Path: d.String(), Data: copied(d.Buffer()), Version: d.Int()}
	case wire.SetACL:
		return &SetACL{Path: d.String(), ACL: readACL(d), Version: d.Int()}
	case wire.Check:
		return &Check{Path: d.String(), Version: d.Int()}
	case wire.ErrorOp:
		return Failure{Code: wire.Code(d.Int())}
	case wire.CreateSession:
		return &CreateSession{Timeout: time.Duration(d.Int()) * time.Millisecond}
	case wire.CloseSession:
		c := &CloseSession{}
		for range d.Count(4) {
			c.Paths = append(c.Paths, d.String())
		}
		return c
	case OpSetSequence:
		return &SetSequence{Path: d.String(), Creates: d.Int()}
	}
	if op == wire.Multi && whole {
		return readMulti(d, session)
	}
	d.Fail(fmt.Errorf("type %d", op))
	return nil
}

func readCreate(d *wire.Decoder, op wire.Op, session int64) *Create {
	c := &Create{Path: d.String(), Data: copied(d.Buffer()), ACL: readACL(d)}
	switch op {
	case wire.CreateContainer:
		c.Container, c.ParentCversion = true, d.Int()
	case wire.CreateTTL:
		c.ParentCversion, c.TTL = d.Int(), time.Duration(d.Long())*time.Millisecond
	default:
		if d.Bool() {
			c.Owner = session
		}
		c.ParentCversion = d.Int()
	}
	return c
}

func readMulti(d *wire.Decoder, session int64) *Multi {
	m := &Multi{Parts: []MultiPart{}}
	for range d.Count(8) {
		op := wire.Op(d.Int())
		record := wire.NewDecoder(d.Buffer())
		m.Parts = append(m.Parts, MultiPart{Op: op, Body: readBody(record, op, session, false)})
		if err := record.Err(); err != nil {
			d.Fail(err)
			break
		}
	}
	return m
}

func readACL(d *wire.Decoder) []wire.ACL {
	var list []wire.ACL
	for range d.Count(12) {
		list = append(list, wire.ACL{Perms: wire.Perm(d.Int()), ID: wire.ID{Scheme: d.String(), ID: d.String()}})
	}
	return list
}

// copied keeps null data apart from empty data.
func copied(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}
