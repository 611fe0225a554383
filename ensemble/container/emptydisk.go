package container

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/moby/moby/api/types/container"
)

// EmptyDisk removes the server's transaction logs, snapshots and epochs. The engine cannot remove files
// of a container that does not run, so a helper that has its volumes does. The transactions in the logs
// are kept for [cluster.Transactions].
func (s *server) EmptyDisk(ctx context.Context) error {
	return s.cluster.change(ctx, func(ctx context.Context) error {
		if err := s.emptyDisk(ctx); err != nil {
			return fmt.Errorf("empty the disk of server %d: %w", s.id, err)
		}
		return nil
	})
}

// emptyDisk deletes the data of a server that is down. The caller has the turn.
func (s *server) emptyDisk(ctx context.Context) (err error) {
	if down, err := s.Down(ctx); err != nil {
		return err
	} else if !down {
		return errors.New("it runs")
	}
	had, err := s.readLog(ctx)
	if err != nil {
		return err
	}
	h, err := startHelper(ctx, s.cluster.engine, helperSpec{
		name: fmt.Sprintf("zklab-%s-empty-%d", s.cluster.run.id, s.id), image: s.cluster.helperImage, labels: s.cluster.run.labels(0),
		commands: fmt.Sprintf("empty() { rm -rf '%s' '%s' '%s'; }\nundo() { :; }\n", s.versions().data, s.versions().log, forcedLibrary.of(s.id)+"/forced"),
		// The files belong to the user of the server.
		host: container.HostConfig{NetworkMode: "none", VolumesFrom: []string{s.container().ID}, CapAdd: []string{"DAC_OVERRIDE"}},
	})
	if err != nil {
		return err
	}
	_, err = h.ask(ctx, "empty")
	if err = all(err, h.close()); err != nil {
		return err
	}
	s.emptied, s.forced = had, 0
	return nil
}

// DiskEmpty reports whether the server's folders have no file.
func (s *server) DiskEmpty(ctx context.Context) (bool, error) {
	files := 0
	count := func(string, io.Reader) error {
		files++
		return nil
	}
	for _, dir := range []string{s.versions().data, s.versions().log} {
		if err := s.eachFile(ctx, dir, count); err != nil {
			return false, engineErr(fmt.Sprintf("look at the disk of server %d", s.id), err)
		}
	}
	return files == 0, nil
}
