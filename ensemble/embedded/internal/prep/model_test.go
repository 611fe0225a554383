package prep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

var (
	somePaths = rapid.SampledFrom([]string{"/a", "/a", "/b", "/a/x", "/a/y", "/b/x", "/a/x/1", "/", "/a/", "/zookeeper", "/q", "/q/n-"})
	someACL   = rapid.SampledFrom([][]wire.ACL{open, open, open, open, {{Perms: wire.PermAll &^ wire.PermWrite, ID: tree.Anyone}}, {{Perms: wire.PermAll, ID: wire.ID{Scheme: "auth"}}}, nil})
	someMode  = rapid.SampledFrom([]wire.CreateMode{wire.Persistent, wire.Persistent, wire.Ephemeral, wire.PersistentSequential, wire.EphemeralSequential})
	someVers  = rapid.SampledFrom([]int32{-1, -1, -1, 0, 1})
)

// someOp draws an operation of a multi.
func someOp(t *rapid.T) wire.MultiOp {
	path := somePaths.Draw(t, "path")
	switch rapid.IntRange(0, 9).Draw(t, "op") {
	case 0, 1, 2, 3:
		op := rapid.SampledFrom([]wire.Op{wire.Create, wire.Create2, wire.Create2, wire.CreateContainer, wire.CreateTTL}).Draw(t, "type")
		q := &wire.CreateRequest{Path: path, Data: []byte(path), ACL: someACL.Draw(t, "acl"), Mode: someMode.Draw(t, "mode")}
		if op == wire.CreateTTL {
			q.Mode, q.TTL = wire.PersistentSequentialTTL, time.Second
		}
		return wire.MultiOp{Op: op, Request: q}
	case 4, 5, 6:
		return wire.MultiOp{Op: wire.Delete, Request: &wire.VersionRequest{Path: path, Version: someVers.Draw(t, "version")}}
	case 7, 8:
		return wire.MultiOp{Op: wire.SetData, Request: &wire.SetDataRequest{Path: path, Data: []byte("new"), Version: someVers.Draw(t, "version")}}
	}
	return wire.MultiOp{Op: wire.Check, Request: &wire.VersionRequest{Path: path, Version: someVers.Draw(t, "version")}}
}

func someRequest(t *rapid.T) Request {
	r := Request{Session: int64(rapid.IntRange(1, 3).Draw(t, "session"))}
	if rapid.Bool().Draw(t, "bob") {
		r.Auth = []wire.ID{bob}
	}
	switch rapid.IntRange(0, 19).Draw(t, "kind") {
	case 0:
		r.Op = wire.CloseSession
	case 1, 2:
		r.Op, r.Record = wire.SetACL, &wire.SetACLRequest{Path: somePaths.Draw(t, "path"), ACL: someACL.Draw(t, "acl"), Version: someVers.Draw(t, "version")}
	case 3:
		r.Op, r.Record = wire.DeleteContainer, &wire.PathRequest{Path: somePaths.Draw(t, "path")}
	case 4, 5, 6, 7:
		r.Op, r.Record = wire.Multi, rapid.SliceOfN(rapid.Custom(someOp), 0, 5).Draw(t, "multi")
	default:
		o := someOp(t)
		r.Op, r.Record = o.Op, o.Request
	}
	return r
}

// However long transactions are outstanding, their outcomes are the same.
func TestOutcomeDoesNotDependOnTheDelay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prompt, late := newLeader(), newLeader()
		window := rapid.IntRange(1, 20).Draw(t, "window")
		var under []*tree.Txn
		for range rapid.IntRange(1, 80).Draw(t, "requests") {
			r := someRequest(t)
			x, y := prompt.prepare(r), late.prepare(r)
			if diff := cmp.Diff(unordered(x), unordered(y)); diff != "" {
				t.Fatalf("%d under way: %s", len(under), diff)
			}
			prompt.apply(x)
			under = append(under, x)
			for len(under) > window || len(under) > 0 && rapid.IntRange(0, 3).Draw(t, "apply") == 0 {
				late.apply(under[0])
				under = under[1:]
			}
		}
		for _, x := range under {
			late.apply(x)
		}
		if diff := prompt.tree.Diff(late.tree); diff != "" {
			t.Fatal(diff)
		}
		if n := len(late.prep.latest) + len(late.prep.changes) + len(late.prep.creating); n != 0 {
			t.Fatalf("%d things are still outstanding", n)
		}
	})
}

