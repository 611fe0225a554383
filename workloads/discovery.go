package workloads

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Discovery is the workload of services. Clients do the same as with groups (see [Membership]), and
// also pick instances all the time.
type Discovery struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Service, error)
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
