package conformance

import (
	"crypto/sha1"
	"encoding/base64"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Functions with which scripts are written.

func does(who client, reqs ...req) ask  { return ask{who: who, reqs: reqs} }
func stale(who client, reqs ...req) ask { return ask{who: who, reqs: reqs, old: true} }

func now(who client, reqs ...req) ask { return ask{who: who, reqs: reqs, fresh: true} }

// times makes n requests, with the numbers from 0 on.
func times(n int, make func(i int) req) (all []req) {
	for i := range n {
		all = append(all, make(i))
	}
	return all
}

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

// config is the znode in which the ensemble lists its servers.
const config = "!/zookeeper/config"

// worldAll permits everything to all clients.
var worldAll = []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}

func acl(entries ...wire.ACL) []wire.ACL { return entries }

func entry(scheme, name string, p wire.Perm) wire.ACL {
	return wire.ACL{Perms: p, ID: wire.ID{Scheme: scheme, ID: name}}
}

func world(p wire.Perm) wire.ACL { return entry("world", "anyone", p) }

// user returns an ACL entry for a digest user whose password is "secret".
func user(name string, p wire.Perm) wire.ACL { return entry("digest", digest(name), p) }

func digest(name string) string {
	sum := sha1.Sum([]byte(name + ":secret"))
	return name + ":" + base64.StdEncoding.EncodeToString(sum[:])
}
