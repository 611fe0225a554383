package status

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
)

// told is a server's report: the number of znodes at a zxid, and that of mismatched digests, if the
// server counts them.
type told struct {
	znodes, zxid int
	mismatches   string
	version      string
	role         ensemble.Role
}

func (s told) words() map[string]string {
	if s.version == "" {
		s.version = "3.9.3"
	}
	if s.role == "" {
		s.role = ensemble.Follower
	}
	metrics := "zk_global_sessions\t4\n"
	if s.mismatches != "" {
		metrics += "zk_digest_mismatches_count\t" + s.mismatches + "\n"
	}
	basics := fmt.Sprintf("Zookeeper version: %s-x, built\nZxid: %#x\nMode: %s\nNode count: %d\n", s.version, s.zxid, s.role, s.znodes)
	return map[string]string{"srvr": basics, "mntr": metrics, "dirs": dirs}
}

// A server whose tree differs from that of the others is named, and the ensemble is not healthy.
func TestDiverged(t *testing.T) {
	leader := told{znodes: 9, zxid: 0x12, mismatches: "0", role: ensemble.Leader}
	follower := told{znodes: 9, zxid: 0x12, mismatches: "0"}
	with := func(change func(*told)) told {
		s := follower
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		servers []told
		later   map[int]told // reports from the second look on
		want    map[int]string
		note    string
	}{
		"right":             {servers: []told{leader, follower, follower}},
		"one lost its tree": {servers: []told{leader, with(func(s *told) { s.znodes = 5 }), follower}, want: map[int]string{2: "has 5 znodes at zxid 0x12, where s1:1 has 9"}},
		"the leader lost it": {
			servers: []told{{znodes: 5, zxid: 0x12, role: ensemble.Leader}, follower, follower},
			want:    map[int]string{1: "has 5 znodes at zxid 0x12, where s2:1 has 9"},
		},
		"one of two": {
			servers: []told{leader, with(func(s *told) { s.znodes = 5 })},
			want:    map[int]string{1: "has 9 znodes at zxid 0x12, where s2:1 has 5", 2: "has 5 znodes at zxid 0x12, where s1:1 has 9"},
		},
		"digests": {servers: []told{leader, follower, with(func(s *told) { s.mismatches = "312" })}, want: map[int]string{3: "counts 312 digests that are not the leader's (zk_digest_mismatches_count)"}},
		"digests of 3.8.0": {
			servers: []told{leader, follower, with(func(s *told) { s.mismatches, s.version = "312", "3.8.0" })},
			note:    "s3:1 counts 312 digests that are not the leader's (zk_digest_mismatches_count): ZooKeeper 3.8.0 counts some falsely after restarts, and begins again at 0 when it restarts",
		},
		"another tree in 3.8.0": {
			servers: []told{
				{znodes: 9, zxid: 0x12, version: "3.8.0", role: ensemble.Leader},
				with(func(s *told) { s.znodes, s.version = 9, "3.8.0" }),
				with(func(s *told) { s.znodes, s.mismatches, s.version = 5, "312", "3.8.0" }),
			},
			want: map[int]string{3: "has 5 znodes at zxid 0x12, where s1:1 has 9"},
		},
		"no digests":         {servers: []told{leader, with(func(s *told) { s.mismatches = "" }), follower}},
		"a strange digest":   {servers: []told{leader, with(func(s *told) { s.mismatches = "many" }), follower}},
		"behind":             {servers: []told{leader, with(func(s *told) { s.znodes, s.zxid = 5, 0x11 }), follower}},
		"another version":    {servers: []told{leader, with(func(s *told) { s.znodes, s.version = 8, "3.4.14" }), follower}},
		"no count":           {servers: []told{leader, with(func(s *told) { s.znodes = 0 }), follower}},
		"a change under way": {servers: []told{leader, with(func(s *told) { s.znodes = 8 }), follower}, later: map[int]told{2: follower}},
		"the next zxid": {
			servers: []told{leader, with(func(s *told) { s.znodes = 8 }), follower},
			later:   map[int]told{2: with(func(s *told) { s.znodes, s.zxid = 8, 0x13 })},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks := make([]int, len(c.servers))
				addrs := make([]string, len(c.servers))
				queries := make([]Query, len(c.servers))
				for i, s := range c.servers {
					addrs[i] = fmt.Sprintf("s%d:1", i+1)
					queries[i].Dial = func(network, addr string, timeout time.Duration) (net.Conn, error) {
						looks[i]++ // three words in the first look, and then one
						if later, ok := c.later[i+1]; ok && looks[i] > 3 {
							s = later
						}
						return server(s.words())(network, addr, timeout)
					}
				}
				e := Look(t.Context(), addrs, queries...)
				health := Healthy
				if len(c.want) > 0 {
					health = Degraded
				}
				if e.Health != health || e.Serving != len(addrs) {
					t.Errorf("%s, %d serve", e.Health, e.Serving)
				}
				if !strings.Contains(strings.Join(e.Notes, "\n"), c.note) {
					t.Errorf("notes %q lack %q", e.Notes, c.note)
				}
				for i, s := range e.Servers {
					if s.Diverged != c.want[i+1] {
						t.Errorf("%s: %q, not %q", s.Addr, s.Diverged, c.want[i+1])
					}
					note := s.Addr + " " + s.Diverged + ": its tree differs from the others'"
					if (s.Diverged != "") != strings.Contains(strings.Join(e.Notes, "\n"), note) {
						t.Errorf("notes %q", e.Notes)
					}
				}
			})
		})
	}
}
