//go:build real

package embedded_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Apache's servers enforce quotas as the embedded ones do.
func TestRealQuotasAreEnforced(t *testing.T) {
	dockertest.Require(t)
	// One server: a leader goes by what it has applied, which a follower's client may be ahead of.
	e, err := container.Config{Nodes: 1, Settings: []string{"enforceQuota=true"}}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if d := cmp.Diff(enforced(), outcomes(t, raw(t, e.Servers()[0].Addr(), wire.Session{}))); d != "" {
		t.Errorf("(-want +Apache):\n%s", d)
	}
}
