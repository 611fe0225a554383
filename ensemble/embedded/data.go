package embedded

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/ensemble/embedded/internal/files"
)

// ErrDataInUse means a [Config.Data] that another process uses, ErrDataOther one
// that is of another ensemble or of none, ErrDataDamaged one whose files were
// changed or lost.
var (
	ErrDataInUse   = files.ErrInUse
	ErrDataOther   = files.ErrOther
	ErrDataDamaged = files.ErrDamaged
)

// Failed returns a channel with an error for each server that ended because its files could not be
// written, for example on a full disk. The other servers go on, as long as they are a majority. Without
// [Config.Data], the channel never gets an error.
func (e *Ensemble) Failed() <-chan error { return e.failed }

func (e *Ensemble) openFolder() (err error) {
	if e.cfg.Data == "" {
		return nil
	}
	e.folder, err = files.Open(e.cfg.Data, e.cfg.Nodes, e.cfg.Observers, e.cfg.Fsync)
	return err
}

func (e *Ensemble) closeFolder() error {
	if e.folder == nil {
		return nil
	}
	return e.folder.Close()
}

// openFiles opens the disk that the server had before, if the ensemble has a folder.
func (s *Server) openFiles() (err error) {
	if s.ensemble.folder == nil {
		return nil
	}
	if s.files, err = s.ensemble.folder.Server(s.id, s.fail); err != nil {
		return err
	}
	s.disk = s.files.Disk()
	return nil
}

func (s *Server) closeFiles() error {
	if s.files == nil {
		return nil
	}
	return s.files.Close()
}

// fail ends a server whose files cannot be written. The server's own loop calls it, so
// it must not wait for that loop.
func (s *Server) fail(err error) {
	err = fmt.Errorf("server %d cannot write its files: %w", s.id, err)
	s.mu.Lock()
	s.broken = err
	s.mu.Unlock()
	s.ensemble.ending.Go(func() {
		s.Kill(context.Background())
		s.ensemble.failed <- err
	})
}

// unwritable returns why a server cannot start: its files could not be written. It returns nil if they could.
func (s *Server) unwritable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}
