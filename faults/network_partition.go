package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// Shape names the links between servers that a partition cuts.
type Shape string

// The shapes. With three servers Halves isolates one, and Ring is Bridge.
const (
	// Isolate cuts each of the chosen servers off from all other servers, chosen or not.
	Isolate Shape = ""
	// Halves cuts a minority off from the rest. The leader may be on either side.
	Halves Shape = "halves"
	// Ring lets each server hear a majority, and each a different one.
	Ring Shape = "ring"
	// Bridge cuts two halves off from each other, except for one server that hears both.
	// That server is not the leader.
	Bridge Shape = "bridge"
	// Mute: no other server hears the chosen servers; they hear the others.
	Mute Shape = "mute"
	// Deaf: the chosen servers hear no other server; the others hear them.
	Deaf Shape = "deaf"
	// OneWay is Mute or Deaf, drawn at random.
	OneWay Shape = "one-way"
)

// Partition cuts links between servers; clients reach all servers. No server gets an error,
// as when a firewall drops packets. The zero value isolates the leader.
type Partition struct {
	Shape Shape
	// Nodes are the servers of Isolate, Mute, Deaf and OneWay; the default is the leader.
	Nodes Nodes
}

var shapeWords = []string{string(Halves), string(Ring), string(Bridge), string(OneWay), string(Mute), string(Deaf)}

var _ = declare(kinds.Partition, Kind{
	About: "cuts servers off from each other: single servers, or as halves, ring, bridge, one-way",
	guide: []row{
		{"*servers*", "each is cut off from all others; no connection is closed", "writes through them fail, and writes through other servers succeed", "links work again"},
		{"`halves`, `ring`, `bridge`", "a minority is cut off; each server sees a different majority; two halves with one server that reaches both", "the same", "the same"},
		{"`mute`, `deaf`, `one-way`, `node=`*servers*", "the others do not hear them; they do not hear the others; either of these", "the same", "the same"},
	},
	words: words{slices.Concat(nodeWords.list, shapeWords), numberedNodes, nodeWords.examples},
	Options: []Option{{
		Key: "node", About: "the servers for one-way, mute and deaf, written as for other faults",
		Example: "server-2", Check: nodeWords.wrong,
	}},
	build: func(a arguments) Fault {
		if slices.Contains(shapeWords, a.word) {
			return Partition{Shape: Shape(a.word), Nodes: Nodes(a.options["node"])}
		}
		return Partition{Nodes: Nodes(a.word).or(Nodes(a.options["node"]))}
	},
	vary: func(f Fault, n int, rng *rand.Rand) Fault {
		if f != (Partition{}) {
			return f
		}
		choices := []Partition{{Nodes: Leader}, {Nodes: One}, {Shape: Halves}, {Shape: Ring}, {Shape: Bridge}, {Shape: Mute}, {Shape: Deaf}}
		if n == 0 {
			return choices[0]
		}
		return choices[rng.IntN(len(choices))]
	},
})

// Kind returns "partition".
func (Partition) Kind() string { return kinds.Partition.Name }

// Spec returns partition, partition:<nodes>, partition:<shape>, or
// partition:<shape>:node=<nodes>.
func (p Partition) Spec() string {
	if p.Shape == Isolate {
		return spec(kinds.Partition, string(p.Nodes))
	}
	return withOption(spec(kinds.Partition, string(p.Shape)), "node", string(p.Nodes))
}

// needs returns the least number of servers that a shape needs.
func (s Shape) needs() int {
	if s == Ring || s == Bridge {
		return 3
	}
	return 2
}

// Available checks that links between servers can be cut and that there are enough servers.
func (p Partition) Available(s Setting) error {
	if err := theEnsemble[ensemble.Partitioner](s.Ensemble, "%s ensembles cannot cut links between servers", ensemble.CanPartition); err != nil {
		return err
	}
	if p.Shape != Isolate && !slices.Contains(shapeWords, string(p.Shape)) {
		return fmt.Errorf("unknown shape of partition %q", p.Shape)
	}
	if n := len(s.Ensemble.Servers()); n < p.Shape.needs() {
		return fmt.Errorf("%s takes %d servers, the ensemble has %d", p.Spec(), p.Shape.needs(), n)
	}
	return p.Nodes.available(s.Ensemble)
}

// everyServer returns an error unless each server is a T and the ensemble lacks no ability. cannot says what the
// ensembles of a backend cannot do.
func everyServer[T any](e ensemble.Ensemble, cannot string, needs ...ensemble.Ability) error {
	for _, server := range e.Servers() {
		if _, ok := server.(T); !ok {
			return fmt.Errorf(cannot, e.Profile().Backend)
		}
	}
	return theEnsemble[any](e, cannot, needs...)
}

// theEnsemble is everyServer for what an ensemble does as a whole.
func theEnsemble[T any](e ensemble.Ensemble, cannot string, needs ...ensemble.Ability) error {
	if _, ok := e.(T); !ok {
		return fmt.Errorf(cannot, e.Profile().Backend)
	}
	for _, a := range needs {
		if err := lacks(e, a); err != nil {
			return err
		}
	}
	return nil
}

// lacks returns the answer of Limited; nil for an ensemble without limits.
func lacks(e ensemble.Ensemble, a ensemble.Ability) error {
	if l, ok := e.(ensemble.Limited); ok {
		return l.Lacks(a)
	}
	return nil
}

