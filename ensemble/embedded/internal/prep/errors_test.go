package prep

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

var (
	local  = wire.ID{Scheme: "ip", ID: "127.0.0.1"}
	bob    = wire.ID{Scheme: "digest", ID: "bob:x"}
	noACL  []wire.ACL
	badACL = []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "sasl", ID: "bob"}}}
)

// stage returns a leader whose tree has
//
//	/open   anyone may do everything; a child c, version 1
//	/shut   only bob may do anything; a child c
//	/read   anyone may read
//	/eph    an ephemeral
//	/box    a container
func stage(t *testing.T) *leader {
	l := newLeader()
	for _, c := range []struct {
		op   wire.Op
		path string
		acl  []wire.ACL
		mode wire.CreateMode
	}{
		{wire.Create, "/open", open, wire.Persistent},
		{wire.Create, "/open/c", open, wire.Persistent},
		{wire.Create, "/shut", []wire.ACL{{Perms: wire.PermAll, ID: bob}}, wire.Persistent},
		{wire.Create, "/shut/c", open, wire.Persistent},
		{wire.Create, "/read", []wire.ACL{{Perms: wire.PermRead, ID: tree.Anyone}}, wire.Persistent},
		{wire.Create, "/eph", open, wire.Ephemeral},
		{wire.CreateContainer, "/box", open, wire.Container},
	} {
		r := l.do(Request{Op: c.op, Auth: []wire.ID{bob}, Record: &wire.CreateRequest{Path: c.path, ACL: c.acl, Mode: c.mode}})
		if r.Err != wire.OK {
			t.Fatalf("%s: %v", c.path, r.Err)
		}
	}
	l.do(Request{Op: wire.SetData, Record: &wire.SetDataRequest{Path: "/open", Version: -1}})
	return l
}

// refusals runs each request on a separate stage, alone and in a multi, and then with a session that is
// refused.
func refusals(t *testing.T, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		if c.Auth == nil {
			c.Auth = []wire.ID{local}
		}
		l := stage(t)
		before := l.tree.Clone()
		if c.Op != wire.Check {
			if r := l.do(c.Request); r.Err != c.want {
				t.Errorf("%s: %v, want %v", c.name, r.Err, c.want)
			}
		}
		if inMulti(c.Op) {
			multi := c.Request
			multi.Op = wire.Multi
			multi.Record = []wire.MultiOp{
				{Op: wire.Create, Request: &wire.CreateRequest{Path: "/first", ACL: open}},
				{Op: c.Op, Request: c.Record},
				{Op: wire.Delete, Request: &wire.VersionRequest{Path: "/first", Version: -1}},
			}
			r := stage(t).do(multi)
			codes := []wire.Code{wire.OK, c.want, wire.RuntimeInconsistency}
			if c.want == wire.OK {
				codes[2] = wire.OK
			}
			for i, code := range codes {
				if r.Err != wire.OK || r.Multi[i].Err != code {
					t.Errorf("%s in a multi: %v, result %d is %v, want %v", c.name, r.Err, i, r.Multi[i].Err, code)
				}
			}
		}
		if c.want != wire.OK && c.Op != wire.Check {
			l.tree.Apply(&tree.Txn{Zxid: l.zxid})
			before.Apply(&tree.Txn{Zxid: l.zxid})
			if diff := before.Diff(l.tree); diff != "" {
				t.Errorf("%s has changed the tree: %s", c.name, diff)
			}
		}
	}
}

type refusal struct {
	name string
	Request
	want wire.Code
}

func inMulti(op wire.Op) bool {
	return op.Kind() == wire.Create || op == wire.Delete || op == wire.SetData || op == wire.Check
}

