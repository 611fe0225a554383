package container

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/zklab/zklab/ensemble"
)

// helperVariable names another image for helpers.
const helperVariable = "ZKLAB_HELPER_IMAGE"

func (c Config) helperImage() string {
	if c.HelperImage != "" {
		return c.HelperImage
	}
	if name := os.Getenv(helperVariable); name != "" {
		return name
	}
	return localImage
}

// ofNetwork reports whether an ability is one that the servers' network must have.
func ofNetwork(a ensemble.Ability) bool {
	switch a {
	case ensemble.CanPartition, ensemble.CanLose, ensemble.CanDelay:
		return true
	}
	return false
}

// lookTimeout bounds a look at what the machine offers.
const lookTimeout = 30 * time.Second

// lacks returns, for each ability that an ensemble has only if it was started for it, why one of this image lacks it,
// or nil.
func (c Config) lacks(image picked) map[ensemble.Ability]error {
	missing := map[ensemble.Ability]error{
		ensemble.CanUpgrade: c.refusesUpgrade(), ensemble.CanReconfigure: c.refusesReconfig(), ensemble.CanFillDisk: c.refusesDisks(),
	}
	for _, l := range libraries {
		missing[l.ability] = l.lacks(c, image)
	}
	return missing
}

// Lacks looks once what the machine offers, which takes a second, and remembers it.
func (e *cluster) Lacks(a ensemble.Ability) error {
	err, decided := e.missing[a]
	switch {
	case decided:
		return err
	case e.engine == nil:
		return nil
	case a == ensemble.CanEmptyDisk:
		ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
		defer cancel()
		return hasHelper(ctx, e.engine, e.helperImage)
	case !ofNetwork(a):
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	if err := e.looking.take(ctx); err != nil {
		return err
	}
	defer e.looking.give()
	if e.lacks == nil {
		lacks, err := lookAtNetwork(ctx, e.engine, e.run, e.helperImage)
		if err != nil {
			return err
		}
		e.lacks = lacks
	}
	return e.lacks[a]
}

// lookAtNetwork tries what each ability needs in a helper without a network. It returns, for each
// ability, the reason why this machine lacks it, or nil.
func lookAtNetwork(ctx context.Context, engine engine, r run, image string) (map[ensemble.Ability]error, error) {
	h, err := startNetworkHelper(ctx, engine, networkHelper{
		name: "zklab-" + r.id + "-look", image: image, network: "none", labels: r.labels(0),
	})
	if errors.Is(err, ErrNoHelper) {
		return map[ensemble.Ability]error{ensemble.CanPartition: err, ensemble.CanLose: err, ensemble.CanDelay: err}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("helpers' image %s: %w", image, err)
	}
	lacks := map[ensemble.Ability]error{}
	for _, needs := range []struct {
		ability ensemble.Ability
		try     links
		without string
	}{
		{
			ensemble.CanPartition,
			links{cut: map[link]bool{there: true}},
			"helpers cannot filter packets (%w): " + helperVariable + " names an image with iptables for nftables, as zklab/zookeeper:3.9 has it",
		},
		{
			ensemble.CanLose,
			links{loss: map[link]float64{there: 0.5}},
			"the engine's kernel cannot lose packets by chance (%w): load its module xt_statistic",
		},
		{
			ensemble.CanDelay,
			links{delay: map[link]time.Duration{there: time.Millisecond}},
			"the engine's kernel cannot delay packets (%w): load its modules sch_netem, sch_htb and cls_u32, or slow clients' links instead",
		},
	} {
		err := try(ctx, h, needs.try)
		switch {
		case errors.As(err, new(refusal)):
			lacks[needs.ability] = fmt.Errorf(needs.without, err)
		case err != nil:
			return nil, fmt.Errorf("helpers' image %s: %w", image, all(err, h.drop()))
		}
	}
	return lacks, h.drop()
}

// there is a link to try things on, on the loopback of a helper without network.
var (
	there       = link{from: 1, to: 2}
	loopbackNet = subnet{netip.MustParsePrefix("127.0.0.0/26")}
)

// try applies the faults of l at both ends of the link at once.
func try(ctx context.Context, h *helper, l links) error {
	for id := there.from; id <= there.to; id++ {
		rules, queues := l.commands(id, loopbackNet)
		if _, err := h.ask(ctx, rules); err != nil {
			return err
		}
		if _, err := h.ask(ctx, queues); err != nil {
			return err
		}
	}
	return nil
}
