package zkserver

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// noticePatience bounds noticed.
const noticePatience = 5 * time.Second

// noticed waits until the clients of a dead server have closed their ends of its connections, for some
// seconds at most. Suites continue as soon as a server is dead, and some of their tests then require
// that the client sends nothing more on the old connection. On a busy machine a client may notice later
// than that. Only Linux shows which ends are open; elsewhere noticed returns at once.
func noticed(addr string) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return
	}
	for end := time.Now().Add(noticePatience); half(n) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// half reports whether a connection to a local port is open at the client's end alone (proc(5), net/tcp: state 08 is
// CLOSE_WAIT).
func half(port int) bool {
	remote := fmt.Sprintf(":%04X", port)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line) // number, local address, remote address, state, …
			if len(f) > 3 && f[3] == "08" && strings.HasSuffix(f[2], remote) {
				return true
			}
		}
	}
	return false
}
