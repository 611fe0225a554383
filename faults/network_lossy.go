package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// Lossy loses a share of the packets between the chosen servers and all others, in both
// directions. TCP sends them again: servers see delays and, if the share is high, broken
// connections. The zero value loses 30 in 100 on all links.
type Lossy struct {
	Nodes Nodes
	// Share is how many packets in 100 are lost, from 1 to 99; 0 means 30.
	Share int
}

const defaultShare = 30

var _ = declare(kinds.Lossy, Kind{
	About:   "loses a share of the packets between servers",
	guide:   []row{{"", "that percentage of packets is lost", "late writes", "no packets are lost"}},
	words:   nodeWords,
	Options: []Option{{Key: "share", About: "percentage of packets lost", Example: "30", Check: checkShare}},
	build: func(a arguments) Fault {
		share, _ := strconv.Atoi(a.options["share"])
		return Lossy{Nodes: Nodes(a.word), Share: share}
	},
})

func checkShare(value string) error {
	if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 99 {
		return fmt.Errorf("%q is not a percentage from 1 to 99", value)
	}
	return nil
}

// Kind returns "lossy".
func (Lossy) Kind() string { return kinds.Lossy.Name }

// Spec returns lossy, with :<nodes> and :share=<percent> where they were given.
func (f Lossy) Spec() string {
	return withCount(spec(kinds.Lossy, string(f.Nodes)), "share", f.Share)
}

// Available checks that links between servers can lose packets.
func (f Lossy) Available(s Setting) error {
	if err := theEnsemble[ensemble.Lossy](s.Ensemble, "%s ensembles cannot lose packets between servers", ensemble.CanLose); err != nil {
		return err
	}
	if f.Share != 0 {
		if err := checkShare(strconv.Itoa(f.Share)); err != nil {
			return err
		}
	}
	return linksAvailable(s.Ensemble, f.Nodes)
}

// Inject makes the links lose packets.
func (f Lossy) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.Nodes.or(All)
	f.Share = cmp.Or(f.Share, defaultShare)
	e := &losing{linksEffect{target: t, set: func(ctx context.Context, l oneWay, on bool) error {
		share := float64(f.Share) / 100
		if !on {
			share = 0
		}
		return t.Ensemble.(ensemble.Lossy).Lose(ctx, l.from, l.to, share)
	}}}
	e.step.Spec = f.Spec()
	if err := e.inject(ctx, f.Nodes, rng); err != nil {
		return nil, err
	}
	return e, nil
}

// losing are links that lose packets.
type losing struct{ linksEffect }

const (
	// retransmission is the earliest time after which TCP sends a lost packet again (Linux:
	// TCP_RTO_MIN, 200 ms), less some room for coarse clocks.
	retransmission = 180 * time.Millisecond
	// lossPatience is how long Verify writes: if few packets are lost, it takes many writes
	// to see a loss.
	lossPatience = 10 * time.Second
)

// Verify writes until a write is late, because a packet was sent again or because a server
// that hears too little stopped serving.
func (e *losing) Verify(ctx context.Context) error {
	if e.healed {
		return errors.New("no packets are lost any more")
	}
	late := max(retransmission, 2*e.before)
	ctx, cancel := context.WithTimeout(ctx, lossPatience)
	defer cancel()
	seen, stop := context.WithCancel(ctx)
	defer stop()
	told, count := make([]string, len(e.probes)), make([]int, len(e.probes))
	each(e.probes, func(i int) {
		if told[i] = e.probes[i].suffers(ctx, seen, late, &count[i]); told[i] != "" {
			stop()
		}
	})
	writes := 0
	for _, n := range count {
		writes += n
	}
	for _, what := range told {
		if what != "" {
			e.step.Detail = fmt.Sprintf("%s, and %s before the fault", what, e.before.Round(time.Millisecond/10))
			return nil
		}
	}
	return fmt.Errorf("none of %d writes in %s came late", writes, lossPatience)
}

// suffers writes until it sees an effect, or until seen ends because another probe saw one.
func (p *probe) suffers(ctx, seen context.Context, late time.Duration, count *int) string {
	for seen.Err() == nil {
		took, err := p.write(ctx)
		*count++
		switch {
		case ctx.Err() != nil:
			return "" // ctx has ended
		case err != nil:
			return fmt.Sprintf("server %d hung up", p.server.ID())
		case took >= late:
			return fmt.Sprintf("a write through server %d took %s", p.server.ID(), took.Round(time.Millisecond/10))
		}
		doze(seen, betweenWrites)
	}
	return ""
}

// betweenWrites keeps Verify from being a load of its own.
const betweenWrites = 10 * time.Millisecond
