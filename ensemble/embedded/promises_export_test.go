package embedded

import (
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/history"

	"github.com/zklab/zklab/ensemble/embedded/internal/server"
)

// Committed gives the part of the log that the server has not folded yet and
// knows to be committed.
func (s *Server) Committed() []zab.Entry {
	entries, _ := s.committed()
	return entries
}

// Fold makes the server keep only so much of its log.
func (s *Server) Fold(keep int) { s.withDisk(func(d *zab.Disk) { d.Keep = keep }) }

// Transaction gives what an entry of the log does.
func Transaction(e zab.Entry) history.Txn { return transaction(server.Txn(e)) }

// LoseFiles makes that the server cannot write its files any more.
func (s *Server) LoseFiles() { s.withDisk(func(*zab.Disk) { s.files.Close() }) }
