package link

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// openZK opens the real client through the link.
func openZK(t *testing.T, l *Link, timeout time.Duration, servers ...string) (*zk.Conn, <-chan zk.Event) {
	t.Helper()
	states := make(chan zk.Event, 1000)
	conn, _, err := zk.Connect(servers, timeout, zk.WithDialer(l.Dial), zk.WithLogger(quiet{}), zk.WithLogInfo(false),
		zk.WithEventCallback(func(e zk.Event) { states <- e }))
	if err != nil {
		t.Fatal(err)
	}
	return conn, states
}

func await(t *testing.T, events <-chan zk.Event, want zk.State) {
	t.Helper()
	for late := time.After(time.Minute); ; {
		select {
		case e := <-events:
			if e.State == want {
				return
			}
		case <-late:
			t.Fatalf("no %s", want)
		}
	}
}

func TestZKClient(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		conn, events := openZK(t, l, 4*time.Second, "10.0.0.1:2181")
		defer conn.Close()
		await(t, events, zk.StateHasSession)
		time.Sleep(10 * time.Second) // pings pass

		request := lose(t, l, Rule{What: Request, Op: wire.Create})
		if _, err := conn.Create("/a", nil, 0, zk.WorldACL(zk.PermAll)); !errors.Is(err, zk.ErrConnectionClosed) {
			t.Errorf("lost request: %v", err)
		}
		if got := s.requests(); slices.Contains(got, "create /a") || !happened(request) {
			t.Errorf("the server got %v", got)
		}
		await(t, events, zk.StateHasSession)
		reply := lose(t, l, Rule{What: Reply, Op: wire.Create})
		if _, err := conn.Create("/b", nil, 0, zk.WorldACL(zk.PermAll)); !errors.Is(err, zk.ErrConnectionClosed) {
			t.Errorf("lost reply: %v", err)
		}
		if got := s.requests(); !slices.Contains(got, "create /b") || !happened(reply) {
			t.Errorf("the server got %v", got)
		}
		await(t, events, zk.StateHasSession)
		if _, err := conn.Create("/c", nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		must.Get(l.ExpireSession(t.Context(), conn.SessionID(), "a:2181"))(t)
		await(t, events, zk.StateExpired)
		await(t, events, zk.StateHasSession)
		if n := l.Requests()[wire.Ping]; n < 5 {
			t.Errorf("%d pings", n)
		}
		conn.Close()
		l.Close()
		synctest.Wait()
		// The server drops the client and answers the client that closed the session at the same time.
		slices.SortFunc(r.events[5:7], func(a, b history.Event) int { return strings.Compare(a.F, b.F) })
		wantFacts(t, r,
			"connected 0x1a1", "disconnected 0x1a1", "connected 0x1a1", "disconnected 0x1a1", "connected 0x1a1",
			"dead 0x1a1", "disconnected 0x1a1", "expired 0x1a1", "connected 0x1a2", "dead 0x1a2", "disconnected 0x1a2")
	})
}

// A paused server accepts connections and stays silent. Without the link, the client would wait 26.7 s.
func TestZKClientLeavesASilentServer(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		s.silent = true
		time.AfterFunc(500*time.Millisecond, func() { s.tell(func() { s.silent = false }) })
		began := time.Now()
		conn, events := openZK(t, l, 4*time.Second, "10.0.0.1:2181", "10.0.0.2:2181")
		defer conn.Close()
		await(t, events, zk.StateHasSession)
		if took := time.Since(began); took < DefaultConnectTimeout || took > 3*time.Second {
			t.Errorf("took %s", took)
		}
	})
}
