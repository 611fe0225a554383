package history

import (
	"fmt"
	"math"
	"time"
)

// Bounds of what a run can have had. ZooKeeper's protocol and its servers count
// time-outs in milliseconds of 32 bits.
const (
	mostParameter    = math.MaxInt32 // of a number
	longestParameter = math.MaxInt32 * time.Millisecond
)

// Check says which parameter no run can have had, by its name in the file; nil: all
// are possible. A parameter that is 0 is not told.
func (p Params) Check() error {
	for _, n := range []struct {
		name  string
		value int
	}{
		{"clients", p.Clients},
		{"servers", p.Servers},
		{"min_load", p.MinLoad},
		{"parties", p.Parties},
		{"leases", p.Leases},
	} {
		if n.value < 0 || n.value > mostParameter {
			return fmt.Errorf("%s is %d: expected a number from 0 to %d", n.name, n.value, mostParameter)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"session_timeout", p.SessionTimeout},
		{"tick", p.Tick},
		{"reconnect", p.Reconnect},
	} {
		if d.value < 0 || d.value > longestParameter {
			return fmt.Errorf("%s is %d: expected nanoseconds from 0 to %d", d.name, int64(d.value), int64(longestParameter))
		}
	}
	return nil
}
