//go:build real

package shell

import (
	"net"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// The rows hold on Apache ZooKeeper's servers, too.
func TestRealCommands(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			if r.lab {
				dockertest.Ensemble(t, 3) // as before it was harmed by the row before
			}
			r.hold(t, e, e.(ensemble.Partitioner), net.DialTimeout)
		})
	}
}
