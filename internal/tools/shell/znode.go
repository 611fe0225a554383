package shell

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

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

// loading says what load reads, and what to do with znodes that cannot be read.
type loading struct {
	permissions bool    // also read the permissions
	unread      *unread // gets the znodes that cannot be read; nil: each is an error
	silent      bool    // silently leave out what the session may not read
}

// together is the number of znodes that are read between two reports of progress.
const together = 1000

// load reads the data of znodes, in their order. It leaves out znodes that are deleted meanwhile.
func (s *Shell) load(ctx context.Context, nodes []node, how loading) ([]znode, error) {
	all := make([]znode, 0, len(nodes))
	defer s.progressed(len(nodes))
	for some := range slices.Chunk(nodes, together) {
		s.progress("read", len(all), len(nodes))
		found, err := s.loadSome(ctx, some, how)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (s *Shell) loadSome(ctx context.Context, nodes []node, how loading) ([]znode, error) {
	var mu sync.Mutex
	all := make([]znode, len(nodes))
	index := make([]int, len(nodes))
	for i := range index {
		index[i] = i
	}
	err := each(ctx, index, func(ctx context.Context, i int) (err error) {
		n := znode{path: nodes[i].path}
		n.data, n.stat, err = s.Client.Get(ctx, n.path, false)
		if err == nil && how.permissions {
			n.acl, _, err = s.Client.ACL(ctx, n.path)
		}
		mu.Lock()
		defer mu.Unlock()
		if missing(err) || how.silent && errors.Is(err, wire.NoAuth) || how.unread.skips(n.path, err) {
			return nil
		}
		all[i] = n
		return did("read", n.path, err)
	})
	return slices.DeleteFunc(all, func(n znode) bool { return n.path == "" }), err
}

// told returns an error if permissions are incomplete. A server hides the hash of a digest from
// clients that may not change the permissions (FinalRequestProcessor since 3.4.14, CVE-2019-0201),
// so that a copy would shut out every user.
func told(acl []wire.ACL) error {
	for _, a := range acl {
		if hidden(a.ID) {
			return codedError{NotAllowed, legible(a.ID.Scheme+":"+a.ID.ID) + " in its permissions has no hash, which the server hides from clients that may not change them: authenticate with auth"}
		}
	}
	return nil
}

func hidden(id wire.ID) bool { return id.Scheme == digest && strings.HasSuffix(id.ID, ":x") }
