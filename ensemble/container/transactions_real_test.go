//go:build real

package container_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// What was acknowledged is there, in the order of zxids, and what was refused as such.
func TestRealTransactions(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	conn, _, err := zkconn.Open(t.Context(), zkconn.Config{Servers: []string{e.Servers()[0].Addr()}, Timeout: 4 * time.Second, Dial: e.Dial})
	if err != nil {
		t.Fatal(err)
	}
	session := history.ID(conn.SessionID())
	root := "/transactions"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	acl := zk.WorldACL(zk.PermAll)
	_, err = conn.Create(root, []byte("a"), 0, acl)
	must(err)
	_, err = conn.Set(root, []byte("b"), 0)
	must(err)
	if _, err := conn.Set(root, []byte("c"), 7); !errors.Is(err, zk.ErrBadVersion) {
		t.Fatal(err)
	}
	name, err := conn.Create(root+"/e-", nil, zk.FlagEphemeral|zk.FlagSequence, acl)
	must(err)
	if _, err := conn.Multi(&zk.SetDataRequest{Path: root, Data: []byte("d"), Version: -1}, &zk.DeleteRequest{Path: root + "/none", Version: -1}); err == nil {
		t.Fatal("a multi with an impossible part succeeded")
	}
	conn.Close() // closes the session

	all, err := e.(ensemble.TransactionReader).Transactions(t.Context())
	must(err)
	var ours []history.Txn
	for i, x := range all {
		if i > 0 && uint64(x.Zxid) <= uint64(all[i-1].Zxid) {
			t.Errorf("%s after %s", x.Zxid, all[i-1].Zxid)
		}
		if x.Session == session {
			ours = append(ours, x)
		}
	}
	want := []struct {
		kind, path string
		check      func(history.Txn) bool
	}{
		{"createSession", "", func(x history.Txn) bool { return x.Timeout == 4*time.Second }},
		{"create", root, func(x history.Txn) bool { return string(x.Data) == "a" && x.Owner == 0 }},
		{"setData", root, func(x history.Txn) bool { return string(x.Data) == "b" && x.Version == 1 }},
		{"error", "", func(x history.Txn) bool { return x.Error == -103 }},
		{"create", name, func(x history.Txn) bool { return x.Owner == session }},
		{"multi", "", func(x history.Txn) bool {
			return len(x.Parts) == 2 && x.Parts[1].Error == -101 && x.Parts[0].Path == ""
		}},
		{"closeSession", "", func(x history.Txn) bool { return len(x.Paths) == 1 && x.Paths[0] == name }},
	}
	for i, w := range want {
		if i >= len(ours) {
			t.Fatalf("%d transactions of the session, want %d: %+v", len(ours), len(want), ours)
		}
		if x := ours[i]; x.Type != w.kind || x.Path != w.path || !w.check(x) {
			t.Errorf("transaction %d is %+v, want %s %s", i, x, w.kind, w.path)
		}
	}
}

// What was acknowledged is told although each server had its disk emptied since, one after the other.
func TestRealTransactionsOfEmptiedDisks(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	conn, _, err := zkconn.Open(t.Context(), zkconn.Config{Servers: []string{e.Servers()[0].Addr(), e.Servers()[1].Addr(), e.Servers()[2].Addr()}, Timeout: 8 * time.Second, Dial: e.Dial})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	must.Get(conn.Create("/first", nil, 0, zk.WorldACL(zk.PermAll)))(t)
	for _, s := range e.Servers() {
		s := s.(ensemble.DiskEmptier)
		if err := s.EmptyDisk(t.Context()); err == nil {
			t.Error("the disk of a server that runs was emptied")
		}
		must.Do(t, errors.Join(s.Kill(t.Context()), s.EmptyDisk(t.Context())))
		if empty, err := s.DiskEmpty(t.Context()); err != nil || !empty {
			t.Errorf("empty: %v, %v", empty, err)
		}
		must.Do(t, s.Start(t.Context()))
		must.Get(ensemble.WaitHealthy(t.Context(), e, healthyTimeout))(t)
		if empty, err := s.DiskEmpty(t.Context()); err != nil || empty {
			t.Errorf("after the start: empty: %v, %v", empty, err)
		}
	}
	all, err := e.(ensemble.TransactionReader).Transactions(t.Context())
	if err != nil || !slices.ContainsFunc(all, func(x history.Txn) bool { return x.Path == "/first" }) {
		t.Errorf("%d transactions, %v", len(all), err)
	}
}
