package tree

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

var open = acl(wire.PermAll, "world", "anyone")

// apply applies one transaction of session 1 with the next zxid, at time
// 1000 × zxid.
func apply(t *testing.T, tr *Tree, b Body) Result {
	t.Helper()
	zxid := tr.Zxid() + 1
	r := tr.Apply(&Txn{Zxid: zxid, Session: 1, Time: 1000 * zxid, Op: opOf(b), Body: b})
	if r.Err != wire.OK {
		t.Fatalf("%+v: %v", b, r.Err)
	}
	check(t, tr)
	return r
}

func opOf(b Body) wire.Op {
	switch b.(type) {
	case *Create:
		return wire.Create2
	case *Delete:
		return wire.Delete
	case *SetData:
		return wire.SetData
	case *SetACL:
		return wire.SetACL
	case *Multi:
		return wire.Multi
	case *CreateSession:
		return wire.CreateSession
	}
	return wire.CloseSession
}

// check fails if the indexes of a tree do not match its znodes.
func check(t interface{ Fatalf(string, ...any) }, tr *Tree) {
	var size, ephemerals int
	users := map[*sharedACL]int{}
	for path, n := range tr.nodes {
		size += len(path) + len(n.data)
		if n.path != path || n.parent != tr.nodes[parentPath(path)] && path != "/" {
			t.Fatalf("%s is in the wrong place", path)
		}
		children := 0
		n.children.each(func(c *node) {
			children++
			if c.parent != n || tr.nodes[c.path] != c {
				t.Fatalf("%s has a child %s that is not there", path, c.path)
			}
		})
		if children != n.children.n {
			t.Fatalf("%s has %d children, counts %d", path, children, n.children.n)
		}
		if n.owner != 0 {
			ephemerals++
		}
		if on := onRoll(&tr.idle, n); on != n.idling() {
			t.Fatalf("%s: listed as idle: %v", path, on)
		}
		if on := onRoll(&tr.ttls, n); on != (n.ttl != 0) {
			t.Fatalf("%s: listed with TTL: %v", path, on)
		}
		if n.acl != nil {
			users[n.acl]++
		}
	}
	if tr.DataSize() != int64(size) || tr.EphemeralCount() != ephemerals || tr.NodeCount() != len(tr.nodes)+1 {
		t.Fatalf("counts %d bytes, %d ephemerals; there are %d and %d", tr.DataSize(), tr.EphemeralCount(), size, ephemerals)
	}
	if tr.ACLCount() != len(users) {
		t.Fatalf("%d lists, %d in use", tr.ACLCount(), len(users))
	}
	for a, n := range users {
		if a.users != n {
			t.Fatalf("%v has %d users, counts %d", a.list, n, a.users)
		}
	}
}

func onRoll(r *nodeList, n *node) bool { return n.slot < len(r.nodes) && r.nodes[n.slot] == n }

func stat(t *testing.T, tr *Tree, path string) wire.Stat {
	t.Helper()
	s, code := tr.Exists(path, nil)
	if code != wire.OK {
		t.Fatalf("%s: %v", path, code)
	}
	return s
}

