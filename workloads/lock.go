package workloads

import (
	"context"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
)

// Lock is the workload of an exclusive lock: every client locks several paths, holds each
// for 1–20 ms around a write to a guarded resource, and gives up one attempt in ten after a
// moment.
type Lock struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Lock, error)
}

var lockParts = parts{
	model:    models.Lock,
	contract: contracts.Locks,
	subjects: []Subject{
		own(Lock{subjects.NewLock}),
		variant("do", "the recipe of package recipes, used through Do", Lock{subjects.NewDoLock}),
		variant("acl", "the recipe of package recipes, with an ACL", Lock{subjects.NewACLLock}),
		variant("herd", "the recipe of package recipes, whose waiters also all watch the holder", Lock{subjects.NewHerdLock}),
		{Name: GoZookeeper, About: "the lock that comes with the client library", Workload: Lock{subjects.GoZookeeperLock}},
		mutant("check-then-create", "exclusion", "", "checks that the lock is free, then creates its znode without checking again", Lock{broken.CheckThenCreate}),
		mutant("ignores-expiry", "lost", "expire/1500ms", "keeps its hold after its session expired", Lock{broken.IgnoresExpiry}).besides("exclusion", "tokens", "fencing", "grant"),
		mutant("missing-is-first", "grant", "expire:waiter/1500ms", "believes that it is first when its own znode is missing", Lock{broken.MissingIsFirst}).besides("exclusion", "progress"),
		mutant("stale-unlock", "own-znodes", "expire:holder/400ms", "deletes its znode by path without checking who created it", Lock{broken.StaleUnlock}).besides("exclusion"),
		mutant("token-of-its-own", "tokens", "", "each client counts fencing tokens on its own", Lock{broken.TokenOfItsOwn}).besides("fencing"),
		mutant("looks-then-unlocks", "own-znodes", "freeze:owner@300ms+9s,freeze:owner@1s+9s", "looks whether the znode is its own, then deletes whatever is there", Lock{broken.LooksThenUnlocks}).besides("exclusion"),
		mutant("takes-over-its-lock", "own-znodes", "crash:holder@800ms+300ms/2s,freeze:returned@300ms+9s,freeze:returned@600ms+9s,freeze:returned@900ms+9s", "deletes the znode of its process before a crash, even if it is another client's by then", Lock{broken.TakesOverItsLock}).besides("exclusion"),
	},
}

// Name returns the name of the model.
func (Lock) Name() string { return models.Lock.Name }

// Maker serves the subjects to another process.
func (w Lock) Maker() subjects.Maker { return contracts.ServeOn(contracts.Locks, w.New) }

// Start makes the locks.
func (w Lock) Start(ctx context.Context, env *Env) (Run, error) {
	return newHoldRun(ctx, env, time.Millisecond, 20*time.Millisecond, holderOf(on(contracts.Locks, w.New), contracts.LockAcquire, contracts.LockRelease))
}