func TestCreateErrorsInTheirOrder(t *testing.T) {
	makes := func(op wire.Op, path string, acl []wire.ACL, mode wire.CreateMode, ttl time.Duration) Request {
		return Request{Op: op, Record: &wire.CreateRequest{Path: path, ACL: acl, Mode: mode, TTL: ttl}}
	}
	plain := func(path string) Request { return makes(wire.Create, path, open, wire.Persistent, 0) }
	refusals(t, []refusal{
		{"fine", plain("/a"), wire.OK},
		{"fine below", plain("/open/a"), wire.OK},
		{"no such mode", makes(wire.Create, "nothing", noACL, 7, 0), wire.BadArguments},
		{"negative mode", makes(wire.Create2, "/a", open, -1, 0), wire.BadArguments},
		{"TTL mode in a create", makes(wire.Create, "/a", open, wire.PersistentTTL, 0), wire.BadArguments},
		{"TTL mode in a container's create", makes(wire.CreateContainer, "/a", open, wire.PersistentSequentialTTL, 0), wire.BadArguments},
		{"TTL without its mode", makes(wire.CreateTTL, "/a", open, wire.Persistent, time.Second), wire.BadArguments},
		{"no TTL without its mode", makes(wire.CreateTTL, "/a", open, wire.Ephemeral, -time.Millisecond), wire.BadArguments},
		{"TTL of zero", makes(wire.CreateTTL, "/a", open, wire.PersistentTTL, 0), wire.BadArguments},
		{"negative TTL", makes(wire.CreateTTL, "/a", open, wire.PersistentTTL, -time.Second), wire.BadArguments},
		{"longest TTL", makes(wire.CreateTTL, "/a", open, wire.PersistentTTL, maxTTL), wire.OK},
		{"longer TTL", makes(wire.CreateTTL, "/a", open, wire.PersistentTTL, maxTTL+time.Millisecond), wire.BadArguments},
		{"no path", plain(""), wire.BadArguments},
		{"no slash, bad acl", makes(wire.Create, "a", badACL, 0, 0), wire.BadArguments},
		{"NUL, bad acl", makes(wire.Create, "/none/\x00", badACL, 0, 0), wire.BadArguments},
		{"no acl, no parent", makes(wire.Create, "/none/a", noACL, 0, 0), wire.InvalidACL},
		{"bad acl, no parent", makes(wire.Create, "/none/a", badACL, 0, 0), wire.InvalidACL},
		{"bad acl, bad path", makes(wire.Create, "/open/\x01", badACL, 0, 0), wire.InvalidACL},
		{"no parent", plain("/none/a"), wire.NoNode},
		{"no parent, bad path", plain("/none/\x01"), wire.NoNode},
		{"relative", plain("a/b"), wire.NoNode},
		{"empty name above", plain("/open//a"), wire.NoNode},
		{"dots above", plain("/../a"), wire.NoNode},
		{"no auth, bad path", plain("/shut/\x01"), wire.NoAuth},
		{"no auth, exists", plain("/shut/c"), wire.NoAuth},
		{"no auth for the configuration", plain("/zookeeper/config/a"), wire.NoAuth},
		{"bad path", plain("/open/\x01"), wire.BadArguments},
		{"slash at the end", plain("/open/"), wire.BadArguments},
		{"two slashes", plain("//a"), wire.BadArguments},
		{"dot", plain("/."), wire.BadArguments},
		{"root", plain("/"), wire.NodeExists},
		{"exists", plain("/open"), wire.NodeExists},
		{"exists, special", plain("/zookeeper"), wire.NodeExists},
		{"below the quotas", plain("/zookeeper/quota/a"), wire.OK},
		{"below /zookeeper", plain("/zookeeper/a"), wire.OK},
		{"ephemeral parent", plain("/eph/a"), wire.NoChildrenForEphemerals},
		{"ephemeral parent, bad path", plain("/eph/\x01"), wire.BadArguments},
		{"ephemeral parent, ephemeral", makes(wire.Create, "/eph/a", open, wire.Ephemeral, 0), wire.NoChildrenForEphemerals},
		{"container parent", plain("/box/a"), wire.OK},
		{"sequential at the root", makes(wire.Create, "/", open, wire.PersistentSequential, 0), wire.OK},
		{"sequential without a name", makes(wire.Create, "/open/", open, wire.PersistentSequential, 0), wire.OK},
		{"sequential, bad path", makes(wire.Create, "//", open, wire.PersistentSequential, 0), wire.BadArguments},
		{"sequential dot", makes(wire.Create, "/open/.", open, wire.PersistentSequential, 0), wire.OK},
		{"not UTF-8", plain("/open/\xff"), wire.BadArguments},
	})
}

