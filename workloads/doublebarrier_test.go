package workloads_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/workloads"
)

// No party can be late by a negative time, and Start says so before the load.
func TestLateIsNotNegative(t *testing.T) {
	run, err := workloads.DoubleBarrier{Late: -time.Second}.Start(t.Context(), &workloads.Env{})
	if run != nil || err == nil {
		t.Errorf("%v, %v", run, err)
	}
}