func TestStatsOfNodeAndParent(t *testing.T) {
	tr := New()
	expect := func(path string, want wire.Stat) {
		t.Helper()
		if diff := cmp.Diff(want, stat(t, tr, path)); diff != "" {
			t.Errorf("%s after 0x%x: %s", path, tr.Zxid(), diff)
		}
	}
	apply(t, tr, &Create{Path: "/a", Data: []byte("abc"), ACL: open, ParentCversion: 1})
	expect("/a", wire.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1, Ctime: 1000, Mtime: 1000, DataLength: 3})
	expect("/", wire.Stat{Cversion: 0, NumChildren: 2, Pzxid: 1})

	apply(t, tr, &Create{Path: "/a/b", ACL: open, Owner: 1, ParentCversion: 1})
	expect("/a/b", wire.Stat{Czxid: 2, Mzxid: 2, Pzxid: 2, Ctime: 2000, Mtime: 2000, EphemeralOwner: 1})
	expect("/a", wire.Stat{Czxid: 1, Mzxid: 1, Pzxid: 2, Ctime: 1000, Mtime: 1000, DataLength: 3, Cversion: 1, NumChildren: 1})

	apply(t, tr, &SetData{Path: "/a", Data: []byte("x"), Version: 1})
	expect("/a", wire.Stat{Czxid: 1, Mzxid: 3, Pzxid: 2, Ctime: 1000, Mtime: 3000, Version: 1, DataLength: 1, Cversion: 1, NumChildren: 1})

	apply(t, tr, &SetACL{Path: "/a", ACL: open, Version: 1})
	expect("/a", wire.Stat{Czxid: 1, Mzxid: 3, Pzxid: 2, Ctime: 1000, Mtime: 3000, Version: 1, Aversion: 1, DataLength: 1, Cversion: 1, NumChildren: 1})

	apply(t, tr, &Delete{Path: "/a/b"})
	expect("/a", wire.Stat{Czxid: 1, Mzxid: 3, Pzxid: 5, Ctime: 1000, Mtime: 3000, Version: 1, Aversion: 1, DataLength: 1, Cversion: 2})
	expect("/", wire.Stat{Cversion: 0, NumChildren: 2, Pzxid: 1})
}

// For clients, containers and znodes with a TTL are not ephemerals.
func TestOwnerIsThatOfEphemeralsOnly(t *testing.T) {
	tr := New()
	apply(t, tr, &Create{Path: "/c", ACL: open, Container: true, ParentCversion: 1})
	apply(t, tr, &Create{Path: "/t", ACL: open, TTL: time.Second, ParentCversion: 2})
	for _, path := range []string{"/c", "/t"} {
		if owner := stat(t, tr, path).EphemeralOwner; owner != 0 {
			t.Errorf("%s: %x", path, owner)
		}
	}
}

func TestEventsAndTheirOrder(t *testing.T) {
	tr := New()
	bob := acl(wire.PermAll, "digest", "bob:x")
	expect := func(r Result, want ...Event) {
		t.Helper()
		if diff := cmp.Diff(want, r.Events); diff != "" {
			t.Errorf("0x%x: %s", tr.Zxid(), diff)
		}
	}
	expect(apply(t, tr, &Create{Path: "/a", ACL: bob, ParentCversion: 1}),
		Event{wire.EventCreated, "/a", bob}, Event{wire.EventChildrenChanged, "/", open})
	expect(apply(t, tr, &Create{Path: "/a/b", ACL: open, ParentCversion: 1}),
		Event{wire.EventCreated, "/a/b", open}, Event{wire.EventChildrenChanged, "/a", bob})
	expect(apply(t, tr, &SetData{Path: "/a", Version: 1}), Event{wire.EventDataChanged, "/a", bob})
	if r := apply(t, tr, &SetACL{Path: "/a", ACL: open, Version: 1}); len(r.Events) > 0 {
		t.Errorf("setACL has events: %v", r.Events)
	}
	expect(apply(t, tr, &Delete{Path: "/a/b"}),
		Event{wire.EventDeleted, "/a/b", open}, Event{wire.EventChildrenChanged, "/a", open})
	expect(apply(t, tr, &Multi{Parts: []MultiPart{
		{wire.SetData, &SetData{Path: "/a", Version: 2}},
		{wire.Delete, &Delete{Path: "/a"}},
	}}), Event{wire.EventDataChanged, "/a", open}, Event{wire.EventDeleted, "/a", open}, Event{wire.EventChildrenChanged, "/", open})
}

func TestResultsOfAMultiAreOfTheirMoment(t *testing.T) {
	tr := New()
	r := apply(t, tr, &Multi{Parts: []MultiPart{
		{wire.Create, &Create{Path: "/a", ACL: open, ParentCversion: 1}},
		{wire.Check, &Check{Path: "/a"}},
		{wire.SetData, &SetData{Path: "/a", Data: []byte("1"), Version: 1}},
		{wire.Create2, &Create{Path: "/a/b", ACL: open, ParentCversion: 1}},
		{wire.Delete, &Delete{Path: "/a/b"}},
	}})
	made := wire.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1, Ctime: 1000, Mtime: 1000}
	set := made
	set.Version, set.DataLength = 1, 1
	want := []wire.OpResult{
		{Op: wire.Create, Path: "/a", Stat: made},
		{Op: wire.Check},
		{Op: wire.SetData, Stat: set},
		{Op: wire.Create2, Path: "/a/b", Stat: made},
		{Op: wire.Delete},
	}
	if diff := cmp.Diff(want, r.Multi); diff != "" {
		t.Error(diff)
	}
}

