package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
)

// Clean returns an error that lists what is left of faults, for tests: servers that are down or paused,
// disks that are slow or held, wall clocks that are wrong, versions that differ, and links that are cut, slower than
// [Config.Latency] or lossy. It returns nil if nothing is left.
func (e *Ensemble) Clean() error {
	var errs []error
	upgraded := 0
	for _, s := range e.servers {
		errs = append(errs, s.clean())
		if is, _ := s.Upgraded(context.Background()); is {
			upgraded++
		}
	}
	if upgraded > 0 && upgraded < len(e.servers) {
		errs = append(errs, fmt.Errorf("%d of %d servers are %s, and the others %s", upgraded, len(e.servers), e.cfg.version(true), e.cfg.version(false)))
	}
	for _, l := range e.links.Links() {
		if l.Cut || l.Share > 0 || l.Delay != e.cfg.Latency/2 {
			errs = append(errs, fmt.Errorf("the link from server %d to %d: cut %v, lossy by %v, slow by %v", l.From, l.To, l.Cut, l.Share, l.Delay))
		}
	}
	return errors.Join(errs...)
}

func (s *Server) clean() error {
	run := s.current()
	if run == nil {
		return fmt.Errorf("server %d is down", s.id)
	}
	var errs []error
	if by := time.Duration(s.shift.Load()); by != 0 {
		errs = append(errs, fmt.Errorf("the wall clock of server %d is wrong by %v", s.id, by))
	}
	if run.Paused() {
		errs = append(errs, fmt.Errorf("server %d is paused", s.id))
	}
	s.withDisk(func(d *zab.Disk) {
		if by := d.Delay(); by > 0 {
			errs = append(errs, fmt.Errorf("the disk of server %d is slow by %v", s.id, by))
		}
		if d.Held() {
			errs = append(errs, fmt.Errorf("what server %d forces does not reach its disk", s.id))
		}
	})
	return errors.Join(errs...)
}
