package conformance

import (
	"bytes"
	"context"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/secure"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// target starts an embedded ensemble in memory, to be checked.
func target(t *testing.T, c embedded.Config) Target {
	t.Helper()
	c.InMemory = true
	e := must.Get(c.Start(t.Context()))(t)
	t.Cleanup(func() { e.Close() })
	var addrs []string
	for _, s := range e.Servers() {
		addrs = append(addrs, s.Addr())
	}
	return Target{Servers: addrs, Dial: e.Dial, Patience: 10 * time.Second, Name: "zklab-conform"}
}

func check(t *testing.T, target Target) Report {
	t.Helper()
	report := must.Get(Check(t.Context(), target, nil))(t)
	if report.Left != "" {
		t.Error(report.Left)
	}
	return report
}

// Embedded servers conform, whatever their settings are, and nothing is left on them.
func TestQuiet(t *testing.T) {
	for name, c := range map[string]embedded.Config{
		"three":       {},
		"one":         {Nodes: 1},
		"five":        {Nodes: 5},
		"slow ticks":  {Tick: 2e9},
		"any timeout": {MinSession: time.Millisecond, MaxSession: 500 * time.Hour},
		"without TTL": {NoTTL: true},
		"super user":  {SuperDigest: digest("super")},
		"3.8":         {UpgradeTo: embedded.V3_9},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := target(t, c)
				report := check(t, target)
				for _, r := range report.Results {
					if r.Outcome == Differs {
						t.Errorf("%s: %s", r.Script, r.Detail)
					}
				}
				if len(report.Results) != len(byHand()) || report.Count(OK) < 50 {
					t.Errorf("%d of %d scripts ran", report.Count(OK), len(byHand()))
				}
				if left := names(t, target); len(left) > 1 {
					t.Errorf("left behind: %q", left)
				}
			})
		})
	}
}

// Servers may list names in any order, and delete the ephemerals of a session in any order.
func TestOrderOfNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := target(t, embedded.Config{})
		var mu sync.Mutex
		reversed := 0
		target.Dial = liar{target.Dial, func(op wire.Op, h wire.ReplyHeader, record []byte) []byte {
			if h.Err == wire.OK && (op == wire.GetChildren || op == wire.GetChildren2 || op == wire.GetEphemerals) {
				mu.Lock()
				defer mu.Unlock()
				if reverse(record) {
					reversed++
				}
			}
			return append(h.Append(nil), record...)
		}}.Dial
		for _, r := range check(t, target).Results {
			if r.Outcome == Differs {
				t.Errorf("%s: %s", r.Script, r.Detail)
			}
		}
		if reversed == 0 {
			t.Error("no list has more than one name")
		}
	})
	event := func(who, zxid, path string) line {
		return line{who: who, what: seesEvent, fields: []field{{"", "kind", "2", ""}, {"", "path", path, ""}, {"", "zxid", zxid, ""}}}
	}
	ends, sets := line{step: "3 " + end{who: alice}.String()}, line{step: "4 bob  setData"}
	a, b, later, other := event("bob", "z#1", "/a"), event("bob", "z#1", "/b"), event("bob", "z#2", "/a"), event("carol", "z#1", "/a")
	for _, tt := range []struct {
		one, another Trace
		same         bool
	}{
		{Trace{ends, a, b, other}, Trace{ends, b, a, other}, true},
		{Trace{sets, a, b}, Trace{sets, b, a}, false},
		{Trace{ends, b, later}, Trace{ends, later, b}, false},
		{Trace{ends, b, other}, Trace{ends, other, b}, false},
		{Trace{ends, a, b}, Trace{ends, a}, false},
	} {
		if d := difference(tt.one.sorted(), tt.another.sorted()); (d == "") != tt.same {
			t.Errorf("%v and %v: %q", tt.one, tt.another, d)
		}
	}
}

// reverse reverses the list of names at the beginning of a record. It reports whether there are two or more.
func reverse(record []byte) bool {
	n := binary.BigEndian.Uint32(record)
	rest := record[4:]
	var names [][]byte
	for range n {
		size := 4 + binary.BigEndian.Uint32(rest)
		names = append(names, bytes.Clone(rest[:size]))
		rest = rest[size:]
	}
	slices.Reverse(names)
	copy(record[4:], bytes.Join(names, nil))
	return n > 1
}

