package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// raw opens a connection to a server, with a new session or an old one.
func raw(t testing.TB, addr string, session wire.Session) *zkclient.Conn {
	t.Helper()
	c, err := zkclient.Connect(t.Context(), zkclient.Config{Session: session, Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// do makes a request that must succeed.
func do(t testing.TB, c *zkclient.Conn, op wire.Op, req any) zkclient.Reply {
	t.Helper()
	r, err := c.Do(t.Context(), op, req)
	if err != nil || r.Header.Err != wire.OK {
		t.Fatalf("%v: %v, %v", op, r.Header.Err, err)
	}
	return r
}

func makeOf(path string, mode wire.CreateMode) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, Data: []byte(path), ACL: openToAll, Mode: mode}
}

// body returns the record after the header of a reply.
func body(t testing.TB, r zkclient.Reply) any {
	t.Helper()
	return must.Get(r.Decode())(t)
}

func dataOf(t testing.TB, c *zkclient.Conn, path string) any {
	t.Helper()
	do(t, c, wire.Sync, &wire.PathRequest{Path: "/"})
	return body(t, do(t, c, wire.GetData, &wire.ReadRequest{Path: path}))
}

// An ensemble continues where it was: with znodes and their stats, counters, sessions with their
// passwords and ephemerals, and increasing zxids.
func TestDataOutlivesTheEnsemble(t *testing.T) {
	for name, keep := range map[string]int{"log": 0, "snapshot and log": 5} {
		t.Run(name, func(t *testing.T) {
			cfg := embedded.Config{Data: t.TempDir()}
			e := start(t, cfg)
			for id := range e.Servers() {
				e.Server(id + 1).Fold(keep)
			}
			c := raw(t, e.Addrs()[0], wire.Session{Timeout: time.Minute})
			do(t, c, wire.Create, makeOf("/a", wire.Persistent))
			for range 20 {
				do(t, c, wire.Create2, makeOf("/a/s", wire.PersistentSequential))
			}
			do(t, c, wire.Create, makeOf("/e", wire.Ephemeral))
			do(t, c, wire.SetData, &wire.SetDataRequest{Path: "/a", Data: []byte("new"), Version: 0})
			want := []any{dataOf(t, c, "/a"), dataOf(t, c, "/a/s0000000019"), dataOf(t, c, "/e")}
			last, session := c.LastZxid(), c.Session()
			c.Close()
			must.Do(t, e.Close())

			e = start(t, cfg)
			c = raw(t, e.Addrs()[2], session)
			got := []any{dataOf(t, c, "/a"), dataOf(t, c, "/a/s0000000019"), dataOf(t, c, "/e")}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			r := do(t, c, wire.Create, makeOf("/a/s", wire.PersistentSequential))
			if path := body(t, r).(wire.CreateReply).Path; path != "/a/s0000000020" || c.LastZxid() <= last {
				t.Errorf("created %s, zxid %#x behind %#x", path, c.LastZxid(), last)
			}
			do(t, c, wire.CloseSession, nil)
			if _, err := ensemble.WaitHealthy(t.Context(), e, time.Minute); err != nil {
				t.Error(err)
			}
			other := raw(t, e.Addrs()[1], wire.Session{})
			do(t, other, wire.Sync, &wire.PathRequest{Path: "/"})
			if r, err := other.Do(t.Context(), wire.Exists, &wire.ReadRequest{Path: "/e"}); err != nil || r.Header.Err != wire.NoNode {
				t.Errorf("the ephemeral of a closed session: %v, %v", r.Header.Err, err)
			}
		})
	}
}

func TestDataRefused(t *testing.T) {
	dir := t.TempDir()
	e := start(t, embedded.Config{Nodes: 1, Data: dir})
	if _, err := embedded.Start(embedded.Config{Nodes: 1, Data: dir}); !errors.Is(err, embedded.ErrDataInUse) {
		t.Errorf("of two at once: %v", err)
	}
	e.Close()
	if _, err := embedded.Start(embedded.Config{Nodes: 3, Data: dir}); !errors.Is(err, embedded.ErrDataOther) {
		t.Errorf("with more servers: %v", err)
	}
	if _, err := embedded.Start(embedded.Config{InMemory: true, Data: dir}); !errors.Is(err, embedded.ErrConfig) {
		t.Errorf("in memory: %v", err)
	}
	must.Do(t, os.WriteFile(dir+"/server-1/epochs", []byte("x"), 0o600))
	if _, err := embedded.Start(embedded.Config{Nodes: 1, Data: dir}); !errors.Is(err, embedded.ErrDataDamaged) {
		t.Errorf("damaged: %v", err)
	}
}

// A server whose files cannot be written ends and reports it; the other servers continue.
func TestFilesThatCannotBeWritten(t *testing.T) {
	e := start(t, embedded.Config{Data: t.TempDir()})
	follower := e.Server(1)
	if leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers()); err != nil {
		t.Fatal(err)
	} else if leader.ID() == 1 {
		follower = e.Server(2)
	}
	other := e.Server(3)
	if follower == other {
		other = e.Server(1)
	}
	follower.LoseFiles()
	c := raw(t, other.Addr(), wire.Session{})
	do(t, c, wire.Create, makeOf("/a", wire.Persistent))
	select {
	case err := <-e.Failed():
		if !strings.HasPrefix(err.Error(), fmt.Sprintf("server %d cannot write its files: ", follower.ID())) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing failed")
	}
	if down, _ := follower.Down(t.Context()); !down {
		t.Error("it goes on")
	}
	if err := follower.Start(t.Context()); err == nil {
		t.Error("it starts again")
	}
	do(t, c, wire.Create, makeOf("/b", wire.Persistent))
}

