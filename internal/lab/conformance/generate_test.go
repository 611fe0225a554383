package conformance

import (
	"bytes"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/zk/wire"
)

// The generators draw from small sets, so that requests interact: most paths exist some of the time,
// and most versions are right some of the time. A failure shrinks to the first element of a set.

var (
	goodPaths = []string{
		"/a", "/a", "/a", "/a", "/a", "/a", "/a/x", "/a/x", "/a/x", "/b", "/b", "/", "/a/y", "/b/x", "/a/x/p",
		"/s0000000000", "/s0000000001", "/a/s0000000000", "/a/s0000000001", "/a/s0000000002", "/a/0000000001", "/ä",
	}
	badPaths = []string{
		"/a/", "/a//x", "/a/./x", "/a/../b", "/..", "/a\x00", "/a\x01", "/a\u0085", "/a\ufff5", "!", "!a", "!/", "!//",
		"!/zookeeper", "!/zookeeper/config", "!/none/such",
	}
	prefixes = []string{"/a/s", "/s", "/a/", "/b/s", "/a/x/s", "/none/s"}

	datas = [][]byte{[]byte("x"), []byte("y"), {}, nil, bytes.Repeat([]byte("z"), 1000)}

	// narrow lists exclude some client.
	narrow = [][]wire.ACL{
		acl(world(wire.PermRead)),
		acl(world(wire.PermRead | wire.PermCreate)),
		acl(world(wire.PermAll &^ wire.PermRead)),
		acl(world(wire.PermAll &^ wire.PermDelete)),
		acl(world(wire.PermAll &^ wire.PermWrite)),
		acl(world(wire.PermAll &^ wire.PermAdmin)),
		acl(world(wire.PermAdmin)),
		acl(world(0)),
		acl(user("ann", wire.PermAll)),
		acl(user("ann", wire.PermAll), world(wire.PermRead)),
		acl(user("ann", wire.PermRead|wire.PermWrite), user("ben", wire.PermAll)),
		acl(entry("ip", "203.0.113.7", wire.PermAll)),
	}
	// odd lists are refused, or turned into other lists.
	odd = [][]wire.ACL{
		acl(entry("auth", "", wire.PermAll)),
		acl(entry("auth", "ignored", wire.PermRead|wire.PermAdmin), world(wire.PermCreate)),
		acl(entry("ip", "0.0.0.0/0", wire.PermAll)),
		acl(world(wire.PermAll), world(wire.PermAll), world(wire.PermRead)),
		acl(world(wire.PermAll | 64)),
		acl(entry("world", "somebody", wire.PermAll)),
		acl(entry("ip", "no.address", wire.PermAll)),
		acl(entry("ip", "10.0.0.0/33", wire.PermAll)),
		acl(entry("digest", "nocolon", wire.PermAll)),
		acl(entry("digest", "ann:b:c", wire.PermAll)),
		acl(entry("nosuch", "ann", wire.PermAll)),
		acl(entry("", "", wire.PermAll)),
		acl(entry("sasl", "ann", wire.PermAll)),
		acl(entry("x509", "CN=ann", wire.PermAll)),
		acl(entry("super", "", wire.PermAll)),
		{},
		nil,
	}

	credentials = []*wire.AuthRequest{
		{Scheme: "digest", Auth: []byte("ann:secret")},
		{Scheme: "digest", Auth: []byte("ann:secret")},
		{Scheme: "digest", Auth: []byte("ann:secret")},
		{Scheme: "digest", Auth: []byte("ben:secret")},
		{Scheme: "digest", Auth: []byte("ben:secret")},
		{Scheme: "digest", Auth: []byte("super:secret")},
		{Scheme: "digest", Auth: []byte("nocolon")},
		{Scheme: "ip", Auth: []byte("203.0.113.7")},
		{Scheme: "world", Auth: []byte("anyone")},
		{Scheme: "nosuch", Auth: []byte("ann")},
	}
)

// often draws from the first of two generators, one time in n from the second.
func often[T any](usual, rare *rapid.Generator[T], n int) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		if rapid.IntRange(1, n).Draw(t, "usual") == n {
			return rare.Draw(t, "rare")
		}
		return usual.Draw(t, "value")
	})
}

