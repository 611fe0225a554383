package prep

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

func sequentialCreate(path string) Request {
	return Request{Op: wire.Create, Record: &wire.CreateRequest{Path: path, ACL: open, Mode: wire.PersistentSequential}}
}

func remove(path string) Request {
	return Request{Op: wire.Delete, Record: &wire.VersionRequest{Path: path, Version: -1}}
}

// The counter increases with every create, whatever becomes of the child, but not with a refused
// create.
func TestSequentialNames(t *testing.T) {
	l := newLeader()
	l.do(create("/q"))
	for i, c := range []struct {
		r    Request
		path string
		err  wire.Code
	}{
		{sequentialCreate("/q/a-"), "/q/a-0000000000", wire.OK},
		{create("/q/x"), "/q/x", wire.OK},
		{create("/q/x"), "", wire.NodeExists},
		{sequentialCreate("/q/"), "/q/0000000002", wire.OK},
		{remove("/q/x"), "", wire.OK},
		{sequentialCreate("/q/b"), "/q/b0000000003", wire.OK},
		{create("/q/c0000000005"), "/q/c0000000005", wire.OK},
		{sequentialCreate("/q/c"), "", wire.NodeExists},
		{create("/q/y"), "/q/y", wire.OK},
		{sequentialCreate("/q/c"), "/q/c0000000006", wire.OK},
		{Request{Op: wire.CreateContainer, Record: &wire.CreateRequest{Path: "/q/box", ACL: open, Mode: wire.EphemeralSequential}}, "/q/box0000000007", wire.OK},
		{Request{Op: wire.CreateTTL, Record: &wire.CreateRequest{Path: "/q/ttl", ACL: open, Mode: wire.PersistentSequentialTTL, TTL: time.Second}}, "/q/ttl0000000008", wire.OK},
		{Request{Op: wire.Create, Record: &wire.CreateRequest{Path: "/q/eph", ACL: open, Mode: wire.EphemeralSequential}}, "/q/eph0000000009", wire.OK},
	} {
		if r := l.do(c.r); r.Path != c.path || r.Err != c.err {
			t.Errorf("%d: %q %v, want %q %v", i, r.Path, r.Err, c.path, c.err)
		}
	}
	// The counter is deleted with the parent.
	l.do(create("/p"))
	l.do(sequentialCreate("/p/a"))
	l.do(remove("/p/a0000000000"))
	l.do(remove("/p"))
	l.do(create("/p"))
	if r := l.do(sequentialCreate("/p/a")); r.Path != "/p/a0000000000" {
		t.Errorf("%q", r.Path)
	}
}

func TestNumbered(t *testing.T) {
	for counter, want := range map[int32]string{
		0: "p0000000000", 7: "p0000000007", 1234567890: "p1234567890", 1<<31 - 1: "p2147483647",
		-1 << 31: "p-2147483648", -1: "p-000000001", -1234567: "p-001234567",
	} {
		if got := numbered("p", counter); got != want {
			t.Errorf("%d: %q, want %q", counter, got, want)
		}
	}
}

// While a create that takes the counter beyond its end is outstanding, the next create continues with
// negative numbers; once it is applied, the tree still has the largest number.
func TestCounterAtItsEnd(t *testing.T) {
	l := newLeader()
	l.do(create("/q"))
	l.zxid++
	l.tree.Apply(&tree.Txn{Zxid: l.zxid, Body: &tree.Create{Path: "/q/x", ACL: open, ParentCversion: 1<<31 - 1}})
	var under []*tree.Txn
	for i, want := range []string{"/q/a2147483647", "/q/a-2147483648", "/q/a-2147483647"} {
		x := l.prepare(sequentialCreate("/q/a"))
		if c, ok := x.Body.(*tree.Create); !ok || c.Path != want {
			t.Fatalf("%d: %+v", i, x.Body)
		}
		under = append(under, x)
	}
	for _, x := range under {
		if r := l.apply(x); r.Err != wire.OK {
			t.Fatal(r.Err)
		}
	}
	if r := l.do(sequentialCreate("/q/a")); r.Err != wire.NodeExists {
		t.Errorf("%q %v", r.Path, r.Err)
	}
	if r := l.do(sequentialCreate("/q/b")); r.Path != "/q/b2147483647" {
		t.Errorf("%q %v", r.Path, r.Err)
	}
}

