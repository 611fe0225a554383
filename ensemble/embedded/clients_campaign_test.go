//go:build real && campaign

package embedded_test

import "testing"

// goZookeeperByTheClock lists tests that depend on real time: SlowServer has a session of one second
// with delays of two seconds, and NoQuorum waits 14 seconds for something that must not come.
var goZookeeperByTheClock = []string{"TestIntegration_NoQuorum", "TestIntegration_SlowServer"}

func TestRealGoZookeeperByTheClock(t *testing.T) { passes(t, goZookeeperByTheClock) }