// unordered returns a transaction without the order in which ephemerals are deleted, which, as in
// Java's servers, depends on what the tree contains by then.
func unordered(x *tree.Txn) *tree.Txn {
	c, ok := x.Body.(*tree.CloseSession)
	if !ok {
		return x
	}
	y := *x
	y.Body = &tree.CloseSession{Paths: slices.Sorted(slices.Values(c.Paths))}
	return &y
}

// naive is a ZooKeeper written without any thought of speed, which counts what the real code computes.
type naive struct {
	nodes map[string]*naiveNode
	zxid  int64
	now   int64
}

type naiveNode struct {
	stat      wire.Stat
	creates   int32
	acl       []wire.ACL
	ephemeral bool
	childless int64 // accepts no children in the transaction with this zxid
}

func newNaive() *naive {
	n := &naive{nodes: map[string]*naiveNode{}}
	for _, p := range []string{"/", "/zookeeper", "/zookeeper/quota"} {
		n.nodes[p] = &naiveNode{acl: open}
	}
	n.nodes["/zookeeper/config"] = &naiveNode{acl: []wire.ACL{{Perms: wire.PermRead, ID: tree.Anyone}}}
	n.nodes["/"].stat = wire.Stat{Cversion: -1, NumChildren: 1}
	n.nodes["/zookeeper"].stat = wire.Stat{Cversion: -2, NumChildren: 2}
	return n
}

func (n *naive) clone() *naive {
	c := &naive{nodes: map[string]*naiveNode{}, zxid: n.zxid, now: n.now}
	for p, x := range n.nodes {
		y := *x
		c.nodes[p] = &y
	}
	return c
}

func above(path string) string {
	if i := strings.LastIndex(path, "/"); i > 0 {
		return path[:i]
	}
	return "/"
}

// write performs one operation and returns its code.
func (n *naive) write(r Request, op wire.Op, record any) wire.Code {
	may := func(path string, perm wire.Perm) bool { return tree.Allowed(n.nodes[path].acl, perm, r.Auth) }
	switch q := record.(type) {
	case *wire.CreateRequest:
		acl, code := n.grant(q.ACL, r.Auth)
		if code != wire.OK {
			return code
		}
		parent, path := n.nodes[above(q.Path)], q.Path
		if parent == nil {
			return wire.NoNode
		}
		if !may(above(q.Path), wire.PermCreate) {
			return wire.NoAuth
		}
		if q.Mode.Sequential() {
			path = fmt.Sprintf("%s%010d", path, parent.creates)
		}
		if path != "/" && strings.HasSuffix(path, "/") {
			return wire.BadArguments
		}
		if n.nodes[path] != nil {
			return wire.NodeExists
		}
		if parent.ephemeral || parent.childless == n.zxid {
			return wire.NoChildrenForEphemerals
		}
		x := &naiveNode{acl: acl, stat: wire.Stat{Czxid: n.zxid, Mzxid: n.zxid, Pzxid: n.zxid, Ctime: n.now, Mtime: n.now, DataLength: int32(len(q.Data))}}
		if ephemeral(q.Mode) && (op == wire.Create || op == wire.Create2) {
			x.stat.EphemeralOwner, x.ephemeral = r.Session, true
		}
		if ephemeral(q.Mode) && op == wire.CreateContainer {
			x.childless = n.zxid
		}
		n.nodes[path] = x
		parent.creates++
		n.childrenChanged(parent, 1)
	case *wire.VersionRequest:
		if op == wire.Check {
			return n.checkVersion(q.Path, q.Version, wire.PermRead, r)
		}
		if tree.Special(q.Path) {
			return wire.BadArguments
		}
		if n.nodes[above(q.Path)] == nil {
			return wire.NoNode
		}
		if !may(above(q.Path), wire.PermDelete) {
			return wire.NoAuth
		}
		x := n.nodes[q.Path]
		if x == nil {
			return wire.NoNode
		}
		if q.Version != -1 && q.Version != x.stat.Version {
			return wire.BadVersion
		}
		return n.remove(q.Path)
	case *wire.PathRequest:
		if tree.Special(q.Path) {
			return wire.BadArguments
		}
		x := n.nodes[q.Path]
		if x == nil {
			return wire.NoNode
		}
		if x.ephemeral {
			return wire.BadVersion
		}
		return n.remove(q.Path)
	case *wire.SetDataRequest:
		if code := n.checkVersion(q.Path, q.Version, wire.PermWrite, r); code != wire.OK {
			return code
		}
		s := &n.nodes[q.Path].stat
		s.Version++
		s.Mzxid, s.Mtime, s.DataLength = n.zxid, n.now, int32(len(q.Data))
	case *wire.SetACLRequest:
		if q.Path != "/" && strings.HasSuffix(q.Path, "/") {
			return wire.BadArguments
		}
		acl, code := n.grant(q.ACL, r.Auth)
		if code != wire.OK {
			return code
		}
		x := n.nodes[q.Path]
		if x == nil {
			return wire.NoNode
		}
		if !may(q.Path, wire.PermAdmin) {
			return wire.NoAuth
		}
		if q.Version != -1 && q.Version != x.stat.Aversion {
			return wire.BadVersion
		}
		x.acl = acl
		x.stat.Aversion++
	case nil:
		for p, x := range n.nodes {
			if x.stat.EphemeralOwner == r.Session {
				n.remove(p)
			}
		}
	}
	return wire.OK
}

