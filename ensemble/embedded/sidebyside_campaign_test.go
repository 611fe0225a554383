//go:build real && campaign

package embedded_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// TestRealSideBySideFaults makes servers of Apache ZooKeeper fail, and compares what their clients see
// with what was recorded. Java's servers take a minute to fail and come back, and have races: a scene
// that differs is played again.
func TestRealSideBySideFaults(t *testing.T) {
	dockertest.Require(t)
	var archive txtar.Archive
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			for range 3 {
				saw := onApache(t, scene.play)
				if *update {
					archive.Files = append(archive.Files, txtar.File{Name: scene.name, Data: []byte(saw)})
					return
				}
				d := cmp.Diff(readScenes(t)[scene.name], saw)
				if d == "" {
					return
				}
				t.Logf("(-recorded +Apache):\n%s", d)
			}
			t.Error("it differs each time")
		})
	}
	if *update && !t.Failed() {
		must.Do(t, os.WriteFile(scenesFile, txtar.Format(&archive), 0o666))
	}
}

// onApache plays a scene on a separate ensemble of Apache ZooKeeper.
func onApache(t *testing.T, play func(*stand)) string {
	t.Helper()
	e := must.Get(container.Config{JVMFlags: []string{"-Dzookeeper.forceSync=no"}}.Start(t.Context()))(t)
	defer e.Close()
	s := &stand{T: t, Ensemble: e}
	play(s)
	return s.text()
}
