package prep

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// leader is a tree and its first stage.
type leader struct {
	tree *tree.Tree
	prep *Prep
	zxid int64
}

func newLeader() *leader {
	t := tree.New()
	t.SetMembership("server.1=localhost:1:2:participant;3\nversion=0", 0, 0)
	return &leader{tree: t, prep: New(t)}
}

var open = []wire.ACL{{Perms: wire.PermAll, ID: tree.Anyone}}

// prepare makes a transaction and leaves it outstanding.
func (l *leader) prepare(r Request) *tree.Txn {
	l.zxid++
	if r.Session == 0 {
		r.Session = 1
	}
	if r.Time == 0 {
		r.Time = 1000 * l.zxid
	}
	return l.prep.Prepare(&r, l.zxid)
}

func (l *leader) apply(x *tree.Txn) tree.Result {
	r := l.tree.Apply(x)
	l.prep.Applied(x.Zxid)
	return r
}

// do prepares and applies.
func (l *leader) do(r Request) tree.Result { return l.apply(l.prepare(r)) }

func create(path string) Request {
	return Request{Op: wire.Create2, Record: &wire.CreateRequest{Path: path, ACL: open}}
}

func TestCreateSetDelete(t *testing.T) {
	l := newLeader()
	r := l.do(create("/a"))
	want := wire.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1, Ctime: 1000, Mtime: 1000}
	if diff := cmp.Diff(want, r.Stat); diff != "" || r.Err != wire.OK || r.Path != "/a" {
		t.Errorf("%+v %s", r, diff)
	}
	r = l.do(Request{Op: wire.SetData, Record: &wire.SetDataRequest{Path: "/a", Data: []byte("xy"), Version: 0}})
	want.Version, want.Mzxid, want.Mtime, want.DataLength = 1, 2, 2000, 2
	if diff := cmp.Diff(want, r.Stat); diff != "" || r.Err != wire.OK {
		t.Errorf("%+v %s", r, diff)
	}
	if r = l.do(Request{Op: wire.Delete, Record: &wire.VersionRequest{Path: "/a", Version: 0}}); r.Err != wire.BadVersion {
		t.Error(r.Err)
	}
	if r = l.do(Request{Op: wire.Delete, Record: &wire.VersionRequest{Path: "/a", Version: 1}}); r.Err != wire.OK {
		t.Error(r.Err)
	}
	root, _ := l.tree.Exists("/", nil)
	if diff := cmp.Diff(wire.Stat{Cversion: 1, NumChildren: 1, Pzxid: 4}, root); diff != "" {
		t.Error(diff)
	}
}
