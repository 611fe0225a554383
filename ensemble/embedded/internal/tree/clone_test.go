package tree

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/zk/wire"
)

// step applies a random transaction such as a leader could make, and returns it.
func step(t *rapid.T, tr *Tree) *Txn {
	paths := []string{"/"}
	var leaves []string
	for _, p := range pathsOf(tr) {
		if n := tr.nodes[p]; n.owner == 0 {
			paths = append(paths, p)
		}
		if n := tr.nodes[p]; n.children.n == 0 && !Special(p) {
			leaves = append(leaves, p)
		}
	}
	x := &Txn{Zxid: tr.Zxid() + 1, Session: int64(rapid.IntRange(1, 3).Draw(t, "session")), Time: 1000 * tr.Zxid()}
	path := rapid.SampledFrom(paths).Draw(t, "path")
	n := tr.nodes[path]
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind < 4:
		name := rapid.StringMatching("[a-d]{1,2}").Draw(t, "name")
		child := path + "/" + name
		if path == "/" {
			child = "/" + name
		}
		if tr.nodes[child] != nil {
			x.Body = Failure{wire.NodeExists}
			break
		}
		c := &Create{Path: child, Data: []byte(name), ACL: open, ParentCversion: n.creates + 1}
		switch rapid.IntRange(0, 3).Draw(t, "mode") {
		case 0:
			c.Owner = x.Session
		case 1:
			c.Container = true
		case 2:
			c.TTL = time.Second
		}
		x.Body = c
	case kind < 7 && len(leaves) > 0:
		x.Body = &Delete{Path: rapid.SampledFrom(leaves).Draw(t, "leaf")}
	case kind < 8:
		x.Body = &SetData{Path: path, Data: fmt.Append(nil, x.Zxid), Version: n.version + 1}
	case kind < 9 && path != "/":
		x.Body = &SetACL{Path: path, ACL: acl(wire.PermAll, "ip", fmt.Sprintf("1.2.3.%d", x.Zxid%3)), Version: n.aversion + 1}
	default:
		x.Body = &CloseSession{Paths: tr.Ephemerals(x.Session)}
	}
	x.Op = opOf(x.Body)
	tr.Apply(x)
	return x
}

// pathsOf returns the paths of a tree in the order of its children.
func pathsOf(tr *Tree) []string {
	var paths []string
	tr.root.walk(func(n *node) { paths = append(paths, n.path) })
	return paths
}

// dump returns everything that clients can see of a tree.
func dump(tr *Tree) []string {
	var all []string
	tr.root.walk(func(n *node) {
		all = append(all, fmt.Sprintf("%s %q %v %+v", n.path, n.data, n.acl.entries(), n.stat()))
	})
	return append(all, fmt.Sprint(tr.AllEphemerals(), tr.sessions, tr.zxid, tr.Expired(1<<60)))
}

func TestACloneIsEqualAndIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := New()
		tr.Apply(&Txn{Session: 1, Op: wire.CreateSession, Body: &CreateSession{Timeout: time.Second}})
		for range rapid.IntRange(0, 60).Draw(t, "before") {
			step(t, tr)
		}
		clone := tr.Clone()
		check(t, clone)
		if diff := tr.Diff(clone); diff != "" {
			t.Fatal(diff)
		}
		frozen := tr.Clone()
		before := dump(frozen)
		for range rapid.IntRange(0, 60).Draw(t, "after") {
			clone.Apply(step(t, tr))
			check(t, tr)
			check(t, clone)
			if diff := tr.Diff(clone); diff != "" {
				t.Fatal(diff)
			}
			for _, compare := range [][2]any{
				{pathsOf(tr), pathsOf(clone)},
				{tr.AllEphemerals(), clone.AllEphemerals()},
				{tr.Expired(1 << 60), clone.Expired(1 << 60)},
				{append([]Event(nil), tr.events...), append([]Event(nil), clone.events...)},
			} {
				if diff := cmp.Diff(compare[0], compare[1]); diff != "" {
					t.Fatal(diff)
				}
			}
		}
		check(t, frozen)
		if diff := cmp.Diff(before, dump(frozen)); diff != "" {
			t.Fatalf("a clone has changed with the tree: %s", diff)
		}
	})
}

func TestDiffSeesEveryDifference(t *testing.T) {
	base := func() *Tree {
		tr := New()
		tr.Apply(&Txn{Zxid: 1, Session: 1, Body: &CreateSession{Timeout: time.Second}})
		tr.Apply(&Txn{Zxid: 2, Body: &Create{Path: "/a", Data: []byte("x"), ACL: open, ParentCversion: 1}})
		return tr
	}
	if diff := base().Diff(base()); diff != "" {
		t.Fatal(diff)
	}
	for name, change := range map[string]func(*Tree){
		"zxid":        func(tr *Tree) { tr.Apply(&Txn{Zxid: 3, Body: Failure{wire.NoNode}}) },
		"session":     func(tr *Tree) { tr.Apply(&Txn{Zxid: 2, Session: 2, Body: &CreateSession{}}) },
		"timeout":     func(tr *Tree) { tr.Apply(&Txn{Zxid: 2, Session: 1, Body: &CreateSession{}}) },
		"more":        func(tr *Tree) { tr.Apply(&Txn{Zxid: 2, Body: &Create{Path: "/b", ACL: open}}) },
		"less":        func(tr *Tree) { tr.Apply(&Txn{Zxid: 2, Body: &Delete{Path: "/a"}}) },
		"data":        func(tr *Tree) { tr.nodes["/a"].data = []byte("y") },
		"stat":        func(tr *Tree) { tr.nodes["/a"].mtime++ },
		"counter":     func(tr *Tree) { tr.nodes["/a"].creates++ },
		"kind":        func(tr *Tree) { tr.nodes["/a"].container = true },
		"TTL":         func(tr *Tree) { tr.nodes["/a"].ttl = 1 },
		"permissions": func(tr *Tree) { tr.nodes["/a"].acl = tr.acls.use(acl(wire.PermRead, "ip", "1.2.3.4")) },
	} {
		changed := base()
		change(changed)
		if base().Diff(changed) == "" || changed.Diff(base()) == "" {
			t.Errorf("%s: no difference", name)
		}
	}
	same := base()
	same.SetMembership("x", 0, 5)
	if diff := base().Diff(same); diff != "" {
		t.Errorf("the configuration counts: %s", diff)
	}
}
