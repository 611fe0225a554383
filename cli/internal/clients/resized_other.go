//go:build !unix

package clients

import "os"

// notifyResized does nothing: on this system, no signal reports that the size of the terminal has
// changed.
func notifyResized(chan<- os.Signal) {}
