package contracts

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// OfferLeader is the offer of an election in another process that has the operation leader.
const OfferLeader = models.FLeader

// The operations of an [subjects.Election].
var (
	ElectionCampaign = acquires(subjects.Election.Campaign)
	ElectionResign   = releases(subjects.Election.Resign)
	ElectionLeader   = further[subjects.Election](OfferLeader, asks(models.FLeader, subjects.LeaderTeller.Leader))
)

// Elections is the contract of an [subjects.Election], whose constructor gets the id that Leader returns to the
// other candidates.
var Elections = holds[subjects.Election, string](models.Election, "candidate", ElectionCampaign, ElectionResign, ElectionLeader).
	mayOffer(offers[subjects.LeaderTeller](OfferLeader))

// The operations of a [subjects.Lock].
var (
	LockAcquire = acquires(subjects.Lock.Lock)
	LockRelease = releases(subjects.Lock.Unlock)
)

// Locks is the contract of a [subjects.Lock].
var Locks = holds[subjects.Lock, None](models.Lock, "", LockAcquire, LockRelease)

// The operations of a [subjects.MultiLock].
var (
	MultiLockAcquire = acquires(subjects.MultiLock.Lock)
	MultiLockRelease = releases(subjects.MultiLock.Unlock)
)

// MultiLocks is the contract of a [subjects.MultiLock], whose constructor gets the names of some znodes below its
// path.
var MultiLocks = holds[subjects.MultiLock, []string](models.MultiLock, "keys", MultiLockAcquire, MultiLockRelease)

// GrantedShare is the answer to a partitioner's acquire.
type GrantedShare struct {
	Granted
	Keys []string `json:"keys"`
}

// The operations of a [subjects.Partitioner].
var (
	PartitionerAcquire = asks(models.FAcquire, func(p subjects.Partitioner, ctx context.Context) (g GrantedShare, err error) {
		if g.Keys, err = p.Acquire(ctx); err == nil {
			g.Granted = grantOf(p)
		}
		return g, err
	})
	PartitionerChanged = does(models.FChanged, subjects.Partitioner.Changed).readOnly()
	PartitionerRelease = releases(subjects.Partitioner.Release)
	PartitionerLeave   = does(models.FLeave, subjects.Partitioner.Leave)
)

// Partitioners is the contract of a [subjects.Partitioner], whose constructor gets the names of the
// items.
var Partitioners = holds[subjects.Partitioner, []string](models.Partitioner, "keys", PartitionerAcquire, PartitionerChanged, PartitionerRelease, PartitionerLeave)

// The operations of a [subjects.Semaphore].
var (
	SemaphoreAcquire = acquires(subjects.Semaphore.Acquire)
	SemaphoreRelease = releases(subjects.Semaphore.Release)
)

// Semaphores is the contract of a [subjects.Semaphore], whose constructor gets the number of leases.
var Semaphores = holds[subjects.Semaphore, int](models.Semaphore, "leases", SemaphoreAcquire, SemaphoreRelease)
