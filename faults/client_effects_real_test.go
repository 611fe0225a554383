//go:build real

package faults_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// realTimeout is the timeout of sessions on real servers, long enough that none expires too early on a
// busy machine.
const realTimeout = 10 * time.Second

// Faults of clients, their sessions and znodes have the same effects on real servers as on embedded
// ones.
func TestRealClientFaults(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	for name, test := range clientTests {
		if test.measures {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, e, realTimeout, 3)
			defer l.close()
			test.run(l)
		})
	}
}
