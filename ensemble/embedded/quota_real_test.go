//go:build real

package embedded_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Apache's servers enforce quotas like the embedded ones.
func TestRealQuotasAreEnforced(t *testing.T) {
	dockertest.Require(t)
	// There is one server, because a leader uses the state that it has applied, and a follower's client
	// may already have seen a later one.
	e := must.Get(container.Config{Nodes: 1, Settings: []string{"enforceQuota=true"}}.Start(t.Context()))(t)
	defer e.Close()
	if d := cmp.Diff(enforced(), outcomes(t, raw(t, e.Servers()[0].Addr(), wire.Session{}))); d != "" {
		t.Errorf("(-want +Apache):\n%s", d)
	}
}
