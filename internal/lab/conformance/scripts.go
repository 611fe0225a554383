package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// The scripts in this file test what generated scripts seldom reach.

// The sources of the rules that scripts test.
const (
	sequenceNodes     = "Programmer's Guide, Sequence Nodes -- Unique Naming"
	multiAPI          = "ZooKeeper's Java API, ZooKeeper.multi: all operations or none"
	multiReadAPI      = "ZooKeeper's Java API, ZooKeeper.multi of reads: each answered by itself"
	watchGuarantees   = "Programmer's Guide, What ZooKeeper Guarantees about Watches"
	watchSemantics    = "Programmer's Guide, Semantics of Watches"
	persistentWatches = "Programmer's Guide, Persistent, Recursive Watches"
	removeWatches     = "Programmer's Guide, Remove Watches"
	sessions          = "Programmer's Guide, ZooKeeper Sessions"
	ephemeralNodes    = "Programmer's Guide, Ephemeral Nodes"
	accessControl     = "Programmer's Guide, ZooKeeper access control using ACLs"
	permissions       = "Programmer's Guide, ACL Permissions"
	schemes           = "Programmer's Guide, Builtin ACL Schemes"
	containerNodes    = "Programmer's Guide, Container Nodes"
	ttlNodes          = "Programmer's Guide, TTL Nodes"
	dataModel         = "Programmer's Guide, The ZooKeeper Data Model"
	dataAccess        = "Programmer's Guide, Data Access"
	znodeVersions     = "Programmer's Guide, ZNodes: versions"
	statStructure     = "Programmer's Guide, ZooKeeper Stat Structure"
	maxbuffer         = "Administrator's Guide, jute.maxbuffer"
	quotas            = "Quota's Guide"
	dynamic           = "Dynamic Reconfiguration Guide"
	consistency       = "Programmer's Guide, Consistency Guarantees"
	apache            = "no text: what Apache's servers of 3.9 do"
)

// unreadable is the requirement of scripts with writes that no server can read: after some of these, followers of
// Apache 3.9.3 hung.
const unreadable = "servers that may fail, for writes that cannot be read"

// outside is the requirement of scripts that change znodes outside of their root.
const outside = "znodes of the servers"

// brief is a session timeout whose end scripts wait for. A client that a busy machine delays by less keeps its session.
const brief = 4 * time.Second

