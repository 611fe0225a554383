package container

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

//go:embed clock.sh
var clockCommands string

const (
	clockLabel    = "zklab.clock"      // of images whose entrypoint heeds clockVariable
	clockVariable = "ZKLAB_CLOCK_FILE" // names the file from which a server reads how wrong its wall clock is
	clockDir      = "/clock"           // has that file
)

var errNoClock = errors.New("the servers have the wall clock of their machine: start the ensemble with the ability to set theirs (see Preparer)")

func (c Config) shiftsClocks() bool { return slices.Contains(c.Abilities, ensemble.CanShiftClock) }

func hasClock(image client.ImageInspectResult) bool {
	return image.Config != nil && image.Config.Labels[clockLabel] != ""
}

// refusesClock returns why servers of an image cannot have a wrong wall clock; nil if they can.
func (c Config) refusesClock(image picked) error {
	switch {
	case !c.shiftsClocks():
		return errNoClock
	case !image.clock:
		return fmt.Errorf("servers of image %s cannot have a wrong wall clock: run `zklab image build` for %s, whose servers can", image.name, localImage)
	}
	return nil
}

func (e *cluster) clockVolume() string { return "zklab-" + e.run.id + "-clock" }

// makeClocks makes the files that say how wrong the servers' wall clocks are, and starts the helper that writes them.
func (e *cluster) makeClocks(ctx context.Context, nodes int) error {
	if e.noClock != nil {
		return nil
	}
	if err := hasHelper(ctx, e.engine, e.helperImage); err != nil {
		e.noClock = err
		return nil
	}
	if _, err := e.engine.Client().VolumeCreate(ctx, client.VolumeCreateOptions{Name: e.clockVolume(), Labels: e.run.labels(0)}); err != nil {
		return engineErr("make a volume for clocks", err)
	}
	clocks, err := startHelper(ctx, e.engine, helperSpec{
		name: e.clockVolume(), image: e.helperImage, labels: e.run.labels(0),
		commands: fmt.Sprintf("servers=%d\n%s", nodes, clockCommands),
		host:     container.HostConfig{NetworkMode: "none", Mounts: []mount.Mount{e.clockMount(false)}},
	})
	e.clocks = clocks
	return err
}

func (e *cluster) clockMount(readOnly bool) mount.Mount {
	return mount.Mount{Type: mount.TypeVolume, Source: e.clockVolume(), Target: clockDir, ReadOnly: readOnly}
}

// clockMounts and withClock give a server its clock, if the ensemble is made for that.
func (e *cluster) clockMounts() []mount.Mount {
	if e.clocks == nil {
		return nil
	}
	return []mount.Mount{e.clockMount(true)}
}

func (e *cluster) withClock(id int, env map[string]string) map[string]string {
	if e.clocks != nil {
		env[clockVariable] = clockDir + "/" + strconv.Itoa(id)
	}
	return env
}

// ShiftClock sets the server's wall clock, whether the server runs or not. It has effect at once.
func (s *server) ShiftClock(ctx context.Context, by time.Duration) error {
	return s.cluster.change(ctx, func(ctx context.Context) error {
		if err := s.cluster.noClock; err != nil {
			return err
		}
		_, err := s.cluster.clocks.ask(ctx, fmt.Sprintf("show %d %d", s.id, by.Milliseconds()))
		return err
	})
}

const clockSession = 4 * time.Second // long enough for two answers

// Clock returns what the server's wall clock shows. The server says when a connection was made (est, in cons), if the
// connection has a session. So Clock needs a server that serves.
func (s *server) Clock(ctx context.Context) (time.Time, error) {
	if s.cluster.engine == nil {
		return time.Time{}, errSketch
	}
	began := time.Now()
	conn, err := zkclient.Connect(ctx, zkclient.Config{Session: wire.Session{Timeout: clockSession}, Dial: zkclient.To(net.DialTimeout, s.addr)})
	if err != nil {
		return time.Time{}, err
	}
	defer conn.Close()
	answer, err := ensemble.Ask(ctx, net.DialTimeout, s.addr, "cons")
	if err == nil {
		_, err = conn.Do(ctx, wire.CloseSession, nil)
	}
	if err != nil {
		return time.Time{}, err
	}
	made, err := established(answer, conn.Session().ID)
	return made.Add(time.Since(began)), err
}

var establishedAt = regexp.MustCompile(`[(,]sid=0x([0-9a-f]+),.*[(,]est=(\d+),`)

// established returns when the connection of a session was made, by the server's clock and its answer to cons.
func established(answer string, session int64) (time.Time, error) {
	for _, m := range establishedAt.FindAllStringSubmatch(answer, -1) {
		if m[1] != strconv.FormatUint(uint64(session), 16) {
			continue
		}
		ms, err := strconv.ParseInt(m[2], 10, 64)
		return time.UnixMilli(ms), err
	}
	return time.Time{}, errors.New("the server does not tell when a connection was made")
}
