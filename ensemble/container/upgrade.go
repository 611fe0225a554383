package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/ensemble"
)

var errNoUpgrade = errors.New("the servers have one image only: name the one to upgrade to with --upgrade-to, or container.Config.UpgradeTo, such as --image " + olderImage + " --upgrade-to " + localImage)

// refusesUpgrade returns why the servers cannot be upgraded; nil if they can.
func (c Config) refusesUpgrade() error {
	if c.UpgradeTo == "" {
		return errNoUpgrade
	}
	return nil
}

// pickSecond finds the image of the second version, if there is to be one.
func (c Config) pickSecond(ctx context.Context, e *cluster) error {
	if c.UpgradeTo == "" {
		return nil
	}
	c.Image = c.UpgradeTo
	image, err := c.pickImage(ctx, e.engine)
	if err != nil {
		return err
	}
	if image.digest == e.profile.Digest {
		return fmt.Errorf("cannot upgrade from %s to %s: they are the same image", e.profile.Image, image.name)
	}
	e.second = image.name
	for _, l := range libraries {
		if e.missing[l.ability] == nil {
			e.missing[l.ability] = l.lacks(c, image)
		}
	}
	e.profile.Settings = append(e.profile.Settings, "digest of "+image.name+"="+image.digest)
	return nil
}

// kept are the folders of a server that have volumes with names, because its container may be replaced, or a helper
// needs them. On small disks they have them anyway.
func (c Config) kept() []string {
	if c.smallDisks() || c.UpgradeTo == "" && !c.can(ensemble.CanLosePower) {
		return nil
	}
	return []string{dataDir, logDir}
}

func (e *cluster) volumeOf(id, n int) string {
	return fmt.Sprintf("zklab-%s-kept-%d-%d", e.run.id, id, n)
}

// makeVolumes makes what the servers' folders outlive their containers on. Close removes it by its label.
func (c Config) makeVolumes(ctx context.Context, e *cluster) error {
	for id := 1; id <= c.Nodes; id++ {
		for n := range c.kept() {
			_, err := e.engine.Client().VolumeCreate(ctx, client.VolumeCreateOptions{Name: e.volumeOf(id, n), Labels: e.run.labels(0)})
			if err != nil {
				return engineErr("make a volume", err)
			}
		}
	}
	return nil
}

// volumes mounts the kept folders of a server.
func (c Config) volumes(e *cluster, id int) (mounts []mount.Mount) {
	for n, dir := range c.kept() {
		mounts = append(mounts, mount.Mount{Type: mount.TypeVolume, Source: e.volumeOf(id, n), Target: dir})
	}
	return mounts
}

// SetUpgraded replaces the server's container by one of the second image, or of the first, with the same address,
// port and files. The server must be down, and stays down.
func (s *server) SetUpgraded(ctx context.Context, upgraded bool) error {
	return s.cluster.change(ctx, func(ctx context.Context) error {
		if s.second == upgraded {
			return nil
		}
		if err := s.replace(ctx, upgraded); err != nil {
			return fmt.Errorf("upgrade server %d: %w", s.id, err)
		}
		s.second = upgraded
		return nil
	})
}

// replace makes the new container before it removes the old one: a server always has one. The caller has the turn.
func (s *server) replace(ctx context.Context, upgraded bool) error {
	e := s.cluster
	if err := e.missing[ensemble.CanUpgrade]; err != nil {
		return err
	}
	if down, err := s.Down(ctx); err != nil {
		return err
	} else if !down {
		return errors.New("it runs")
	}
	var said bytes.Buffer
	if err := s.copyLog(ctx, &said); err != nil {
		return engineErr("copy its log", err)
	}
	spec := s.spec
	if upgraded {
		spec.image, spec.suffix = e.second, "-upgraded"
	}
	made, err := e.config.createServer(ctx, e, spec)
	if err != nil {
		return engineErr("make its container", err)
	}
	if err := remove(ctx, e.engine, s.container()); err != nil {
		return all(err, remove(ctx, e.engine, made))
	}
	s.said = said.Bytes()
	s.now.Store(made)
	return nil
}

// Upgraded reports whether the server has the second image.
func (s *server) Upgraded(ctx context.Context) (is bool, err error) {
	if err := s.cluster.turn.take(ctx); err != nil {
		return false, err
	}
	defer s.cluster.turn.give()
	return s.second, nil
}
