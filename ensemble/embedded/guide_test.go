package embedded_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
)

func TestInRealTime(t *testing.T) {
	e, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	conn, _, err := zk.Connect(e.Addrs(), 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Create("/a", []byte("x"), 0, zk.WorldACL(zk.PermAll)); err != nil {
		t.Error(err)
	}
}

func TestInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := embedded.Start(embedded.Config{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		conn, events, err := zk.Connect(e.Addrs(), 4*time.Second, zk.WithDialer(e.Dial))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Create("/alive", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // takes milliseconds; the client's pings keep the session
		if ok, _, err := conn.Exists("/alive"); !ok || err != nil {
			t.Errorf("an hour later: %v, %v", ok, err)
		}
		conn.Close()
		for range events { // until the client's goroutines have ended
		}
	})
}

func TestLeaderIsKilled(t *testing.T) {
	e, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	server := e.Server(leader.ID())
	if err := server.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Here the other two elect a leader, and clients go over to them.
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := ensemble.WaitHealthy(t.Context(), e, time.Minute); err != nil {
		t.Error(err)
	}
}

// docs/embedded.md shows the code of this file.
func TestGuide(t *testing.T) {
	page, err := os.ReadFile("../../docs/embedded.md")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.ReadFile("guide_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) == 0 {
		t.Error("no code on the page")
	}
	for _, block := range blocks {
		if !strings.Contains(string(here), string(block[1])) {
			t.Errorf("this code of the page is not tested:\n%s", block[1])
		}
	}
}
