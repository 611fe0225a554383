package embedded

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
)

// batchSize is the most transactions that a stream returns at a time.
const batchSize = 10_000

// streams holds the open streams. Servers keep everything after the zxid up to which all streams have
// read. A server that comes back late gets a snapshot from its leader, which does not go beyond that
// zxid, so nothing is lost that way either.
type streams struct {
	mu    sync.Mutex
	open  map[*stream]struct{}
	taken atomic.Int64 // zab.Disk.Taken of every server
}

// stream is an [ensemble.TransactionStream].
type stream struct {
	of    *Ensemble
	taken int64 // zxid up to which it has given all; changed under streams.mu
}

func newStreams() *streams {
	s := &streams{open: map[*stream]struct{}{}}
	s.settle()
	return s
}

// change changes the open streams by f.
func (s *streams) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.settle()
}

// settle finds out what all have taken; without a stream nothing is to be kept.
func (s *streams) settle() {
	least := int64(math.MaxInt64)
	for one := range s.open {
		least = min(least, one.taken)
	}
	s.taken.Store(least)
}

// StreamTransactions opens a stream of the committed transactions, from the start of the ensemble on;
// see [ensemble.TransactionStreamer]. Until the stream is closed, the servers keep what it has not
// returned yet, whatever [Config.KeepLog] says.
func (e *Ensemble) StreamTransactions(context.Context) (ensemble.TransactionStream, error) {
	s := &stream{of: e}
	e.streams.change(func() { e.streams.open[s] = struct{}{} })
	if _, err := e.behind(0); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Next implements [ensemble.TransactionStream].
func (s *stream) Next(context.Context) ([]history.Txn, error) {
	entries, err := s.of.behind(s.taken)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	entries = entries[:min(len(entries), batchSize)]
	txns := transactions(entries)
	s.of.streams.change(func() { s.taken = entries[len(entries)-1].Zxid })
	return txns, nil
}

// Close is [ensemble.TransactionStream]'s. More than once is fine.
func (s *stream) Close() {
	s.of.streams.change(func() { delete(s.of.streams.open, s) })
}
