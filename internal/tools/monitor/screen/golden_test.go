package screen

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/tools/monitor"
)

// harbour returns an ensemble with something of everything.
func harbour() *fake {
	f := newFake()
	at := func(path, data string, owner int64, version int32) *fakeNode {
		n := f.put(path, []byte(data))
		n.owner, n.version = owner, version
		return n
	}
	at("/app", "", 0, 0)
	at("/app/config", `{"name":"harbour","replicas":3,"hosts":["ship-1","ship-2"],"limits":{"cpu":2,"memory":"1Gi"}}`, 0, 7)
	at("/app/locks", "", 0, 0)
	at("/app/locks/crane", "", 0, 0)
	at("/app/locks/crane/lock-0000000041", "ship-1", 0x100000b5d0002, 0).note = "holds"
	n := at("/app/locks/crane/lock-0000000042", "ship-2", 0x200000c110003, 0)
	n.note, n.mark, n.at = "waits, 1st", monitor.Created, epoch
	at("/app/locks/crane/lock-0000000043", "ship-3", 0x200000c110004, 0).note = "waits, 2nd"
	n = at("/app/locks/crane/lock-0000000040", "ship-3", 0, 0)
	n.mark, n.at = monitor.Deleted, epoch.Add(-time.Second)
	at("/app/queue", "", 0, 0)
	at("/app/queue/日本語 with spaces", "\x00\x01\x02\xff", 0, 0)
	at("/app/queue/\x1b[2Jnot obeyed", "", 0, 0)
	n = at("/app/status", "all well\n", 0, 4)
	n.mark, n.at = monitor.Changed, epoch
	at("/secret", "", 0, 0).problem = "no permission"
	for _, p := range []string{"/app", "/app/locks", "/app/locks/crane", "/app/queue"} {
		f.open[p] = true
	}
	behind := int64(3)
	f.rest.Status = status.Ensemble{Health: status.Degraded, Serving: 2, Leader: "127.0.0.1:2182", Epoch: 2, Servers: []status.Server{
		{Addr: "127.0.0.1:2181", State: status.Serving, Role: ensemble.Follower, Zxid: 0x2000004d1, Behind: &behind, Connections: 12, Latency: [3]float64{0, 0.412, 18}, Version: "3.9.3"},
		{Addr: "127.0.0.1:2182", State: status.Serving, Role: ensemble.Leader, Zxid: 0x2000004d4, Connections: 9, Latency: [3]float64{0, 0.377, 11}, Version: "3.9.3"},
		{Addr: "127.0.0.1:2183", State: status.NoAnswer, Error: "connection refused"},
	}}
	f.rest.StatusAt, f.rest.How = epoch.Add(-time.Second), "one recursive watch"
	f.rest.Counts = monitor.Counts{Ephemerals: 3, Changes: 1234, LastSecond: 12}
	f.rest.Sessions = []monitor.SessionInfo{
		{ID: 0x100000b5d0002, Znodes: 1, Server: "127.0.0.1:2181", Client: "127.0.0.1:51234"},
		{ID: 0x200000c110003, Znodes: 1},
		{ID: 0x200000c110004, Znodes: 1, Own: true},
	}
	for i, c := range []monitor.Change{
		{Kind: monitor.Connected, Server: "127.0.0.1:2181"},
		{Kind: monitor.Deleted, Path: "/app/locks/crane/lock-0000000040", Zxid: 0x2000004d1, Version: monitor.Unknown, Bytes: monitor.Unknown},
		{Kind: monitor.Created, Path: "/app/locks/crane/lock-0000000042", Zxid: 0x2000004d3, Owner: 0x200000c110003, Bytes: 6},
		{Kind: monitor.Changed, Path: "/app/status", Zxid: 0x2000004d4, Version: 4, Bytes: 9, Found: true},
	} {
		c.Time = epoch.Add(time.Duration(i) * time.Second)
		f.rest.Log = append(f.rest.Log, c)
	}
	return f
}

// TestScreens compares screens with recorded ones; -update records them.
func TestScreens(t *testing.T) {
	value := func(f *fake) { f.rest.Meaning = nil }
	for _, c := range []struct {
		name, keys    string
		width, height int
		with          func(f *fake)
	}{
		{"narrow", "j j", 80, 24, value},
		{"wide", "j j", 200, 50, value},
		{"lock", "j j j j j j", 200, 50, func(f *fake) {
			f.rest.Meaning = &monitor.Meaning{Recipe: "lock", Summary: "held by 0x100000b5d0002, 2 wait"}
		}},
		{"servers", "s", 80, 24, nil},
		{"servers-wide", "s", 200, 50, nil},
		{"help", "?", 80, 24, nil},
		{"filter", "/ l o c k", 80, 24, nil},
		{"hexadecimal", "/ 日 enter j j j tab", 80, 24, nil},
		{"paused", "p", 80, 24, nil},
		{"tiny", "j", 20, 5, nil},
		{"lost", "j j", 80, 24, func(f *fake) {
			f.rest.Conn.Connected, f.rest.Conn.Since, f.rest.Conn.Problem = false, epoch.Add(-65*time.Second), "127.0.0.1:2183: connection refused"
		}},
		{"comparing", "", 80, 24, func(f *fake) { f.rest.Conn.Comparing = 1234 }},
		{"forbidden", "G", 80, 24, func(f *fake) {
			f.znodes["/secret"].problem = "no permission"
			f.refused = errors.New("no permission to read it")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := harbour()
			if c.with != nil {
				c.with(f)
			}
			p := play(t, f, c.width, c.height).press(c.keys).send(tickMsg{})
			p.state.now = epoch.Add(time.Second) // however many keys were pressed
			got := ansi.Strip(draw(&p.view, &p.state, c.width, c.height)) + "\n"
			file := filepath.Join("testdata", c.name+".txt")
			if *update {
				must.Do(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want := must.Get(os.ReadFile(file))(t)
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}
