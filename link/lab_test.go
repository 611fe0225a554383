package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/memnet"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// These tests put the link between the real client and three servers, to show what each fault does to a
// client, and that the client continues after it. They run in virtual time against servers in memory,
// once with a client that dials through the link and once with one that connects to the link's
// listeners, and they run against real servers.

type lab struct {
	t       *testing.T
	link    *Link
	record  *record
	conn    *zk.Conn
	admin   *zk.Conn // not through the link
	servers []string
	root    string
	timeout time.Duration // of sessions
	slack   time.Duration // the tolerance that is added to virtual times
}

const labTimeout = 6 * time.Second // a client that hears nothing for 4 s leaves its server

// newLab makes a client of an ensemble.
func newLab(t *testing.T, e ensemble.Ensemble, timeout, slack time.Duration, by way) *lab {
	t.Helper()
	x := &lab{t: t, record: &record{}, timeout: timeout, slack: slack, root: fmt.Sprintf("/lab-%d", time.Now().UnixNano())}
	for _, s := range e.Servers() {
		x.servers = append(x.servers, s.Addr())
	}
	x.link = New(Config{Dial: e.Dial, Record: x.record.add})
	x.conn = x.open(by(x))
	x.admin = x.open(x.servers, e.Dial)
	t.Cleanup(func() {
		x.conn.Close()
		x.admin.Close()
		x.link.Close()
	})
	must.Get(x.admin.Create(x.root, nil, 0, zk.WorldACL(zk.PermAll)))(t)
	x.sync()
	return x
}

// way tells how the client reaches the link: to which addresses it connects, and how it dials.
type way func(x *lab) (reach []string, dial zk.Dialer)

func dialing(x *lab) ([]string, zk.Dialer) { return x.servers, x.link.Dial }

// listeners starts listeners of the link in memory, beside those of the servers.
func listeners(x *lab) ([]string, zk.Dialer) {
	var network memnet.Network
	addrs, stop, err := x.link.listen(x.servers, func(server string) (net.Listener, error) { return network.Listen(server) })
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() {
		if err := stop(); err != nil {
			x.t.Error(err)
		}
	})
	return addrs, network.DialTimeout
}

// inLab runs a test in memory, in virtual time.
func inLab(t *testing.T, test func(t *testing.T, x *lab)) {
	t.Helper()
	inLabBy(t, dialing, test)
}

func inLabBy(t *testing.T, by way, test func(t *testing.T, x *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{InMemory: true}))(t)
		t.Cleanup(func() { e.Close() })
		x := newLab(t, e, labTimeout, 0, by)
		test(t, x)
		mustBeClean(t, x.link)
	})
}

// experiment describes what a fault does to a client.
type experiment struct {
	name string
	test func(t *testing.T, x *lab)
}

// timed lists the experiments whose result is the time that something takes.
var timed = []experiment{
	{"stall", func(t *testing.T, x *lab) { labStall(t, x, Both) }},
	{"stall to-server", func(t *testing.T, x *lab) { labStall(t, x, ToServer) }},
	{"stall to-client", func(t *testing.T, x *lab) { labStall(t, x, ToClient) }},
	{"slow", labSlow},
	{"bar", labBar},
}

// experiments lists the experiments in which the behaviour of servers matters: they keep the session, or
// execute a request whose reply is lost.
var experiments = []experiment{
	{"refuse", labRefuse},
	{"move", labMove},
	{"move while connecting", labMoveWhileConnecting},
	{"lost requests", func(t *testing.T, x *lab) { labLosses(t, x, Request) }},
	{"lost replies", func(t *testing.T, x *lab) { labLosses(t, x, Reply) }},
	{"held events", labHeldEvents},
}

func TestFaultsOnAClient(t *testing.T) {
	for _, c := range slices.Concat(timed, experiments) {
		t.Run(c.name, func(t *testing.T) { inLab(t, c.test) })
	}
}

func TestFaultsOnAClientOfListeners(t *testing.T) {
	for _, c := range slices.Concat(timed, experiments) {
		t.Run(c.name, func(t *testing.T) { inLabBy(t, listeners, c.test) })
	}
}

func (x *lab) open(servers []string, dial zk.Dialer) *zk.Conn {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: servers, Timeout: x.timeout, Dial: dial})
	if err != nil {
		x.t.Fatal(err)
	}
	go func() {
		for range events {
		}
	}()
	return conn
}

// sync makes the client's server catch up.
func (x *lab) sync() {
	x.t.Helper()
	if _, err := x.conn.Sync(x.root); err != nil {
		x.t.Fatal(err)
	}
}

func (x *lab) create(path string) error {
	_, err := x.conn.Create(x.root+"/"+path, nil, 0, zk.WorldACL(zk.PermAll))
	return err
}

// exists asks over a connection that no fault affects.
func (x *lab) exists(path string) bool {
	x.t.Helper()
	x.admin.Sync(x.root)
	ok, _, err := x.admin.Exists(x.root + "/" + path)
	if err != nil {
		x.t.Fatal(err)
	}
	return ok
}

// works waits until the client can write again.
func (x *lab) works(path string) {
	x.t.Helper()
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		err := x.create(path)
		if err == nil || errors.Is(err, zk.ErrNodeExists) {
			return
		}
		if time.Since(began) > time.Minute {
			x.t.Fatalf("the client does not recover: %v", err)
		}
	}
}

func (x *lab) session() Session {
	s, _ := x.link.Session()
	return s
}

func (x *lab) wantSameSession(before Session) {
	x.t.Helper()
	if now := x.session(); now.ID != before.ID || !now.Connected {
		x.t.Errorf("session 0x%x before, now %+v", uint64(before.ID), now)
	}
}

// hex returns a session as records write it.
func hex(id int64) string { return history.ID(id).String() }
