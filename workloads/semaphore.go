package workloads

import (
	"context"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Semaphore is the workload of a semaphore with leases for half of the clients. Every
// client acquires leases of several semaphores, half of the time together with all others,
// so that there are too few. It holds each lease until all leases that others ask for are
// taken, or for a moment, and then 5–30 ms more. It gives up one attempt in ten after a
// moment.
type Semaphore struct {
	// New makes the subject of one client on one path, of a semaphore with that many
	// leases.
	New func(c *subjects.Client, path string, leases int) (subjects.Semaphore, error)
}

// Name returns the name of the model.
func (Semaphore) Name() string { return models.Semaphore.Name }

// Maker serves the subjects to another process.
func (w Semaphore) Maker() subjects.Maker { return contracts.Semaphores.Serve(w.New) }

// Params says how many leases each semaphore has.
func (Semaphore) Params(p *history.Params) { p.Leases = leasesFor(p.Clients) }

// leasesFor returns one lease for every two clients, at least two, but at most one less
// than there are clients.
func leasesFor(clients int) int { return max(1, min(clients-1, max(2, clients/2))) }

// perLeaseRush is the mean number of operations, of all clients, after which they all acquire leases
// of one semaphore at once.
const perLeaseRush = 20

// Start makes the semaphores.
func (w Semaphore) Start(ctx context.Context, env *Env) (Run, error) {
	places := leasesFor(len(env.Clients))
	r, err := newHoldRun(ctx, env, 5*time.Millisecond, 30*time.Millisecond, holderOf(onWith(contracts.Semaphores, places, w.New), contracts.SemaphoreAcquire, contracts.SemaphoreRelease))
	if err != nil {
		return nil, err
	}
	r.resources = nil // a resource cannot tell a past holder from a present one
	r.rushes = newRushes(newMeetings(env, perLeaseRush), places)
	r.scene = func(ctx context.Context, key string) { r.oneLeaseOfMany(ctx, key, places) }
	return r, nil
}

// oneLeaseOfMany lets clients hold all leases while one more client asks for one; then one
// of the holders, the earliest or another one, releases its lease. The others hold on for
// longer than the bound.
func (r *holdRun) oneLeaseOfMany(ctx context.Context, key string, places int) {
	clients := r.env.Clients
	if places < 2 || len(clients) <= places {
		return
	}
	for gives := range places {
		var holders sync.WaitGroup
		for i, c := range clients[:places] {
			length := 3 * untilAsked
			if i != gives {
				length = 2 * Patience(r.env.Bound)
			}
			holders.Go(func() {
				pause(ctx, time.Duration(i)*untilAsked/10) // in this order
				_ = r.criticalSection(ctx, c, key, 0, r.env.OpTimeout, length, purpose{})
			})
		}
		pause(ctx, untilAsked)
		err := r.criticalSection(ctx, clients[places], key, 0, Patience(r.env.Bound), r.brief, purpose{})
		holders.Wait()
		if err != nil {
			return
		}
	}
}

// untilAsked is the time from when all leases are taken until another client asks for one.
const untilAsked = 50 * time.Millisecond