// These names, codes and stats of the parent after each request come from Apache ZooKeeper 3.9.3, which
// was started from a log whose last create below the parent had left its counter at 2147483644, and got
// one request at a time.
func TestCounterAtItsEndAsMeasured(t *testing.T) {
	multi := func(ops ...Request) Request {
		var m []wire.MultiOp
		for _, o := range ops {
			m = append(m, wire.MultiOp{Op: o.Op, Request: o.Record})
		}
		return Request{Op: wire.Multi, Record: m}
	}
	n, m := sequentialCreate("/q/n"), sequentialCreate("/q/m")
	for name, steps := range map[string][]struct {
		r        Request
		got      string // the path or the code; those of all operations of a multi
		cversion int32
		pzxid    bool // whether Pzxid changed
	}{
		"one by one": {
			{n, "/q/n2147483644", -8, true},
			{n, "/q/n2147483645", -7, true},
			{n, "/q/n2147483646", -6, true},
			{n, "/q/n2147483647", -7, false},
			{n, "node exists", -7, false},
			{m, "/q/m2147483647", -8, false},
			{m, "node exists", -8, false},
			{remove("/q/n2147483647"), "ok", -7, true},
			{n, "/q/n2147483647", -8, false},
			{n, "node exists", -8, false},
			{create("/q/plain"), "/q/plain", -9, false},
			{sequentialCreate("/q/k"), "/q/k2147483647", -10, false},
			{remove("/q/first"), "ok", -9, true},
			{sequentialCreate("/q/k"), "node exists", -9, false},
			{sequentialCreate("/q/l"), "/q/l2147483647", -10, false},
		},
		"several in a multi": {
			{
				multi(n, n, n, n, n, n),
				"/q/n2147483644 /q/n2147483645 /q/n2147483646 /q/n2147483647 /q/n-2147483648 /q/n-2147483647", -9, true,
			},
			{multi(n, n, n), "node exists runtime inconsistency runtime inconsistency", -9, false},
			{multi(m, m, m), "/q/m2147483647 /q/m-2147483648 /q/m-2147483647", -12, false},
			{multi(m, m), "node exists runtime inconsistency", -12, false},
			{multi(remove("/q/m2147483647"), m), "ok /q/m2147483647", -12, true},
			{
				multi(create("/q/p"), sequentialCreate("/q/o"), sequentialCreate("/q/r"), sequentialCreate("/q/o")),
				"/q/p /q/o-2147483648 /q/r-2147483647 /q/o-2147483646", -16, false,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLeader()
			l.do(create("/q"))
			l.zxid++
			l.tree.Apply(&tree.Txn{Zxid: l.zxid, Body: &tree.Create{Path: "/q/first", ACL: open, ParentCversion: 1<<31 - 4}})
			for i, step := range steps {
				before, _ := l.tree.Exists("/q", nil)
				got := outcome(l.do(step.r))
				after, _ := l.tree.Exists("/q", nil)
				if got != step.got || after.Cversion != step.cversion || (after.Pzxid == l.zxid) != step.pzxid || !step.pzxid && after.Pzxid != before.Pzxid {
					t.Errorf("%d: %s, parent %+v, want %+v", i, got, after, step)
				}
			}
		})
	}
}

// outcome returns the path or the code of a request, or those of all operations of a multi.
func outcome(r tree.Result) string {
	one := func(path string, err wire.Code) string {
		if path != "" {
			return path
		}
		return err.String()
	}
	if r.Multi == nil {
		return one(r.Path, r.Err)
	}
	var all []string
	for _, part := range r.Multi {
		all = append(all, one(part.Path, part.Err))
	}
	return strings.Join(all, " ")
}