// Warn warns if a partition is too short for any server to notice.
func (p Partition) Warn(prof ensemble.Profile, lasts time.Duration) string {
	return tooShort("a partition", prof, lasts)
}

// Inject cuts the links.
func (p Partition) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	if p.Shape == OneWay {
		p.Shape = []Shape{Mute, Deaf}[rng.IntN(2)]
	}
	leader, err := leaderOf(ctx, t.Ensemble.Servers())
	if err != nil {
		return nil, err
	}
	e, names, err := p.draw(ctx, t, leader, rng)
	if err != nil {
		return nil, err
	}
	if e.release, err = t.claim(append(names, "network")...); err != nil {
		return nil, err
	}
	if err := e.inject(ctx); err != nil {
		return nil, undo(ctx, e, err)
	}
	return e, nil
}

// draw returns what to cut, and the servers to claim.
func (p Partition) draw(ctx context.Context, t *Target, leader ensemble.Server, rng *rand.Rand) (*parted, []string, error) {
	n := &network{voters: idsOf(votersOf(ctx, t.Ensemble.Servers())), servers: idsOf(t.Ensemble.Servers())}
	if len(n.voters) < p.Shape.needs() {
		return nil, nil, fmt.Errorf("%d servers vote, %s takes %d: %w", len(n.voters), p.Spec(), p.Shape.needs(), ErrNoTarget)
	}
	e := &parted{target: t, network: n, leader: leader}
	e.step.Servers = n.voters
	var names []string
	switch p.Shape {
	case Halves:
		e.step.Servers = n.halves(rng)
		slices.Sort(e.step.Servers)
	case Ring:
		n.ring(leader.ID(), rng)
	case Bridge:
		n.bridge(leader.ID(), rng)
	default:
		p.Nodes = p.Nodes.or(Leader)
		servers, err := p.Nodes.choose(ctx, t, rng)
		if err != nil {
			return nil, nil, err
		}
		names = claimsOf("server", servers)
		e.step.Servers = idsOf(servers)
		switch p.Shape {
		case Mute:
			n.cutOneWay(e.step.Servers, n.servers)
		case Deaf:
			n.cutOneWay(n.servers, e.step.Servers)
		default:
			n.cutBoth(e.step.Servers, n.servers)
		}
	}
	e.stranded = serversOf(t.Ensemble, n.stranded(leader.ID()))
	e.step.Spec, e.step.Detail, e.step.Clients = p.Spec(), "links cut: "+n.String(), t.on(addresses(e.stranded))
	return e, names, nil
}

func serversOf(e ensemble.Ensemble, ids []int) []ensemble.Server {
	var servers []ensemble.Server
	for _, id := range ids {
		servers = append(servers, serverOf(e, id))
	}
	return servers
}

// parted is a partitioned network.
type parted struct {
	effect
	target   *Target
	network  *network
	leader   ensemble.Server   // when the links were cut
	stranded []ensemble.Server // servers through which no write passes
	probes   probes            // one through each of these, opened before
}

// inject first makes sure that writes pass through the servers that are about to be
// stranded. Otherwise it would prove nothing that writes do not pass later.
func (e *parted) inject(ctx context.Context) (err error) {
	if len(e.stranded) == 0 {
		return fmt.Errorf("every server would go on to serve: %w", ErrNoTarget)
	}
	if e.probes, err = openProbes(ctx, e.target.Ensemble, e.stranded); err != nil {
		return fmt.Errorf("before the partition: %w: %w", err, ErrNoTarget)
	}
	for _, l := range e.network.cut {
		if err := e.target.Ensemble.(ensemble.Partitioner).Cut(ctx, l.from, l.to); err != nil {
			return fmt.Errorf("cut the link from server %d to %d: %w", l.from, l.to, err)
		}
	}
	return nil
}

// Verify sees that no write passes through a stranded server any more. Where the leader
// keeps a majority, it also sees that writes pass through the servers that hear it. (Where
// it does not, the election is seen later.) A one-way partition looks the same from outside
// as a full one; Verify claims only this effect.
func (e *parted) Verify(ctx context.Context) error {
	if e.healed {
		return errors.New("the partition is healed")
	}
	if err := together(e.probes, func(p *probe) error { return p.isSilent(ctx) }); err != nil || !e.network.leads(e.leader.ID()) {
		return err
	}
	well, err := openProbes(ctx, e.target.Ensemble, e.served())
	if err != nil {
		return fmt.Errorf("on the leader's side: %w", err)
	}
	well.close()
	return nil
}

// isSilent sees that a write gets no answer.
func (p *probe) isSilent(ctx context.Context) error {
	patient, cancel := context.WithTimeout(ctx, noAnswer)
	defer cancel()
	took, err := p.write(patient)
	if err == nil {
		return fmt.Errorf("a write through server %d was answered after %s", p.server.ID(), took)
	}
	return ctx.Err()
}

// served returns the servers that hear the leader and that no other fault has claimed.
func (e *parted) served() []ensemble.Server {
	var servers []ensemble.Server
	for _, s := range e.target.Ensemble.Servers() {
		if !slices.Contains(e.stranded, s) && e.target.claimed(s) == 0 {
			servers = append(servers, s)
		}
	}
	return servers
}

// Heal lets all servers hear each other again.
func (e *parted) Heal(ctx context.Context) error {
	return e.once(func() error {
		if err := e.target.Ensemble.(ensemble.Partitioner).Heal(ctx); err != nil {
			return fmt.Errorf("heal the partition: %w", err)
		}
		e.probes.close()
		return nil
	})
}