func TestDeleteErrorsInTheirOrder(t *testing.T) {
	deletes := func(path string, version int32) Request {
		return Request{Op: wire.Delete, Record: &wire.VersionRequest{Path: path, Version: version}}
	}
	refusals(t, []refusal{
		{"fine", deletes("/box", 0), wire.OK},
		{"any version", deletes("/box", -1), wire.OK},
		{"no path", deletes("", -1), wire.BadArguments},
		{"no slash", deletes("open", -1), wire.BadArguments},
		{"NUL", deletes("/none/\x00", -1), wire.BadArguments},
		{"root", deletes("/", 9), wire.BadArguments},
		{"proc", deletes("/zookeeper", 9), wire.BadArguments},
		{"quota", deletes("/zookeeper/quota", 9), wire.BadArguments},
		{"config", deletes("/zookeeper/config", 9), wire.BadArguments},
		{"no parent", deletes("/none/a", 9), wire.NoNode},
		{"no auth, missing", deletes("/shut/none", 9), wire.NoAuth},
		{"no auth, wrong version", deletes("/shut/c", 9), wire.NoAuth},
		{"missing", deletes("/none", 9), wire.NoNode},
		{"slash at the end", deletes("/open/", -1), wire.NoNode},
		{"two slashes", deletes("//open", -1), wire.NoNode},
		{"dots", deletes("/open/../open", -1), wire.NoNode},
		{"bad characters", deletes("/open/\x01", -1), wire.NoNode},
		{"wrong version, not empty", deletes("/open", 9), wire.BadVersion},
		{"not empty", deletes("/open", 1), wire.NotEmpty},
		{"own permissions do not matter", deletes("/read", 0), wire.OK},
	})
}

func TestSetErrorsInTheirOrder(t *testing.T) {
	data := func(path string, version int32) Request {
		return Request{Op: wire.SetData, Record: &wire.SetDataRequest{Path: path, Version: version}}
	}
	acl := func(path string, list []wire.ACL, version int32) Request {
		return Request{Op: wire.SetACL, Record: &wire.SetACLRequest{Path: path, ACL: list, Version: version}}
	}
	check := func(path string, version int32) Request {
		return Request{Op: wire.Check, Record: &wire.VersionRequest{Path: path, Version: version}}
	}
	refusals(t, []refusal{
		{"data", data("/open", 1), wire.OK},
		{"data of the root", data("/", 0), wire.OK},
		{"data of proc", data("/zookeeper", 0), wire.OK},
		{"data of the configuration", data("/zookeeper/config", 9), wire.NoAuth},
		{"data, no path", data("", 9), wire.BadArguments},
		{"data, bad path", data("/open/", 9), wire.BadArguments},
		{"data, bad path missing", data("/none/../x", 9), wire.BadArguments},
		{"data, missing", data("/none", 9), wire.NoNode},
		{"data, no auth, wrong version", data("/shut", 9), wire.NoAuth},
		{"data, reader", data("/read", 0), wire.NoAuth},
		{"data, wrong version", data("/open", 0), wire.BadVersion},

		{"acl", acl("/open", open, 0), wire.OK},
		{"acl of the root", acl("/", open, 0), wire.OK},
		{"acl of the configuration", acl("/zookeeper/config", open, 9), wire.NoAuth},
		{"acl, no path, bad acl", acl("", badACL, 9), wire.BadArguments},
		{"acl, bad path, bad acl", acl("/open/", badACL, 9), wire.BadArguments},
		{"acl, bad acl, missing", acl("/none", badACL, 9), wire.InvalidACL},
		{"acl, no acl, no auth", acl("/shut", noACL, 9), wire.InvalidACL},
		{"acl, missing", acl("/none", open, 9), wire.NoNode},
		{"acl, no auth, wrong version", acl("/shut", open, 9), wire.NoAuth},
		{"acl, wrong version", acl("/open", open, 1), wire.BadVersion},

		{"check", check("/open", 1), wire.OK},
		{"check, any", check("/read", -1), wire.OK},
		{"check of the configuration", check("/zookeeper/config", -1), wire.OK},
		{"check, bad path", check("/open//c", 9), wire.BadArguments},
		{"check, missing", check("/none", -1), wire.NoNode},
		{"check, no auth", check("/shut", 9), wire.NoAuth},
		{"check, wrong version", check("/open", 0), wire.BadVersion},
		{"check, wrong version of the configuration", check("/zookeeper/config", 0), wire.BadVersion},
	})
}