var (
	somePath = often(rapid.SampledFrom(goodPaths), rapid.SampledFrom(badPaths), 15)
	// readablePath leaves out nodes that differ from ensemble to ensemble, and
	// those that others change at the same time.
	readablePath = somePath.Filter(func(p string) bool {
		return !slices.Contains([]string{"!", "!/", "!/zookeeper", "!/zookeeper/config"}, p)
	})
	// writablePath leaves out nodes that others write at the same time.
	writablePath = somePath.Filter(func(p string) bool {
		return !slices.Contains([]string{"!", "!/", "!//", "!/zookeeper", "!/zookeeper/config"}, p)
	})
	// watchedPath is one of few, so that watches are met again.
	watchedPath = often(rapid.SampledFrom([]string{"/a", "/a", "/a", "/a/x", "/b", "/"}), readablePath, 8)
	somePaths   = rapid.SliceOfN(rapid.SampledFrom(goodPaths), 0, 3)
	someData    = rapid.SampledFrom(datas)
	someACL     = often(rapid.Just(worldAll), often(rapid.SampledFrom(narrow), rapid.SampledFrom(odd), 3), 3)
	someVersion = rapid.SampledFrom([]int32{-1, -1, 0, 0, 1, 2, 3, -2})
	someClient  = rapid.SampledFrom([]client{alice, alice, alice, bob, bob, carol})
	someServer  = rapid.SampledFrom([]int{1, 2, 3})
	someType    = often(rapid.SampledFrom([]wire.WatcherType{
		wire.WatcherAny, wire.WatcherData, wire.WatcherChildren, wire.WatcherPersistent, wire.WatcherPersistentRecursive,
	}), rapid.SampledFrom([]wire.WatcherType{0, 6, -1}), 15)
)

// createOps are the request types with the modes that suit them.
var createOps = []struct {
	op   wire.Op
	mode wire.CreateMode
}{
	{wire.Create, wire.Persistent},
	{wire.Create, wire.Persistent},
	{wire.Create2, wire.Persistent},
	{wire.Create, wire.Ephemeral},
	{wire.Create2, wire.Ephemeral},
	{wire.Create, wire.PersistentSequential},
	{wire.Create2, wire.PersistentSequential},
	{wire.Create2, wire.EphemeralSequential},
	{wire.CreateContainer, wire.Container},
	{wire.CreateTTL, wire.PersistentTTL},
	{wire.CreateTTL, wire.PersistentSequentialTTL},
}

func sequential(m wire.CreateMode) bool {
	switch m {
	case wire.PersistentSequential, wire.EphemeralSequential, wire.PersistentSequentialTTL:
		return true
	}
	return false
}

func hasTTL(m wire.CreateMode) bool {
	return m == wire.PersistentTTL || m == wire.PersistentSequentialTTL
}

var someCreate = rapid.Custom(func(t *rapid.T) req {
	kind := rapid.SampledFrom(createOps).Draw(t, "kind")
	r := &wire.CreateRequest{Data: someData.Draw(t, "data"), ACL: someACL.Draw(t, "acl"), Mode: kind.mode}
	switch rapid.IntRange(1, 12).Draw(t, "oddity") {
	case 11:
		kind.op = rapid.SampledFrom([]wire.Op{wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL}).Draw(t, "op")
	case 12:
		r.Mode = rapid.SampledFrom([]wire.CreateMode{0, 1, 2, 3, 4, 5, 6, 7, -1}).Draw(t, "mode")
	}
	if kind.op == wire.CreateContainer && (r.Mode == wire.Ephemeral || r.Mode == wire.EphemeralSequential) {
		r.Mode = wire.Container // until it is applied, Apache's leader treats it as ephemeral; see package prep
	}
	if sequential(r.Mode) {
		r.Path = rapid.SampledFrom(prefixes).Draw(t, "prefix")
	} else {
		r.Path = somePath.Draw(t, "path")
	}
	if kind.op == wire.CreateTTL {
		ttl := rapid.SampledFrom([]int64{1 << 30, 1 << 30, 1 << 30, 1, 0, -1, 1<<40 - 1, 1 << 40}).Draw(t, "ttl")
		if !hasTTL(r.Mode) {
			ttl = max(ttl, 0) // a negative one with any other mode makes all servers of 3.9.3 stop for good
		}
		r.TTL = time.Duration(ttl) * time.Millisecond
	}
	return req{op: kind.op, rec: r}
})

