//go:build campaign

package styles_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/testkit/styles"
)

// TestCampaign is the default test of each recipe, with 200 seeds instead of 50:
//
//	go test -tags campaign -timeout 2h -run TestCampaign ./internal/testkit/styles
func TestCampaign(t *testing.T) {
	for _, r := range styles.Recipes {
		for first := int64(1); first <= 200; first += 50 {
			t.Run(fmt.Sprintf("%s/from %d", r.Name, first), func(t *testing.T) {
				zklab.Simulate(t, zklab.Experiment{Workload: r.Workload, Seed: first})
			})
		}
	}
}

// TestExploreCampaign tries faults at the messages of each recipe for half a minute:
//
//	go test -tags campaign -timeout 2h -run TestExploreCampaign ./internal/testkit/styles
func TestExploreCampaign(t *testing.T) {
	for _, r := range styles.Recipes {
		t.Run(r.Name, func(t *testing.T) {
			zklab.Explore(t, zklab.Experiment{Workload: r.Workload, Budget: 30 * time.Second, AllowUnknown: true})
		})
	}
}
