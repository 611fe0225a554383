package content

import (
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Change is one change of a znode.
type Change struct {
	Op         wire.Op // create or one of its variants, delete, or setData
	Path       string  // the znode, including the number of a sequential one
	Ephemeral  bool
	Sequential bool
}

// Changes returns the changes that a request asks for; none if it is not known in full, or asks for none.
func Changes(op wire.Op, f wire.Frame, record []byte) []Change {
	if !Writes(op) {
		return nil
	}
	var changes []Change
	parts, _ := partsOf(op, f, record)
	for _, part := range parts {
		x := Change{Op: part.Op}
		switch r := part.Request.(type) {
		case *wire.CreateRequest:
			x.Path, x.Sequential, x.Ephemeral = r.Path, r.Mode.Sequential(), ephemeral(r)
		case *wire.SetDataRequest:
			x.Path = r.Path
		case *wire.VersionRequest:
			x.Path = r.Path
			if part.Op == wire.Check {
				x.Path = "" // it changes nothing; its place in the multi is kept for the reply
			}
		}
		changes = append(changes, x)
	}
	return changes
}

// Restricts reports whether a request may keep others from reading a znode, or is not known in full.
func Restricts(op wire.Op, f wire.Frame, record []byte) bool {
	if !Writes(op) {
		return false
	}
	parts, ok := partsOf(op, f, record)
	return !ok || slices.ContainsFunc(parts, func(part wire.MultiOp) bool {
		create, ok := part.Request.(*wire.CreateRequest)
		return part.Op == wire.SetACL || ok && !slices.ContainsFunc(create.ACL, func(a wire.ACL) bool {
			return a.ID == (wire.ID{Scheme: "world", ID: "anyone"}) && a.Perms&wire.PermRead != 0
		})
	})
}

// OnlyChecks reports whether a multi only checks znodes and writes none: its only effect is a zxid.
func OnlyChecks(f wire.Frame) bool {
	_, record, err := wire.DecodeRequestHeader(f.Body)
	parts, ok := partsOf(wire.Multi, f, record)
	return err == nil && ok && !slices.ContainsFunc(parts, func(o wire.MultiOp) bool { return o.Op != wire.Check })
}

// Ephemeral returns the path of the first ephemeral znode that a request creates; "" if it creates none, or is not known
// in full.
func Ephemeral(op wire.Op, f wire.Frame, record []byte) string {
	parts, _ := partsOf(op, f, record)
	for _, part := range parts {
		if r, ok := part.Request.(*wire.CreateRequest); ok && ephemeral(r) {
			return r.Path
		}
	}
	return ""
}

func ephemeral(r *wire.CreateRequest) bool {
	return r.Mode == wire.Ephemeral || r.Mode == wire.EphemeralSequential
}

// partsOf returns the parts of a multi, or any other request as its only part. ok is false if it is not known in full.
func partsOf(op wire.Op, f wire.Frame, record []byte) (parts []wire.MultiOp, ok bool) {
	request, err := wire.DecodeRequest(op, record)
	if err != nil || !f.Whole() {
		return nil, false
	}
	if parts, ok = request.([]wire.MultiOp); ok {
		return parts, true
	}
	return []wire.MultiOp{{Op: op, Request: request}}, true
}

// CreatedPaths returns the paths of the znodes that the parts of a request created, as the reply names them; nil if the reply
// does not tell.
func CreatedPaths(op wire.Op, f wire.Frame, record []byte, parts int) []string {
	if !f.Whole() {
		return nil
	}
	if op != wire.Multi {
		if op.Kind() != wire.Create {
			return make([]string, parts)
		}
		r, err := wire.DecodeCreateReply(op, record)
		if err != nil || parts != 1 {
			return nil
		}
		return []string{r.Path}
	}
	results, err := wire.DecodeMultiReply(record)
	if err != nil || len(results) != parts {
		return nil
	}
	var paths []string
	for i := range results {
		paths = append(paths, results[i].Path)
	}
	return paths
}
