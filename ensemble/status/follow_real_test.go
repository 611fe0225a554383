//go:build real

package status_test

import (
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// manyLooks take a minute at the most: a busy machine's server may not answer one in its second.
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