func TestDeleteContainerErrors(t *testing.T) {
	deletes := func(path string) Request {
		return Request{Op: wire.DeleteContainer, Record: &wire.PathRequest{Path: path}, Refused: wire.SessionExpired}
	}
	refusals(t, []refusal{
		{"container", deletes("/box"), wire.OK},
		{"any znode, whoever may", deletes("/read"), wire.OK},
		{"below others'", deletes("/shut/c"), wire.OK},
		{"ephemeral", deletes("/eph"), wire.BadVersion},
		{"not empty", deletes("/open"), wire.NotEmpty},
		{"missing", deletes("/none"), wire.NoNode},
		{"no parent", deletes("/none/a"), wire.NoNode},
		{"special", deletes("/zookeeper"), wire.BadArguments},
		{"no slash", deletes("a"), wire.BadArguments},
	})
}

func TestOthersAreRefused(t *testing.T) {
	refusals(t, []refusal{
		{"reconfig", Request{Op: wire.Reconfig, Refused: wire.SessionMoved, Record: &wire.ReconfigRequest{}}, wire.ReconfigDisabled},
		{"what could not be decoded", Request{Op: wire.Create}, wire.MarshallingError},
		{"a multi that could not be decoded", Request{Op: wire.Multi}, wire.MarshallingError},
		{"a read", Request{Op: wire.GetData, Record: &wire.ReadRequest{Path: "/"}}, wire.MarshallingError},
	})
}

// Only errors of the mode take precedence over those of a session that has expired or moved.
func TestRefusedSessions(t *testing.T) {
	creates := func(path string, mode wire.CreateMode) Request {
		return Request{Op: wire.Create, Record: &wire.CreateRequest{Path: path, Mode: mode}}
	}
	cases := []refusal{
		{"no such mode", creates("", 9), wire.BadArguments},
		{"create", creates("", 0), wire.SessionMoved},
		{"ephemeral", creates("", 1), wire.SessionMoved},
		{"delete", Request{Op: wire.Delete, Record: &wire.VersionRequest{}}, wire.SessionMoved},
		{"setData", Request{Op: wire.SetData, Record: &wire.SetDataRequest{}}, wire.SessionMoved},
		{"setACL", Request{Op: wire.SetACL, Record: &wire.SetACLRequest{}}, wire.SessionMoved},
		{"createSession", Request{Op: wire.CreateSession, Timeout: time.Second}, wire.OK},
		{"closeSession", Request{Op: wire.CloseSession}, wire.OK},
		{"empty multi", Request{Op: wire.Multi, Record: []wire.MultiOp{}}, wire.OK},
	}
	for _, c := range cases {
		c.Refused = wire.SessionMoved
		if r := stage(t).do(c.Request); r.Err != c.want {
			t.Errorf("%s: %v, want %v", c.name, r.Err, c.want)
		}
	}
	r := stage(t).do(Request{Op: wire.Multi, Refused: wire.SessionMoved, Record: []wire.MultiOp{
		{Op: wire.Check, Request: &wire.VersionRequest{Path: "/none"}},
		{Op: wire.Delete, Request: &wire.VersionRequest{Path: "/none"}},
	}})
	if r.Multi[0].Err != wire.SessionMoved || r.Multi[1].Err != wire.RuntimeInconsistency {
		t.Errorf("multi: %+v", r.Multi)
	}
}

func TestNoTTL(t *testing.T) {
	for _, ttl := range []time.Duration{0, time.Second} {
		l := newLeader()
		l.prep.NoTTL = true
		r := l.do(Request{Op: wire.CreateTTL, Record: &wire.CreateRequest{Path: "", Mode: wire.PersistentTTL, TTL: ttl}})
		if r.Err != wire.Unimplemented {
			t.Errorf("%v: %v", ttl, r.Err)
		}
	}
}

func TestPathsOfAnyLengthAndDepth(t *testing.T) {
	l := newLeader()
	path := ""
	for range 2000 {
		path += "/a"
		if r := l.do(create(path)); r.Err != wire.OK {
			t.Fatal(r.Err)
		}
	}
	if r := l.do(create("/" + strings.Repeat("x", 1_000_000))); r.Err != wire.OK {
		t.Error(r.Err)
	}
	if n, _ := l.tree.AllChildrenNumber("/a", nil); n != 1999 {
		t.Errorf("%d below", n)
	}
}
