package embedded_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
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
	{"clients that only prove who they are", sceneCredentialsAlone},
}

// scenesFile has what clients of Apache ZooKeeper saw of each scene.
// TestRealSideBySideFaults compares it with real servers, and writes it with -update.
const scenesFile = "testdata/apache/faults.txtar"

func readScenes(t *testing.T) map[string]string {
	t.Helper()
	archive := must.Get(txtar.ParseFile(scenesFile))(t)
	saw := map[string]string{}
	for _, f := range archive.Files {
		saw[f.Name] = string(f.Data)
	}
	return saw
}

// TestFaultsAsApache makes the servers of an embedded ensemble fail in virtual time like those of
// Apache ZooKeeper did, and compares what their clients see: which connections answer, end or are
// silent, and what becomes of sessions, ephemerals, watches and outstanding requests. Times are only
// compared broadly, because the embedded ensemble elects its leaders in milliseconds.
func TestFaultsAsApache(t *testing.T) {
	apache := readScenes(t)
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stand{T: t, Ensemble: start(t, embedded.Config{InMemory: true})}
				scene.play(s)
				if d := cmp.Diff(apache[scene.name], s.text()); d != "" {
					t.Errorf("(-Apache +embedded):\n%s", d)
				}
			})
		})
	}
}

// text returns everything that was seen.
func (s *stand) text() string { return strings.Join(s.saw, "\n") + "\n" }
