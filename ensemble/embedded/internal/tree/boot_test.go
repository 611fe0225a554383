package tree

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

// The boot nodes are those that a fresh server of Apache ZooKeeper shows.
func TestNewHasTheBootNodes(t *testing.T) {
	tr := New()
	for path, want := range map[string]wire.Stat{
		"/":                 {Cversion: -1, NumChildren: 1},
		"":                  {Cversion: -1, NumChildren: 1},
		"/zookeeper":        {Cversion: -2, NumChildren: 2},
		"/zookeeper/quota":  {},
		"/zookeeper/config": {Aversion: -1},
	} {
		got, code := tr.Exists(path, nil)
		if diff := cmp.Diff(want, got); diff != "" || code != wire.OK {
			t.Errorf("%q: %v %s", path, code, diff)
		}
	}
	for _, path := range []string{"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"} {
		if data, _, code := tr.Data(path, nil); data == nil || len(data) > 0 || code != wire.OK {
			t.Errorf("%q has data %v, %v: it is to be empty, not null", path, data, code)
		}
	}
	got := []any{tr.NodeCount(), tr.EphemeralCount(), tr.DataSize(), tr.ACLCount(), tr.Zxid(), tr.SessionCount()}
	if diff := cmp.Diff([]any{5, 0, int64(44), 1, int64(0), 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBootNodesPermissions(t *testing.T) {
	tr := New()
	readOnly := []wire.ACL{{Perms: wire.PermRead, ID: Anyone}}
	open := []wire.ACL{{Perms: wire.PermAll, ID: Anyone}}
	for path, want := range map[string][]wire.ACL{"/": open, "/zookeeper": open, "/zookeeper/quota": open, "/zookeeper/config": readOnly} {
		got, _, code := tr.ACL(path, nil)
		if diff := cmp.Diff(want, got); diff != "" || code != wire.OK {
			t.Errorf("%s: %v %s", path, code, diff)
		}
	}
}

func TestSetMembership(t *testing.T) {
	tr := New()
	tr.SetMembership("server.1=a\nversion=0", 1<<32, 77)
	data, stat, code := tr.Data("/zookeeper/config", nil)
	if string(data) != "server.1=a\nversion=0" || code != wire.OK {
		t.Errorf("%q %v", data, code)
	}
	if diff := cmp.Diff(wire.Stat{Version: -1, Aversion: -1, Mzxid: 1 << 32, Mtime: 77, DataLength: 20}, stat); diff != "" {
		t.Error(diff)
	}
	if n := tr.DataSize(); n != 64 {
		t.Errorf("size %d", n)
	}
}

// What a client writes into /zookeeper/config is not the configuration; what a reconfiguration writes
// is, and its watchers get two events.
func TestReconfig(t *testing.T) {
	tr := New()
	tr.SetMembership("first", 1<<32, 77)
	write := func(zxid int64, op wire.Op, text string) Result {
		return tr.Apply(&Txn{Zxid: zxid, Op: op, Body: &SetData{Path: "/zookeeper/config", Data: []byte(text), Version: -1}})
	}
	for i, step := range []struct {
		op     wire.Op
		text   string
		want   string
		events int
	}{
		{wire.SetData, "hello", "first", 1},
		{wire.Reconfig, "second", "second", 2},
		{wire.SetData, "", "second", 1},
	} {
		r := write(int64(i)+5, step.op, step.text)
		data, _, _ := tr.Data("/zookeeper/config", nil)
		if tr.Membership() != step.want || tr.Clone().Membership() != step.want || string(data) != step.text || len(r.Events) != step.events {
			t.Errorf("after %q: configuration %q, data %q, events %v", step.text, tr.Membership(), data, r.Events)
		}
	}
}
