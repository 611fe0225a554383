//go:build real && campaign

package embedded_test

import "testing"

// goZookeeperByTheClock go by the clock: SlowServer has a session of a second behind delays of
// two, and NoQuorum waits for what may not come for 14 seconds.
var goZookeeperByTheClock = []string{"TestIntegration_NoQuorum", "TestIntegration_SlowServer"}

func TestRealGoZookeeperByTheClock(t *testing.T) { passes(t, goZookeeperByTheClock) }
