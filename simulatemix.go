package zklab

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/virtual/apart"
	"github.com/zklab/zklab/link"
)

// mix is what a run is like, of those among which seeds choose: what leaves things out finds
// what a mix of everything hides (Groce et al., "Swarm Testing", 2012).
type mix struct {
	faults   func(Experiment) plan.Schedule // nil: none
	oneKey   bool                           // all clients meet on it
	crashes  bool                           // clients are processes that crash and freeze
	messages bool                           // faults come at single messages
}

// mixes are taken in turn: seed 13 is of the kind mixes[3].
var mixes = [10]mix{
	{faults: everything},
	{faults: crashing, crashes: true},
	{},
	{faults: expiring},
	{faults: everything, oneKey: true},
	{messages: true},
	{faults: crashing, crashes: true, oneKey: true},
	{},
	{faults: expiring, oneKey: true},
	{faults: lagging},
}

func everything(Experiment) plan.Schedule { return plan.Mix(simulatedInterval, plan.AllFaults()) }

func expiring(Experiment) plan.Schedule { return plan.Every(simulatedInterval, faults.Expire{}) }

// lagging has one server hear of everything late, so that clients that come to it, in a new session
// or an old one, find what was there before.
func lagging(Experiment) plan.Schedule {
	return plan.Overlay(
		plan.Mix(apart.Odd(2*simulatedInterval), plan.Turn{Faults: []faults.Fault{faults.SlowNetwork{Nodes: faults.One}}, For: 2*simulatedInterval - simulatedInterval/10}),
		plan.Every(simulatedInterval/2, faults.Expire{}, faults.Move{}, faults.Cut{}, faults.LoseReply{}),
	)
}

// crashing also has freezes that outlast the session of whoever is frozen.
func crashing(x Experiment) plan.Schedule {
	return plan.Overlay(
		plan.Every(simulatedInterval, faults.Crash{}, faults.Freeze{}, faults.Expire{}),
		plan.Mix(apart.Odd(simulatedLength/2), plan.Turn{Faults: []faults.Fault{faults.Freeze{}}, For: x.SessionTimeout * 3 / 2}),
	)
}

// outagesMix is the place among mixes that outages take where servers can be missed.
const outagesMix = 8

// mixOf is what a seed's run is like.
func (x Experiment) mixOf() mix {
	m := mixes[uint64(x.Seed)%uint64(len(mixes))]
	if servers, ok := x.Ensemble.(embedded.Config); ok && servers.Nodes >= 5 && uint64(x.Seed)%uint64(len(mixes)) == outagesMix {
		m.faults = outages
	}
	return m
}

// outages have one server down beside another, each for a time of its own, as many as can be missed: a
// majority is left at all times.
func outages(x Experiment) plan.Schedule {
	servers := x.Ensemble.(embedded.Config)
	const lasts = simulatedLength / 3 // long enough for a leader to be given up
	s := plan.Every(simulatedInterval, faults.Expire{}, faults.Cut{}, faults.LoseReply{})
	for i := range (servers.Nodes - 1) / 2 {
		down := []faults.Fault{faults.Pause{Nodes: faults.One}, faults.Kill{Nodes: faults.One}}[i%2]
		s = plan.Overlay(s, plan.Repeat(apart.Odd(simulatedInterval*time.Duration(1+i)), lasts+simulatedInterval*time.Duration(1+i), lasts, down))
	}
	return s
}

// simulateSeed is one of the simulations of a test; mixed says that its seed draws what the
// run is like.
func (x Experiment) simulateSeed(t *testing.T, mixed bool) (*Outcome, error) {
	x = x.unevenly()
	if !mixed {
		return SimulateIn(t, x)
	}
	m := x.mixOf()
	if m.messages && x.Seed/int64(len(mixes))%2 == 1 { // at messages that there are only behind an expiry, too
		m.faults = expiring
	}
	x = x.mixed(m)
	if m.messages {
		points, err := x.points(t)
		if err != nil {
			return nil, err
		}
		x.Faults = plan.Overlay(x.Faults, x.atMessages(points))
	}
	return SimulateIn(t, x)
}

// mixed is the experiment with what its mix and its seed say where it says nothing itself.
func (x Experiment) mixed(m mix) Experiment {
	choices := sweep.UsualChoices()
	if m.crashes {
		choices.Of["session-timeout"] = choices.Of["session-timeout"][:1] // those who wait for one that crashed wait for that
	}
	timeouts := append(choices.Of["op-timeout"], waitsLong)
	if m.messages {
		timeouts = timeouts[len(timeouts)-1:]
	}
	choices.Of["op-timeout"] = timeouts
	d := sweep.Draw(x.Seed, choices)
	defaultTo(&x.SessionTimeout, d.SessionTimeout)
	defaultTo(&x.OpTimeout, d.OpTimeout)
	if m.oneKey && !models.Named(x.Workload.Name()).Rounds {
		defaultTo(&x.Keys, 1)
	}
	if m.crashes && (x.PlayProcesses || x.playable()) {
		x.TimeLimit *= 2 // those who are down or frozen do nothing meanwhile
	} else if m.crashes {
		m.faults = everything
	}
	defaultTo(&x.MinLoad, mixedLoad)
	if m.messages {
		x.MinLoad = -1 // the first fault may come with the first operation
	}
	x.Faults, x.OptionalFaults = nil, true
	if m.faults != nil {
		x.Faults = m.faults(x)
	}
	return x
}

// waitsLong is longer than anything may take once the last fault is undone: a call that such
// a fault has made wait for ever shows.
const waitsLong = 30 * time.Second

// mixedLoad is how many operations a run needs before its first fault.
const mixedLoad = 3

// points are the messages of the run as it is without faults at messages.
func (x Experiment) points(t *testing.T) (points []link.Point, err error) {
	var mu sync.Mutex
	x.OnPoint = func(p link.Point) {
		mu.Lock()
		defer mu.Unlock()
		points = append(points, p)
	}
	_, err = SimulateIn(t, x)
	return points, err
}

// How many faults at messages a run has: at any, and at replies to writes. Each may change its
// course, after which some of the other messages do not pass any more.
const (
	faultsAtMessages = 6
	faultsAtWrites   = 10
)

// atMessages draws faults at some of the messages. What is done and not answered is where
// most recipes go wrong, so most are at replies to writes.
func (x Experiment) atMessages(points []link.Point) plan.Schedule {
	writes := slices.DeleteFunc(slices.Clone(points), func(p link.Point) bool {
		return !p.Reply || !slices.Contains([]string{"create", "delete", "setData", "multi"}, p.Message)
	})
	rng := rand.New(rand.NewPCG(uint64(x.Seed), 0))
	return plan.Overlay(
		explore.Some(points, []explore.Choice{
			{Fault: faults.Cut{}},
			{Fault: faults.Cut{}, After: true},
			{Fault: faults.Expire{}},
			{Fault: faults.LoseRequest{}},
			{Fault: faults.LoseReply{}},
		}, faultsAtMessages, rng),
		explore.Some(writes, []explore.Choice{{Fault: faults.LoseReply{}}, {Fault: faults.Cut{}}, {Fault: faults.Expire{}}}, faultsAtWrites, rng),
	)
}
