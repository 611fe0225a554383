// Package cputime returns how much processor time this process has used, for benchmarks.
package cputime

import "time"

// Used returns the processor time that this process has used so far, in user and system mode; 0 where
// the operating system does not say.
func Used() time.Duration { return used() }