// dataEnv names the folder of an ensemble that this binary is to run until it is
// killed; see TestDataOutlivesSIGKILL.
const dataEnv = "ZKLAB_TEST_DATA"

// runForever is the main function of the process that is killed. It prints the connect string.
func runForever(dir string) {
	e, err := embedded.Start(embedded.Config{Data: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for id := range e.Servers() {
		e.Server(id + 1).Fold(50) // so that it is sometimes killed while it writes snapshots
	}
	fmt.Println(strings.Join(e.Addrs(), ","))
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test at the latest
	os.Exit(0)
}

// Nothing acknowledged is lost when the process is killed while clients write.
func TestDataOutlivesSIGKILL(t *testing.T) {
	dir := t.TempDir()
	written := 0
	for round := range 4 {
		p := startProcess(t, dir)
		c := raw(t, p.addrs[round%3], wire.Session{})
		do(t, c, wire.Sync, &wire.PathRequest{Path: "/"})
		for i := range written {
			if r, err := c.Do(t.Context(), wire.Exists, &wire.ReadRequest{Path: fmt.Sprintf("/n%d", i)}); err != nil || r.Header.Err != wire.OK {
				t.Fatalf("round %d: write %d of %d, which was acknowledged: %v, %v", round, i, written, r.Header.Err, err)
			}
		}
		acked := p.writeUntilKilled(t, c, written, 100+150*round)
		t.Logf("round %d: %d writes acknowledged", round, acked-written)
		written = acked
	}
}

type process struct {
	cmd   *exec.Cmd
	addrs []string
}

func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	self := must.Get(os.Executable())(t)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), dataEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out := must.Get(cmd.StdoutPipe())(t)
	must.Get(cmd.StdinPipe())(t)
	must.Do(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line := must.Get(bufio.NewReader(out).ReadString('\n'))(t)
	return &process{cmd, strings.Split(strings.TrimSpace(line), ",")}
}

// writeUntilKilled has many writes in flight, kills the process after some of the replies, and returns
// how many writes were acknowledged.
func (p *process) writeUntilKilled(t *testing.T, c *zkclient.Conn, from, killAfter int) (acked int) {
	t.Helper()
	for i := range killAfter + 1000 {
		if _, err := c.Send(t.Context(), wire.Create, makeOf(fmt.Sprintf("/n%d", from+i), wire.Persistent)); err != nil {
			break
		}
	}
	for acked = from; ; acked++ {
		if acked == from+killAfter {
			p.cmd.Process.Kill()
		}
		f, err := c.Next(t.Context())
		if err != nil {
			p.cmd.Process.Kill() // on a slow machine the session has expired before
			p.cmd.Wait()
			return acked
		}
		if code := f.Header.Err; code == wire.NodeExists {
			continue // a write of the last round that nobody was told of
		} else if code != wire.OK {
			t.Fatalf("write %d: %v", acked, code)
		}
	}
}

// Clients of go-zookeeper find the data as well.
func TestDataAreForAnyClient(t *testing.T) {
	cfg := embedded.Config{Nodes: 1, Data: t.TempDir(), Fsync: true}
	e := start(t, cfg)
	must.Get(zkClient(t, e, time.Minute).Create("/x", []byte("y"), 0, zk.WorldACL(zk.PermAll)))(t)
	e.Close()
	e = start(t, cfg)
	if data, _, err := zkClient(t, e, time.Minute).Get("/x"); string(data) != "y" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}
