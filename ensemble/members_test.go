package ensemble

import "testing"

func TestMembersApart(t *testing.T) {
	const (
		conf   = "serverId=1\nmembership: \nserver.1=a:2888:3888:participant;a:2181\nserver.2=b:2888:3888:participant;b:2181\nversion=0"
		config = "server.1=a:2888:3888:participant;a:2181\nserver.2=b:2888:3888:participant;b:2181\nversion=0\n"
	)
	for name, c := range map[string]struct {
		a, b  string
		apart bool
	}{
		"the same":               {conf, config, false},
		"none is told":           {conf, "clientPort=2181\n", false},
		"neither tells":          {"", "", false},
		"one more, by reconfig":  {config, config + "server.3=c:2888:3888:participant;c:2181\n", false},
		"all but one are new":    {config, "server.2=b:2888:3888:participant;b:2181\nserver.3=c:2888:3888:participant;c:2181", false},
		"other hosts":            {config, "server.1=c:2888:3888:participant;c:2181\nserver.2=d:2888:3888:participant;d:2181", true},
		"other ids":              {config, "server.4=a:2888:3888:participant;a:2181", true},
		"other client ports":     {"server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181", "server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2191", true},
		"own host is any":        {"server.1=0.0.0.0:2888:3888:participant;2181\nserver.2=b:2888:3888:participant;2181", "server.1=a:2888:3888:participant;0.0.0.0:2181\nserver.2=0.0.0.0:2888:3888:participant;2181", false},
		"no client address":      {"server.1=a:2888:3888:participant", "server.1=a:2888:3888:participant;a:2181", false},
		"another role, same one": {"server.1=a:2888:3888:observer", "server.1=a:2888:3888:participant", true},
		"IPv6":                   {"server.1=[::1]:2888:3888:participant;[::]:2181", "server.1=[::1]:2888:3888:participant;2181", false},
	} {
		if got := ParseMembers(c.a).Apart(ParseMembers(c.b)); got != c.apart {
			t.Errorf("%s: %v", name, got)
		}
		if got := ParseMembers(c.b).Apart(ParseMembers(c.a)); got != c.apart {
			t.Errorf("%s, the other way round: %v", name, got)
		}
	}
}
