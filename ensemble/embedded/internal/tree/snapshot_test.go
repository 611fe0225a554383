package tree

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/zk/wire"
)

// sameState returns the first difference in what has to be the same after a restart: everything that
// clients see, except the order of lists, which follows Java's hash tables and also changes with a
// restart of Java's servers.
func sameState(a, b *Tree) string {
	if d := a.Diff(b); d != "" {
		return d
	}
	for _, session := range []int64{1, 2, 3} {
		if d := cmp.Diff(sorted(a.Ephemerals(session)), sorted(b.Ephemerals(session))); d != "" {
			return d
		}
	}
	if d := cmp.Diff(sorted(a.Expired(1<<60)), sorted(b.Expired(1<<60))); d != "" {
		return d
	}
	return cmp.Diff([]any{a.members, a.quotas, a.DataSize(), a.EphemeralCount(), a.ACLCount()}, []any{b.members, b.quotas, b.DataSize(), b.EphemeralCount(), b.ACLCount()})
}

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }

func reread(t interface{ Fatal(...any) }, tr *Tree) *Tree {
	u, err := ReadTree(AppendTree(nil, tr))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestATreeIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := New()
		tr.Apply(&Txn{Session: 1, Op: wire.CreateSession, Body: &CreateSession{Timeout: time.Second}})
		for range rapid.IntRange(0, 60).Draw(t, "before") {
			step(t, tr)
		}
		u := reread(t, tr)
		check(t, u)
		if d := sameState(tr, u); d != "" {
			t.Fatal(d)
		}
		for range rapid.IntRange(0, 20).Draw(t, "after") {
			u.Apply(step(t, tr))
			check(t, u)
			if d := sameState(tr, u); d != "" {
				t.Fatal(d)
			}
		}
	})
}

// Null data is not read as empty data, and quotas continue to count.
func TestATreeIsReadInDetail(t *testing.T) {
	tr := New()
	tr.SetMembership("server.1=…", 1<<32, 7)
	apply(t, tr, &Create{Path: "/null", ACL: open, ParentCversion: 1})
	apply(t, tr, &Create{Path: "/empty", Data: []byte{}, ACL: nil, ParentCversion: 2})
	apply(t, tr, &Create{Path: "/zookeeper/quota/empty", ACL: open, ParentCversion: 1})
	apply(t, tr, &Create{Path: "/zookeeper/quota/empty/zookeeper_limits", Data: []byte("count=5,bytes=-1"), ACL: open, ParentCversion: 1})
	apply(t, tr, &Create{Path: "/zookeeper/quota/empty/zookeeper_stats", Data: []byte("count=0,bytes=0"), ACL: open, ParentCversion: 2})
	u := reread(t, tr)
	if d := sameState(tr, u); d != "" {
		t.Error(d)
	}
	for _, path := range []string{"/null", "/empty", "/", "/zookeeper", "/zookeeper/config"} {
		a, b := tr.nodes[path], u.nodes[path]
		if (a.data == nil) != (b.data == nil) || (a.acl == nil) != (b.acl == nil) || a.version != b.version || a.aversion != b.aversion {
			t.Errorf("%s: %+v and %+v", path, a, b)
		}
	}
	more := &Create{Path: "/empty/x", Data: []byte("12"), ACL: open, ParentCversion: 1}
	apply(t, tr, more)
	apply(t, u, more)
	if got := string(u.nodes["/zookeeper/quota/empty/zookeeper_stats"].data); got != "count=2,bytes=2" {
		t.Errorf("counts %s", got)
	}
}

