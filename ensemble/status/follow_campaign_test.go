//go:build real && campaign

package status_test

import (
	"testing"

	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// Each server of five is lost, which takes two minutes.
func TestRealEachServerInContainers(t *testing.T) {
	e := dockertest.Ensemble(t, 5)
	eachServer(t, e, e.Servers(), manyLooks)
}
