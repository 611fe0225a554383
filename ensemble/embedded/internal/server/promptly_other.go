//go:build !unix

package server

import "net"

// promptly returns nil: on this system, the standard library has no write that does not block.
func promptly(net.Conn) func([]byte) int { return nil }
