//go:build real

package status_test

import (
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// manyLooks looks take at most a minute: on a busy machine, a server may not answer a look within its
// second.
const manyLooks = 60

// Java's servers need seconds to start and to find each other: only the leader is lost.
func TestRealLeaderInContainers(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	eachServer(t, e, []ensemble.Server{leader}, manyLooks)
}
