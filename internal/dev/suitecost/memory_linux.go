package suitecost

import (
	"os"
	"syscall"
)

// memoryOf returns the most memory that an ended process had at once, in bytes (getrusage(2): kilobytes on Linux).
func memoryOf(p *os.ProcessState) int64 {
	if used, ok := p.SysUsage().(*syscall.Rusage); ok {
		return used.Maxrss << 10
	}
	return 0
}
