//go:build real

package workloads_test

import (
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// BenchmarkHarnessContainers is BenchmarkHarness on Apache ZooKeeper: a user pays the
// ratio of its two rows.
func BenchmarkHarnessContainers(b *testing.B) {
	e := dockertest.Ensemble(b, 3)
	warm(b, e)
	benchmarkHarness(b, e)
}

// warm lets the servers compile what they will run, or the first row of the
// table would pay for it.
func warm(b *testing.B, e ensemble.Ensemble) {
	conn := connect(b, e, 0, e.Dial)
	for range 5000 {
		must.Get(conn.Set("/", nil, -1))(b)
	}
}
