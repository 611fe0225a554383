//go:build !unix

package clients

import "os"

// notifyResized tells nothing: here no signal tells that the terminal has another size.
func notifyResized(chan<- os.Signal) {}
