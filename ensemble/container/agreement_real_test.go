//go:build real

package container_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/agreement"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// compared compares all znodes of an ensemble.
func compared(t *testing.T, e ensemble.Ensemble) history.Agreement {
	t.Helper()
	began := time.Now()
	a := agreement.Config{Servers: e.Servers(), Dial: e.Dial, Root: "/", Fence: "/", Ask: true}.Compare(t.Context())
	t.Logf("%s: %+v", time.Since(began).Round(time.Millisecond), a)
	if len(a.Servers) != len(e.Servers()) || len(a.Unread) > 0 {
		t.Fatal("not all servers were read")
	}
	return a
}

// looked returns the status of an ensemble.
func looked(t *testing.T, e ensemble.Ensemble) status.Ensemble {
	var addrs []string
	for _, s := range e.Servers() {
		addrs = append(addrs, s.Addr())
	}
	return status.Look(t.Context(), addrs, status.Query{Dial: e.Dial, Timeout: time.Minute})
}

// One server of three starts without some of its transactions, at the same zxid as the others (as in
// ZOOKEEPER-4925): with a znode, an ephemeral, a version and permissions that differ from theirs, and
// then without its whole tree.
func TestRealServerWithAnotherTreeIsFound(t *testing.T) {
	t.Parallel()
	e := started(t, container.Config{})
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	others := slices.DeleteFunc(e.Servers(), func(s ensemble.Server) bool { return s.ID() == leader.ID() })
	victim := others[0]
	conn, _, err := zkconn.Open(t.Context(), zkconn.Config{Servers: []string{leader.Addr()}, Timeout: 30 * time.Second, Dial: e.Dial})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	open := zk.WorldACL(zk.PermAll)
	all := []string{"/lost", "/version", "/permissions", "/tree", "/tree/a", "/tree/a/b", "/ephemeral"}
	for _, path := range all[:6] {
		_, err := conn.Create(path, nil, 0, open)
		must(err)
	}
	_, err = conn.Create("/ephemeral", nil, zk.FlagEphemeral, open)
	must(err)
	_, err = conn.Set("/version", []byte("1"), -1)
	must(err)
	_, err = conn.SetACL("/permissions", zk.WorldACL(zk.PermRead), -1)
	must(err)
	_, err = conn.Set("/tree", []byte("last"), -1)
	must(err)
	if a := compared(t, e); a.Differences != nil || a.Signs != nil || a.Digests != nil {
		t.Fatal("right servers differ")
	}

	restart := func(forget func(op wire.Op, has func(path string) bool) bool) {
		t.Helper()
		must(victim.(ensemble.Stopper).Stop(t.Context()))
		forgot := 0
		must(container.ForgetTransactions(t.Context(), victim, func(record []byte) bool {
			op := wire.Op(binary.BigEndian.Uint32(record[28:])) // after session, cxid, zxid and time
			gone := forget(op, func(path string) bool {
				return bytes.Contains(record, append(binary.BigEndian.AppendUint32(nil, uint32(len(path))), path...))
			})
			if gone {
				forgot++
			}
			return gone
		}))
		must(victim.(ensemble.Killer).Start(t.Context()))
		_, err := ensemble.WaitHealthy(t.Context(), e, healthyTimeout)
		must(err)
		t.Logf("%d transactions forgotten", forgot)
	}
	restart(func(op wire.Op, has func(string) bool) bool {
		return has("/lost") || has("/ephemeral") || op == wire.SetData && has("/version") || op == wire.SetACL && has("/permissions")
	})
	a := compared(t, e)
	id := victim.ID()
	want := map[string]string{"/lost": history.FieldPresent, "/ephemeral": history.FieldPresent, "/version": history.FieldVersion, "/permissions": history.FieldAversion}
	got := map[string]string{}
	for _, d := range a.Differences {
		got[d.Path] = d.Field
		if fmt.Sprint(d.Values[0].Servers) != fmt.Sprint([]int{id}) {
			t.Errorf("%s is said to differ on servers %v", d.Path, d.Values[0].Servers)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || a.Different != len(want) {
		t.Errorf("%v differ, want %v", got, want)
	}
	if !slices.ContainsFunc(slices.Concat(a.Signs, a.Digests), func(n history.ServerNote) bool { return n.Server == id }) {
		t.Errorf("server %d tells nothing: %+v", id, a.Signs)
	}
	tells := func(id int, what string) {
		t.Helper()
		s := looked(t, e)
		if s.Health != status.Degraded || !strings.Contains(s.Servers[id-1].Diverged, what) {
			t.Errorf("%s: %q of %+v", s.Health, s.Notes, s.Servers)
		}
		t.Log(s.Notes)
	}
	tells(id, "digests")

	restart(func(_ wire.Op, has func(string) bool) bool { return slices.ContainsFunc(all, has) })
	if a := compared(t, e); a.Different != len(all) || a.Differences[0].Field != history.FieldPresent {
		t.Errorf("of a lost tree: %+v", a)
	}
	tells(id, "digests")
}
