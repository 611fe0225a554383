package shell

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file is about znodes that are read with all that makes a copy of them.

// znode is one with its data and permissions. Of its stat one that comes from a file has
// the owner only.
type znode struct {
	path string
	stat wire.Stat
	data []byte     // nil where the server has null
	acl  []wire.ACL // nil: not known
}

// copyOf is what makes the znode at another path.
func (n znode) copyOf(path string) wire.MultiOp {
	return client.CreateOp(path, n.data, n.acl, wire.Persistent, 0)
}

// How load takes what it may not read.
const (
	strict  = false
	lenient = true
)

// together is how many znodes are read before somebody is told how far it is.
const together = 1000

// load reads data and permissions of znodes, in their order. Those that went meanwhile are
// left out; if it is lenient, so are those that may not be read, and all permissions.
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
		if err == nil && !lenient { // a copy needs them
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

// told says whether permissions are those that the znode has. Without the permission to
// change them a server hides what follows the user of a digest (FinalRequestProcessor
// since 3.4.14, CVE-2019-0201): nobody could be who a copy names.
func told(acl []wire.ACL) error {
	for _, a := range acl {
		if hidden(a.ID) {
			return codedError{NotAllowed, legible(a.ID.Scheme+":"+a.ID.ID) + " in its permissions is not told in full to who may not change them: auth shows a credential"}
		}
	}
	return nil
}

func hidden(id wire.ID) bool { return id.Scheme == "digest" && strings.HasSuffix(id.ID, ":x") }