func TestAFailedMultiDoesNothing(t *testing.T) {
	tr := New()
	before := tr.Clone()
	r := apply(t, tr, &Multi{Parts: []MultiPart{
		{wire.Create, Failure{wire.OK}},
		{wire.SetData, Failure{wire.BadVersion}},
		{wire.Delete, Failure{wire.RuntimeInconsistency}},
	}})
	want := []wire.OpResult{{Op: wire.ErrorOp}, {Op: wire.ErrorOp, Err: wire.BadVersion}, {Op: wire.ErrorOp, Err: wire.RuntimeInconsistency}}
	if diff := cmp.Diff(want, r.Multi); diff != "" || r.Err != wire.OK || len(r.Events) > 0 {
		t.Errorf("%v %v %s", r.Err, r.Events, diff)
	}
	before.zxid = tr.zxid
	if diff := before.Diff(tr); diff != "" {
		t.Error(diff)
	}
}

func TestAFailureHasACodeAndAZxid(t *testing.T) {
	tr := New()
	r := tr.Apply(&Txn{Zxid: 9, Op: wire.Delete, Body: Failure{wire.NotEmpty}})
	if r.Err != wire.NotEmpty || len(r.Events) > 0 || tr.Zxid() != 9 {
		t.Errorf("%+v, zxid %d", r, tr.Zxid())
	}
}

// No leader makes such transactions, but a server must survive them all the same.
func TestWhatNoLeaderMakes(t *testing.T) {
	for name, c := range map[string]struct {
		body Body
		want wire.Code
	}{
		"no parent":    {&Create{Path: "/x/y", ACL: open}, wire.NoNode},
		"there":        {&Create{Path: "/zookeeper", ACL: open}, wire.NodeExists},
		"the root":     {&Delete{Path: "/"}, wire.NoNode},
		"nothing":      {&Delete{Path: "/x"}, wire.NoNode},
		"set nothing":  {&SetData{Path: "/x"}, wire.NoNode},
		"acl nothing":  {&SetACL{Path: "/x", ACL: open}, wire.NoNode},
		"close nobody": {&CloseSession{Paths: []string{"/x"}}, wire.OK},
	} {
		tr := New()
		if r := tr.Apply(&Txn{Zxid: 1, Session: 1, Body: c.body}); r.Err != c.want {
			t.Errorf("%s: %v", name, r.Err)
		}
		check(t, tr)
	}
}

// A counter at its end stays there (DataTree.createNode, since 3.6): it is only ever replaced by a
// larger number.
func TestCounterAtItsEnd(t *testing.T) {
	tr := New()
	apply(t, tr, &Create{Path: "/q", ACL: open, ParentCversion: 1})
	apply(t, tr, &Create{Path: "/q/a", ACL: open, ParentCversion: 1<<31 - 1})
	apply(t, tr, &Create{Path: "/q/b", ACL: open, ParentCversion: -1 << 31})
	n, _ := tr.Node("/q")
	if got := stat(t, tr, "/q"); n.Creates != 1<<31-1 || got.Pzxid != 2 || got.Cversion != -2-2 {
		t.Errorf("%d %+v", n.Creates, got)
	}
}

func TestDataIsNotCopied(t *testing.T) {
	tr := New()
	data := []byte("abc")
	apply(t, tr, &Create{Path: "/a", Data: data, ACL: open, ParentCversion: 1})
	got, _, _ := tr.Data("/a", nil)
	copied, _, _ := tr.Clone().Data("/a", nil)
	if &got[0] != &data[0] || &copied[0] != &data[0] {
		t.Error("data was copied")
	}
	apply(t, tr, &SetData{Path: "/a", Data: nil, Version: 1})
	if got, _, _ = tr.Data("/a", nil); got != nil || !bytes.Equal(copied, data) {
		t.Errorf("%q %q", got, copied)
	}
}
