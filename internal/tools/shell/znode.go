package shell

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file reads znodes with everything that a copy needs.

// znode is a znode with its data and permissions. If it comes from a file, its stat has only the
// owner.
type znode struct {
	path string
	stat wire.Stat
	data []byte     // nil if the server has null
	acl  []wire.ACL // nil: unknown
}

// copyOf returns the operation that creates a persistent copy at another path.
func (n znode) copyOf(path string) wire.MultiOp {
	return client.CreateOp(path, n.data, n.acl, wire.Persistent, 0)
}

// What load does with znodes that it may not read.
const (
	strict  = false
	lenient = true
)

// together is the number of znodes that are read between two reports of progress.
const together = 1000

// load reads the data and permissions of znodes, in their order. It leaves out znodes that are
// deleted meanwhile. If it is lenient, it also leaves out znodes that it may not read, and all
// permissions.
func (s *Shell) load(ctx context.Context, nodes []node, lenient bool) ([]znode, error) {
	all := make([]znode, 0, len(nodes))
	defer s.progressed(len(nodes))
	for some := range slices.Chunk(nodes, together) {
		s.progress("read", len(all), len(nodes))
		found, err := s.loadSome(ctx, some, lenient)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (s *Shell) loadSome(ctx context.Context, nodes []node, lenient bool) ([]znode, error) {
	all := make([]znode, len(nodes))
	index := make([]int, len(nodes))
	for i := range index {
		index[i] = i
	}
	err := each(ctx, index, func(ctx context.Context, i int) (err error) {
		n := znode{path: nodes[i].path}
		n.data, n.stat, err = s.Client.Get(ctx, n.path, false)
		if err == nil && !lenient { // a copy needs permissions
			n.acl, _, err = s.Client.ACL(ctx, n.path)
		}
		if missing(err) || lenient && errors.Is(err, wire.NoAuth) {
			return nil
		}
		all[i] = n
		return did("read", n.path, err)
	})
	return slices.DeleteFunc(all, func(n znode) bool { return n.path == "" }), err
}

// told returns an error if permissions are incomplete. To a client that may not change them, a
// server hides the hash of a digest (FinalRequestProcessor since 3.4.14, CVE-2019-0201), so that a
// copy would shut out every user.
func told(acl []wire.ACL) error {
	for _, a := range acl {
		if hidden(a.ID) {
			return codedError{NotAllowed, legible(a.ID.Scheme+":"+a.ID.ID) + " in its permissions has no hash, which the server hides from clients that may not change them: authenticate with auth"}
		}
	}
	return nil
}

func hidden(id wire.ID) bool { return id.Scheme == "digest" && strings.HasSuffix(id.ID, ":x") }
