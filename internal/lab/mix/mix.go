// Package mix draws, from a seed, the kind of run of a test's simulation: which faults it has and when, the
// number of keys, the timeouts and the latencies. So the runs of different seeds take different courses.
package mix

import (
	"cmp"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/workloads"
)

// mix is one kind of run that a seed can choose. Runs that leave some features out find defects
// that runs with everything hide (Groce et al., "Swarm Testing", 2012).
type mix struct {
	faults  func(experiment.Experiment) plan.Schedule // nil: none
	oneKey  bool                                      // all clients use one key
	crashes bool                                      // clients are processes that crash and freeze
	aimed   bool                                      // faults come at single messages
}

// Defaults of a test that simulates.
const (
	usualRate = 50
	// Interval is the time from one fault to the next.
	Interval = time.Second
	// Length is the length of the load.
	Length = 10 * time.Second
)

const kindsOfRuns = 10

// mixes are taken in turn: seed 13 uses mixes[3].
var mixes = [kindsOfRuns]mix{
	{faults: everything},
	{faults: crashing, crashes: true},
	{},
	{faults: expiring},
	{faults: everything, oneKey: true},
	{faults: aiming, aimed: true},
	{faults: returning, crashes: true, oneKey: true},
	{faults: stretching, oneKey: true},
	{faults: aiming, oneKey: true, aimed: true},
	{faults: lagging},
}

func everything(experiment.Experiment) plan.Schedule { return plan.Mix(Interval, plan.AllFaults()) }

func expiring(experiment.Experiment) plan.Schedule { return plan.Every(Interval, faults.Expire{}) }

// lagging makes one server receive everything late, so that clients that connect to it, in a new
// session or an old one, see old state.
func lagging(experiment.Experiment) plan.Schedule {
	return plan.Overlay(
		plan.Mix(jitter.Stretch(2*Interval), plan.Turn{Faults: []faults.Fault{faults.SlowNetwork{Nodes: faults.One}}, For: 2*Interval - Interval/10}),
		plan.Every(Interval/2, faults.Expire{}, faults.Move{}, faults.Cut{}, faults.LoseReply{}),
	)
}

// stretched holds writes back until another client has acted.
var stretched = []faults.Fault{
	faults.LateRequest{}, faults.LateRequest{Repeated: true}, faults.LateRequest{Same: true}, faults.LateRequest{Repeated: true, Same: true},
}

// stretching holds writes back, half of them after a lost reply.
func stretching(experiment.Experiment) plan.Schedule {
	var turns []plan.Turn
	for _, f := range stretched {
		turns = append(turns, plan.Turn{Faults: []faults.Fault{f}, For: Interval - Interval/10})
	}
	return plan.Overlay(plan.Mix(jitter.Stretch(Interval), turns...), plan.Mix(jitter.Stretch(Interval+Interval/7), turns...))
}

// aiming has faults at all kinds of messages in the run. In every other round, sessions do not expire, so that the
// end of a session does not mend what a client has done twice; in the other rounds, sessions expire even when no
// message passes, since few messages pass while a client holds. Calls on one key have fewer faults: each may leave
// one with an unknown outcome, and too many of these make the search for an order too long.
func aiming(x experiment.Experiment) plan.Schedule {
	all := append([]faults.Fault{faults.LoseReply{}, faults.LoseRequest{}, faults.Cut{}}, stretched...)
	gap := Interval / 4
	if x.Keys == 1 {
		gap = Interval / 2
	}
	if x.Seed/kindsOfRuns%2 == 1 {
		return plan.Aim(gap, all...)
	}
	return plan.Overlay(plan.Aim(gap, append(all, faults.Expire{})...), plan.Every(Interval, faults.Expire{}))
}

// crashing also has freezes that outlast the session of the frozen client.
func crashing(x experiment.Experiment) plan.Schedule {
	return plan.Overlay(
		plan.Every(Interval, faults.Crash{}, faults.Freeze{}, faults.Expire{}),
		plan.Mix(jitter.Stretch(Length/2), plan.Turn{Faults: []faults.Fault{faults.Freeze{}}, For: x.SessionTimeout * 3 / 2}),
		late(x),
	)
}

// returning has processes that crash and are soon started again. They find ephemeral znodes of their
// earlier sessions, which the servers delete a moment later.
func returning(x experiment.Experiment) plan.Schedule {
	every := jitter.Stretch(x.SessionTimeout * 3 / 2)
	return plan.Overlay(plan.Repeat(every/2, every, x.SessionTimeout/10, faults.Crash{Who: faults.Holder.OrAny()}), late(x))
}

