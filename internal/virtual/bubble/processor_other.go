//go:build !unix

package bubble

import "time"

var began = time.Now()

// processorTime returns the time since this process began: its processor time is not known on this
// system.
func processorTime() time.Duration { return time.Since(began) }
