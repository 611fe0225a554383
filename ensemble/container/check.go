package container

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"
)

// What Check looks at.
const (
	FindingEngine    = "engine"
	FindingImage     = "image"
	FindingLeftovers = "leftovers"
)

// Finding is one thing that was looked at.
type Finding struct {
	Name   string // one of the constants above
	OK     bool
	Detail string // what was found, or what is wrong and the way out
}

// Check looks at what a run with this configuration would find: whether an
// engine answers, whether the image is there, what dead runs left. It changes
// nothing and pulls nothing. Without an engine that is the only finding.
func Check(ctx context.Context, c Config) []Finding {
	engine, err := openEngine(ctx)
	if err != nil {
		return []Finding{{FindingEngine, false, err.Error()}}
	}
	defer engine.Close()
	return []Finding{
		checkEngine(ctx, engine),
		c.checkImage(ctx, engine),
		checkLeftovers(ctx, engine),
	}
}

func checkEngine(ctx context.Context, engine client.APIClient) Finding {
	v, err := engine.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return Finding{FindingEngine, false, noEngine(err).Error()}
	}
	return Finding{FindingEngine, true, fmt.Sprintf("Docker %s, API %s, at %s", v.Version, v.APIVersion, engine.DaemonHost())}
}

func (c Config) checkImage(ctx context.Context, engine client.APIClient) Finding {
	names, err := c.wanted()
	if err != nil {
		return Finding{FindingImage, false, err.Error()}
	}
	image, ok, err := present(ctx, engine, names)
	switch {
	case err != nil:
		return Finding{FindingImage, false, err.Error()}
	case !ok:
		return Finding{FindingImage, false, noImage(names, errNotTried).Error()}
	}
	return Finding{FindingImage, true, image.name + ", " + image.digest}
}

func checkLeftovers(ctx context.Context, engine client.APIClient) Finding {
	found, err := leftovers(ctx, engine)
	if err != nil {
		return Finding{FindingLeftovers, false, err.Error()}
	}
	of := map[life]int{}
	for _, l := range found {
		of[l.life]++
	}
	if of[dead] > 0 {
		return Finding{FindingLeftovers, false, count(of[dead], "dead run") + " left something behind: `zklab clean` removes it"}
	}
	return Finding{FindingLeftovers, true, fmt.Sprintf("none (%s alive, %d elsewhere)", count(of[alive], "run"), of[unknown])}
}
