//go:build real && campaign

package status_test

import (
	"testing"

	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// Each of five servers is lost once, which takes two minutes.
func TestRealEachServerInContainers(t *testing.T) {
	e := dockertest.Ensemble(t, 5)
	eachServer(t, e, e.Servers(), manyLooks)
}
