package embedded

import (
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/history"

	"github.com/zklab/zklab/ensemble/embedded/internal/server"
)

// Committed returns the part of the log that the server has not folded yet and knows to be committed.
func (s *Server) Committed() []zab.Entry {
	entries, _ := s.committed()
	return entries
}

// Alter applies a transaction to the tree of this server alone.
func (s *Server) Alter(x *tree.Txn) { s.current().Alter(func(t *tree.Tree) { t.Apply(x) }) }

// Stick makes the tree of this server stay as it is.
func (s *Server) Stick() { s.current().Stick() }

// Fold makes the server keep only so many entries of its log.
func (s *Server) Fold(keep int) { s.withDisk(func(d *zab.Disk) { d.Keep = keep }) }

// Transaction returns the transaction of an entry of the log.
func Transaction(e zab.Entry) history.Txn { return transaction(server.Txn(e)) }

// LoseFiles makes the server unable to write its files.
func (s *Server) LoseFiles() { s.withDisk(func(*zab.Disk) { s.files.Close() }) }

// ReservePorts finds free addresses for servers. The ports are from a range that systems give only to
// programs that ask for a specific port, so that a server that is down finds its port free again. Other
// tests that run at the same time have other ranges: the integration tests of go-zookeeper 10000 to
// 16027, scripts of package cli from 18000 on, containers from 20000 on.
func ReservePorts(t *testing.T, n int) (addrs []string) {
	t.Helper()
	const first, last = 16_100, 17_999
	for port := first + 50*os.Getpid()%(last-first); len(addrs) < n; port++ {
		if port > last {
			t.Fatal("no free ports")
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			addrs = append(addrs, l.Addr().String())
			l.Close()
		}
	}
	return addrs
}

// ForgetCounters sets the sequence counters of all znodes to 0, on this server alone.
func (s *Server) ForgetCounters() {
	s.current().Alter(func(t *tree.Tree) { forgetCounters(t, "/") })
}

func forgetCounters(t *tree.Tree, path string) {
	t.Apply(&tree.Txn{Body: &tree.SetSequence{Path: path}})
	children, _, _ := t.Children(path, nil, nil)
	for _, name := range children {
		forgetCounters(t, strings.TrimSuffix(path, "/")+"/"+name)
	}
}
