package server

import (
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

const (
	txnHeader = 8 + 4 + 8 + 8 + 4 // session, cxid, zxid, time, type
	txnDigest = 4 + 8             // version, digest of the tree
)

// proposalSize returns the size in bytes that a transaction has when Apache's servers send it to each
// other. Nothing is sent here; the metrics report the size.
func proposalSize(x *tree.Txn) int {
	if _, failed := x.Body.(tree.Failure); failed {
		return txnHeader + bodySize(x.Op, x.Body) // it changes nothing, and has no digest
	}
	return txnHeader + bodySize(x.Op, x.Body) + txnDigest
}

func bodySize(op wire.Op, body tree.Body) int {
	switch b := body.(type) {
	case *tree.Create:
		size := text(b.Path) + 4 + len(b.Data) + aclSize(b.ACL) + 4
		switch {
		case op == wire.CreateTTL:
			size += 8
		case op != wire.CreateContainer:
			size++ // whether it is an ephemeral
		}
		return size
	case *tree.Delete:
		return text(b.Path)
	case *tree.SetData:
		return text(b.Path) + 4 + len(b.Data) + 4
	case *tree.SetACL:
		return text(b.Path) + aclSize(b.ACL) + 4
	case *tree.Check:
		return text(b.Path) + 4
	case *tree.CloseSession:
		size := 4
		for _, path := range b.Paths {
			size += text(path)
		}
		return size
	case *tree.Multi:
		size := 4
		for _, p := range b.Parts {
			size += 4 + 4 + bodySize(p.Op, p.Body)
		}
		return size
	}
	return 4 // a session's timeout, or an error
}

func text(s string) int { return 4 + len(s) }

func aclSize(list []wire.ACL) int {
	size := 4
	for _, a := range list {
		size += 4 + text(a.ID.Scheme) + text(a.ID.ID)
	}
	return size
}
