// Package ports reserves ports of 127.0.0.1 for the servers of tests. Only tests may import it.
package ports

import (
	"fmt"
	"os"
)

// Systems give the ports from first to last only to programs that ask for a specific one, so a server that is down
// finds its port free again. Other tests use other ports: the integration tests of go-zookeeper 10000 to 16027,
// containers those from 20000 on.
const first, last = 16_100, 19_999

// Reserve returns the first of n consecutive ports on which nothing listens. Until release is called, no other call of
// Reserve returns one of them, not even in another process. Servers of any process can listen on them.
// It is safe for concurrent use.
func Reserve(n int) (port int, release func(), err error) {
	rows := (last - first + 1) / n
	for i := range rows { // processes begin at different rows, and so rarely compete
		port = first + n*((37*os.Getpid()+i)%rows)
		if release, err = claim(port, n); err == nil {
			return port, release, nil
		}
	}
	return 0, nil, fmt.Errorf("no %d free ports in a row from %d to %d: %w", n, first, last, err)
}

// claim claims n ports, or none of them.
func claim(port, n int) (release func(), err error) {
	var claims []func()
	release = func() {
		for _, give := range claims {
			give()
		}
	}
	for i := range n {
		give, err := claimOne(port + i)
		if err != nil {
			release()
			return nil, err
		}
		claims = append(claims, give)
	}
	return release, nil
}
