package ports

import (
	"os"
	"syscall"
)

// claimOne binds a socket to a port and does not listen. A socket is bound only where no other one is, unless both have
// SO_REUSEADDR and none listens (socket(7)). So the claim gets that option only afterwards: other claims fail, and
// servers, which Go starts with the option, can listen.
func claimOne(port int) (release func(), err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("setsockopt", err)
	}
	return func() { syscall.Close(fd) }, nil
}
