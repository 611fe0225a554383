//go:build unix

package server

import (
	"net"
	"syscall"
)

// promptly returns a function that writes as many bytes to a connection as the system takes without
// blocking, and returns their number. It returns nil for a connection that cannot do that, such as
// one with TLS.
func promptly(nc net.Conn) func([]byte) int {
	c, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	var p []byte
	var n int
	once := func(fd uintptr) bool {
		n, _ = syscall.Write(int(fd), p) // the writer tries again, and gets the error
		return true
	}
	return func(b []byte) int {
		p, n = b, 0
		_ = raw.Write(once)
		p = nil
		return max(n, 0)
	}
}
