package object

import (
	"testing"

	"github.com/zklab/zklab/workloads"
)

// The usual needs of answers name their operation, so that a verdict can say why there were none.
func TestUsualNeeds(t *testing.T) {
	needs := usualNeeds([]*operation{
		{name: "add", load: workloads.MixedOperation{Weight: 1}},
		{name: "last", load: workloads.MixedOperation{Final: true}},
	})
	if len(needs) != 3 || needs[0].Operation != "add" || needs[1].Operation != "last" {
		t.Errorf("%+v", needs)
	}
}
