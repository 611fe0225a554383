package conformance

import "github.com/zklab/zklab/internal/zk/wire"

func reconfig(r wire.ReconfigRequest) req {
	r.FromConfig = -1
	return req{op: wire.Reconfig, rec: &r}
}

func joining(servers string) req { return reconfig(wire.ReconfigRequest{Joining: servers}) }
func leaving(servers string) req { return reconfig(wire.ReconfigRequest{Leaving: servers}) }
func anew(servers string) req    { return reconfig(wire.ReconfigRequest{NewMembers: []byte(servers)}) }

// reconfigured lists scripts that change the configuration of the ensemble, so they run in this order
// on one ensemble. Each of them restores the servers that it found.
var reconfigured = []Script{
	{Name: "the first configuration", steps: steps{does(alice, get("!/zookeeper"), get("!/zookeeper/quota"), get(config), read(wire.Exists, config, false), getACL(config)), does(carol, get("!/zookeeper/quota"), get(config))}},
	{Name: "nobody may", steps: steps{does(alice, joining(""), leaving("x"), get(config))}},
	{Name: "nothing to do makes a version", steps: steps{
		does(alice, auth("super"), leaving(""), get(config)),
		does(alice, leaving("9")),
		does(alice, joining(","), read(wire.Exists, config, false)),
		does(carol, auth("super"), leaving(""), get(config)),
	}},
	{Name: "watches", steps: steps{
		does(alice, auth("super"), addWatch(config, wire.AddPersistent)),
		does(bob, watchData(config), addWatch("!/", wire.AddPersistentRecursive)),
		does(carol, auth("super"), watchExists(config), addWatch(config, wire.AddPersistentRecursive)),
		does(alice, leaving("9")),
		does(bob, watchData(config)),
		does(carol, leaving("9")),
		does(alice, set(config, "x")),
		does(carol, leaving("9")),
	}},
	{Name: "what a client writes", steps: steps{
		does(alice, auth("super"), set(config, "hello"), get(config), get("!/zookeeper/config")),
		does(carol, get(config)),
		does(alice, leaving("9"), get(config)),
		does(carol, auth("super"), setAt(config, "hello", -1), setAt(config, "hello", 0), leaving("9"), get(config)),
	}},
	{Name: "a version", steps: steps{
		does(alice, auth("super"), req{op: wire.Reconfig, rec: &wire.ReconfigRequest{FromConfig: 7}}),
		does(alice, req{op: wire.Reconfig, rec: &wire.ReconfigRequest{Leaving: "x", FromConfig: 7}}),
		does(alice, get(config)),
	}},
	{Name: "what cannot be", steps: steps{
		does(alice, auth("super"), leaving("x"), leaving("1,x"), leaving("1,2,3"), leaving("1.5"), get(config)),
		does(alice, joining("server.9"), joining("server.9=h:1:2"), joining("foo=bar"), joining("x"), joining("=h:1:2;6")),
		does(alice, joining("server.9="), joining("server.9=127.0.0.1:1:1;6"), joining("server.9=127.0.0.1:1:2:king;6"), joining("server.9=127.0.0.1:1:2;66000")),
		does(alice, joining("server.9=127.0.0.1:1:x;6"), joining("server.9=127.0.0.1:1:-2;6"), joining("server.9=127.0.0.1;6"), joining("server.9=127.0.0.1:1:2;")),
		does(alice, joining("server.9=127.0.0.1:1:2;6;7"), joining("server.9=127.0.0.1:1:2;a:b:6"), joining("server.9=[::1:1:2;6"), joining("server.9=::1:2;3")),
		does(alice, anew(""), anew("x"), anew("foo=bar"), anew("server.x=foo"), anew("version=zz"), anew("server.1=127.0.0.1:1:2:observer;3")),
		does(carol, auth("super"), leaving("x"), joining("x"), anew("")),
		does(alice, get(config)),
	}},
	{Name: "no majority in sync", steps: steps{
		does(alice, auth("super"), joining("server.4=127.0.0.1:1:2;3,server.5=127.0.0.1:1:2;3,server.6=127.0.0.1:1:2;3"), get(config)),
		does(alice, anew("server.4=127.0.0.1:1:2;3"), get(config)),
	}},
	{Name: "who comes and goes", steps: steps{
		does(alice, auth("super"), joining("server.4=127.0.0.1:1:2;3"), get(config)),
		does(carol, auth("super"), joining("server.4=127.0.0.1:1:2:observer;localhost:3"), get(config)),
		does(alice, joining("server.9=:1:2;3,node.10=[::1]:4:5;[::]:6"), get(config)),
		does(carol, get(config), leaving(" 9 ,10,,4"), get(config)),
		does(carol, joining("+9=127.0.0.1:0:2;0,server.1.9=127.0.0.1:1:2;:7"), get(config)),
		does(carol, leaving("-9,9"), get(config)),
		does(alice, joining("server.-9=127.0.0.1:1:2;3")),
		does(alice, leaving("-9"), get(config)),
	}},
}
