package embedded

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/testkit/ports"
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

// LoseFiles makes the server unable to write its files.
func (s *Server) LoseFiles() { s.withDisk(func(*zab.Disk) { s.files.Close() }) }

// ReservePorts returns addresses for servers, which no other test gets until this one ends.
func ReservePorts(t *testing.T, n int) (addrs []string) {
	t.Helper()
	first, release, err := ports.Reserve(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	for i := range n {
		addrs = append(addrs, net.JoinHostPort("127.0.0.1", strconv.Itoa(first+i)))
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
