//go:build real

package shell

import (
	"net"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// The rows also hold on Apache ZooKeeper's servers.
func TestRealCommands(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			if r.lab {
				dockertest.Ensemble(t, 3) // restores the ensemble after the previous row
			}
			r.hold(t, e, e.(ensemble.Partitioner), net.DialTimeout)
		})
	}
}
