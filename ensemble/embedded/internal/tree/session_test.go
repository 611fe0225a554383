package tree

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
	"github.com/zklab/zklab/internal/zk/wire"
)

func TestSessions(t *testing.T) {
	tr := New()
	for _, id := range []int64{7, -3, 5} {
		tr.Apply(&Txn{Zxid: 1, Session: id, Op: wire.CreateSession, Body: &CreateSession{Timeout: time.Duration(id)}})
	}
	var ids []int64
	for id, timeout := range tr.Sessions() {
		ids = append(ids, id)
		if timeout != time.Duration(id) {
			t.Errorf("session %d: %d", id, timeout)
		}
	}
	if diff := cmp.Diff([]int64{-3, 5, 7}, ids); diff != "" || tr.SessionCount() != 3 {
		t.Error(diff)
	}
	for range tr.Sessions() {
		break
	}
	tr.Apply(&Txn{Zxid: 2, Session: 5, Op: wire.CloseSession, Body: &CloseSession{}})
	if _, ok := tr.Session(5); ok {
		t.Error("5 is still there")
	}
	if timeout, ok := tr.Session(7); !ok || timeout != 7 {
		t.Error("7 is gone")
	}
}

// withEphemerals returns a tree with ephemerals of sessions 1 and 2 below /e.
func withEphemerals(t *testing.T, n int) *Tree {
	tr := New()
	apply(t, tr, &Create{Path: "/e", ACL: open, ParentCversion: 1})
	for i := range n {
		apply(t, tr, &Create{Path: fmt.Sprintf("/e/lock-%010d", i), ACL: open, Owner: 1, ParentCversion: int32(i + 1)})
	}
	apply(t, tr, &Create{Path: "/e/other", ACL: open, Owner: 2, ParentCversion: int32(n + 1)})
	return tr
}

func TestCloseSessionDeletesInTheOrderOfTheTransaction(t *testing.T) {
	tr := withEphemerals(t, 3)
	paths := []string{"/e/lock-0000000001", "/e/lock-0000000002", "/e/lock-0000000000"}
	r := apply(t, tr, &CloseSession{Paths: paths})
	var want []Event
	for _, p := range paths {
		want = append(want, Event{wire.EventDeleted, p, open}, Event{wire.EventChildrenChanged, "/e", open})
	}
	if diff := cmp.Diff(want, r.Events); diff != "" {
		t.Error(diff)
	}
	if s := stat(t, tr, "/e"); s.Pzxid != tr.Zxid() || s.NumChildren != 1 || s.Cversion != 7 {
		t.Errorf("%+v", s)
	}
	if left := tr.AllEphemerals(); !maps.EqualFunc(left, map[int64][]string{2: {"/e/other"}}, slices.Equal) || tr.EphemeralCount() != 1 {
		t.Errorf("left: %v", left)
	}
}

func TestCloseSessionDeletesWhatTheLeaderMissed(t *testing.T) {
	tr := withEphemerals(t, 3)
	apply(t, tr, &CloseSession{})
	if got := tr.Ephemerals(1); got != nil || tr.EphemeralCount() != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestEphemerals(t *testing.T) {
	tr := withEphemerals(t, 14)
	apply(t, tr, &Delete{Path: "/e/lock-0000000003"})
	apply(t, tr, &Delete{Path: "/e/lock-0000000007"})
	set := newJavaSet(javahash.Default)
	for i := range 14 {
		set.add(fmt.Sprintf("/e/lock-%010d", i))
	}
	set.remove("/e/lock-0000000003")
	set.remove("/e/lock-0000000007")
	if diff := cmp.Diff(set.copy().names(), tr.Ephemerals(1)); diff != "" {
		t.Error(diff)
	}
	for prefix, want := range map[string]int{"": 12, " ": 12, "/": 12, "/e": 12, "/e/lock-000000001": 4, "/x": 0} {
		if got := tr.EphemeralsUnder(1, prefix); len(got) != want {
			t.Errorf("%q: %v", prefix, got)
		}
	}
	if got := tr.Ephemerals(3); got != nil {
		t.Errorf("of nobody: %v", got)
	}
}

// Some ephemerals are created, and some of them deleted, which does not shrink the set's table.
func TestEphemeralsAreInTheOrderOfACopiedJavaSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr, set := New(), newJavaSet(javahash.Default)
		paths := rapid.SliceOfNDistinct(rapid.StringMatching(`/[a-z]{1,3}`), 0, 80, rapid.ID[string]).Draw(t, "paths")
		for i, path := range paths {
			tr.Apply(&Txn{Zxid: int64(i + 1), Session: 1, Body: &Create{Path: path, ACL: open, Owner: 1}})
			set.add(path)
		}
		for len(paths) > 0 {
			want := strings.Join(set.copy().names(), " ")
			for _, tr := range []*Tree{tr, tr.Clone()} {
				if diff := cmp.Diff(want, strings.Join(tr.Ephemerals(1), " ")); diff != "" {
					t.Fatal(diff)
				}
			}
			i := rapid.IntRange(0, len(paths)-1).Draw(t, "deleted")
			tr.Apply(&Txn{Zxid: tr.Zxid() + 1, Body: &Delete{Path: paths[i]}})
			set.remove(paths[i])
			paths = slices.Delete(paths, i, i+1)
		}
	})
}
