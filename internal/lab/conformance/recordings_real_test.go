//go:build real

package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// recordedAtOnce is how many scripts run at once: a script mostly waits.
const recordedAtOnce = 24

// realPlace starts an ensemble of Apache ZooKeeper, which does not force its
// transactions to disk.
func realPlace(t testing.TB, sweep time.Duration, settings ...string) *place {
	t.Helper()
	dockertest.Require(t)
	return newRunning(t, container.Config{Settings: settings, JVMFlags: []string{
		"-Dzookeeper.forceSync=no",
		"-Dzookeeper.extendedTypesEnabled=true",
		fmt.Sprintf("-Dznode.container.checkIntervalMs=%d", sweep.Milliseconds()),
		"-Dzookeeper.DigestAuthenticationProvider.superDigest=" + digest("super"),
	}})
}

// TestRealDifferential runs the scripts of the recordings on Apache ZooKeeper.
func TestRealDifferential(t *testing.T) {
	checkRecordings(t, realPlace(t, never), manual, generated)
}

// TestRealOtherSettings runs the scripts that need other settings, on an ensemble with all these
// settings.
func TestRealOtherSettings(t *testing.T) {
	p := realPlace(t, halfSecond, "reconfigEnabled=true")
	checkRecordings(t, p, reconfiguring) // one of its scripts watches all znodes
	checkRecordings(t, p, sweeping)
}

// checkRecordings compares recordings with what clients of a real ensemble see, or rewrites them. The scripts
// of all recordings run at once, except those of a shared recording.
func checkRecordings(t *testing.T, p *place, recordings ...recording) {
	var all sync.WaitGroup
	saw := make([][]string, len(recordings))
	for i, r := range recordings {
		all.Go(func() { saw[i] = r.play(t, p) })
	}
	all.Wait()
	for i, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			if *update {
				r.write(t, saw[i])
				return
			}
			want := r.traces(t)
			for n, s := range r.scripts {
				if d := cmp.Diff(want[s.Name], saw[i][n]); d != "" {
					t.Errorf("%s (-recorded +Apache):\n%s", s.Name, d)
				}
			}
		})
	}
}

// play returns what the clients of each script see.
func (r recording) play(t *testing.T, p *place) []string {
	saw := make([]string, len(r.scripts))
	var running errgroup.Group
	running.SetLimit(recordedAtOnce)
	if r.shared {
		running.SetLimit(1)
	}
	for i, s := range r.scripts {
		running.Go(func() error {
			saw[i] = s.play(t.Context(), p).String()
			return nil
		})
	}
	_ = running.Wait() // there is no error: everything is in the traces
	return saw
}

func (r recording) write(t *testing.T, saw []string) {
	t.Helper()
	archive := txtar.Archive{Comment: []byte("What clients of Apache ZooKeeper saw. TestRealDifferential writes it with -update.\n\n")}
	for i, s := range r.scripts {
		archive.Files = append(archive.Files, txtar.File{Name: s.Name, Data: []byte(saw[i])})
	}
	must.Do(t, os.MkdirAll(filepath.Dir(r.file()), 0o777))
	must.Do(t, os.WriteFile(r.file(), txtar.Format(&archive), 0o666))
}