// names lists the children of the root.
func names(t *testing.T, target Target) (names []string) {
	t.Helper()
	err := base{target: target}.with(t.Context(), func(ctx context.Context, c *zkclient.Conn) error {
		reply, err := c.Do(ctx, wire.GetChildren, &wire.ReadRequest{Path: "/"})
		if err != nil {
			return err
		}
		v, err := reply.Decode()
		if err == nil {
			names = v.(wire.ChildrenReply).Children
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// told has the texts that describe some differences.
var told = map[corruptproxy.Corruption]string{
	corruptproxy.VersionOff:     `: answers version [1-9]\d* where \d+ is right$`,
	corruptproxy.OtherError:     `: answers "no node" where "bad version" is right$`,
	corruptproxy.EventMissing:   `: does not report node\w+ of "/\S*" to \w+$`,
	corruptproxy.EventTwice:     `: reports node\w+ of "/\S*" to \w+ twice$`,
	corruptproxy.EventsSwapped:  `: reports nodeDataChanged of .* before nodeCreated of .*, which happened first$`,
	corruptproxy.EventKind:      `: reports to \w+ kind nodeDataChanged where nodeDeleted is right$`,
	corruptproxy.Unanswered:     `getData "/a": never answers$`,
	corruptproxy.ExpiredAlive:   `getData "/a": closes the connection of alice, `,
	corruptproxy.ZxidFalls:      `answers the zxid of the creation of the script's root where that of write 1 of the script is right$`,
	corruptproxy.StuckServer:    `bob reads "/a" until it is "new": never answers$`,
	corruptproxy.OtherSession:   `connects to 2 as itself.*: answers session alice.2 where alice.1 is right$`,
	corruptproxy.EphemeralStays: `: answers ephemeralOwner 0 where \w+\.1 is right$`,
}

// Each wrong server is found, although there are no faults.
func TestWrongServersAreFound(t *testing.T) {
	for _, kind := range corruptproxy.Corruptions() {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := target(t, embedded.Config{})
				proxy := corruptproxy.New(kind)
				target.Dial, target.Serial = ensemble.DialFunc(proxy.Dialer(zk.Dialer(target.Dial))), true
				report, err := Check(t.Context(), target, nil)
				if err != nil {
					t.Error(err)
				}
				if report.Count(Differs) == 0 {
					t.Errorf("not found, %d corruptions: %s", proxy.Corrupted(), kind.About())
				}
				right := regexp.MustCompile(told[kind])
				if !slices.ContainsFunc(report.Results, func(r Result) bool { return r.Outcome == Differs && right.MatchString(r.Detail) }) {
					t.Errorf("no difference is told as %s: %+v", right, report.Results)
				}
			})
		})
	}
}

// On servers of an older version, scripts are left out if such servers behave differently, and the
// others use requests that these servers know.
func TestOlderServers(t *testing.T) {
	for version, want := range map[[2]int]map[string]string{
		{3, 4}: {"versions": "", "watches that stay": "ZooKeeper 3.4 does not know addWatch (since 3.6)", "numbers of children": "ZooKeeper 3.4 does not know getAllChildrenNumber (since 3.6)"},
		{3, 6}: {"watches that stay": "", "removing watches": "servers do so since 3.9", "pings": "sends what no client library sends, which can stop servers before 3.9"},
		{3, 9}: {"removing watches": "", "pings": "", "bad paths": "needs znodes of the servers"},
	} {
		m := acquaintance{version: version, leastT: time.Second}
		for _, s := range byHand() {
			if why, ok := want[s.Name]; ok && m.lacks(s) != why {
				t.Errorf("%v: %s: %q, want %q", version, s.Name, m.lacks(s), why)
			}
			ops := m.spoken(s.steps).ops()
			if knows := version != [2]int{3, 4}; !knows && slices.Contains(ops, wire.Create2) {
				t.Errorf("%v: %s sends create2", version, s.Name)
			}
		}
	}
	m := acquaintance{version: [2]int{3, 6}, leastT: time.Second, ttl: true}
	want := []string{"ZooKeeper 3.6 does not know whoAmI (since 3.7)", "events of ZooKeeper 3.6 have no zxid (since 3.9)"}
	if d := cmp.Diff(want, m.notes()); d != "" {
		t.Error(d)
	}
}

// Servers to which every client authenticates also conform. Only scripts that give permissions to the scheme auth are
// left out: they would give them to all clients.
func TestAuthenticated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := target(t, embedded.Config{Nodes: 1})
		target.Dial = secure.Config{Auth: []secure.Credential{{Scheme: "digest", Auth: "joe:p"}}}.Around(target.Dial)
		for _, r := range check(t, target).Results {
			permits := r.Script == "who may do what"
			if r.Outcome == Differs || permits != strings.Contains(r.Detail, "each client here is also digest:joe") {
				t.Errorf("%s: %s: %s", r.Script, r.Outcome, r.Detail)
			}
		}
	})
}

// Unusable servers are refused, with the reason, and nothing is left on them.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		right := target(t, embedded.Config{})
		for name, c := range map[string]struct {
			change func(*Target)
			want   string
		}{
			"no chroot":  {func(t *Target) { t.Chroot = "/none" }, "the chroot /none does not exist"},
			"credential": {func(t *Target) { t.Auth = []wire.AuthRequest{{Scheme: "nosuch"}} }, "the credential of scheme nosuch: auth failed"},
			"nobody":     {func(t *Target) { t.Servers = []string{"nowhere:1"} }, "nowhere:1: "},
		} {
			wrong := right
			c.change(&wrong)
			if _, err := Check(t.Context(), wrong, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if left := names(t, right); len(left) > 1 {
			t.Errorf("left behind: %q", left)
		}
	})
}
