package faults_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
)

// The wall clock of the leader dates znodes; no session ends by its jump, ahead or back, for as long as it lasts.
func TestWallClock(t *testing.T) {
	for _, tt := range []struct {
		spec string
		off  time.Duration // of a new znode's ctime
		hit  int
	}{
		{"wall-clock:by=1h0m0s", time.Hour, 1},
		{"wall-clock:leader:by=-3h0m0s", -3 * time.Hour, 1},
		{"wall-clock:all:by=2s", 2 * time.Second, 3},
		{"wall-clock:followers:by=1h0m0s", 0, 2},
		{"wall-clock:majority:by=-1s", 0, 2},
		{"wall-clock", 0, 1},
	} {
		t.Run(tt.spec, func(t *testing.T) {
			onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
				dated := func(name string) time.Duration {
					t.Helper()
					must.Get(l.clients[0].Create(l.folder()+name, nil, zk.FlagEphemeral, open))(t)
					must.Get(l.clients[1].Sync(l.folder()))(t)
					_, s, err := l.clients[1].Exists(l.folder() + name)
					if err != nil {
						t.Fatal(err)
					}
					return time.Until(time.UnixMilli(s.Ctime)).Round(time.Second)
				}
				e := l.seen(parsed(t, tt.spec))
				step := e.Describe()
				if len(step.Servers) != tt.hit || !strings.Contains(step.Detail, "the clocks are ") {
					t.Errorf("%d servers, %q", len(step.Servers), step.Detail)
				}
				off := dated("/during")
				if tt.off != 0 && off != tt.off || tt.off == 0 && strings.Contains(tt.spec, "followers") && off != 0 {
					t.Errorf("a znode is dated %v off", off)
				}
				if strings.Contains(step.Detail, "ctime") != (off != 0) {
					t.Errorf("%q, and a znode is dated %v off", step.Detail, off)
				}
				time.Sleep(3 * labTimeout)
				for _, c := range l.clients {
					if c.State() != zk.StateHasSession || c.SessionID() == 0 {
						t.Errorf("client %d is %v", c.id, c.State())
					}
				}
				if is, _, err := l.clients[1].Exists(l.folder() + "/during"); err != nil || !is {
					t.Errorf("an ephemeral znode of a client that lives: %t, %v", is, err)
				}
				l.healed(e, em.Clean)
				if off := dated("/after"); off != 0 {
					t.Errorf("after the end a znode is dated %v off", off)
				}
				if err := e.Verify(t.Context()); err == nil {
					t.Error("it is seen although it is healed")
				}
			})
		})
	}
}

// Jumps are ahead and back, and from a second to some hours.
func TestDrawnWallClocks(t *testing.T) {
	var ahead, back, short, long int
	for seed := range uint64(30) {
		onServers(t, embedded.Config{Nodes: 1}, func(l *lab, em *embedded.Ensemble) {
			l.seed = seed
			e := l.seen(parsed(t, "wall-clock"))
			_, value, _ := strings.Cut(e.Describe().Spec, ":by=")
			by, err := time.ParseDuration(value)
			if err != nil || by.Abs() < time.Second || by.Abs() > 4*time.Hour {
				t.Errorf("%s: %v", e.Describe().Spec, err)
			}
			switch {
			case by > 0:
				ahead++
			case by < 0:
				back++
			}
			switch {
			case by.Abs() < 10*time.Second:
				short++
			case by.Abs() > 5*time.Minute:
				long++
			}
			l.healed(e, em.Clean)
		})
	}
	if ahead < 5 || back < 5 || short < 5 || long < 5 {
		t.Errorf("%d ahead, %d back, %d of seconds, %d of minutes and hours", ahead, back, short, long)
	}
	for _, by := range []time.Duration{time.Millisecond, 25 * time.Hour, -48 * time.Hour} {
		e := must.Get(embedded.Config{}.Sketch())(t)
		if err := (faults.WallClock{By: by}).Available(faults.Setting{Ensemble: e}); err == nil {
			t.Errorf("a jump by %v is possible", by)
		}
		e.Close()
	}
}