// The type of the request determines whether a znode is a container or has a TTL, and the mode whether
// it is ephemeral.
func TestKindsOfZnodes(t *testing.T) {
	for i, c := range []struct {
		op   wire.Op
		mode wire.CreateMode
		ttl  time.Duration
		want tree.Create
	}{
		{wire.Create, wire.Persistent, 0, tree.Create{}},
		{wire.Create2, wire.Ephemeral, 0, tree.Create{Owner: 1}},
		{wire.Create, wire.Container, 0, tree.Create{}},
		{wire.CreateContainer, wire.Container, 0, tree.Create{Container: true}},
		{wire.CreateContainer, wire.Persistent, 0, tree.Create{Container: true}},
		{wire.CreateContainer, wire.Ephemeral, 0, tree.Create{Container: true}},
		{wire.CreateTTL, wire.PersistentTTL, time.Second, tree.Create{TTL: time.Second}},
	} {
		l := newLeader()
		x := l.prepare(Request{Op: c.op, Record: &wire.CreateRequest{Path: "/a", Data: []byte("d"), ACL: open, Mode: c.mode, TTL: c.ttl}})
		c.want.Path, c.want.Data, c.want.ACL, c.want.ParentCversion = "/a", []byte("d"), open, 1
		if diff := cmp.Diff(&c.want, x.Body); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
	}
}

func TestResolveACL(t *testing.T) {
	alice := wire.ID{Scheme: "digest", ID: "alice:y"}
	who := func(id wire.ID, perms wire.Perm) wire.ACL { return wire.ACL{Perms: perms, ID: id} }
	auth := wire.ID{Scheme: "auth", ID: "ignored"}
	for name, c := range map[string]struct {
		list []wire.ACL
		ids  []wire.ID
		want []wire.ACL // nil: invalid
	}{
		"empty":                   {nil, nil, nil},
		"anyone":                  {open, nil, open},
		"no permissions":          {[]wire.ACL{who(tree.Anyone, 0)}, nil, []wire.ACL{who(tree.Anyone, 0)}},
		"auth without a proof":    {[]wire.ACL{who(auth, 1)}, []wire.ID{local}, nil},
		"auth":                    {[]wire.ACL{who(auth, 1)}, []wire.ID{local, bob}, []wire.ACL{who(bob, 1)}},
		"auth of two":             {[]wire.ACL{who(auth, 1)}, []wire.ID{alice, local, bob}, []wire.ACL{who(alice, 1), who(bob, 1)}},
		"auth in the middle":      {[]wire.ACL{who(local, 2), who(auth, 1), who(tree.Anyone, 4)}, []wire.ID{bob}, []wire.ACL{who(local, 2), who(bob, 1), who(tree.Anyone, 4)}},
		"twice":                   {[]wire.ACL{who(bob, 1), who(local, 2), who(bob, 1)}, nil, []wire.ACL{who(bob, 1), who(local, 2)}},
		"with other permissions":  {[]wire.ACL{who(bob, 1), who(bob, 2)}, nil, []wire.ACL{who(bob, 1), who(bob, 2)}},
		"twice once it is known":  {[]wire.ACL{who(bob, 1), who(auth, 1)}, []wire.ID{bob}, []wire.ACL{who(bob, 1), who(bob, 1)}},
		"invalid after valid":     {[]wire.ACL{who(bob, 1), who(wire.ID{Scheme: "x", ID: "y"}, 1)}, nil, nil},
		"invalid after auth":      {[]wire.ACL{who(auth, 1), who(wire.ID{Scheme: "ip", ID: "y"}, 1)}, []wire.ID{bob}, nil},
		"auth of nobody and more": {[]wire.ACL{who(bob, 1), who(auth, 1)}, nil, nil},
	} {
		got, ok := resolveACL(c.list, c.ids)
		if ok != (c.want != nil) {
			t.Errorf("%s: ok is %v", name, ok)
		}
		if diff := cmp.Diff(c.want, got); ok && diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// If each entry were compared with all others, this would take more than a minute.
func TestResolveACLOfManyIsQuick(t *testing.T) {
	var list []wire.ACL
	for i := range 400_000 {
		list = append(list, wire.ACL{Perms: 1, ID: wire.ID{Scheme: "digest", ID: fmt.Sprintf("u:%d", i/2)}})
	}
	began := time.Now()
	got, ok := resolveACL(list, nil)
	if took := time.Since(began); len(got) != 200_000 || !ok || took > time.Minute {
		t.Errorf("%d %v in %v", len(got), ok, took)
	}
}
