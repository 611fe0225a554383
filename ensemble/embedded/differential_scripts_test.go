package embedded_test

import (
	"bytes"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// The scripts of this file are about what generated ones seldom meet.

func does(who client, reqs ...req) ask  { return ask{who: who, reqs: reqs} }
func stale(who client, reqs ...req) ask { return ask{who: who, reqs: reqs, old: true} }

func create(path string) req            { return createAs(path, wire.Persistent) }
func remove(path string) req            { return removeAt(path, -1) }
func set(path, data string) req         { return setAt(path, data, -1) }
func get(path string) req               { return read(wire.GetData, path, false) }
func watchData(path string) req         { return read(wire.GetData, path, true) }
func watchExists(path string) req       { return read(wire.Exists, path, true) }
func watchChildren(path string) req     { return read(wire.GetChildren2, path, true) }
func list(path string) req              { return read(wire.GetChildren2, path, false) }
func getACL(path string) req            { return about(wire.GetACL, path) }
func auth(name string) req              { return authAs("digest", name+":secret") }
func opOnly(op wire.Op) req             { return req{op: op} }
func multi(parts ...req) req            { return together(wire.Multi, parts) }
func multiRead(parts ...req) req        { return together(wire.MultiRead, parts) }
func about(op wire.Op, path string) req { return req{op: op, rec: &wire.PathRequest{Path: path}} }
func rawly(op wire.Op, b ...byte) req   { return req{op: op, rec: zkclient.Raw(b)} }

func createAs(path string, mode wire.CreateMode) req {
	return createWith(wire.Create2, path, mode, worldAll)
}

func createWith(op wire.Op, path string, mode wire.CreateMode, list []wire.ACL) req {
	return req{op: op, rec: &wire.CreateRequest{Path: path, Data: []byte("x"), ACL: list, Mode: mode}}
}

func createTTL(path string, mode wire.CreateMode, ttl time.Duration) req {
	return req{op: wire.CreateTTL, rec: &wire.CreateRequest{Path: path, ACL: worldAll, Mode: mode, TTL: ttl}}
}

func removeAt(path string, version int32) req {
	return req{op: wire.Delete, rec: &wire.VersionRequest{Path: path, Version: version}}
}

func checkAt(path string, version int32) req {
	return req{op: wire.Check, rec: &wire.VersionRequest{Path: path, Version: version}}
}

func setAt(path, data string, version int32) req {
	return req{op: wire.SetData, rec: &wire.SetDataRequest{Path: path, Data: []byte(data), Version: version}}
}

func setACL(path string, version int32, list ...wire.ACL) req {
	return req{op: wire.SetACL, rec: &wire.SetACLRequest{Path: path, ACL: list, Version: version}}
}

func sasl(token []byte) req { return req{op: wire.SASL, rec: &wire.SASLRequest{Token: token}} }

func read(op wire.Op, path string, watch bool) req {
	return req{op: op, rec: &wire.ReadRequest{Path: path, Watch: watch}}
}

func authAs(scheme, secret string) req {
	return req{op: wire.Auth, rec: &wire.AuthRequest{Scheme: scheme, Auth: []byte(secret)}}
}

func addWatch(path string, mode wire.AddWatchMode) req {
	return req{op: wire.AddWatch, rec: &wire.AddWatchRequest{Path: path, Mode: mode}}
}

func watches(op wire.Op, path string, t wire.WatcherType) req {
	return req{op: op, rec: &wire.WatchesRequest{Path: path, Type: t}}
}

func setWatches(zxid mark, data, exist, child, persistent, recursive []string) req {
	return req{op: wire.SetWatches2, rec: &wire.SetWatchesRequest{
		RelativeZxid: int64(zxid), Data: data, Exist: exist, Child: child, Persistent: persistent, PersistentRecursive: recursive,
	}}
}

func together(op wire.Op, parts []req) req {
	ops := make([]wire.MultiOp, len(parts))
	for i, p := range parts {
		ops[i] = wire.MultiOp{Op: p.op, Request: p.rec}
	}
	return req{op: op, rec: ops}
}

func withXid(xid int32, r req) req {
	r.xid = xid
	return r
}

// byName are the scripts, each under the name of what it is about.
var byName = map[string]script{
	"the counter of sequential names": {
		does(alice, create("/a"), createAs("/a/s", wire.PersistentSequential)),
		does(alice, create("/a/x"), remove("/a/x"), create("/a/x"), create("/a/x"), createAs("/a/s", wire.EphemeralSequential)),
		does(alice, multi(create("/a/y"), checkAt("/none", 0)), createAs("/a/", wire.PersistentSequential), list("/a")),
		does(alice, multi(createAs("/a/s", wire.PersistentSequential), createAs("/a/s", wire.PersistentSequential), remove("/a/x"))),
		does(alice, list("/a")),
		does(alice, remove("/a/s0000000000"), remove("/a/s0000000003"), list("/a")),
	},
	"the counter begins anew with the node": {
		does(alice, create("/a"), createAs("/a/s", wire.PersistentSequential), remove("/a/s0000000000"), remove("/a")),
		does(alice, create("/a"), createAs("/a/s", wire.PersistentSequential), list("/a")),
	},
	"a multi fails at its first part":  {does(alice, create("/a"), multi(checkAt("/a", 7), create("/b"), set("/a", "y")), list("/"))},
	"a multi fails at its second part": {does(alice, create("/a"), multi(create("/b"), removeAt("/a", 7), set("/a", "y")), list("/"))},
	"a multi fails at its last part":   {does(alice, create("/a"), multi(create("/b"), set("/a", "y"), create("/b")), list("/"), get("/a"))},
	"a multi sees its own parts": {
		does(alice, multi(create("/a"), create("/a/x"), set("/a/x", "y"), checkAt("/a/x", 1), remove("/a/x"), create("/a/x")), list("/a"), get("/a/x")),
		does(alice, multi(remove("/a/x"), remove("/a"), create("/a")), list("/a")),
		does(alice, multi(remove("/a"), create("/a/x"))),
		does(alice, multi(createAs("/e", wire.Ephemeral), create("/e/x"))),
	},
	"multis that change nothing": {
		does(alice, create("/a"), multi(), multi(checkAt("/a", 0)), multi(checkAt("/a", -1), checkAt("/", -1)), multiRead(), get("/a")),
		does(alice, multi(checkAt("/a", 1)), set("/a", "y")),
	},
	"a multi of every kind": {
		does(alice, multi(
			createWith(wire.Create, "/a", wire.Persistent, worldAll), createAs("/b", wire.Ephemeral),
			createWith(wire.CreateContainer, "/c", wire.Container, worldAll), createWith(wire.Create, "/d", wire.Container, worldAll),
			createTTL("/t", wire.PersistentTTL, time.Hour), createTTL("/u", wire.Persistent, 0), createTTL("/s", wire.PersistentSequentialTTL, time.Hour),
		), list("/")),
		does(bob, multi(setAt("/a", "y", 0), checkAt("/b", 0), remove("/c"))),
		does(bob, multi(createTTL("/v", wire.PersistentTTL, 0))),
		does(bob, multi(createTTL("/v", wire.PersistentTTL, 1<<40*time.Millisecond))),
	},
	"a multi of the wrong kind": {
		does(alice, create("/a")),
		does(alice, multi(get("/a"))),
		does(alice, multi(create("/b"), get("/a"))),
		does(alice, multi(setACL("/a", -1, world(wire.PermRead)))),
		does(alice, multi(multi(create("/b")))),
		does(alice, multi(createWith(wire.Create, "/c", wire.PersistentTTL, worldAll))),
		does(alice, multi(createWith(wire.Create, "/c", 9, worldAll))),
		does(alice, create("/d")),
	},
	"a multi-read of the wrong kind": {
		does(alice, create("/a")),
		does(alice, multiRead(get("/a"), remove("/a"))),
		does(alice, multiRead(read(wire.Exists, "/a", false))),
		does(alice, get("/a")),
	},
	"multi-reads": {
		does(alice, create("/a"), createWith(wire.Create, "/b", wire.Persistent, acl(world(wire.PermWrite))), createAs("/a/x", wire.Ephemeral)),
		does(alice, multiRead(get("/a"), get("/none"), get("/b"), read(wire.GetChildren, "/a", false), read(wire.GetChildren, "/b", false))),
		does(alice, multiRead(watchData("/a"), read(wire.GetChildren, "/a", true))),
		does(bob, set("/a", "y"), create("/a/y")),
	},
	"an event comes before the reply": {
		does(alice, create("/a"), watchData("/a"), watchChildren("/a"), watchChildren("/")),
		does(alice, set("/a", "y"), watchData("/a")),
		does(alice, create("/a/x"), watchChildren("/a"), remove("/a/x"), remove("/a")),
	},
	"one event for two watches of a node that goes": {
		does(alice, create("/a")),
		does(bob, watchData("/a"), watchChildren("/a"), watchChildren("/")),
		does(carol, watchExists("/a"), addWatch("/a", wire.AddPersistent)),
		does(alice, remove("/a"), create("/a"), remove("/a")),
	},
	"watches that stay": {
		does(alice, create("/a"), addWatch("/a", wire.AddPersistent)),
		does(bob, addWatch("/a", wire.AddPersistentRecursive)),
		does(carol, addWatch("/", wire.AddPersistentRecursive), watchData("/a")),
		does(alice, create("/a/x"), set("/a/x", "y"), create("/a/x/p"), set("/a", "y"), remove("/a/x/p"), remove("/a/x"), remove("/a")),
		does(alice, create("/a"), create("/ab"), create("/a/b")),
	},
	"a mode of watch replaces the one before": {
		does(alice, create("/a"), addWatch("/a", wire.AddPersistent), addWatch("/a", wire.AddPersistentRecursive), watchData("/a")),
		does(bob, create("/a/x"), set("/a", "y")),
		does(alice, watches(wire.CheckWatches, "/a", wire.WatcherPersistent), watches(wire.CheckWatches, "/a", wire.WatcherPersistentRecursive)),
		does(alice, addWatch("/a", wire.AddPersistent), watches(wire.CheckWatches, "/a", wire.WatcherAny)),
		does(bob, create("/a/y"), set("/a", "z"), remove("/a/x")),
	},
	"watches of what is not there": {
		does(alice, watchData("/a"), watchChildren("/a"), addWatch("/b", wire.AddPersistent)),
		does(bob, create("/a"), create("/b")),
		does(alice, watchExists("/c"), watches(wire.CheckWatches, "/c", wire.WatcherData), watches(wire.CheckWatches, "/a", wire.WatcherAny)),
		does(bob, create("/c"), remove("/c")),
	},
	"removing watches": {
		does(alice, create("/a"), watchData("/a"), watchChildren("/a")),
		does(alice, watches(wire.RemoveWatches, "/a", wire.WatcherPersistent), watches(wire.RemoveWatches, "/a", wire.WatcherChildren)),
		does(alice, watches(wire.CheckWatches, "/a", wire.WatcherChildren), watches(wire.CheckWatches, "/a", wire.WatcherData), watches(wire.CheckWatches, "/a", wire.WatcherAny)),
		does(bob, create("/a/x"), set("/a", "y")),
		does(alice, watches(wire.RemoveWatches, "/a", wire.WatcherAny), watchExists("/n"), watches(wire.RemoveWatches, "/n", wire.WatcherData)),
		does(alice, addWatch("/a", wire.AddPersistent), watchData("/a"), watches(wire.RemoveWatches, "/a", wire.WatcherPersistentRecursive)),
		does(alice, watches(wire.RemoveWatches, "/a", wire.WatcherData), watches(wire.RemoveWatches, "/a", wire.WatcherAny), watches(wire.CheckWatches, "/a", wire.WatcherPersistent)),
		does(alice, addWatch("/a", wire.AddPersistentRecursive), watches(wire.RemoveWatches, "/a", wire.WatcherPersistentRecursive)),
		does(bob, set("/a", "z"), create("/n")),
		does(alice, watches(wire.RemoveWatches, "/a", 9), watches(wire.CheckWatches, "/a", 0)),
	},
	"watches are the connection's": {
		does(alice, create("/a"), watchData("/a"), addWatch("/a", wire.AddPersistent)),
		join{who: alice, server: 2},
		does(bob, set("/a", "y")),
		does(alice, watches(wire.CheckWatches, "/a", wire.WatcherAny)),
	},
	"setWatches tells what changed meanwhile": {
		does(alice, create("/a"), create("/b"), create("/c"), create("/d"), create("/d/x"), create("/e")),
		drop{alice},
		does(bob, set("/a", "y"), remove("/b"), create("/n"), create("/c/x"), remove("/c/x"), remove("/d/x"), create("/d/x")),
		join{who: alice, server: 3},
		does(alice, setWatches(seen, []string{"/a", "/b", "/c", "/e"}, []string{"/n", "/m", "/e"}, []string{"/a", "/b", "/c", "/d"}, []string{"/a"}, []string{"/c"})),
		does(bob, set("/a", "z"), set("/e", "y"), create("/m"), create("/a/x"), create("/c/x")),
	},
	"setWatches with other zxids": {
		does(alice, create("/a"), create("/a/x")),
		does(bob, setWatches(zero, []string{"/a"}, []string{"/a"}, []string{"/a", "/a/x"}, nil, nil)),
		does(bob, setWatches(ahead, []string{"/a"}, []string{"/n"}, []string{"/a", "/a/x"}, nil, nil)),
		does(alice, set("/a", "y"), remove("/a/x"), create("/n")),
	},
	"a change back and forth is not seen": {
		does(alice, create("/a"), watchExists("/n")),
		drop{alice},
		does(bob, create("/n"), remove("/n")),
		does(alice, setWatches(seen, nil, []string{"/n"}, nil, nil, nil)),
		does(bob, create("/n")),
	},
	"no event for those who may not read": {
		does(alice, create("/a"), watchData("/a"), addWatch("/a", wire.AddPersistent)),
		does(bob, setACL("/a", -1, world(wire.PermAll&^wire.PermRead)), set("/a", "y"), create("/a/x")),
		does(bob, setACL("/a", -1, world(wire.PermAll)), set("/a", "z"), remove("/a/x")),
		does(alice, watchData("/a"), watchChildren("/")),
		does(bob, setACL("/a", -1, world(wire.PermAll&^wire.PermRead))),
		does(bob, remove("/a")),
	},
	"a session moves to another server": {
		does(alice, createAs("/e", wire.Ephemeral)),
		join{who: alice, server: 2, keep: true},
		does(alice, about(wire.GetEphemerals, "/"), set("/e", "y")),
		join{who: bob, server: 1},
		does(bob, get("/e")), // what alice wrote has come to server 1
		stale(alice, opOnly(wire.Ping), opOnly(wire.WhoAmI), get("/e")),
		stale(alice, set("/e", "z")),
		does(alice, get("/e")),
		join{who: alice, server: 3},
		join{who: alice, server: 1},
		does(alice, get("/e")),
	},
	"a session moves away from the leader": {
		does(carol, createAs("/e", wire.Ephemeral)),
		join{who: carol, server: 1, keep: true},
		does(carol, set("/e", "y")),
		stale(carol, set("/e", "z")),
		does(carol, get("/e")),
	},
	"a session moves away from the leader, which is pinged": {
		does(carol, createAs("/e", wire.Ephemeral)),
		join{who: carol, server: 1, keep: true},
		does(carol, set("/e", "y")),
		stale(carol, opOnly(wire.Ping)),
		does(carol, get("/e")),
	},
	"a session moves away from the leader, which is asked": {
		does(carol, createAs("/e", wire.Ephemeral)),
		join{who: carol, server: 1, keep: true},
		does(carol, set("/e", "y")),
		stale(carol, get("/e")),
		does(carol, get("/e")),
	},
	"a session connects again to its server": {
		does(alice, createAs("/e", wire.Ephemeral), watchData("/e")),
		join{who: alice, server: 1, keep: true},
		stale(alice, opOnly(wire.Ping)),
		does(alice, get("/e")),
		does(bob, set("/e", "y")),
	},
	"strangers": {
		does(alice, create("/a")),
		join{who: alice, server: 2, as: wrongPassword},
		join{who: alice, server: 3, as: noPassword},
		join{who: alice, server: 3, as: unknown},
		does(alice, get("/a")),
		join{who: alice, server: 1, as: wrongPassword},
		does(alice, get("/a")),
		does(carol, get("/a")),
		join{who: carol, server: 1, as: wrongPassword},
		join{who: carol, server: 3, as: noPassword},
		does(carol, get("/a")),
	},
	"a session that was closed": {
		does(alice, createAs("/e", wire.Ephemeral)),
		join{who: alice, server: 2, keep: true},
		join{who: bob, server: 2},
		end{who: alice, old: true},
		does(bob, about(wire.Sync, "/")), // then server 2 knows, too
		does(alice, get("/e")),
		does(alice, get("/e")),
	},
	"ahead of the server": {
		does(alice, create("/a")),
		join{who: alice, server: 1, lastZxid: ahead},
		join{who: alice, server: 1, lastZxid: zero},
		does(alice, get("/a")),
		join{who: bob, server: 3, lastZxid: ahead},
		does(bob, get("/a")),
	},
	"a silent session expires": {
		join{who: bob, server: 1, timeout: time.Second},
		does(bob, createAs("/e", wire.Ephemeral)),
		does(alice, watchExists("/e"), watchChildren("/")),
		drop{bob},
		wait{2500 * time.Millisecond},
		does(alice, list("/")),
		join{who: bob, server: 2},
		does(bob, list("/")),
	},
	"a silent client of the leader expires": {
		join{who: carol, server: 3, timeout: time.Second},
		does(carol, createAs("/e", wire.Ephemeral)),
		does(bob, watchData("/e")),
		wait{2500 * time.Millisecond},
		does(carol, list("/")),
		does(carol, list("/")),
		does(bob, list("/")),
	},
	// For half a tick after a session began all learners tell the leader of it,
	// with the time-out that it began with.
	"the time-out that was asked for last counts": {
		does(alice, createAs("/e", wire.Ephemeral)),
		join{who: carol, server: 3, timeout: 2 * time.Second},
		does(carol, createAs("/f", wire.Ephemeral)),
		wait{time.Second},
		join{who: carol, server: 2, timeout: time.Minute},
		join{who: alice, server: 1, timeout: time.Second},
		drop{alice},
		drop{carol},
		wait{3500 * time.Millisecond},
		does(bob, list("/")),
		does(carol, list("/")),
		does(alice, list("/")),
	},
	"time-outs are clamped": {
		join{who: alice, server: 1, timeout: time.Hour},
		join{who: bob, server: 3, timeout: 700 * time.Millisecond},
		join{who: bob, server: 3, timeout: -time.Second},
		join{who: carol, server: 2, timeout: 12345 * time.Millisecond},
		join{who: carol, server: 2, timeout: 54321 * time.Millisecond},
	},
	"forms of the connect request": {
		join{who: alice, server: 1, short: true},
		join{who: alice, server: 2, short: true},
		join{who: bob, server: 1, readOnly: true},
		join{who: carol, server: 3, short: true},
		join{who: carol, server: 3},
	},
	"ephemerals go with their session": {
		does(alice, createAs("/e", wire.Ephemeral), create("/p")),
		does(bob, watchData("/e"), watchChildren("/"), create("/e/x"), get("/e")),
		does(carol, watchExists("/e"), addWatch("/", wire.AddPersistent)),
		does(carol, about(wire.GetEphemerals, "/"), createAs("/f", wire.Ephemeral), about(wire.GetEphemerals, "/"), about(wire.GetEphemerals, "/e"), about(wire.GetEphemerals, "!")),
		end{who: alice},
		does(bob, list("/"), createAs("/e", wire.Ephemeral)),
	},
	"several ephemerals": {
		does(alice, createAs("/e", wire.Ephemeral), createAs("/f", wire.Ephemeral), create("/a"), createAs("/a/s", wire.EphemeralSequential), createAs("/a/s", wire.EphemeralSequential)),
		does(bob, addWatch("/", wire.AddPersistentRecursive), watchChildren("/a"), remove("/f")),
		does(alice, about(wire.GetEphemerals, "/a"), about(wire.GetEphemerals, "/"), about(wire.GetEphemerals, "/a/s00"), about(wire.GetEphemerals, "!/")),
		end{who: alice},
		does(bob, list("/a"), list("/")),
	},
	"who may do what": {
		does(alice, auth("ann"), auth("ben"), opOnly(wire.WhoAmI)),
		does(alice, createWith(wire.Create2, "/a", 0, acl(entry("auth", "", wire.PermAll))), getACL("/a")),
		does(bob, get("/a"), set("/a", "y"), getACL("/a"), create("/a/x"), read(wire.Exists, "/a", false), list("/a"), about(wire.GetAllChildrenNumber, "/a"), about(wire.Sync, "/a")),
		does(bob, createWith(wire.Create2, "/b", 0, acl(entry("auth", "", wire.PermAll)))),
		does(bob, auth("ben")),
		does(bob, get("/a"), createWith(wire.Create2, "/a/x", 0, acl(world(wire.PermRead))), getACL("/a/x")),
		does(carol, remove("/a/x"), set("/a/x", "y"), setACL("/a/x", -1, world(wire.PermAll)), getACL("/a/x")),
		does(bob, remove("/a/x"), opOnly(wire.WhoAmI)),
		join{who: alice, server: 2},
		does(alice, get("/a"), opOnly(wire.WhoAmI)),
	},
	"passwords are hidden": {
		does(alice, createWith(wire.Create2, "/a", 0, acl(user("ann", wire.PermAll), world(wire.PermRead), entry("ip", "203.0.113.7", wire.PermAdmin)))),
		does(alice, getACL("/a")),
		does(alice, auth("ann")),
		does(alice, getACL("/a"), setACL("/a", 1, world(wire.PermRead)), setACL("/a", 0, user("ann", wire.PermAdmin)), getACL("/a"), get("/a")),
		does(bob, getACL("/a")),
	},
	"the super user": {
		does(alice, createWith(wire.Create2, "/a", 0, acl(world(0))), get("/a"), setACL("/a", -1, world(wire.PermAll))),
		does(bob, auth("super")),
		does(bob, opOnly(wire.WhoAmI), get("/a"), addWatch("/", wire.AddPersistentRecursive), createWith(wire.Create2, "/a/x", 0, acl(entry("auth", "", wire.PermAll))), getACL("/a/x"), setACL("/a", -1, world(wire.PermRead))),
		does(alice, get("/a"), set("/a/x", "y")),
	},
	"deleting needs the parent's permission": {
		does(alice, create("/a"), createWith(wire.Create2, "/a/x", 0, acl(world(0))), createWith(wire.Create2, "/b", 0, acl(world(wire.PermAll&^wire.PermDelete))), create("/b/x")),
		does(alice, remove("/a/x"), remove("/b/x"), removeAt("/b/x", 9), remove("/b/none")),
	},
	"bad credentials": {
		does(alice, authAs("digest", "nocolon")),
		does(alice, authAs("digest", "")),
		does(alice, authAs("nosuch", "x")),
		does(alice, authAs("", "")),
		does(bob, authAs("ip", "whatever")),
		does(bob, authAs("digest", "a:b:c"), opOnly(wire.WhoAmI)),
		does(bob, rawly(wire.Auth)),
		does(bob, rawly(wire.Auth, 0, 0, 0, 0, 0, 0, 0, 9)),
	},
	"containers": {
		does(alice, createWith(wire.CreateContainer, "/c", wire.Container, worldAll), create("/c/x"), remove("/c/x"), get("/c"), createWith(wire.Create, "/d", wire.Container, worldAll), get("/d")),
		does(alice, createWith(wire.CreateContainer, "/e", wire.Ephemeral, worldAll), createWith(wire.CreateContainer, "/f", wire.PersistentTTL, worldAll), list("/")),
		// Whether /e may have children follows from whether Apache's leader has applied its creation
		// (the record of a change has an owner, the znode has none): that is a race, and not asked here.
		does(alice, set("/c", "y"), get("/c")),
		does(alice, multi(createWith(wire.CreateContainer, "/g", wire.Ephemeral, worldAll), create("/g/x")), list("/")),
		does(alice, multi(createWith(wire.CreateContainer, "/g", wire.Ephemeral, worldAll), set("/g", "y"), create("/g/x")), list("/")),
		does(alice, multi(createWith(wire.CreateContainer, "/g", wire.Ephemeral, worldAll), remove("/g"), create("/g"), create("/g/x")), list("/g")),
		does(alice, about(wire.DeleteContainer, "/c")),
		does(alice, list("/")),
	},
	"nodes with a time to live": {
		does(alice, createTTL("/t", wire.PersistentTTL, time.Hour), get("/t"), create("/t/x"), createTTL("/t/s", wire.PersistentSequentialTTL, 1<<40*time.Millisecond-time.Millisecond), list("/t")),
		does(alice, createTTL("/u", wire.PersistentTTL, 0), createTTL("/u", wire.PersistentTTL, -time.Second), createTTL("/u", wire.PersistentTTL, 1<<40*time.Millisecond)),
		does(alice, createTTL("/u", wire.Persistent, time.Second), createTTL("/u", wire.Persistent, 0), createTTL("/u", wire.Ephemeral, 0), createTTL("/u", wire.Container, 0)),
		does(alice, createWith(wire.Create, "/v", wire.PersistentTTL, worldAll), createWith(wire.Create2, "/v", wire.PersistentSequentialTTL, worldAll), list("/")),
	},
	"sizes of data": {
		does(alice, req{op: wire.Create2, rec: &wire.CreateRequest{Path: "/n", ACL: worldAll}}, get("/n"), set("/n", ""), get("/n"), req{op: wire.SetData, rec: &wire.SetDataRequest{Path: "/n", Version: -1}}, get("/n")),
		does(bob, set("/n", string(bytes.Repeat([]byte("m"), 1_000_000))), get("/n")),
	},
	"the largest packet": {
		does(alice, create("/a"), setAt("!{root}/a", string(make([]byte, 0xfffff-34)), -1)),
		does(alice, get("/a")),
		does(alice, setAt("!{root}/a", string(make([]byte, 0xfffff-33)), -1)),
		does(alice, get("/a")),
		does(carol, set("/a", string(make([]byte, 2<<20)))),
	},
	"bad paths": {
		does(alice, create("/a"), create("/a/"), create("!"), create("!a"), create("!/"), create("!/zookeeper"), create("/a//b"), create("/a/./b"), create("/.."), create("/a/..b"), create("/a\x00b"), create("/a\x1f"), create("/a\u0085"), create("/a\uf8fe"), create("/a\u00a0"), create("/a\ufff0")),
		does(alice, createAs("/a/", wire.EphemeralSequential), createAs("/a//", wire.PersistentSequential), createAs("!", wire.PersistentSequential)),
		does(alice, remove("!/"), remove("!/zookeeper"), remove("!/zookeeper/quota"), remove("/a/"), remove("!"), remove("!a")),
		does(alice, set("/a/", "y"), set("!a", "y"), get("/a/"), get("!a"), get("/a\x00"), read(wire.Exists, "/a\x00", false), list("/a/"), about(wire.Sync, "!a"), about(wire.GetEphemerals, "!a"), getACL("!a")),
		does(alice, setACL("/a/", -1, world(wire.PermAll)), setACL("!a", -1, world(wire.PermAll)), addWatch("!a", 0), addWatch("/a/", 0), watches(wire.RemoveWatches, "!a", wire.WatcherAny)),
	},
	"the system's nodes": {
		does(alice, read(wire.Exists, "!/zookeeper/quota/none", false), getACL("!/zookeeper")),
		does(alice, set("!/zookeeper/config", "y"), remove("!/zookeeper/config"), setACL("!/zookeeper/config", -1, world(wire.PermAll)), createAs("!/zookeeper/config/x", 0)),
		does(alice, list("!/zookeeper")),
	},
	"a quota counts": {
		does(alice, createWith(wire.Create, "!/zookeeper/quota{root}", 0, worldAll), createWith(wire.Create, "!/zookeeper/quota{root}/zookeeper_limits", 0, worldAll), set("!/zookeeper/quota{root}/zookeeper_limits", "count=2,bytes=100"), createWith(wire.Create, "!/zookeeper/quota{root}/zookeeper_stats", 0, worldAll)),
		does(alice, get("!/zookeeper/quota{root}/zookeeper_stats")),
		does(alice, create("/a"), create("/a/b"), set("/a", "much more"), get("!/zookeeper/quota{root}/zookeeper_stats")),
		does(alice, remove("/a/b"), create("/c"), create("/d"), get("!/zookeeper/quota{root}/zookeeper_stats")),
		does(alice, remove("!/zookeeper/quota{root}/zookeeper_stats"), create("/f"), remove("!/zookeeper/quota{root}/zookeeper_limits"), remove("!/zookeeper/quota{root}")),
	},
	"a quota that nobody watches": {
		does(alice, createWith(wire.Create, "!/zookeeper/quota{root}", 0, worldAll), createWith(wire.Create, "!/zookeeper/quota{root}/zookeeper_stats", 0, worldAll), watchData("!/zookeeper/quota{root}/zookeeper_stats")),
		does(alice, create("/a"), set("/a", "y"), get("!/zookeeper/quota{root}/zookeeper_stats")),
		does(alice, remove("!/zookeeper/quota{root}/zookeeper_stats"), remove("!/zookeeper/quota{root}")),
	},
	"types that clients do not send": {
		does(alice, opOnly(77)),
		does(alice, opOnly(wire.Notification)),
		does(alice, opOnly(wire.ErrorOp)),
		does(alice, checkAt("/", -1)),
		does(bob, opOnly(10)),
		does(carol, opOnly(1000)),
		does(carol, checkAt("/none", -1)),
	},
	"SASL is off": {
		does(alice, sasl([]byte("abc")), sasl([]byte{}), create("/a"), opOnly(wire.WhoAmI)),
		// The answer does not wait for those to writes before it: which is first, is chance.
		does(alice, create("/b")),
		does(alice, sasl([]byte("abc")), get("/b")),
		does(bob, sasl(nil), get("/a")),
		does(bob, rawly(wire.SASL, 0, 0, 0, 5, 1), get("/a")),
		does(carol, rawly(wire.SASL)),
		does(carol, rawly(wire.SASL, 0, 0, 0, 1, 'x', 'y'), withXid(-4, sasl([]byte("x")))),
	},
	"the nodes of the ensemble": {
		does(alice, get("!/zookeeper"), list("!/zookeeper"), get(config), read(wire.Exists, config, false), getACL(config)),
		does(carol, get("!/zookeeper"), get(config)),
	},
	"reconfig is off": {
		does(alice, req{op: wire.Reconfig, rec: &wire.ReconfigRequest{Joining: "server.9=127.0.0.1:1:2;3", FromConfig: -1}}),
		does(carol, req{op: wire.Reconfig, rec: &wire.ReconfigRequest{Leaving: "1", FromConfig: -1}}),
	},
	"pings": {
		does(alice, opOnly(wire.Ping), create("/a"), opOnly(wire.Ping), rawly(wire.Ping, 1, 2, 3)),
		does(carol, opOnly(wire.Ping), rawly(wire.WhoAmI, 1, 2, 3)),
	},
	"ordinary xids": {
		does(alice, withXid(700, create("/a"))),
		does(alice, withXid(5, auth("ann"))),
		does(alice, withXid(6, setWatches(zero, []string{"/a"}, nil, nil, nil, nil))),
		does(alice, withXid(-7, get("/a")), withXid(0x7fffffff, get("/a")), withXid(-0x80000000, set("/a", "y")), withXid(3, set("/a", "y")), withXid(3, set("/a", "z"))),
		does(alice, withXid(-8, get("/a")), withXid(-4, get("/a"))),
	},
	"reads that are cut short": {
		does(alice, rawly(wire.GetData), rawly(wire.Exists, 0, 0, 0, 2, '/'), rawly(wire.GetData, 0x80, 0, 0, 0, 0)),
		does(alice, rawly(wire.GetACL), rawly(wire.GetEphemerals), rawly(wire.GetAllChildrenNumber)),
		does(alice, rawly(wire.SetWatches, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0), rawly(wire.SetWatches2, 1), rawly(wire.AddWatch, 1), rawly(wire.RemoveWatches, 1), rawly(wire.CheckWatches), rawly(wire.MultiRead, 0, 0)),
		does(alice, rawly(wire.GetEphemerals, 0xff, 0xff, 0xff, 0xff)),
		does(alice, rawly(wire.GetData, 0, 0, 0, 5, '/', 'n', 'o', 'n', 'e', 0, 1, 2, 3), rawly(wire.SetWatches, make([]byte, 20)...)),
		does(bob, rawly(wire.Sync)),
		does(carol, rawly(wire.Sync, 0xff, 0xff, 0xff, 0xff)),
		does(bob, rawly(wire.CloseSession, 1, 2, 3)),
	},
	"paths that are null": {
		does(alice, rawly(wire.GetChildren2, 0xff, 0xff, 0xff, 0xff, 0), rawly(wire.GetACL, 0xff, 0xff, 0xff, 0xff), rawly(wire.Exists, 0xff, 0xff, 0xff, 0xff, 1)),
		does(alice, rawly(wire.GetData, 0xff, 0xff, 0xff, 0xff, 0), rawly(wire.GetChildren, 0xff, 0xff, 0xff, 0xff, 0), rawly(wire.GetAllChildrenNumber, 0xff, 0xff, 0xff, 0xff)),
		does(alice, rawly(wire.AddWatch, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), rawly(wire.CheckWatches, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 4), rawly(wire.RemoveWatches, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3)),
		does(alice, rawly(wire.SetData, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0)),
	},
	"multis that are cut short": {
		does(alice, create("/a"), rawly(wire.Multi), rawly(wire.Multi, 0, 0, 0, 2, 0), get("/a")),
		does(carol, rawly(wire.Multi, 0, 0, 0, 77, 0, 0xff, 0xff, 0xff, 0xff), get("/a")),
	},
	"numbers of children": {
		does(alice, create("/a"), create("/a/x"), create("/a/x/p"), create("/ab"), about(wire.GetAllChildrenNumber, "/a"), about(wire.GetAllChildrenNumber, "/"), about(wire.GetAllChildrenNumber, "/a/x/p"), about(wire.GetAllChildrenNumber, "/none")),
	},
	"versions": {
		does(alice, create("/a"), setAt("/a", "1", 0), setAt("/a", "2", 0), setAt("/a", "2", 1), setAt("/a", "2", -2), removeAt("/a", 1), setACL("/a", 1, world(wire.PermAll)), setACL("/a", 0, world(wire.PermAll)), setACL("/a", -1, world(wire.PermAll)), getACL("/a"), removeAt("/a", 2)),
		does(alice, create("/a"), get("/a"), remove("/none"), removeAt("/none", 3)),
	},
	"ephemerals have no children": {
		does(alice, createAs("/e", wire.Ephemeral), create("/e/x"), createAs("/e/s", wire.PersistentSequential), createTTL("/e/t", wire.PersistentTTL, time.Hour)),
		does(bob, createAs("/e/x", wire.Ephemeral), create("/none/x"), create("/e/x/y")),
	},
	"nodes with children stay": {
		does(alice, create("/a"), create("/a/x"), remove("/a"), removeAt("/a", 7), remove("/a/x"), remove("/a"), remove("/a")),
	},
	"lists of permissions": {
		does(alice, createWith(wire.Create2, "/a", 0, acl()), createWith(wire.Create2, "/a", 0, nil), createWith(wire.Create2, "/a", 0, acl(world(wire.PermAll), world(wire.PermAll), entry("world", "anyone", 1))), getACL("/a")),
		does(alice, setACL("/a", -1), setACL("/a", -1, world(0)), getACL("/a"), get("/a")),
		does(bob, createWith(wire.Create2, "/b", 0, acl(entry("ip", "::1", wire.PermAll))), createWith(wire.Create2, "/c", 0, acl(entry("ip", "10.0.0.0/8", wire.PermAll))), createWith(wire.Create2, "/d", 0, acl(entry("digest", "a", wire.PermAll)))),
		does(bob, createWith(wire.Create2, "/e", 0, acl(entry("world", "anyone", 0x7fffffff))), getACL("/e"), createWith(wire.Create2, "/f", 0, acl(entry("digest", ":", wire.PermAll))), getACL("/f"), list("/")),
	},
}

// swept are scripts for servers that look for what has had its time.
var swept = map[string]script{
	"containers go when their last child went": {
		does(alice, createWith(wire.CreateContainer, "/c", wire.Container, worldAll), create("/c/x"), createWith(wire.CreateContainer, "/never", wire.Container, worldAll)),
		does(bob, watchData("/c"), watchChildren("/"), addWatch("/c", wire.AddPersistent)),
		wait{1500 * time.Millisecond},
		does(bob, list("/")),
		does(alice, remove("/c/x")),
		wait{1500 * time.Millisecond},
		does(bob, list("/"), create("/c/y")),
	},
	"nodes go when they were left alone for their time": {
		does(alice, createTTL("/t", wire.PersistentTTL, 200*time.Millisecond), createTTL("/long", wire.PersistentTTL, time.Hour)),
		does(bob, watchData("/t"), createTTL("/u", wire.PersistentTTL, 200*time.Millisecond), create("/u/x")),
		wait{1500 * time.Millisecond},
		does(bob, list("/"), set("/u", "y"), remove("/u/x")),
		wait{1500 * time.Millisecond},
		does(bob, list("/")),
	},
}
