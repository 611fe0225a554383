//go:build real

package conformance

import (
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Apache's servers conform with their default settings.
func TestRealApacheConforms(t *testing.T) {
	t.Parallel()
	dockertest.Require(t)
	for name, c := range map[string]container.Config{
		"3.9, three":              {},
		"3.9, one":                {Nodes: 1},
		"3.9, TTL and slow ticks": {Tick: 2 * time.Second, JVMFlags: []string{"-Dzookeeper.extendedTypesEnabled=true"}},
		"3.8, three":              {Image: "zklab/zookeeper:3.8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := must.Get(c.Start(t.Context()))(t)
			defer e.Close()
			var addrs []string
			for _, s := range e.Servers() {
				addrs = append(addrs, s.Addr())
			}
			begun := time.Now()
			target := Target{Servers: addrs, Dial: e.Dial, Patience: time.Minute, Name: "zklab-conform"}
			report, err := Check(t.Context(), target, func(r Result) {
				if r.Outcome == Differs {
					t.Errorf("%s: %s", r.Script, r.Detail)
				}
			})
			if err != nil || report.Left != "" {
				t.Error(err, report.Left)
			}
			t.Logf("%d of %d scripts in %s; %q, %q", report.Count(OK), len(report.Results), time.Since(begun).Round(time.Second), report.Servers, report.Notes)
		})
	}
}
