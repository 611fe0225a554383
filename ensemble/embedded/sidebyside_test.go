package embedded_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/dockertest"
)

// scenes are faults of servers, each seen by clients. A scene begins with a
// healthy ensemble and leaves the servers running.
var scenes = []struct {
	name string
	play func(*stand)
}{
	{"leader paused briefly", sceneBriefPause},
	{"leader paused for long", sceneLongPause},
	{"leader wakes among sessions that are overdue", sceneOverdue},
	{"follower paused for long", sceneFollowerPaused},
	{"leader killed, then the majority", sceneLeaderKilled},
	{"follower killed, then all", sceneAllKilled},
}

// TestSideBySideFaults lets the servers of an embedded ensemble and those of
// Apache ZooKeeper fail in the same ways, and compares what their clients see:
// which connections answer, end or are silent, what becomes of sessions,
// ephemerals, watches and requests that were under way. Times are compared with
// broad bounds only: the embedded ensemble elects its leaders in milliseconds.
func TestSideBySideFaults(t *testing.T) {
	if os.Getenv("ZKLAB_COMPARE") == "" {
		t.Skip("Java's servers take a minute to fail and come back, and race with themselves: see make compare")
	}
	dockertest.Require(t)
	sides := []struct {
		name string
		cfg  ensemble.Starter
	}{
		{"Apache", container.Config{JVMFlags: []string{"-Dzookeeper.forceSync=no"}}},
		{"embedded", embedded.Config{}},
	}
	ensembles := make([]ensemble.Ensemble, len(sides))
	for i, side := range sides {
		e, err := side.cfg.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		ensembles[i] = e
	}
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			saw := make([][]string, len(sides))
			t.Run("on", func(t *testing.T) {
				for i, side := range sides {
					t.Run(side.name, func(t *testing.T) {
						t.Parallel()
						s := &stand{T: t, Ensemble: ensembles[i]}
						scene.play(s)
						saw[i] = s.saw
					})
				}
			})
			if saw[0] == nil || saw[1] == nil {
				return // it was skipped or failed
			}
			for _, line := range saw[0] {
				t.Log(line)
			}
			if d := cmp.Diff(saw[0], saw[1]); d != "" {
				t.Errorf("(-Apache +embedded):\n%s", d)
			}
		})
	}
}