func (n *naive) grant(list []wire.ACL, ids []wire.ID) ([]wire.ACL, wire.Code) {
	switch {
	case list == nil, list[0].ID.Scheme == "auth" && len(ids) == 0:
		return nil, wire.InvalidACL
	case list[0].ID.Scheme == "auth":
		return []wire.ACL{{Perms: list[0].Perms, ID: ids[0]}}, wire.OK
	}
	return list, wire.OK
}

func (n *naive) checkVersion(path string, version int32, perm wire.Perm, r Request) wire.Code {
	if path != "/" && strings.HasSuffix(path, "/") {
		return wire.BadArguments
	}
	x := n.nodes[path]
	switch {
	case x == nil:
		return wire.NoNode
	case !tree.Allowed(x.acl, perm, r.Auth):
		return wire.NoAuth
	case version != -1 && version != x.stat.Version:
		return wire.BadVersion
	}
	return wire.OK
}

func (n *naive) remove(path string) wire.Code {
	for p := range n.nodes {
		if p != "/" && above(p) == path {
			return wire.NotEmpty
		}
	}
	delete(n.nodes, path)
	n.childrenChanged(n.nodes[above(path)], -1)
	return wire.OK
}

func (n *naive) childrenChanged(x *naiveNode, by int32) {
	x.stat.Cversion++
	x.stat.NumChildren += by
	x.stat.Pzxid = n.zxid
}

// do returns the outcome of a request: its code, or the codes of a multi.
func (n *naive) do(r Request) []wire.Code {
	n.zxid++
	n.now = 1000 * n.zxid
	ops, isMulti := r.Record.([]wire.MultiOp)
	if !isMulti {
		before := n.clone()
		code := n.write(r, r.Op, r.Record)
		if code != wire.OK {
			n.nodes = before.nodes
		}
		return []wire.Code{code}
	}
	before := n.clone()
	codes := []wire.Code{wire.OK}
	for i, o := range ops {
		code := n.write(r, o.Op, o.Request)
		codes = append(codes, code)
		if code != wire.OK {
			n.nodes = before.nodes
			for range ops[i+1:] {
				codes = append(codes, wire.RuntimeInconsistency)
			}
			break
		}
	}
	return codes
}

func TestAgainstANaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, n := newLeader(), newNaive()
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			r := someRequest(t)
			want := n.do(r)
			res := l.do(r)
			got := []wire.Code{res.Err}
			for _, o := range res.Multi {
				got = append(got, o.Err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%v %+v: %s", r.Op, r.Record, diff)
			}
			for _, path := range slices.Sorted(maps.Keys(n.nodes)) {
				if path == "/zookeeper/config" {
					continue
				}
				stat, code := l.tree.Stat(path)
				if diff := cmp.Diff(n.nodes[path].stat, stat); diff != "" || code != wire.OK {
					t.Fatalf("%s: %v %s", path, code, diff)
				}
			}
			if l.tree.NodeCount() != len(n.nodes)+1 {
				t.Fatalf("%d nodes, want %d", l.tree.NodeCount(), len(n.nodes)+1)
			}
		}
	})
}