var someWrite = rapid.Custom(func(t *rapid.T) req {
	switch rapid.IntRange(0, 9).Draw(t, "write") {
	case 0, 1, 2, 3:
		return someCreate.Draw(t, "create")
	case 4, 5:
		return req{op: wire.SetData, rec: &wire.SetDataRequest{Path: writablePath.Draw(t, "path"), Data: someData.Draw(t, "data"), Version: someVersion.Draw(t, "version")}}
	case 6, 7:
		return req{op: wire.Delete, rec: &wire.VersionRequest{Path: somePath.Draw(t, "path"), Version: someVersion.Draw(t, "version")}}
	case 8:
		return req{op: wire.SetACL, rec: &wire.SetACLRequest{Path: writablePath.Draw(t, "path"), ACL: someACL.Draw(t, "acl"), Version: someVersion.Draw(t, "version")}}
	}
	return req{op: wire.Multi, rec: rapid.SliceOfN(someMultiOp, 0, 4).Draw(t, "multi")}
})

var someMultiOp = rapid.Custom(func(t *rapid.T) wire.MultiOp {
	var r req
	switch rapid.IntRange(0, 15).Draw(t, "part") {
	case 0, 1, 2, 3, 4:
		r = someCreate.Draw(t, "create")
		if c := r.rec.(*wire.CreateRequest); c.ACL == nil {
			c.ACL = []wire.ACL{} // null stalls the leader of 3.9.3 for good
		}
	case 5, 6, 7:
		r = req{op: wire.SetData, rec: &wire.SetDataRequest{Path: writablePath.Draw(t, "path"), Data: someData.Draw(t, "data"), Version: someVersion.Draw(t, "version")}}
	case 8, 9, 10:
		r = req{op: wire.Delete, rec: &wire.VersionRequest{Path: somePath.Draw(t, "path"), Version: someVersion.Draw(t, "version")}}
	case 11, 12, 13, 14:
		r = req{op: wire.Check, rec: &wire.VersionRequest{Path: somePath.Draw(t, "path"), Version: someVersion.Draw(t, "version")}}
	default:
		r = req{op: wire.GetData, rec: &wire.ReadRequest{Path: "/a"}} // belongs in a multi-read
	}
	return wire.MultiOp{Op: r.op, Request: r.rec}
})

var someReadOp = rapid.Custom(func(t *rapid.T) wire.MultiOp {
	op := rapid.SampledFrom([]wire.Op{wire.GetData, wire.GetChildren}).Draw(t, "op")
	return wire.MultiOp{Op: op, Request: &wire.ReadRequest{Path: readablePath.Draw(t, "path"), Watch: rapid.Bool().Draw(t, "watch")}}
})

var someRead = rapid.Custom(func(t *rapid.T) req {
	switch rapid.IntRange(0, 12).Draw(t, "read") {
	case 0, 1, 2, 3, 4, 5, 6:
		op := rapid.SampledFrom([]wire.Op{wire.GetData, wire.Exists, wire.GetChildren2, wire.GetChildren}).Draw(t, "op")
		if rapid.Bool().Draw(t, "watch") {
			return req{op: op, rec: &wire.ReadRequest{Path: watchedPath.Draw(t, "path"), Watch: true}}
		}
		return req{op: op, rec: &wire.ReadRequest{Path: readablePath.Draw(t, "path")}}
	case 7:
		return req{op: wire.GetACL, rec: &wire.PathRequest{Path: readablePath.Draw(t, "path")}}
	case 8:
		return req{op: wire.GetEphemerals, rec: &wire.PathRequest{Path: rapid.SampledFrom([]string{"/", "/a", "!/", "!", "/none"}).Draw(t, "path")}}
	case 9:
		return req{op: wire.GetAllChildrenNumber, rec: &wire.PathRequest{Path: readablePath.Draw(t, "path")}}
	case 10:
		return req{op: wire.WhoAmI}
	case 11:
		return req{op: wire.Sync, rec: &wire.PathRequest{Path: somePath.Draw(t, "path")}}
	}
	return req{op: wire.MultiRead, rec: rapid.SliceOfN(someReadOp, 0, 3).Draw(t, "multi")}
})

var someWatch = rapid.Custom(func(t *rapid.T) req {
	switch rapid.IntRange(0, 9).Draw(t, "watch") {
	case 0, 1, 2, 3:
		mode := rapid.SampledFrom([]wire.AddWatchMode{0, 1, 0, 1, 0, 1, 0, 1, 2, -1}).Draw(t, "mode")
		return req{op: wire.AddWatch, rec: &wire.AddWatchRequest{Path: watchedPath.Draw(t, "path"), Mode: mode}}
	case 4, 5:
		return req{op: wire.RemoveWatches, rec: &wire.WatchesRequest{Path: watchedPath.Draw(t, "path"), Type: someType.Draw(t, "type")}}
	case 6, 7:
		return req{op: wire.CheckWatches, rec: &wire.WatchesRequest{Path: watchedPath.Draw(t, "path"), Type: someType.Draw(t, "type")}}
	}
	return someSetWatches.Draw(t, "set")
})

