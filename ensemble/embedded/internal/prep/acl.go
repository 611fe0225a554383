package prep

import (
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// resolveACL returns the list that a znode gets: without duplicates, and with the identities of the
// client in place of the scheme auth. ok is false if the list is empty or names an identity that cannot
// exist.
func resolveACL(list []wire.ACL, ids []wire.ID) (resolved []wire.ACL, ok bool) {
	list = unique(list)
	if len(list) == 0 {
		return nil, false
	}
	for i, e := range list {
		switch {
		case e.ID.Scheme == "auth":
			if resolved == nil {
				resolved = append(make([]wire.ACL, 0, len(list)+len(ids)), list[:i]...)
			}
			before := len(resolved)
			resolved = appendProven(resolved, e.Perms, ids)
			if len(resolved) == before {
				return nil, false
			}
		case !tree.ValidID(e.ID):
			return nil, false
		case resolved != nil:
			resolved = append(resolved, e)
		}
	}
	if resolved == nil {
		return list, true
	}
	return resolved, true
}

// appendProven grants perms to all that the client has proved to be.
func appendProven(list []wire.ACL, perms wire.Perm, ids []wire.ID) []wire.ACL {
	for _, id := range ids {
		if tree.Authenticated(id) {
			list = append(list, wire.ACL{Perms: perms, ID: id})
		}
	}
	return list
}

// unique returns the list itself if it has no duplicates.
func unique(list []wire.ACL) []wire.ACL {
	if len(list) < 2 {
		return list
	}
	seen := make(map[wire.ACL]bool, min(len(list), 64))
	for _, e := range list {
		seen[e] = true
	}
	if len(seen) == len(list) {
		return list
	}
	out := make([]wire.ACL, 0, len(seen))
	for _, e := range list {
		if seen[e] {
			out = append(out, e)
			seen[e] = false
		}
	}
	return out
}