// byHand lists the scripts that were written by hand. They are made when they are first needed, because some
// have megabytes of data.
var byHand = sync.OnceValue(func() []Script {
	return []Script{
		{
			Name: "the counter of sequential names", Source: sequenceNodes,
			Shows: "each sequential znode gets the next number of its parent, whatever failed or was deleted before",
			since: newest,
			steps: steps{
				does(alice, create("/a"), createAs("/a/s", wire.PersistentSequential)),
				does(alice, create("/a/x"), remove("/a/x"), create("/a/x"), create("/a/x"), createAs("/a/s", wire.EphemeralSequential)),
				does(alice, multi(create("/a/y"), checkAt("/none", 0)), createAs("/a/", wire.PersistentSequential), list("/a")),
				does(alice, multi(createAs("/a/s", wire.PersistentSequential), createAs("/a/s", wire.PersistentSequential), remove("/a/x"))),
				does(alice, list("/a")),
				does(alice, remove("/a/s0000000000"), remove("/a/s0000000003"), list("/a")),
			},
		},
		{
			Name: "the counter begins anew with the node", Source: sequenceNodes,
			Shows: "a parent that is created again counts from 0 again",
			steps: steps{
				does(alice, create("/a"), createAs("/a/s", wire.PersistentSequential), remove("/a/s0000000000"), remove("/a")),
				does(alice, create("/a"), createAs("/a/s", wire.PersistentSequential), list("/a")),
			},
		},
		{
			Name: "a multi fails at its first part", Source: multiAPI,
			Shows: "nothing of a multi is done whose first operation fails, and the reply blames that one",
			steps: steps{does(alice, create("/a"), multi(checkAt("/a", 7), create("/b"), set("/a", "y")), list("/"))},
		},
		{
			Name: "a multi fails at its second part", Source: multiAPI,
			Shows: "nothing of a multi is done whose second operation fails, and the reply blames that one",
			steps: steps{does(alice, create("/a"), multi(create("/b"), removeAt("/a", 7), set("/a", "y")), list("/"))},
		},
		{
			Name: "a multi fails at its last part", Source: multiAPI,
			Shows: "nothing of a multi is done whose last operation fails, and the reply blames that one",
			steps: steps{does(alice, create("/a"), multi(create("/b"), set("/a", "y"), create("/b")), list("/"), get("/a"))},
		},
		{
			Name: "a multi sees its own parts", Source: multiAPI,
			Shows: "each operation of a multi sees what those before it did",
			since: newest,
			steps: steps{
				does(alice, multi(create("/a"), create("/a/x"), set("/a/x", "y"), checkAt("/a/x", 1), remove("/a/x"), create("/a/x")), list("/a"), get("/a/x")),
				does(alice, multi(remove("/a/x"), remove("/a"), create("/a")), list("/a")),
				does(alice, multi(remove("/a"), create("/a/x"))),
				does(alice, multi(createAs("/e", wire.Ephemeral), create("/e/x"))),
			},
		},
		{
			Name: "multis that change nothing", Source: multiAPI,
			Shows: "empty multis and multis of checks are answered, and change no znode",
			steps: steps{
				does(alice, create("/a"), multi(), multi(checkAt("/a", 0)), multi(checkAt("/a", -1), checkAt("/", -1)), multiRead(), get("/a")),
				does(alice, multi(checkAt("/a", 1)), set("/a", "y")),
			},
		},
		{
			Name: "a multi of every kind", Source: multiAPI,
			Shows: "a multi takes each kind of create, set, check and delete",
			steps: steps{
				does(alice, multi(
					createWith(wire.Create, "/a", wire.Persistent, worldAll), createAs("/b", wire.Ephemeral),
					createWith(wire.CreateContainer, "/c", wire.Container, worldAll), createWith(wire.Create, "/d", wire.Container, worldAll),
					createTTL("/t", wire.PersistentTTL, time.Hour), createTTL("/u", wire.Persistent, 0), createTTL("/s", wire.PersistentSequentialTTL, time.Hour),
				), list("/")),
				does(bob, multi(setAt("/a", "y", 0), checkAt("/b", 0), remove("/c"))),
				does(bob, multi(createTTL("/v", wire.PersistentTTL, 0))),
				does(bob, multi(createTTL("/v", wire.PersistentTTL, 1<<40*time.Millisecond))),
			},
		},
		{
			Name: "a multi of the wrong kind", Source: apache,
			Shows: "a multi with a read or a multi in it is refused, and does nothing",
			odd:   true,
			steps: steps{
				does(alice, create("/a")),
				does(alice, multi(get("/a"))),
				does(alice, multi(create("/b"), get("/a"))),
				does(alice, multi(setACL("/a", -1, world(wire.PermRead)))),
				does(alice, multi(multi(create("/b")))),
				does(alice, multi(createWith(wire.Create, "/c", wire.PersistentTTL, worldAll))),
				does(alice, multi(createWith(wire.Create, "/c", 9, worldAll))),
				does(alice, create("/d")),
			},
		},
		{
			Name: "a multi-read of the wrong kind", Source: apache,
			Shows: "a multi-read with a write in it is refused, and does nothing",
			odd:   true,
			steps: steps{
				does(alice, create("/a")),
				does(alice, multiRead(get("/a"), remove("/a"))),
				does(alice, multiRead(read(wire.Exists, "/a", false))),
				does(alice, get("/a")),
			},
		},
		{
			Name: "multi-reads", Source: multiReadAPI,
			Shows: "each read of a multi-read is answered by itself, and sets no watch",
			steps: steps{
				does(alice, create("/a"), createWith(wire.Create, "/b", wire.Persistent, acl(world(wire.PermWrite))), createAs("/a/x", wire.Ephemeral)),
				does(alice, multiRead(get("/a"), get("/none"), get("/b"), read(wire.GetChildren, "/a", false), read(wire.GetChildren, "/b", false))),
				does(alice, multiRead(watchData("/a"), read(wire.GetChildren, "/a", true))),
				does(bob, set("/a", "y"), create("/a/y")),
			},
		},
		{
			Name: "an event comes before the reply", Source: watchGuarantees,
			Shows: "a client sees the event of a change before the reply that shows the change",
			steps: steps{
				does(alice, create("/a"), watchData("/a"), watchChildren("/a"), watchChildren("/")),
				does(alice, set("/a", "y"), watchData("/a")),
				does(alice, create("/a/x"), watchChildren("/a"), remove("/a/x"), remove("/a")),
			},
		},
		{
			Name: "one event for two watches of a node that goes", Source: watchSemantics,
			Shows: "who watches the data and the children of a znode gets one event when it is deleted",
			steps: steps{
				does(alice, create("/a")),
				does(bob, watchData("/a"), watchChildren("/a"), watchChildren("/")),
				does(carol, watchExists("/a"), addWatch("/a", wire.AddPersistent)),
				does(alice, remove("/a"), create("/a"), remove("/a")),
			},
		},
		{
			Name: "watches that stay", Source: persistentWatches,
			Shows: "persistent and recursive watches report each change, and stay",
			steps: steps{
				does(alice, create("/a"), addWatch("/a", wire.AddPersistent)),
				does(bob, addWatch("/a", wire.AddPersistentRecursive)),
				does(carol, addWatch("/", wire.AddPersistentRecursive), watchData("/a")),
				does(alice, create("/a/x"), set("/a/x", "y"), create("/a/x/p"), set("/a", "y"), remove("/a/x/p"), remove("/a/x"), remove("/a")),
				does(alice, create("/a"), create("/ab"), create("/a/b")),
			},
		},
		{
			Name: "a mode of watch replaces the one before", Source: persistentWatches,
			Shows: "a persistent watch of a path is replaced by one of another mode",
			since: newest,
			steps: steps{
				does(alice, create("/a"), addWatch("/a", wire.AddPersistent), addWatch("/a", wire.AddPersistentRecursive), watchData("/a")),
				does(bob, create("/a/x"), set("/a", "y")),
				does(alice, watches(wire.CheckWatches, "/a", wire.WatcherPersistent), watches(wire.CheckWatches, "/a", wire.WatcherPersistentRecursive)),
				does(alice, addWatch("/a", wire.AddPersistent), watches(wire.CheckWatches, "/a", wire.WatcherAny)),
				does(bob, create("/a/y"), set("/a", "z"), remove("/a/x")),
			},
		},
		{
			Name: "watches of what is not there", Source: watchSemantics,
			Shows: "of a znode that does not exist, exists sets a watch, and other reads set none",
			steps: steps{
				does(alice, watchData("/a"), watchChildren("/a"), addWatch("/b", wire.AddPersistent)),
				does(bob, create("/a"), create("/b")),
				does(alice, watchExists("/c"), watches(wire.CheckWatches, "/c", wire.WatcherData), watches(wire.CheckWatches, "/a", wire.WatcherAny)),
				does(bob, create("/c"), remove("/c")),
			},
		},
		{
			Name: "removing watches", Source: removeWatches,
			Shows: "a removed watch reports nothing more; to remove or check one that is not there is an error",
			since: newest,
			steps: steps{
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
		},
		{
			Name: "watches are the connection's", Source: watchSemantics,
			Shows: "a client that connects again has no watches until it sets them",
			steps: steps{
				does(alice, create("/a"), watchData("/a"), addWatch("/a", wire.AddPersistent)),
				join{who: alice, server: 2},
				does(bob, set("/a", "y")),
				does(alice, watches(wire.CheckWatches, "/a", wire.WatcherAny)),
			},
		},
		{
			Name: "setWatches tells what changed meanwhile", Source: watchSemantics,
			Shows: "a client that sets its watches again learns at once what changed while it was away",
			steps: steps{
				does(alice, create("/a"), create("/b"), create("/c"), create("/d"), create("/d/x"), create("/e")),
				drop{alice},
				does(bob, set("/a", "y"), remove("/b"), create("/n"), create("/c/x"), remove("/c/x"), remove("/d/x"), create("/d/x")),
				join{who: alice, server: 3},
				does(alice, setWatches(seen, []string{"/a", "/b", "/c", "/e"}, []string{"/n", "/m", "/e"}, []string{"/a", "/b", "/c", "/d"}, []string{"/a"}, []string{"/c"})),
				does(bob, set("/a", "z"), set("/e", "y"), create("/m"), create("/a/x"), create("/c/x")),
			},
		},
		{
			Name: "setWatches with other zxids", Source: watchSemantics,
			Shows: "which events a client gets at once follows from the zxid that it names",
			steps: steps{
				does(alice, create("/a"), create("/a/x")),
				does(bob, setWatches(zero, []string{"/a"}, []string{"/a"}, []string{"/a", "/a/x"}, nil, nil)),
				does(bob, setWatches(ahead, []string{"/a"}, []string{"/n"}, []string{"/a", "/a/x"}, nil, nil)),
				does(alice, set("/a", "y"), remove("/a/x"), create("/n")),
			},
		},
		{
			Name: "a change back and forth is not seen", Source: watchGuarantees,
			Shows: "a znode that came and went while the client was away gives no event",
			steps: steps{
				does(alice, create("/a"), watchExists("/n")),
				drop{alice},
				does(bob, create("/n"), remove("/n")),
				does(alice, setWatches(seen, nil, []string{"/n"}, nil, nil, nil)),
				does(bob, create("/n")),
			},
		},
		{
			Name: "no event for those who may not read", Source: apache,
			Shows: "a client that may not read a znode gets no event of its data",
			steps: steps{
				does(alice, create("/a"), watchData("/a"), addWatch("/a", wire.AddPersistent)),
				does(bob, setACL("/a", -1, world(wire.PermAll&^wire.PermRead)), set("/a", "y"), create("/a/x")),
				does(bob, setACL("/a", -1, world(wire.PermAll)), set("/a", "z"), remove("/a/x")),
				does(alice, watchData("/a"), watchChildren("/")),
				does(bob, setACL("/a", -1, world(wire.PermAll&^wire.PermRead))),
				does(bob, remove("/a")),
			},
		},
		{
			Name: "a session moves to another server", Source: sessions,
			Shows: "a session goes on at another server, and its old connection ends or is told",
			steps: steps{
				does(alice, createAs("/e", wire.Ephemeral)),
				join{who: alice, server: 2, keep: true},
				does(alice, about(wire.GetEphemerals, "/"), set("/e", "y")),
				join{who: bob, server: 1},
				does(bob, get("/e")), // alice's write has reached server 1
				stale(alice, opOnly(wire.Ping), opOnly(wire.WhoAmI), get("/e")),
				stale(alice, set("/e", "z")),
				does(alice, get("/e")),
				join{who: alice, server: 3},
				join{who: alice, server: 1},
				does(alice, get("/e")),
			},
		},
		{
			Name: "a session moves away from the leader", Source: sessions,
			Shows: "a write through a connection that the session left is refused: session moved",
			steps: steps{
				does(carol, createAs("/e", wire.Ephemeral)),
				join{who: carol, server: 1, keep: true},
				does(carol, set("/e", "y")),
				stale(carol, set("/e", "z")),
				does(carol, get("/e")),
			},
		},
		{
			Name: "a session moves away from the leader, which is pinged", Source: apache,
			Shows: "a connection that the session left gives no answer to a ping",
			steps: steps{
				does(carol, createAs("/e", wire.Ephemeral)),
				join{who: carol, server: 1, keep: true},
				does(carol, set("/e", "y")),
				stale(carol, opOnly(wire.Ping)),
				does(carol, get("/e")),
			},
		},
		{
			Name: "a session moves away from the leader, which is asked", Source: apache,
			Shows: "a read through a connection that the session left",
			steps: steps{
				does(carol, createAs("/e", wire.Ephemeral)),
				join{who: carol, server: 1, keep: true},
				does(carol, set("/e", "y")),
				stale(carol, get("/e")),
				does(carol, get("/e")),
			},
		},
		{
			Name: "a session connects again to its server", Source: apache,
			Shows: "the server closes a session's older connection to itself",
			steps: steps{
				does(alice, createAs("/e", wire.Ephemeral), watchData("/e")),
				join{who: alice, server: 1, keep: true},
				stale(alice, opOnly(wire.Ping)),
				does(alice, get("/e")),
				does(bob, set("/e", "y")),
			},
		},
		{
			Name: "strangers", Source: sessions,
			Shows: "nobody gets a session without its password, and the session goes on",
			steps: steps{
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
		},
		{
			Name: "a session that was closed", Source: sessions,
			Shows: "a closed session is told so wherever it connects, and its ephemerals are gone",
			steps: steps{
				does(alice, createAs("/e", wire.Ephemeral)),
				join{who: alice, server: 2, keep: true},
				join{who: bob, server: 2},
				end{who: alice, old: true},
				does(bob, about(wire.Sync, "/")), // then server 2 also has the change
				does(alice, get("/e")),
				does(alice, get("/e")),
			},
		},
		{
			Name: "ahead of the server", Source: consistency,
			Shows: "a server turns a client away that has seen more than itself",
			steps: steps{
				does(alice, create("/a")),
				join{who: alice, server: 1, lastZxid: ahead},
				join{who: alice, server: 1, lastZxid: zero},
				does(alice, get("/a")),
				join{who: bob, server: 3, lastZxid: ahead},
				does(bob, get("/a")),
			},
		},
		{
			Name: "a silent session expires", Source: sessions,
			Shows: "the ephemerals of a client that is silent for its timeout go, and it is told that its session expired",
			steps: steps{
				join{who: bob, server: 1, timeout: brief},
				does(bob, createAs("/e", wire.Ephemeral)),
				does(alice, watchExists("/e"), watchChildren("/")),
				drop{bob},
				gone{alice, "/e"},
				does(alice, list("/")),
				join{who: bob, server: 2},
				does(bob, list("/")),
			},
		},
		{
			Name: "a silent client of the leader expires", Source: sessions,
			Shows: "so do those of a client of the leader, on a connection that stays open",
			steps: steps{
				join{who: carol, server: 3, timeout: brief},
				does(carol, createAs("/e", wire.Ephemeral)),
				does(bob, watchData("/e")),
				gone{bob, "/e"},
				wait{2500 * time.Millisecond}, // the server closes the connection a little later
				does(carol, list("/")),
				does(carol, list("/")),
				does(bob, list("/")),
			},
		},
		// For half a tick after a session has begun, all learners report it to the leader with its original
		// timeout.
		{
			Name: "the time-out that was asked for last counts", Source: sessions,
			Shows: "a client that reconnects can have another timeout, which counts from then on",
			steps: steps{
				does(alice, createAs("/e", wire.Ephemeral)),
				join{who: carol, server: 3, timeout: brief},
				does(carol, createAs("/f", wire.Ephemeral)),
				wait{time.Second},
				join{who: carol, server: 2, timeout: time.Minute},
				join{who: alice, server: 1, timeout: time.Second},
				drop{alice},
				drop{carol},
				wait{brief + 1500*time.Millisecond},
				gone{bob, "/e"},
				does(bob, list("/")),
				does(carol, list("/")),
				does(alice, list("/")),
			},
		},
		{
			Name: "time-outs are clamped", Source: sessions,
			Shows: "timeouts are granted within the bounds of the servers",
			steps: steps{
				join{who: alice, server: 1, timeout: time.Hour},
				join{who: bob, server: 3, timeout: 700 * time.Millisecond},
				drop{bob}, // his session may be over soon
				join{who: carol, server: 2, timeout: 12345 * time.Millisecond},
				join{who: carol, server: 2, timeout: 54321 * time.Millisecond},
				join{who: alice, server: 3, timeout: -time.Second},
			},
		},
		{
			Name: "forms of the connect request", Source: apache,
			Shows: "old and new forms of the connect request are understood, and answered in kind",
			steps: steps{
				join{who: alice, server: 1, short: true},
				join{who: alice, server: 2, short: true},
				join{who: bob, server: 1, readOnly: true},
				join{who: carol, server: 3, short: true},
				join{who: carol, server: 3},
			},
		},
		{
			Name: "ephemerals go with their session", Source: ephemeralNodes,
			Shows: "ephemeral znodes go when their session is closed, each with its events",
			steps: steps{
				does(alice, createAs("/e", wire.Ephemeral), create("/p")),
				does(bob, watchData("/e"), watchChildren("/"), create("/e/x"), get("/e")),
				does(carol, watchExists("/e"), addWatch("/", wire.AddPersistent)),
				does(carol, about(wire.GetEphemerals, "/"), createAs("/f", wire.Ephemeral), about(wire.GetEphemerals, "/"), about(wire.GetEphemerals, "/e"), about(wire.GetEphemerals, "!")),
				end{who: alice},
				does(bob, list("/"), createAs("/e", wire.Ephemeral)),
			},
		},
		{
			Name: "several ephemerals", Source: ephemeralNodes,
			Shows: "all ephemerals of a session go, in one transaction, and getEphemerals lists them",
			steps: steps{
				does(alice, createAs("/e", wire.Ephemeral), createAs("/f", wire.Ephemeral), create("/a"), createAs("/a/s", wire.EphemeralSequential), createAs("/a/s", wire.EphemeralSequential)),
				does(bob, addWatch("/", wire.AddPersistentRecursive), watchChildren("/a"), remove("/f")),
				does(alice, about(wire.GetEphemerals, "/a"), about(wire.GetEphemerals, "/"), about(wire.GetEphemerals, "/a/s00"), about(wire.GetEphemerals, "!/")),
				end{who: alice},
				does(bob, list("/a"), list("/")),
			},
		},
		{
			Name: "who may do what", Source: permissions,
			Shows: "each permission allows what it says, to those whom the list names",
			since: newest,
			steps: steps{
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
		},
		{
			Name: "passwords are hidden", Source: accessControl,
			Shows: "lists of permissions hide passwords from those who may neither read nor administer",
			steps: steps{
				does(alice, createWith(wire.Create2, "/a", 0, acl(user("ann", wire.PermAll), world(wire.PermRead), entry("ip", "203.0.113.7", wire.PermAdmin)))),
				does(alice, getACL("/a")),
				does(alice, auth("ann")),
				does(alice, getACL("/a"), setACL("/a", 1, world(wire.PermRead)), setACL("/a", 0, user("ann", wire.PermAdmin)), getACL("/a"), get("/a")),
				does(bob, getACL("/a")),
			},
		},
		{
			Name: "the super user", Source: schemes,
			Shows: "the super user passes every list",
			needs: "the digest of a super user",
			steps: steps{
				does(alice, createWith(wire.Create2, "/a", 0, acl(world(0))), get("/a"), setACL("/a", -1, world(wire.PermAll))),
				does(bob, auth("super")),
				does(bob, opOnly(wire.WhoAmI), get("/a"), addWatch("/", wire.AddPersistentRecursive), createWith(wire.Create2, "/a/x", 0, acl(entry("auth", "", wire.PermAll))), getACL("/a/x"), setACL("/a", -1, world(wire.PermRead))),
				does(alice, get("/a"), set("/a/x", "y")),
			},
		},
		{
			Name: "deleting needs the parent's permission", Source: permissions,
			Shows: "deleting is permitted by the parent's list, not by the znode's",
			steps: steps{
				does(alice, create("/a"), createWith(wire.Create2, "/a/x", 0, acl(world(0))), createWith(wire.Create2, "/b", 0, acl(world(wire.PermAll&^wire.PermDelete))), create("/b/x")),
				does(alice, remove("/a/x"), remove("/b/x"), removeAt("/b/x", 9), remove("/b/none")),
			},
		},
		{
			Name: "bad credentials", Source: schemes,
			Shows: "wrong credentials are refused, and cost the connection",
			odd:   true,
			steps: steps{
				does(alice, authAs("digest", "nocolon")),
				does(alice, authAs("digest", "")),
				does(alice, authAs("nosuch", "x")),
				does(alice, authAs("", "")),
				does(bob, authAs("ip", "whatever")),
				does(bob, authAs("digest", "a:b:c"), opOnly(wire.WhoAmI)),
				does(bob, rawly(wire.Auth)),
				does(bob, rawly(wire.Auth, 0, 0, 0, 0, 0, 0, 0, 9)),
			},
		},
		{
			Name: "containers", Source: containerNodes,
			Shows: "containers are created by createContainer alone, and only the servers delete them",
			odd:   true,
			steps: steps{
				does(alice, createWith(wire.CreateContainer, "/c", wire.Container, worldAll), create("/c/x"), remove("/c/x"), get("/c"), createWith(wire.Create, "/d", wire.Container, worldAll), get("/d")),
				does(alice, createWith(wire.CreateContainer, "/e", wire.Ephemeral, worldAll), createWith(wire.CreateContainer, "/f", wire.PersistentTTL, worldAll), list("/")),
				// Whether /e may have children follows from whether Apache's leader has applied its creation (the
				// record of a change has an owner, the znode has none): that is a race, which this script does
				// not test.
				does(alice, set("/c", "y"), get("/c")),
				does(alice, multi(createWith(wire.CreateContainer, "/g", wire.Ephemeral, worldAll), create("/g/x")), list("/")),
				does(alice, multi(createWith(wire.CreateContainer, "/g", wire.Ephemeral, worldAll), set("/g", "y"), create("/g/x")), list("/")),
				does(alice, multi(createWith(wire.CreateContainer, "/g", wire.Ephemeral, worldAll), remove("/g"), create("/g"), create("/g/x")), list("/g")),
				does(alice, about(wire.DeleteContainer, "/c")),
				does(alice, list("/")),
			},
		},
		{
			Name: "nodes with a time to live", Source: ttlNodes,
			Shows: "znodes with a TTL are created with one within bounds, and can have children",
			odd:   true,
			steps: steps{
				does(alice, createTTL("/t", wire.PersistentTTL, time.Hour), get("/t"), create("/t/x"), createTTL("/t/s", wire.PersistentSequentialTTL, 1<<40*time.Millisecond-time.Millisecond), list("/t")),
				does(alice, createTTL("/u", wire.PersistentTTL, 0), createTTL("/u", wire.PersistentTTL, -time.Second), createTTL("/u", wire.PersistentTTL, 1<<40*time.Millisecond)),
				does(alice, createTTL("/u", wire.Persistent, time.Second), createTTL("/u", wire.Persistent, 0), createTTL("/u", wire.Ephemeral, 0), createTTL("/u", wire.Container, 0)),
				does(alice, createWith(wire.Create, "/v", wire.PersistentTTL, worldAll), createWith(wire.Create2, "/v", wire.PersistentSequentialTTL, worldAll), list("/")),
			},
		},
		{
			Name: "sizes of data", Source: dataAccess,
			Shows: "data is null, empty or a million bytes, and comes back as it was written",
			steps: steps{
				does(alice, req{op: wire.Create2, rec: &wire.CreateRequest{Path: "/n", ACL: worldAll}}, get("/n"), set("/n", ""), get("/n"), req{op: wire.SetData, rec: &wire.SetDataRequest{Path: "/n", Version: -1}}, get("/n")),
				does(bob, set("/n", string(bytes.Repeat([]byte("m"), 1_000_000))), get("/n")),
			},
		},
		{
			Name: "the largest packet", Source: maxbuffer,
			Shows: "a request of jute.maxbuffer is taken, and a larger one costs the connection",
			needs: "jute.maxbuffer",
			steps: steps{
				does(alice, create("/a"), setAt("!{root}/a", string(make([]byte, 0xfffff-34)), -1)),
				does(alice, get("/a")),
				does(alice, setAt("!{root}/a", string(make([]byte, 0xfffff-33)), -1)),
				does(alice, get("/a")),
				does(carol, set("/a", string(make([]byte, 2<<20)))),
			},
		},
		{
			Name: "bad paths", Source: dataModel,
			Shows: "paths that are no paths are refused, each by its code",
			needs: outside,
			steps: steps{
				does(alice, create("/a"), create("/a/"), create("!"), create("!a"), create("!/"), create("!/zookeeper"), create("/a//b"), create("/a/./b"), create("/.."), create("/a/..b"), create("/a\x00b"), create("/a\x1f"), create("/a\u0085"), create("/a\uf8fe"), create("/a\u00a0"), create("/a\ufff0")),
				does(alice, createAs("/a/", wire.EphemeralSequential), createAs("/a//", wire.PersistentSequential), createAs("!", wire.PersistentSequential)),
				does(alice, remove("!/"), remove("!/zookeeper"), remove("!/zookeeper/quota"), remove("/a/"), remove("!"), remove("!a")),
				does(alice, set("/a/", "y"), set("!a", "y"), get("/a/"), get("!a"), get("/a\x00"), read(wire.Exists, "/a\x00", false), list("/a/"), about(wire.Sync, "!a"), about(wire.GetEphemerals, "!a"), getACL("!a")),
				does(alice, setACL("/a/", -1, world(wire.PermAll)), setACL("!a", -1, world(wire.PermAll)), addWatch("!a", 0), addWatch("/a/", 0), watches(wire.RemoveWatches, "!a", wire.WatcherAny)),
			},
		},
		{
			Name: "the system's nodes", Source: dataModel,
			Shows: "/zookeeper and what is below it can be read, and neither created nor removed",
			needs: outside,
			steps: steps{
				does(alice, read(wire.Exists, "!/zookeeper/quota/none", false), getACL("!/zookeeper")),
				does(alice, set("!/zookeeper/config", "y"), remove("!/zookeeper/config"), setACL("!/zookeeper/config", -1, world(wire.PermAll)), createAs("!/zookeeper/config/x", 0)),
				does(alice, list("!/zookeeper")),
			},
		},
		{
			Name: "a quota counts", Source: quotas,
			Shows: "the servers count what is below a quota",
			needs: outside,
			steps: steps{
				does(alice, createWith(wire.Create, "!/zookeeper/quota{root}", 0, worldAll), createWith(wire.Create, "!/zookeeper/quota{root}/zookeeper_limits", 0, worldAll), set("!/zookeeper/quota{root}/zookeeper_limits", "count=2,bytes=100"), createWith(wire.Create, "!/zookeeper/quota{root}/zookeeper_stats", 0, worldAll)),
				does(alice, get("!/zookeeper/quota{root}/zookeeper_stats")),
				does(alice, create("/a"), create("/a/b"), set("/a", "much more"), get("!/zookeeper/quota{root}/zookeeper_stats")),
				does(alice, remove("/a/b"), create("/c"), create("/d"), get("!/zookeeper/quota{root}/zookeeper_stats")),
				does(alice, remove("!/zookeeper/quota{root}/zookeeper_stats"), create("/f"), remove("!/zookeeper/quota{root}/zookeeper_limits"), remove("!/zookeeper/quota{root}")),
			},
		},
		{
			Name: "a quota that nobody watches", Source: quotas,
			Shows: "the numbers of a quota give no events",
			needs: outside,
			steps: steps{
				does(alice, createWith(wire.Create, "!/zookeeper/quota{root}", 0, worldAll), createWith(wire.Create, "!/zookeeper/quota{root}/zookeeper_stats", 0, worldAll), watchData("!/zookeeper/quota{root}/zookeeper_stats")),
				does(alice, create("/a"), set("/a", "y"), get("!/zookeeper/quota{root}/zookeeper_stats")),
				does(alice, remove("!/zookeeper/quota{root}/zookeeper_stats"), remove("!/zookeeper/quota{root}")),
			},
		},
		{
			Name: "types that clients do not send", Source: apache,
			Shows: "requests of unknown types are answered by unimplemented, or cost the connection",
			odd:   true,
			steps: steps{
				does(alice, opOnly(77)),
				does(alice, opOnly(wire.Notification)),
				does(alice, opOnly(wire.ErrorOp)),
				does(alice, checkAt("/", -1)),
				does(bob, opOnly(10)),
				does(carol, opOnly(1000)),
				does(carol, checkAt("/none", -1)),
			},
		},
		{
			Name: "SASL is off", Source: apache,
			Shows: "servers without SASL answer its packets without a token",
			needs: "no SASL",
			steps: steps{
				does(alice, sasl([]byte("abc")), sasl([]byte{}), create("/a"), opOnly(wire.WhoAmI)),
				// The answer does not wait for the answers to earlier writes, so their order is random.
				does(alice, create("/b")),
				does(alice, sasl([]byte("abc")), get("/b")),
				does(bob, sasl(nil), get("/a")),
				does(bob, rawly(wire.SASL, 0, 0, 0, 5, 1), get("/a")),
				does(carol, rawly(wire.SASL)),
				does(carol, rawly(wire.SASL, 0, 0, 0, 1, 'x', 'y'), withXid(-4, sasl([]byte("x")))),
			},
		},
		{
			Name: "the nodes of the ensemble", Source: dynamic,
			Shows: "the ensemble's own znodes",
			needs: outside,
			steps: steps{
				does(alice, get("!/zookeeper"), list("!/zookeeper"), get(config), read(wire.Exists, config, false), getACL(config)),
				does(carol, get("!/zookeeper"), get(config)),
			},
		},
		{
			Name: "reconfig is off", Source: dynamic,
			Shows: "reconfig is refused where it is off",
			needs: outside,
			steps: steps{
				does(alice, req{op: wire.Reconfig, rec: &wire.ReconfigRequest{Joining: "server.9=127.0.0.1:1:2;3", FromConfig: -1}}),
				does(carol, req{op: wire.Reconfig, rec: &wire.ReconfigRequest{Leaving: "1", FromConfig: -1}}),
			},
		},
		{
			Name: "pings", Source: sessions,
			Shows: "pings are answered, also between other requests",
			odd:   true,
			steps: steps{
				does(alice, opOnly(wire.Ping), create("/a"), opOnly(wire.Ping), rawly(wire.Ping, 1, 2, 3)),
				does(carol, opOnly(wire.Ping), rawly(wire.WhoAmI, 1, 2, 3)),
			},
		},
		{
			Name: "ordinary xids", Source: consistency,
			Shows: "each reply has the xid of its request, and replies come in the order of requests",
			odd:   true,
			steps: steps{
				does(alice, withXid(700, create("/a"))),
				does(alice, withXid(5, auth("ann"))),
				does(alice, withXid(6, setWatches(zero, []string{"/a"}, nil, nil, nil, nil))),
				does(alice, withXid(-7, get("/a")), withXid(0x7fffffff, get("/a")), withXid(-0x80000000, set("/a", "y")), withXid(3, set("/a", "y")), withXid(3, set("/a", "z"))),
				does(alice, withXid(-8, get("/a")), withXid(-4, get("/a"))),
			},
		},
		{
			Name: "reads that are cut short", Source: apache,
			Shows: "a record that cannot be read is answered by marshalling error, or costs the connection",
			odd:   true,
			steps: steps{
				does(alice, rawly(wire.GetData), rawly(wire.Exists, 0, 0, 0, 2, '/'), rawly(wire.GetData, 0x80, 0, 0, 0, 0)),
				does(alice, rawly(wire.GetACL), rawly(wire.GetEphemerals), rawly(wire.GetAllChildrenNumber)),
				does(alice, rawly(wire.SetWatches, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0), rawly(wire.SetWatches2, 1), rawly(wire.AddWatch, 1), rawly(wire.RemoveWatches, 1), rawly(wire.CheckWatches), rawly(wire.MultiRead, 0, 0)),
				does(alice, rawly(wire.GetEphemerals, 0xff, 0xff, 0xff, 0xff)),
				does(alice, rawly(wire.GetData, 0, 0, 0, 5, '/', 'n', 'o', 'n', 'e', 0, 1, 2, 3), rawly(wire.SetWatches, make([]byte, 20)...)),
				does(bob, rawly(wire.Sync)),
				does(carol, rawly(wire.Sync, 0xff, 0xff, 0xff, 0xff)),
				does(bob, rawly(wire.CloseSession, 1, 2, 3)),
			},
		},
		{
			Name: "paths that are null", Source: apache,
			Shows: "requests without a path",
			needs: unreadable,
			steps: steps{
				does(alice, rawly(wire.GetChildren2, 0xff, 0xff, 0xff, 0xff, 0), rawly(wire.GetACL, 0xff, 0xff, 0xff, 0xff), rawly(wire.Exists, 0xff, 0xff, 0xff, 0xff, 1)),
				does(alice, rawly(wire.GetData, 0xff, 0xff, 0xff, 0xff, 0), rawly(wire.GetChildren, 0xff, 0xff, 0xff, 0xff, 0), rawly(wire.GetAllChildrenNumber, 0xff, 0xff, 0xff, 0xff)),
				does(alice, rawly(wire.AddWatch, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), rawly(wire.CheckWatches, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 4), rawly(wire.RemoveWatches, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3)),
				does(alice, rawly(wire.SetData, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0)),
			},
		},
		{
			Name: "multis that are cut short", Source: apache,
			Shows: "multis that cannot be read",
			needs: unreadable,
			steps: steps{
				does(alice, create("/a"), rawly(wire.Multi), rawly(wire.Multi, 0, 0, 0, 2, 0), get("/a")),
				does(carol, rawly(wire.Multi, 0, 0, 0, 77, 0, 0xff, 0xff, 0xff, 0xff), get("/a")),
			},
		},
		{
			Name: "numbers of children", Source: apache,
			Shows: "getAllChildrenNumber counts all descendants",
			steps: steps{
				does(alice, create("/a"), create("/a/x"), create("/a/x/p"), create("/ab"), about(wire.GetAllChildrenNumber, "/a"), about(wire.GetAllChildrenNumber, "/"), about(wire.GetAllChildrenNumber, "/a/x/p"), about(wire.GetAllChildrenNumber, "/none")),
			},
		},
		{
			Name: "versions", Source: znodeVersions,
			Shows: "a conditional write is done at the right version only, and versions count changes",
			steps: steps{
				does(alice, create("/a"), setAt("/a", "1", 0), setAt("/a", "2", 0), setAt("/a", "2", 1), setAt("/a", "2", -2), removeAt("/a", 1), setACL("/a", 1, world(wire.PermAll)), setACL("/a", 0, world(wire.PermAll)), setACL("/a", -1, world(wire.PermAll)), getACL("/a"), removeAt("/a", 2)),
				does(alice, create("/a"), get("/a"), remove("/none"), removeAt("/none", 3)),
			},
		},
		{
			Name: "ephemerals have no children", Source: ephemeralNodes,
			Shows: "ephemeral znodes cannot have children",
			steps: steps{
				does(alice, createAs("/e", wire.Ephemeral), create("/e/x"), createAs("/e/s", wire.PersistentSequential), createTTL("/e/t", wire.PersistentTTL, time.Hour)),
				does(bob, createAs("/e/x", wire.Ephemeral), create("/none/x"), create("/e/x/y")),
			},
		},
		{
			Name: "nodes with children stay", Source: dataModel,
			Shows: "a znode with children is not deleted",
			steps: steps{
				does(alice, create("/a"), create("/a/x"), remove("/a"), removeAt("/a", 7), remove("/a/x"), remove("/a"), remove("/a")),
			},
		},
		{
			Name: "lists of permissions", Source: schemes,
			Shows: "empty and wrong lists of permissions are refused",
			steps: steps{
				does(alice, createWith(wire.Create2, "/a", 0, acl()), createWith(wire.Create2, "/a", 0, nil), createWith(wire.Create2, "/a", 0, acl(world(wire.PermAll), world(wire.PermAll), entry("world", "anyone", 1))), getACL("/a")),
				does(alice, setACL("/a", -1), setACL("/a", -1, world(0)), getACL("/a"), get("/a")),
				does(bob, createWith(wire.Create2, "/b", 0, acl(entry("ip", "::1", wire.PermAll))), createWith(wire.Create2, "/c", 0, acl(entry("ip", "10.0.0.0/8", wire.PermAll))), createWith(wire.Create2, "/d", 0, acl(entry("digest", "a", wire.PermAll)))),
				does(bob, createWith(wire.Create2, "/e", 0, acl(entry("world", "anyone", 0x7fffffff))), getACL("/e"), createWith(wire.Create2, "/f", 0, acl(entry("digest", ":", wire.PermAll))), getACL("/f"), list("/")),
			},
		},
		{
			Name: "a session reads nothing older than before", Source: consistency,
			Shows: "a session that goes on at another server sees there what it has seen, and what it wrote",
			steps: steps{
				does(alice, create("/a"), set("/a", "1"), set("/a", "2"), get("/a")),
				join{who: alice, server: 2},
				does(alice, get("/a"), get("/a")),
				join{who: alice, server: 3},
				does(alice, get("/a"), set("/a", "3"), get("/a"), set("/a", "4"), get("/a"), set("/a", "5"), get("/a"), set("/a", "6"), get("/a"), set("/a", "7"), get("/a")),
			},
		},
		{
			Name: "a read after a sync", Source: consistency,
			Shows: "it shows what another client wrote before the sync, and a read behind it shows nothing older",
			steps: steps{
				does(alice, create("/a"), set("/a", "1"), get("/a")),
				does(bob, set("/a", "2")),
				now(alice, about(wire.Sync, "/a"), get("/a"), get("/a")),
				does(bob, set("/a", "3")),
				now(alice, about(wire.Sync, "/a"), get("/a"), get("/a")),
			},
		},
		{
			Name: "news comes to each server", Source: consistency,
			Shows: "a client that goes on reading sees what another one wrote, in bounded time",
			steps: steps{
				does(alice, create("/a"), set("/a", "old")),
				join{who: bob, server: 2},
				until{bob, "/a", "old"},
				does(alice, set("/a", "new")),
				until{bob, "/a", "new"},
			},
		},
		{
			Name: "many writes in order", Source: consistency,
			Shows: "writes of a session are done in its order, each once, and others see them",
			steps: steps{
				does(alice, create("/a"), get("/a")),
				does(alice, times(30, func(i int) req { return set("/a", strings.Repeat("x", i)) })...),
				does(bob, get("/a")),
			},
		},
		{
			Name: "many reads", Source: consistency,
			Shows: "each read is answered, in order, and no zxid is lower than the one before",
			steps: slices.Concat(
				steps{does(alice, create("/a"))},
				slices.Repeat(steps{does(alice, times(40, func(int) req { return get("/a") })...)}, 8),
			),
		},
		{
			Name: "both halves of a multi", Source: multiAPI,
			Shows: "who sees one change of a multi sees the others",
			steps: slices.Concat(
				steps{does(alice, create("/a"), create("/b"))},
				slices.Repeat(steps{
					does(bob, get("/a"), get("/b")),
					does(alice, multi(set("/a", "y"), set("/b", "y"))),
					does(bob, get("/a"), get("/b")),
				}, 3),
			),
		},
		{
			Name: "a multi that fails gives no events", Source: multiAPI,
			Shows: "the watches of what it would have changed stay",
			steps: steps{
				does(alice, create("/a"), watchData("/a")),
				does(bob, multi(set("/a", "y"), checkAt("/a", 7))),
				does(alice, get("/a")),
				does(bob, set("/a", "z")),
			},
		},
		{
			Name: "no event without a change", Source: watchSemantics,
			Shows: "a watch of one znode does not fire when others change",
			steps: steps{
				does(alice, create("/a"), create("/b"), watchData("/a")),
				does(alice, times(6, func(i int) req { return create(fmt.Sprint("/b/", i)) })...),
				does(bob, set("/b", "y"), set("/a", "y")),
			},
		},
		{
			Name: "ephemerals last as long as their session", Source: ephemeralNodes,
			Shows: "others see them while the session lives, and no longer when it was closed",
			steps: steps{
				now(alice, times(4, func(i int) req { return createAs(fmt.Sprint("/e", i), wire.Ephemeral) })...),
				does(bob, times(8, func(i int) req { return read(wire.Exists, fmt.Sprint("/e", i%4), false) })...),
				end{who: alice},
				does(bob, times(4, func(i int) req { return read(wire.Exists, fmt.Sprint("/e", i), false) })...),
			},
		},
		{
			Name: "a client that left is not kept alive", Source: sessions,
			Shows: "its session expires, however busy the servers are with others",
			steps: slices.Concat(
				steps{
					join{who: bob, server: 1, timeout: brief},
					does(bob, createAs("/e", wire.Ephemeral)),
					drop{bob},
				},
				slices.Repeat(steps{wait{250 * time.Millisecond}, does(alice, opOnly(wire.Ping))}, 12),
				steps{gone{alice, "/e"}, does(alice, list("/"))},
			),
		},
		{
			Name: "conditional writes", Source: znodeVersions,
			Shows: "a set or delete at another version than the znode's is refused, each time",
			steps: steps{
				does(alice, create("/a")),
				does(alice, times(8, func(i int) req { return setAt("/a", "y", int32(i+1)) })...),
				does(alice, times(8, func(i int) req { return removeAt("/a", int32(i+1)) })...),
				does(alice, get("/a")),
			},
		},
		{
			Name: "what was deleted is gone", Source: dataModel,
			Shows: "no read, write or list finds a znode that was deleted; one that is created again is a new one",
			steps: steps{
				does(alice, create("/a"), set("/a", "1"), create("/a/b"), remove("/a/b"), list("/a"), remove("/a")),
				does(bob, read(wire.Exists, "/a", false), get("/a"), list("/a"), getACL("/a"), set("/a", "2"), setACL("/a", -1, world(wire.PermAll)), remove("/a"), multi(checkAt("/a", -1)), create("/a/c"), list("/")),
				does(carol, read(wire.Exists, "/a/b", false), get("/a/b"), read(wire.GetChildren, "/a", false), about(wire.Sync, "/a")),
				does(alice, create("/a"), get("/a"), list("/a"), setAt("/a", "3", 1), setAt("/a", "3", 0)),
				does(bob, get("/a"), list("/")),
			},
		},
		{
			Name: "requests of older clients", Source: apache,
			Shows: "what clients before 3.5 send does the same as what newer ones send",
			steps: steps{
				does(alice, createWith(wire.Create, "/a", wire.Persistent, worldAll), createWith(wire.Create, "/a", wire.Persistent, worldAll), createWith(wire.Create, "/e", wire.Ephemeral, worldAll), createWith(wire.Create, "/s-", wire.PersistentSequential, worldAll), createWith(wire.Create, "/s-", wire.EphemeralSequential, worldAll)),
				does(bob, read(wire.GetChildren, "/", true), read(wire.GetChildren, "/none", true), multi(createWith(wire.Create, "/m", wire.Persistent, worldAll), setAt("/m", "1", 0), removeAt("/s-0000000002", -1))),
				drop{bob},
				does(alice, createWith(wire.Create, "/n", wire.Persistent, worldAll), set("/a", "1"), remove("/m")),
				does(bob, req{op: wire.SetWatches, rec: &wire.SetWatchesRequest{RelativeZxid: int64(seen), Data: []string{"/a"}, Exist: []string{"/x"}, Child: []string{"/"}}}),
				does(alice, createWith(wire.Create, "/x", wire.Persistent, worldAll)),
				does(bob, read(wire.GetChildren, "/", false)),
			},
		},
		{
			Name: "no number twice", Source: sequenceNodes,
			Shows: "each sequential name is new, also when those before it were deleted",
			steps: slices.Concat(
				steps{
					does(alice, create("/a"), create("/b")),
					does(alice, times(12, func(int) req { return createAs("/a/s", wire.PersistentSequential) })...),
					does(alice, list("/a")),
				},
				slices.Collect(func(yield func(step) bool) {
					for i := range 8 {
						if !yield(does(alice, createAs("/b/s", wire.PersistentSequential))) || !yield(does(alice, remove(fmt.Sprintf("/b/s%010d", i)))) {
							return
						}
					}
				}),
			),
		},
	}
})

// swept lists the scripts for servers that regularly delete expired znodes.
var swept = []Script{
	{
		Name: "containers go when their last child went", Source: containerNodes,
		Shows: "the servers delete a container that had children and has none, and no other",
		needs: "a short time between sweeps",
		steps: steps{
			does(alice, createWith(wire.CreateContainer, "/c", wire.Container, worldAll), create("/c/x"), createWith(wire.CreateContainer, "/never", wire.Container, worldAll)),
			does(bob, watchData("/c"), watchChildren("/"), addWatch("/c", wire.AddPersistent)),
			wait{1500 * time.Millisecond},
			does(bob, list("/")),
			does(alice, remove("/c/x")),
			wait{1500 * time.Millisecond},
			gone{bob, "/c"},
			does(bob, list("/"), create("/c/y")),
		},
	},
	{
		Name: "nodes go when they were left alone for their time", Source: ttlNodes,
		Shows: "the servers delete a znode with a TTL when that has passed without change and children",
		needs: "a short time between sweeps",
		steps: steps{
			does(alice, createTTL("/t", wire.PersistentTTL, 200*time.Millisecond), createTTL("/long", wire.PersistentTTL, time.Hour)),
			does(bob, watchData("/t"), createTTL("/u", wire.PersistentTTL, 200*time.Millisecond), create("/u/x")),
			wait{1500 * time.Millisecond},
			gone{bob, "/t"},
			does(bob, list("/"), set("/u", "y"), remove("/u/x")),
			wait{1500 * time.Millisecond},
			gone{bob, "/u"},
			does(bob, list("/")),
		},
	},
}
