package container

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/owner"
	"github.com/zklab/zklab/internal/base/prose"
)

// leftover lists the remains of one run on the engine.
type leftover struct {
	run        string
	owner      owner.Process
	made       string
	containers int
	networks   int
	volumes    int
	life       owner.Life
}

func (l leftover) String() string {
	s := fmt.Sprintf("run %s of process %d, begun %s: %s, %s",
		l.run, l.owner.PID, l.made, prose.Count(l.containers, "container"), prose.Count(l.networks, "network"))
	if l.volumes > 0 {
		s += ", " + prose.Count(l.volumes, "volume")
	}
	switch l.life {
	case owner.Alive:
		return s + "; the process is alive"
	case owner.Unknown:
		return s + fmt.Sprintf("; the process is elsewhere (%s), remove with `docker rm -fv $(docker ps -aqf label=%s=%s)`",
			l.owner.Host, labelRun, l.run)
	}
	return s
}

// settleTime is how long the engine may take to finish what a process asked of
// it just before it died.
const settleTime = 500 * time.Millisecond

// Clean describes what was left by runs whose process is dead, and removes it if it is told to. It spares the others:
// runs that are alive, and those of which it cannot know. There is a line for each run. If Clean fails, it returns what
// it had removed by then.
func Clean(ctx context.Context, remove bool) (dead, spared []string, err error) {
	engine, err := openEngine(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer engine.Close()
	gone := map[string]leftover{}
	for err == nil {
		var found []leftover
		if found, err = leftovers(ctx, engine); err != nil {
			break
		}
		dying := slices.DeleteFunc(slices.Clone(found), func(l leftover) bool { return l.life != owner.Dead })
		spared = lines(slices.DeleteFunc(found, func(l leftover) bool { return l.life == owner.Dead }))
		if !remove {
			return lines(dying), spared, nil
		}
		if len(dying) == 0 {
			break
		}
		// Look again, for anything that comes late.
		if err = removeAll(ctx, engine, dying, gone); err == nil {
			err = await.Sleep(ctx, settleTime)
		}
	}
	return lines(slices.Collect(maps.Values(gone))), spared, err
}

// Left describes what was left by runs whose process is dead: a line for each run, by its id.
func Left(ctx context.Context) (map[string]string, error) {
	engine, err := openEngine(ctx)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	found, err := leftovers(ctx, engine)
	left := map[string]string{}
	for _, l := range found {
		if l.life == owner.Dead {
			left[l.run] = l.String()
		}
	}
	return left, err
}

// Remove removes everything that one run made, given its id, whether or not its process is alive. It is
// no error if something is already gone.
func Remove(ctx context.Context, run string) error {
	engine, err := openEngine(ctx)
	if err != nil {
		return err
	}
	defer engine.Close()
	return removeRun(engine, run)
}

// removeAll removes runs and adds what it removed to gone.
func removeAll(ctx context.Context, engine engine, dying []leftover, gone map[string]leftover) error {
	var errs []error
	for _, l := range dying {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := removeRun(engine, l.run); err != nil {
			errs = append(errs, fmt.Errorf("remove run %s: %w", l.run, err))
			continue
		}
		l.containers += gone[l.run].containers
		l.networks += gone[l.run].networks
		l.volumes += gone[l.run].volumes
		gone[l.run] = l
	}
	return all(errs...)
}

func lines(of []leftover) (texts []string) {
	slices.SortFunc(of, func(a, b leftover) int { return strings.Compare(a.made+a.run, b.made+b.run) })
	for _, l := range of {
		texts = append(texts, l.String())
	}
	return texts
}

// leftovers finds what all runs have on the engine, by label, run by run.
func leftovers(ctx context.Context, engine engine) ([]leftover, error) {
	containers, err := engine.Client().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ofZklab()})
	if err != nil {
		return nil, engineErr("list containers", err)
	}
	networks, err := engine.Client().NetworkList(ctx, client.NetworkListOptions{Filters: ofZklab()})
	if err != nil {
		return nil, engineErr("list networks", err)
	}
	volumes, err := engine.Client().VolumeList(ctx, client.VolumeListOptions{Filters: ofZklab()})
	if err != nil {
		return nil, engineErr("list volumes", err)
	}
	observer := owner.Self()
	runs := map[string]*leftover{}
	of := func(labels map[string]string) *leftover {
		id := labels[labelRun]
		if runs[id] == nil {
			o := ownerOf(labels)
			runs[id] = &leftover{run: id, owner: o, made: labels[labelMade], life: o.Lives(observer)}
		}
		return runs[id]
	}
	for _, c := range containers.Items {
		of(c.Labels).containers++
	}
	for _, n := range networks.Items {
		of(n.Labels).networks++
	}
	for _, v := range volumes.Items {
		of(v.Labels).volumes++
	}
	var found []leftover
	for _, l := range runs {
		found = append(found, *l)
	}
	return found, nil
}
