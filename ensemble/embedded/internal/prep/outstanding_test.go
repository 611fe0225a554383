package prep

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Each request sees the effects of those before it, whether they were applied or not.
func TestRequestsMeetOutstandingChanges(t *testing.T) {
	setData := func(path string, version int32) Request {
		return Request{Op: wire.SetData, Record: &wire.SetDataRequest{Path: path, Version: version}}
	}
	setACL := func(path string, list []wire.ACL) Request {
		return Request{Op: wire.SetACL, Record: &wire.SetACLRequest{Path: path, ACL: list, Version: -1}}
	}
	script := []struct {
		r    Request
		want wire.Code
	}{
		{create("/a"), wire.OK},
		{create("/a"), wire.NodeExists},
		{create("/a/b"), wire.OK},
		{remove("/a"), wire.NotEmpty},
		{setData("/a", 0), wire.OK},
		{setData("/a", 0), wire.BadVersion},
		{setData("/a", 1), wire.OK},
		{remove("/a/b"), wire.OK},
		{remove("/a/b"), wire.NoNode},
		{create("/a/b/c"), wire.NoNode},
		{remove("/a"), wire.OK},
		{create("/a/b"), wire.NoNode},
		{create("/a"), wire.OK},
		{setData("/a", 1), wire.BadVersion},
		{setACL("/a", []wire.ACL{{Perms: wire.PermAdmin, ID: tree.Anyone}}), wire.OK},
		{create("/a/b"), wire.NoAuth},
		{setACL("/a", open), wire.OK},
		{create("/a/b"), wire.OK},
		{setACL("/", []wire.ACL{{Perms: wire.PermAdmin, ID: tree.Anyone}}), wire.OK},
		{create("/x"), wire.NoAuth},
	}
	for _, wait := range []int{1, 3, len(script)} {
		l := newLeader()
		var under []*tree.Txn
		for i, s := range script {
			x := l.prepare(s.r)
			if f, failed := x.Body.(tree.Failure); failed && f.Code != s.want || failed == (s.want == wire.OK) {
				t.Errorf("%d, with %d under way: %+v, want %v", i, len(under), x.Body, s.want)
			}
			if under = append(under, x); len(under) == wait {
				l.apply(under[0])
				under = under[1:]
			}
		}
	}
}

func TestAFailedMultiLeavesNothingOutstanding(t *testing.T) {
	l := newLeader()
	l.do(create("/q"))
	first := l.prepare(sequentialCreate("/q/a"))
	failed := l.prepare(Request{Op: wire.Multi, Record: []wire.MultiOp{
		{Op: wire.Create, Request: &wire.CreateRequest{Path: "/q/b", ACL: open, Mode: wire.EphemeralSequential}},
		{Op: wire.Delete, Request: &wire.VersionRequest{Path: "/q/a0000000000", Version: -1}},
		{Op: wire.SetData, Request: &wire.SetDataRequest{Path: "/q", Version: 0}},
		{Op: wire.Check, Request: &wire.VersionRequest{Path: "/q", Version: 0}},
		{Op: wire.Create, Request: &wire.CreateRequest{Path: "/never", ACL: open}},
	}})
	want := &tree.Multi{Parts: []tree.MultiPart{
		{Op: wire.Create, Body: tree.Failure{}},
		{Op: wire.Delete, Body: tree.Failure{}},
		{Op: wire.SetData, Body: tree.Failure{}},
		{Op: wire.Check, Body: tree.Failure{Code: wire.BadVersion}},
		{Op: wire.Create, Body: tree.Failure{Code: wire.RuntimeInconsistency}},
	}}
	if diff := cmp.Diff(want, failed.Body); diff != "" {
		t.Error(diff)
	}
	next := l.prepare(sequentialCreate("/q/c"))
	closed := l.prepare(Request{Op: wire.CloseSession})
	if diff := cmp.Diff(&tree.CloseSession{}, closed.Body); diff != "" {
		t.Error(diff)
	}
	for _, x := range []*tree.Txn{first, failed} {
		l.apply(x)
	}
	if r := l.apply(next); r.Path != "/q/c0000000001" {
		t.Errorf("%q", r.Path)
	}
	l.apply(closed)
	if n := len(l.prep.latest) + len(l.prep.changes) + len(l.prep.creating); n != 0 {
		t.Errorf("%d things are still outstanding", n)
	}
}

