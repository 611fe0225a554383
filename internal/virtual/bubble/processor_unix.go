//go:build unix

package bubble

import (
	"syscall"
	"time"
)

// processorTime is how long this process has used processors, in all.
func processorTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
