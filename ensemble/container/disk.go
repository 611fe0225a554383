package container

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"path"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
)

//go:embed disk.sh
var diskCommands string

// diskSize is the room on a small disk. It is in memory, and full when the disk
// is: not more than some servers can have at once, but enough for the
// transaction logs of half an hour at the usual rate.
const diskSize = 256 << 20

// diskDir is where a server has its small disk, if any.
const diskDir = "/disk"

var errNoDisk = errors.New("the servers share the engine's disk: start the ensemble with the ability to fill theirs (see Preparer), which gives each a small one of its own")

// FillDisk writes a file that leaves no room on the server's disk, and makes sure.
func (s *server) FillDisk(ctx context.Context) error {
	return s.cluster.change(ctx, func(ctx context.Context) error {
		s.full = s.cluster.keeper != nil
		if err := s.askKeeper(ctx, "fill"); err != nil {
			ctx, cancel := afresh(ctx)
			defer cancel()
			return fmt.Errorf("fill the disk of server %d: %w", s.id, all(err, s.freeDisk(ctx)))
		}
		return nil
	})
}

// FreeDisk removes the file and makes sure that the server continues. Mostly it does by itself: without
// room it serves no client, and joins the others again and again until it has room. But its process can
// end when leaders change: then FreeDisk starts it. A server that was killed or stopped stays down.
func (s *server) FreeDisk(ctx context.Context) error {
	return s.cluster.change(ctx, func(ctx context.Context) error {
		if err := s.freeDisk(ctx); err != nil {
			return fmt.Errorf("free the disk of server %d: %w", s.id, err)
		}
		return nil
	})
}

// freeDisk frees a full disk. The caller has the turn. If it fails, it can be tried again.
func (s *server) freeDisk(ctx context.Context) error {
	if !s.full {
		return nil
	}
	if err := s.askKeeper(ctx, "free"); err != nil {
		return err
	}
	if !s.ended {
		if err := s.revive(ctx); err != nil {
			return err
		}
	}
	s.full = false
	return nil
}

// reviveTime is how long a server that has room again may take to serve, before it is started again. A
// healthy one takes less than a second.
const reviveTime = 5 * time.Second

// revive waits until the server serves; one whose process ends, perhaps only
// just now, is started again.
func (s *server) revive(ctx context.Context) error {
	for end := time.Now().Add(reviveTime); ; {
		state, err := s.look(ctx)
		switch {
		case err != nil || state.Paused:
			return err
		case !state.Running:
			return s.start(ctx)
		case s.serves(ctx):
			return nil
		case time.Now().After(end):
			return all(s.kill(ctx), s.start(ctx))
		}
		if err := await.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *server) serves(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := s.Status(ctx)
	return err == nil
}

func (s *server) askKeeper(ctx context.Context, command string) error {
	if err := s.cluster.missing[ensemble.CanFillDisk]; err != nil {
		return err
	}
	_, err := s.cluster.keeper.ask(ctx, command+" "+strconv.Itoa(s.id))
	return err
}

// makeDisks makes a disk for each server, and starts a helper, the keeper, that holds all of them.
func (e *cluster) makeDisks(ctx context.Context, nodes int) error {
	var mounts []mount.Mount
	for id := 1; id <= nodes; id++ {
		_, err := e.engine.Client().VolumeCreate(ctx, client.VolumeCreateOptions{
			Name: e.diskOf(id), Driver: "local", Labels: e.run.labels(0),
			DriverOpts: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": fmt.Sprintf("size=%d,mode=0777", diskSize)},
		})
		if err != nil {
			return engineErr("make a disk", err)
		}
		mounts = append(mounts, mount.Mount{Type: mount.TypeVolume, Source: e.diskOf(id), Target: "/disks/" + strconv.Itoa(id)})
	}
	keeper, err := startHelper(ctx, e.engine, helperSpec{
		name: "zklab-" + e.run.id + "-disks", image: e.helperImage, commands: diskCommands, labels: e.run.labels(0),
		host: container.HostConfig{NetworkMode: "none", Mounts: mounts},
	})
	e.keeper = keeper
	return err
}

func (e *cluster) diskOf(id int) string { return fmt.Sprintf("zklab-%s-disk-%d", e.run.id, id) }

// folders are where a server keeps snapshots and transaction logs.
type folders struct{ data, log string }

func (c Config) folders() folders {
	if c.smallDisks() {
		return folders{diskDir + "/data", diskDir + "/log"}
	}
	return folders{dataDir, logDir}
}

// versions returns the folders in which a server keeps everything but its number.
func (s *server) versions() folders {
	of := s.cluster.folders
	return folders{data: path.Join(of.data, "version-2"), log: path.Join(of.log, "version-2")}
}

func (c Config) smallDisks() bool { return c.can(ensemble.CanFillDisk) }

// refusesDisks returns why the servers' disks cannot be filled; nil if they can.
func (c Config) refusesDisks() error {
	if !c.smallDisks() {
		return errNoDisk
	}
	return nil
}
