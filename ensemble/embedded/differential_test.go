package embedded_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/dockertest"
)

// batch is how many scripts run at once: a script mostly waits.
const batch = 24

// never is a time between two sweeps for empty containers: none comes while
// scripts run.
const never = 1000 * time.Hour

// realPlace starts an ensemble of Apache ZooKeeper, which does not force its
// transactions to disk.
func realPlace(t testing.TB, sweep time.Duration) *place {
	t.Helper()
	dockertest.Require(t)
	return newRunning(t, container.Config{JVMFlags: []string{
		"-Dzookeeper.forceSync=no",
		"-Dzookeeper.extendedTypesEnabled=true",
		fmt.Sprintf("-Dznode.container.checkIntervalMs=%d", sweep.Milliseconds()),
		"-Dzookeeper.DigestAuthenticationProvider.superDigest=" + digest("super"),
	}})
}

func embeddedPlace(t testing.TB, sweep time.Duration) *place {
	t.Helper()
	return newRunning(t, embedded.Config{Sweep: sweep, SuperDigest: digest("super")})
}

func newRunning(t testing.TB, s ensemble.Starter) *place {
	t.Helper()
	e, err := s.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlace(t.Context(), e)
	if err != nil {
		e.Close()
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// difference runs a script on both and says where what the clients saw differs.
// On two ensembles it has the same root, so that the orders of lists, which come
// from hashes of paths, can be compared as well.
func difference(ctx context.Context, want, got *place, s script) string {
	root, other := freshRoot(), freshRoot()
	one := want.servers[0].Addr() == got.servers[0].Addr()
	if !one {
		other = root
	}
	var left, right []string
	var both sync.WaitGroup
	both.Go(func() { left = play(ctx, want, s, root, one) })
	both.Go(func() { right = play(ctx, got, s, other, one) })
	both.Wait()
	return cmp.Diff(left, right)
}

// differences runs scripts side by side and reports the first that differs.
func differences(ctx context.Context, want, got *place, scripts []script) string {
	found := make([]string, len(scripts))
	var all sync.WaitGroup
	for i, s := range scripts {
		all.Go(func() {
			if d := confirmed(ctx, want, got, s); d != "" {
				found[i] = fmt.Sprintf("this script:\n%s\nis seen differently (-want +got):\n%s", s, d)
			}
		})
	}
	all.Wait()
	for _, f := range found {
		if f != "" {
			return f
		}
	}
	return ""
}

// confirmed gives a difference that is there each time. On Apache's servers a
// commit can come between the handling of a request and its reply, or not, and one
// server applies it later than another has acknowledged it.
func confirmed(ctx context.Context, want, got *place, s script) (d string) {
	for range 3 {
		if d = difference(ctx, want, got, s); d == "" {
			return ""
		}
	}
	return d
}

// agree fails the test with the smallest script that the two see differently.
func agree(t *testing.T, want, got *place, batch int) {
	t.Helper()
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		scripts := rapid.SliceOfN(someScript, batch, batch).Draw(t, "scripts")
		if d := differences(ctx, want, got, scripts); d != "" {
			t.Fatal(strings.TrimSpace(d))
		}
	})
}

// TestDifferential runs the same scripts on an embedded ensemble and on Apache
// ZooKeeper. What clients can tell apart is a defect of the embedded one, but
// for what the package's documentation lists.
func TestDifferential(t *testing.T) {
	real, ours := realPlace(t, never), embeddedPlace(t, never)
	t.Run("by hand", func(t *testing.T) { agreeByName(t, real, ours, byName) })
	t.Run("generated", func(t *testing.T) { agree(t, real, ours, batch) })
	// What a script shows on one ensemble must not depend on chance.
	t.Run("twice on the same", func(t *testing.T) { agree(t, real, real, batch/8) })
}

// TestDifferentialSweep is about containers and nodes with a time to live,
// which the leader looks for now and then.
func TestDifferentialSweep(t *testing.T) {
	const often = 500 * time.Millisecond
	agreeByName(t, realPlace(t, often), embeddedPlace(t, often), swept)
}

func agreeByName(t *testing.T, want, got *place, scripts map[string]script) {
	for name, s := range scripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := confirmed(t.Context(), want, got, s); d != "" {
				t.Errorf("(-Apache +embedded):\n%s", d)
			}
		})
	}
}