func TestAMultiMeetsItself(t *testing.T) {
	l := newLeader()
	r := l.do(Request{Op: wire.Multi, Record: []wire.MultiOp{
		{Op: wire.Create, Request: &wire.CreateRequest{Path: "/a", ACL: open}},
		{Op: wire.Create2, Request: &wire.CreateRequest{Path: "/a/s", ACL: open, Mode: wire.PersistentSequential}},
		{Op: wire.Check, Request: &wire.VersionRequest{Path: "/a", Version: 0}},
		{Op: wire.SetData, Request: &wire.SetDataRequest{Path: "/a", Data: []byte("x"), Version: 0}},
		{Op: wire.Check, Request: &wire.VersionRequest{Path: "/a", Version: 1}},
		{Op: wire.Delete, Request: &wire.VersionRequest{Path: "/a/s0000000000", Version: 0}},
		{Op: wire.Delete, Request: &wire.VersionRequest{Path: "/a", Version: 1}},
	}})
	for i, o := range r.Multi {
		if o.Err != wire.OK {
			t.Errorf("%d: %v", i, o.Err)
		}
	}
	if got := r.Multi[1]; got.Path != "/a/s0000000000" || got.Stat.Czxid != l.zxid || got.Op != wire.Create2 {
		t.Errorf("%+v", got)
	}
	if _, code := l.tree.Stat("/a"); code != wire.NoNode || len(r.Multi) != 7 {
		t.Errorf("%v, %d results", code, len(r.Multi))
	}
}

func TestCloseSessionTakesOutstandingEphemerals(t *testing.T) {
	ephemeralCreate := func(session int64, path string) Request {
		return Request{Session: session, Op: wire.Create, Record: &wire.CreateRequest{Path: path, ACL: open, Mode: wire.Ephemeral}}
	}
	l := newLeader()
	l.do(create("/p"))
	for _, path := range []string{"/p/kept", "/p/deleted", "/p/moved", "/p/again"} {
		l.do(ephemeralCreate(1, path))
	}
	var under []*tree.Txn
	for _, r := range []Request{
		remove("/p/deleted"),
		remove("/p/moved"), ephemeralCreate(2, "/p/moved"),
		remove("/p/again"), ephemeralCreate(1, "/p/again"),
		ephemeralCreate(1, "/p/new"),
		ephemeralCreate(1, "/p/brief"), remove("/p/brief"),
		ephemeralCreate(1, "/p/twice"), remove("/p/twice"), ephemeralCreate(1, "/p/twice"),
		ephemeralCreate(2, "/p/others"),
		{Session: 1, Op: wire.SetData, Record: &wire.SetDataRequest{Path: "/p/kept", Version: -1}},
	} {
		under = append(under, l.prepare(r))
	}
	closing := l.prepare(Request{Session: 1, Op: wire.CloseSession})
	got := slices.Sorted(slices.Values(closing.Body.(*tree.CloseSession).Paths))
	if diff := cmp.Diff([]string{"/p/again", "/p/kept", "/p/new", "/p/twice"}, got); diff != "" {
		t.Error(diff)
	}
	// The next request finds them deleted.
	again := l.prepare(ephemeralCreate(2, "/p/kept"))
	for _, x := range append(under, closing, again) {
		if r := l.apply(x); r.Err != wire.OK {
			t.Errorf("0x%x: %v", x.Zxid, r.Err)
		}
	}
	if diff := cmp.Diff(map[string]bool{"/p/moved": true, "/p/others": true, "/p/kept": true}, asSet(l.tree.Ephemerals(2))); diff != "" {
		t.Error(diff)
	}
	if left := l.tree.Ephemerals(1); left != nil {
		t.Errorf("left: %v", left)
	}
}

func asSet(all []string) map[string]bool {
	m := map[string]bool{}
	for _, s := range all {
		m[s] = true
	}
	return m
}

// The tree's set of 3 is copied into 4 buckets, as in OpenJDK since version 19, and grows with the two
// outstanding creates.
func TestOrderInWhichASessionsEphemeralsGo(t *testing.T) {
	l := newLeader()
	var paths []string
	for i := range 5 {
		r := Request{Op: wire.Create, Record: &wire.CreateRequest{Path: fmt.Sprintf("/e-%d", i), ACL: open, Mode: wire.Ephemeral}}
		if i < 3 {
			l.do(r)
		} else {
			l.prepare(r)
		}
		paths = append(paths, fmt.Sprintf("/e-%d", i))
	}
	javahash.Order(paths[:3], 0)
	javahash.Order(paths, 3)
	x := l.prepare(Request{Op: wire.CloseSession})
	if diff := cmp.Diff(paths, x.Body.(*tree.CloseSession).Paths); diff != "" {
		t.Error(diff)
	}
}

func TestTxnsCarryTheRequest(t *testing.T) {
	p := New(tree.New())
	for _, r := range []Request{
		{Session: 7, Cxid: 3, Op: wire.CreateSession, Timeout: time.Minute, Time: 99},
		{Session: 7, Cxid: 4, Op: wire.Delete, Record: &wire.VersionRequest{Path: "/none"}, Time: 98},
	} {
		x := p.Prepare(&r, 5)
		want := &tree.Txn{Zxid: 5, Session: 7, Cxid: r.Cxid, Time: r.Time, Op: r.Op, Body: x.Body}
		if diff := cmp.Diff(want, x); diff != "" {
			t.Error(diff)
		}
	}
	x := p.Prepare(&Request{Op: wire.CreateSession, Timeout: time.Minute}, 6)
	if diff := cmp.Diff(&tree.CreateSession{Timeout: time.Minute}, x.Body); diff != "" {
		t.Error(diff)
	}
}