func TestTxnsAreReadAsTheyWereWritten(t *testing.T) {
	lists := [][]wire.ACL{nil, open, {{Perms: 3, ID: wire.ID{Scheme: "digest", ID: "a:b"}}, {Perms: 16, ID: Anyone}}}
	for _, x := range []*Txn{
		{Op: wire.Create, Body: &Create{Path: "/a", ACL: lists[2], ParentCversion: -5}},
		{Op: wire.Create2, Body: &Create{Path: "/a", Data: []byte{}, Owner: 0x1_2345_6789, ParentCversion: 1 << 30}},
		{Op: wire.CreateContainer, Body: &Create{Path: "/a", Data: []byte("x"), ACL: lists[1], Container: true, ParentCversion: 1}},
		{Op: wire.CreateTTL, Body: &Create{Path: "/a", Data: []byte("x"), TTL: (1<<40 - 1) * time.Millisecond, ParentCversion: 1}},
		{Op: wire.Delete, Body: &Delete{Path: "/a"}},
		{Op: wire.DeleteContainer, Body: &Delete{Path: "/a"}},
		{Op: wire.SetData, Body: &SetData{Path: "/a", Version: -1}},
		{Op: wire.SetData, Body: &SetData{Path: "/a", Data: []byte{0, 'B', 0}, Version: 7}},
		{Op: wire.Reconfig, Body: &SetData{Path: "/zookeeper/config", Data: []byte("server.1=x"), Version: -1}},
		{Op: wire.SetACL, Body: &SetACL{Path: "/a", ACL: lists[2], Version: 3}},
		{Op: wire.Check, Body: &Check{Path: "/a", Version: 3}},
		{Op: wire.CreateSession, Body: &CreateSession{Timeout: 4 * time.Second}},
		{Op: wire.CloseSession, Body: &CloseSession{Paths: []string{"/a", "/b"}}},
		{Op: wire.CloseSession, Body: &CloseSession{}},
		{Op: OpSetSequence, Body: &SetSequence{Path: "/a", Creates: 1<<31 - 1}},
		{Op: wire.ErrorOp, Body: Failure{Code: wire.NoNode}},
		{Op: wire.Multi, Body: &Multi{Parts: []MultiPart{}}},
		{Op: wire.Multi, Body: &Multi{Parts: []MultiPart{
			{Op: wire.Create, Body: &Create{Path: "/a", Owner: 0x1_2345_6789}},
			{Op: wire.Check, Body: &Check{Path: "/b"}},
			{Op: wire.Delete, Body: &Delete{Path: "/c"}},
		}}},
		{Op: wire.Multi, Body: &Multi{Parts: []MultiPart{{Op: wire.ErrorOp, Body: Failure{}}, {Op: wire.ErrorOp, Body: Failure{Code: wire.NotEmpty}}}}},
	} {
		x.Zxid, x.Session, x.Cxid, x.Time = 0x300000001, 0x1_2345_6789, -3, 1_700_000_000_000
		b := AppendTxn(nil, x)
		got, err := ReadTxn(b)
		if d := cmp.Diff(x, got); err != nil || d != "" {
			t.Errorf("%v: %v %s", x.Op, err, d)
		}
		for n := range b {
			if cut, err := ReadTxn(b[:n]); err == nil {
				t.Errorf("%v: read %+v of %d bytes of %d", x.Op, cut, n, len(b))
			}
		}
	}
	// Failed transactions are not reported.
	failed := &Txn{Op: wire.Create, Body: Failure{Code: wire.NodeExists}}
	if got, err := ReadTxn(AppendTxn(nil, failed)); err != nil || got.Op != wire.ErrorOp || got.Body != failed.Body {
		t.Errorf("%+v, %v", got, err)
	}
}

// Any bytes are read as a consistent tree or an error.
func FuzzReadTree(f *testing.F) {
	tr := New()
	tr.Apply(&Txn{Zxid: 1, Session: 1, Body: &CreateSession{Timeout: time.Second}})
	tr.Apply(&Txn{Zxid: 2, Session: 1, Body: &Create{Path: "/a", Data: []byte("x"), ACL: open, Owner: 1, ParentCversion: 1}})
	f.Add(AppendTree(nil, tr))
	f.Add(AppendTree(nil, New()))
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := ReadTree(b)
		if err == nil {
			check(t, tr)
		}
		if _, err := ReadTxn(b); err != nil {
			return
		}
	})
}
