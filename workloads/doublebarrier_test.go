package workloads_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/workloads"
)

// Nobody is late by less than nothing, and whoever asks for it is told so before the load.
func TestLateIsNotNegative(t *testing.T) {
	run, err := workloads.DoubleBarrier{Late: -time.Second}.Start(t.Context(), &workloads.Env{})
	if run != nil || err == nil {
		t.Errorf("%v, %v", run, err)
	}
}