var someSetWatches = rapid.Custom(func(t *rapid.T) req {
	r := &wire.SetWatchesRequest{
		RelativeZxid: int64(rapid.SampledFrom([]mark{seen, seen, seen, zero, ahead}).Draw(t, "zxid")),
		Data:         somePaths.Draw(t, "data"),
		Exist:        somePaths.Draw(t, "exist"),
		Child:        somePaths.Draw(t, "child"),
	}
	if rapid.Bool().Draw(t, "old") {
		return req{op: wire.SetWatches, rec: r}
	}
	r.Persistent, r.PersistentRecursive = somePaths.Draw(t, "persistent"), somePaths.Draw(t, "recursive")
	return req{op: wire.SetWatches2, rec: r}
})

var someRequest = rapid.Custom(func(t *rapid.T) req {
	switch rapid.IntRange(0, 9).Draw(t, "request") {
	case 0, 1, 2, 3:
		return someWrite.Draw(t, "write")
	case 4, 5, 6:
		return someRead.Draw(t, "read")
	case 7:
		return someWatch.Draw(t, "watch")
	case 8:
		return req{op: wire.GetData, rec: &wire.ReadRequest{Path: readablePath.Draw(t, "path"), Watch: true}}
	}
	return req{op: wire.Ping}
})

// pipeline has a setACL only at its end, if at all: while one is on its way, Java's leader may use
// either the old list or the new one for the requests after it.
var pipeline = rapid.SliceOfN(someRequest, 2, 5).Filter(func(reqs []req) bool {
	return !slices.ContainsFunc(reqs[:len(reqs)-1], func(r req) bool { return r.op == wire.SetACL })
})

var someStep = rapid.Custom(func(t *rapid.T) step {
	who := someClient.Draw(t, "who")
	switch k := rapid.IntRange(0, 39).Draw(t, "step"); {
	case k < 12:
		return ask{who: who, reqs: []req{someWrite.Draw(t, "write")}}
	case k < 20:
		return ask{who: who, reqs: []req{someRead.Draw(t, "read")}}
	case k < 26:
		return ask{who: who, reqs: []req{someWatch.Draw(t, "watch")}}
	case k < 30:
		return ask{who: who, reqs: pipeline.Draw(t, "pipeline")}
	case k < 32:
		return ask{who: who, reqs: []req{{op: wire.Auth, rec: rapid.SampledFrom(credentials).Draw(t, "credentials")}}}
	case k < 34:
		return end{who: who}
	case k == 34:
		return ask{who: who, old: true, reqs: []req{someWrite.Draw(t, "write")}}
	case k == 35:
		return rapid.SampledFrom([]step{drop{who}, ask{who: who, reqs: []req{{op: 77}}}, ask{who: who, reqs: []req{{op: wire.Check, rec: &wire.VersionRequest{Path: "/a", Version: -1}}}}}).Draw(t, "odd")
	case k == 36:
		return join{
			who: who, server: someServer.Draw(t, "server"),
			as: rapid.SampledFrom([]identity{wrongPassword, noPassword, unknown}).Draw(t, "as"),
		}
	}
	return join{
		who: who, server: someServer.Draw(t, "server"), keep: rapid.Bool().Draw(t, "keep"), short: rapid.Bool().Draw(t, "short"),
		lastZxid: rapid.SampledFrom([]mark{seen, seen, seen, seen, zero, ahead}).Draw(t, "zxid"),
	}
})

// someScript begins, mostly, with a few nodes.
var someScript = rapid.Custom(func(t *rapid.T) steps {
	var s steps
	if rapid.Bool().Draw(t, "nodes") {
		for _, path := range []string{"/a", "/a/x", "/b"} {
			s = append(s, ask{who: alice, reqs: []req{{op: wire.Create, rec: &wire.CreateRequest{Path: path, ACL: worldAll}}}})
		}
	}
	// Three short lists are usually longer than one list that may be long.
	for _, n := range []int{1, 0, 0} {
		s = append(s, rapid.SliceOfN(someStep, n, 12).Draw(t, "steps")...)
	}
	return s
})
