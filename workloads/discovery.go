package workloads

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
)

// Discovery is the workload of services. Clients do the same as with groups (see [Membership]), and
// also pick instances all the time.
type Discovery struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Service, error)
}

var discoveryParts = parts{
	model:    models.Discovery,
	contract: contracts.Services,
	subjects: []Subject{
		own(Discovery{subjects.NewService}),
		variant("directory", "the recipe of package recipes, observed through its Directory", Discovery{subjects.NewDirectoryService}),
		mutant("one-shot-watch", "converge", "", "sets its watch once, and misses all changes after the first", Discovery{broken.ServiceOf(broken.OneShotWatch)}),
		mutant("not-registered-again", "converge", "expire:holder/1500ms", "does not register again after its session ended", Discovery{broken.ServiceOf(broken.RejoinLost)}),
		mutant("persistent-instance", "converge", "expire:holder/1500ms", "creates persistent instances, and forgets them when its session ends", Discovery{broken.ServiceOf(broken.PersistentMember)}).besides("fresh", "log"), // as for groups
		mutant("cache-forgets-late", "fresh", "", "still returns other instances for a second after they left", Discovery{broken.ServiceOf(broken.CacheForgetsLate)}).besides("snapshots"),
		mutant("tells-the-past", "monotone", "", "reports a change, then the state before it", Discovery{broken.ServiceOf(broken.TellsThePast)}).besides("pick"),
		mutant("torn-lookup", "snapshots", "", "returns a set of instances that never existed at one time", Discovery{broken.ServiceOf(broken.TornList)}),
		mutant("looks-then-unregisters", "own-znodes", "freeze:owner@300ms+9s,freeze:owner@1s+9s", "looks whether the znode is its own, then deletes whatever is there", Discovery{broken.ServiceOf(broken.LooksThenLeaves)}).besides("converge", "fresh"),
		mutant("picks-the-gone", "pick", "", "keeps picking an instance that it knows has left", Discovery{broken.PicksTheGone}).besides("converge"), // it sticks to it for ever
		mutant("panics-when-empty", "no-panic", "", "picks the first instance without checking that there is one", Discovery{broken.PanicsWhenEmpty}).alone(),
	},
}

// Name returns the name of the model.
func (Discovery) Name() string { return models.Discovery.Name }

// Maker serves the subjects to another process.
func (w Discovery) Maker() subjects.Maker { return contracts.ServeOn(contracts.Services, w.New) }

// Start makes the services.
func (w Discovery) Start(ctx context.Context, env *Env) (Run, error) {
	make := on(contracts.Services, w.New)
	services, err := makePerKey(ctx, env, make)
	calls := groupCalls[subjects.Service]{
		join: contracts.ServiceRegister, leave: contracts.ServiceUnregister, list: contracts.ServiceLookup, changed: contracts.ServiceChanged,
		pick: contracts.ServicePick, kinds: 11,
	}
	if err != nil {
		return nil, err
	}
	return newMembershipRun(env, services, make, calls), nil
}
