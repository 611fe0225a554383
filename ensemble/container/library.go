package container

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/ensemble"
)

// library is what a server's Java preloads so that the server has an ability: images/zookeeper has the source. The
// library of each server and a helper of the ensemble talk through files on a volume.
type library struct {
	ability  ensemble.Ability
	name     string // of the volume and the helper
	label    string // of images whose entrypoint heeds variable
	variable string // names what the server has on the volume
	dir      string // where servers and the helper have the volume
	commands string // of the helper
	setting  string // of the profile
	disks    bool   // the helper has the servers' transaction logs, too
	writes   bool   // servers write to the volume
	absent   error  // why an ensemble lacks the ability that was not started for it
	refused  string // what servers of other images cannot do
}

var libraries = []library{clockLibrary, forcedLibrary}

var clockLibrary = library{
	ability: ensemble.CanShiftClock, name: "clock", label: "zklab.clock", variable: "ZKLAB_CLOCK_FILE", dir: "/clock",
	commands: clockCommands, setting: "clock=own",
	absent:  errors.New("the servers have the wall clock of their machine: start the ensemble with the ability to set theirs (see Preparer)"),
	refused: "have a wrong wall clock",
}

var forcedLibrary = library{
	ability: ensemble.CanLosePower, name: "forced", label: "zklab.forced", variable: "ZKLAB_FORCED_DIR", dir: "/forced",
	commands: forcedCommands, setting: "forced=noted", disks: true, writes: true,
	absent:  errors.New("the servers' machine keeps what they have not forced to disk, whatever ends them: start the ensemble with the ability to lose power (see Preparer)"),
	refused: "lose what they have not forced to disk",
}

// labelsOf returns the labels of an image.
func labelsOf(image client.ImageInspectResult) map[string]string {
	if image.Config == nil {
		return nil
	}
	return image.Config.Labels
}

// lacks returns why servers of an image lack the ability; nil if they have it.
func (l library) lacks(c Config, image picked) error {
	switch {
	case !c.can(l.ability):
		return l.absent
	case image.labels[l.label] == "":
		return fmt.Errorf("servers of image %s cannot %s: run `zklab image build` for %s, whose servers can", image.name, l.refused, localImage)
	}
	return nil
}

func (l library) volume(r run) string { return "zklab-" + r.id + "-" + l.name }

// of returns what a server has on the volume.
func (l library) of(id int) string { return l.dir + "/" + strconv.Itoa(id) }

func (l library) mount(r run, readOnly bool) mount.Mount {
	return mount.Mount{Type: mount.TypeVolume, Source: l.volume(r), Target: l.dir, ReadOnly: readOnly}
}

// makeLibraries makes the volumes of the libraries that servers will have, and starts the helpers.
func (e *cluster) makeLibraries(ctx context.Context, nodes int) error {
	for _, l := range libraries {
		if e.missing[l.ability] != nil {
			continue
		}
		if err := hasHelper(ctx, e.engine, e.helperImage); err != nil {
			e.missing[l.ability] = err
			continue
		}
		if err := e.makeLibrary(ctx, l, nodes); err != nil {
			return err
		}
	}
	return nil
}

func (e *cluster) makeLibrary(ctx context.Context, l library, nodes int) error {
	if _, err := e.engine.Client().VolumeCreate(ctx, client.VolumeCreateOptions{Name: l.volume(e.run), Labels: e.run.labels(0)}); err != nil {
		return engineErr("make a volume", err)
	}
	host := container.HostConfig{NetworkMode: "none", Mounts: []mount.Mount{l.mount(e.run, false)}}
	if l.disks {
		host.Mounts = append(host.Mounts, e.logMounts(nodes)...)
		host.CapAdd = []string{"DAC_OVERRIDE"} // the files belong to the user of the servers
	}
	h, err := startHelper(ctx, e.engine, helperSpec{
		name: l.volume(e.run), image: e.helperImage, labels: e.run.labels(0), host: host,
		commands: fmt.Sprintf("servers=%d\n%s", nodes, l.commands),
	})
	if err == nil {
		e.told[l.ability] = h
	}
	return err
}

// libraryMounts and withLibraries give a server what the ensemble's libraries need.
func (e *cluster) libraryMounts() (mounts []mount.Mount) {
	for _, l := range libraries {
		if e.told[l.ability] != nil {
			mounts = append(mounts, l.mount(e.run, !l.writes))
		}
	}
	return mounts
}

func (e *cluster) withLibraries(id int, env map[string]string) map[string]string {
	for _, l := range libraries {
		if e.told[l.ability] != nil {
			env[l.variable] = l.of(id)
		}
	}
	return env
}

// tell has the helper of an ability carry out a command.
func (e *cluster) tell(ctx context.Context, a ensemble.Ability, command string) error {
	if err := e.missing[a]; err != nil {
		return err
	}
	_, err := e.told[a].ask(ctx, command)
	return err
}
