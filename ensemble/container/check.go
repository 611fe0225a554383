package container

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/client"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/owner"
	"github.com/zklab/zklab/internal/base/prose"
)

// What Check looks at.
const (
	FindingEngine    = "engine"
	FindingImage     = "image"
	FindingHelpers   = "helpers" // for faults of network and disk
	FindingLoss      = "loss"    // of packets between servers
	FindingDelay     = "delay"   // of packets between servers
	FindingLeftovers = "leftovers"
)

// Finding is the result of one check.
type Finding struct {
	Name   string // one of the constants above
	OK     bool
	Some   bool   // only some faults need it
	Detail string // what was found, or what is wrong and the way out
}

// Ready returns the reason why no ensemble can be started with this configuration, or nil: no engine
// answers, or the image is not there. It only asks the engine.
func Ready(ctx context.Context, c Config) error {
	engine, err := openEngine(ctx)
	if err != nil {
		return err
	}
	defer engine.Close()
	for _, f := range []Finding{checkEngine(ctx, engine), c.checkImage(ctx, engine)} {
		if !f.OK {
			return errors.New(f.Detail)
		}
	}
	return nil
}

// Check checks what a run with this configuration would find: whether an engine answers, whether the
// images are there, which faults of the network the machine supports, and what dead runs left. It pulls
// nothing. It tries things in a container of its own, which it removes. Without an engine, it returns
// only that finding.
func Check(ctx context.Context, c Config) []Finding {
	engine, err := openEngine(ctx)
	if err != nil {
		return []Finding{{Name: FindingEngine, Detail: err.Error()}}
	}
	defer engine.Close()
	found := []Finding{checkEngine(ctx, engine), c.checkImage(ctx, engine)}
	found = append(found, c.checkHelpers(ctx, engine)...)
	return append(found, checkLeftovers(ctx, engine))
}

// checkHelpers returns a finding for each ability that depends on helpers.
func (c Config) checkHelpers(ctx context.Context, engine engine) []Finding {
	r := newRun()
	lacks, err := lookAtNetwork(ctx, engine, r, c.helperImage())
	if removeErr := removeRun(engine, r.id); err == nil {
		err = removeErr
	}
	if err == nil {
		err = lacks[ensemble.CanPartition]
	}
	if err != nil {
		return []Finding{{Name: FindingHelpers, Some: true, Detail: err.Error()}}
	}
	found := []Finding{{Name: FindingHelpers, OK: true, Some: true, Detail: c.helperImage() + ", for faults of network and disk"}}
	for _, of := range []struct {
		name    string
		ability ensemble.Ability
		has     string
	}{
		{FindingLoss, ensemble.CanLose, "packets between servers can get lost"},
		{FindingDelay, ensemble.CanDelay, "packets between servers can be late"},
	} {
		f := Finding{Name: of.name, OK: true, Some: true, Detail: of.has}
		if err := lacks[of.ability]; err != nil {
			f.OK, f.Detail = false, err.Error()
		}
		found = append(found, f)
	}
	return found
}

func checkEngine(ctx context.Context, engine engine) Finding {
	v, err := engine.Client().ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return Finding{Name: FindingEngine, Detail: noEngine(err).Error()}
	}
	return Finding{Name: FindingEngine, OK: true, Detail: fmt.Sprintf("Docker %s, API %s, at %s", v.Version, v.APIVersion, engine.Client().DaemonHost())}
}

func (c Config) checkImage(ctx context.Context, engine engine) Finding {
	names, err := c.wanted()
	if err != nil {
		return Finding{Name: FindingImage, Detail: err.Error()}
	}
	image, ok, err := present(ctx, engine, names)
	switch {
	case err != nil:
		return Finding{Name: FindingImage, Detail: err.Error()}
	case !ok:
		return Finding{Name: FindingImage, Detail: noImage(names, errNotTried).Error()}
	}
	return Finding{Name: FindingImage, OK: true, Detail: image.name + ", " + image.digest}
}

func checkLeftovers(ctx context.Context, engine engine) Finding {
	found, err := leftovers(ctx, engine)
	if err != nil {
		return Finding{Name: FindingLeftovers, Detail: err.Error()}
	}
	of := map[owner.Life]int{}
	for _, l := range found {
		of[l.life]++
	}
	if of[owner.Dead] > 0 {
		return Finding{Name: FindingLeftovers, Detail: prose.Count(of[owner.Dead], "dead run") + " left something behind: `zklab clean --remove` removes it"}
	}
	return Finding{Name: FindingLeftovers, OK: true, Detail: fmt.Sprintf("none (%s alive, %d elsewhere)", prose.Count(of[owner.Alive], "run"), of[owner.Unknown])}
}
