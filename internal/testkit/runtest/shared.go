//go:build real

package runtest

import (
	"testing"

	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// Shared returns the test binary's ensemble of three servers in containers; see [dockertest.Ensemble].
func Shared(t testing.TB) Running {
	t.Helper()
	return Running{dockertest.Ensemble(t, 3)}
}
