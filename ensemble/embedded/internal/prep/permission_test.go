package prep

import (
	"testing"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Each request needs one permission on one znode, whatever the other permissions are.
func TestPermissions(t *testing.T) {
	for name, c := range map[string]struct {
		Request
		at   string // the znode that needs the permission
		perm wire.Perm
	}{
		"create":  {create("/p/new"), "/p", wire.PermCreate},
		"delete":  {remove("/p/c"), "/p", wire.PermDelete},
		"setData": {Request{Op: wire.SetData, Record: &wire.SetDataRequest{Path: "/p/c", Version: -1}}, "/p/c", wire.PermWrite},
		"setACL":  {Request{Op: wire.SetACL, Record: &wire.SetACLRequest{Path: "/p/c", ACL: open, Version: -1}}, "/p/c", wire.PermAdmin},
		"check": {Request{Op: wire.Multi, Record: []wire.MultiOp{
			{Op: wire.Check, Request: &wire.VersionRequest{Path: "/p/c", Version: -1}},
		}}, "/p/c", wire.PermRead},
	} {
		for perms, want := range map[wire.Perm]wire.Code{c.perm: wire.OK, wire.PermAll &^ c.perm: wire.NoAuth} {
			l := newLeader()
			l.do(create("/p"))
			l.do(create("/p/c"))
			for _, path := range []string{"/", "/p", "/p/c"} {
				list := []wire.ACL{{Perms: wire.PermAdmin, ID: tree.Anyone}}
				if path == c.at {
					list[0].Perms = perms
				}
				l.do(Request{Op: wire.SetACL, Record: &wire.SetACLRequest{Path: path, ACL: list, Version: -1}})
			}
			r := l.do(c.Request)
			got := r.Err
			if len(r.Multi) > 0 {
				got = r.Multi[0].Err
			}
			if got != want {
				t.Errorf("%s with %b: %v, want %v", name, perms, got, want)
			}
		}
	}
}
