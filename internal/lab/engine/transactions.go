package engine

import (
	"context"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/virtual/jitter"
)

// How often a run asks for committed transactions, and how many of them it keeps in memory before it
// begins a file: most runs have fewer.
const (
	spoolEvery = 100 * time.Millisecond
	spoolFull  = 20_000
	// rarely is the interval for runs that keep all transactions in memory.
	rarely = time.Second
)

// spool collects the ensemble's committed transactions during the run, so that neither the ensemble nor
// the run has to keep all of them in memory: at thousands of transactions per second, that would be
// gigabytes. The file gets its final name only once it is complete.
type spool struct {
	from ensemble.TransactionStream
	path string              // "": all is kept in memory
	look func([]history.Txn) // gets the transactions as they come

	stop    context.CancelFunc
	stopped chan struct{}

	// These fields are used only by the goroutine that calls take: first the one of follow, then the
	// one of finish.
	kept []history.Txn
	file *atomicfile.File // nil until there is too much to keep in memory
	out  *history.TxnWriter
	err  error // the first error
}

// followTransactions begins to collect committed transactions, if the ensemble can report them.
func (r *run) followTransactions(ctx context.Context) {
	from, ok := r.ensemble.(ensemble.TransactionStreamer)
	if !ok {
		return
	}
	stream, err := from.StreamTransactions(ctx)
	if err != nil {
		r.warn("collect the committed transactions: ", err)
		return
	}
	// Not ctx itself: transactions are collected until the end, however the run ends.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.transactions = &spool{from: stream, look: r.lookAround, stop: stop, stopped: make(chan struct{})}
	if r.Run != nil {
		r.transactions.path = r.Run.Transactions()
	}
	r.undo.add(r.transactions.close)
	go r.transactions.follow(ctx)
}

// lookAround warns at once about a client that bypasses its link.
func (r *run) lookAround(txns []history.Txn) {
	if warning := r.links.lookThrough(txns); warning != "" {
		r.Watcher.Notice(warning)
	}
}

// collectTransactions stores the transactions that the ensemble committed, if it can report them.
func (r *run) collectTransactions(ctx context.Context) error {
	if r.transactions != nil {
		var err error
		r.Txns, err = r.transactions.finish(ctx)
		return err
	}
	from, ok := r.ensemble.(ensemble.TransactionReader)
	if _, streams := from.(ensemble.TransactionStreamer); !ok || streams { // a warning has said why there is no spool
		return nil
	}
	txns, err := from.Transactions(ctx)
	if err != nil {
		return err
	}
	if r.Run == nil {
		r.Txns = txns
		return nil
	}
	return history.CreateTxns(r.Run.Transactions(), txns)
}

func (s *spool) follow(ctx context.Context) {
	defer close(s.stopped)
	every := spoolEvery
	if s.path == "" {
		every = rarely
	}
	ticker := time.NewTicker(jitter.Stretch(every))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.take(ctx)
		}
	}
}

// take collects the transactions that were committed since the last call. After an error it
// collects nothing more, and drops what it has.
func (s *spool) take(ctx context.Context) {
	for s.err == nil {
		txns, err := s.from.Next(ctx)
		if err == nil && len(txns) == 0 {
			return
		}
		if err == nil {
			s.look(txns)
			s.kept = append(s.kept, txns...)
			if s.file != nil || s.path != "" && len(s.kept) > spoolFull {
				err = s.spill()
			}
		}
		if err != nil {
			s.err = err
			s.from.Close()
			s.kept = nil
		}
	}
}

// spill moves what is kept in memory into the file.
func (s *spool) spill() (err error) {
	if s.file == nil {
		if s.file, err = atomicfile.Create(s.path, 0o644); err != nil {
			return err
		}
		s.out = history.NewTxnWriter(s.file)
	}
	err = s.out.Write(s.kept)
	s.kept = s.kept[:0]
	return err
}

// finish collects the rest. It gives the file its final name, or returns the transactions that are
// in memory.
func (s *spool) finish(ctx context.Context) ([]history.Txn, error) {
	s.rest()
	if s.take(ctx); s.err != nil {
		return nil, s.err
	}
	switch {
	case s.path == "":
		return s.kept, nil
	case s.file == nil:
		return nil, history.CreateTxns(s.path, s.kept)
	}
	if err := s.out.Flush(); err != nil {
		return nil, err
	}
	return nil, s.file.Commit()
}

// rest ends follow and waits for it.
func (s *spool) rest() {
	s.stop()
	<-s.stopped
}

// close drops a file that is not finished.
func (s *spool) close() error {
	s.rest()
	s.from.Close()
	if s.file == nil {
		return nil
	}
	return s.file.Discard()
}
