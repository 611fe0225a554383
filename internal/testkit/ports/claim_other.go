//go:build !linux

package ports

import (
	"fmt"
	"net"
	"sync"
)

// claimed has the ports that this process has claimed. Other systems than Linux let no server listen on a port that
// another process has bound, so other processes do not see the claim.
var claimed sync.Map

func claimOne(port int) (release func(), err error) {
	if _, taken := claimed.LoadOrStore(port, true); taken {
		return nil, fmt.Errorf("port %d is claimed", port)
	}
	release = func() { claimed.Delete(port) }
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		release()
		return nil, err
	}
	return release, l.Close()
}