// late freezes clients between an answer and the next step that relies on it, until the answer is no
// longer true.
func late(x experiment.Experiment) plan.Schedule {
	lasts := jitter.Stretch(2 * x.SessionTimeout)
	return plan.Overlay(
		plan.Repeat(jitter.Stretch(Interval), lasts, lasts, faults.Freeze{Who: faults.Returned}),
		plan.Repeat(lasts/2, lasts, lasts, faults.Freeze{Who: faults.Owner}),
	)
}

// outagesMix is the index in mixes that outages replaces if the ensemble can lose servers.
const outagesMix = 8

// mixOf returns the mix of the experiment's seed.
func mixOf(x experiment.Experiment) mix {
	m := mixes[uint64(x.Seed)%uint64(len(mixes))]
	if servers, ok := x.Ensemble.(embedded.Config); ok && servers.Nodes >= 5 && uint64(x.Seed)%uint64(len(mixes)) == outagesMix {
		m.faults, m.aimed = outages, false
	}
	return m
}

// outages takes several servers down at once, each for its own time. A majority is left at all
// times.
func outages(x experiment.Experiment) plan.Schedule {
	servers := x.Ensemble.(embedded.Config)
	const lasts = Length / 3 // long enough for a leader to be given up
	s := plan.Every(Interval, faults.Expire{}, faults.Cut{}, faults.LoseReply{})
	for i := range (servers.Nodes - 1) / 2 {
		down := []faults.Fault{faults.Pause{Nodes: faults.One}, faults.Kill{Nodes: faults.One}}[i%2]
		s = plan.Overlay(s, plan.Repeat(jitter.Stretch(Interval*time.Duration(1+i)), lasts+Interval*time.Duration(1+i), lasts, down))
	}
	return s
}

// Usual fills in the defaults of a test that simulates, except its seed.
func Usual(x experiment.Experiment) (experiment.Experiment, error) {
	var err error
	x.UsualFaults, x.UsualRate = x.Faults == nil, x.Rate == 0
	x.Rate = cmp.Or(x.Rate, usualRate)
	if x.Faults == nil {
		x.Faults, err = plan.Parse("all", Interval)
		x.TimeLimit = cmp.Or(x.TimeLimit, Length)
	} else {
		x.MinLoad = cmp.Or(x.MinLoad, experiment.SweptLoad)
	}
	return x, err
}

// Simulate runs one of the simulations of a test. t is the subtest of the seed. The seed draws the kind of
// run if Usual has chosen the faults.
func Simulate(t *testing.T, x experiment.Experiment) (*experiment.Outcome, error) {
	x = unevenly(x)
	if !x.UsualFaults {
		return x.Simulate(t.Context(), t)
	}
	x = mixed(x, mixOf(x))
	return x.Simulate(t.Context(), t)
}

// unevenly gives the default ensemble a kind of latencies that depends on the seed.
func unevenly(x experiment.Experiment) experiment.Experiment {
	if x.Ensemble == nil {
		spread := embedded.Spreads[int(uint64(x.Seed)%uint64(len(embedded.Spreads)))]
		x.Ensemble = embedded.Config{InMemory: true, Latency: experiment.UsualLatency, Spread: spread}
	}
	return x
}

// mixed returns the experiment with the choices of its mix and its seed, for the settings that the
// experiment leaves open.
func mixed(x experiment.Experiment, m mix) experiment.Experiment {
	choices := sweep.UsualChoices()
	if m.crashes {
		choices.Of["session-timeout"] = choices.Of["session-timeout"][:1] // clients that wait for a crashed one wait that long
	}
	timeouts := append(choices.Of["op-timeout"], waitsLong)
	if m.aimed {
		timeouts = timeouts[len(timeouts)-1:]
	}
	choices.Of["op-timeout"] = timeouts
	d := sweep.Draw(x.Seed, choices)
	x.SessionTimeout = cmp.Or(x.SessionTimeout, d.SessionTimeout)
	x.OpTimeout = cmp.Or(x.OpTimeout, d.OpTimeout)
	if m.oneKey && !workloads.ModelOf(x.Workload).Rounds {
		x.Keys = cmp.Or(x.Keys, 1)
	}
	if m.crashes && (x.PlayProcesses || x.Playable()) {
		x.TimeLimit *= 2 // crashed and frozen clients do nothing meanwhile
	} else if m.crashes {
		m.faults = everything
	}
	x.MinLoad = cmp.Or(x.MinLoad, mixedLoad)
	if m.aimed {
		x.MinLoad = -1 // the first fault may come with the first operation
	}
	x.Faults, x.OptionalFaults = nil, true
	if m.faults != nil {
		x.Faults = m.faults(x)
	}
	return x
}

// waitsLong is longer than any operation may take after the last fault has healed, so it reveals
// calls that a fault made wait for ever.
const waitsLong = 30 * time.Second

// mixedLoad is the number of operations that a run needs before its first fault.
const mixedLoad = 3
