//go:build campaign

package styles_test

import (
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/testkit/styles"
)

// TestCampaign is the default test of each recipe.
func TestCampaign(t *testing.T) {
	for _, r := range styles.Recipes {
		t.Run(r.Name, func(t *testing.T) { zklab.Simulate(t, zklab.Experiment{Workload: r.Workload}) })
	}
}
