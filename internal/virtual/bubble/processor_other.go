//go:build !unix

package bubble

import "time"

var began = time.Now()

// processorTime is the time since this process began: what it has used is not known here.
func processorTime() time.Duration { return time.Since(began) }
