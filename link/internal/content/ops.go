// Package content decodes what messages say: in the form of the record, as a hash, and which znodes they change. It
// keeps no state.
package content

import "github.com/zklab/zklab/internal/zk/wire"

// Reads reports whether a request changes at most the watches of its own session.
func Reads(op wire.Op) bool {
	switch op {
	case wire.Exists, wire.GetData, wire.GetACL, wire.GetChildren, wire.GetChildren2, wire.Sync,
		wire.GetEphemerals, wire.GetAllChildrenNumber, wire.MultiRead, wire.WhoAmI:
		return true
	}
	return false
}

// WritesOne reports whether a request changes one znode, or nothing if its reply is an error.
func WritesOne(op wire.Op) bool {
	switch op {
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL, wire.Delete, wire.SetData, wire.SetACL:
		return true
	}
	return false
}

// Writes reports whether a request changes znodes, or may: a multi may only check them.
func Writes(op wire.Op) bool { return WritesOne(op) || op == wire.Multi }

// OfType reports whether a request is of a type, or one of the variants of that type.
func OfType(op, wanted wire.Op) bool { return wanted == op || wanted == op.Kind() }

// Code returns the code of a reply. For a multi it is the one in the body; if the body
// does not tell, it is an error that proves nothing.
func Code(op wire.Op, h wire.ReplyHeader, record []byte) wire.Code {
	if op != wire.Multi || h.Err != wire.OK {
		return h.Err
	}
	if code, ok := wire.MultiResult(record); ok {
		return code
	}
	return wire.SystemError
}
