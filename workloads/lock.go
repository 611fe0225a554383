package workloads

import (
	"context"
	"time"

	"github.com/zklab/zklab/history/models"
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

var _ = offer(models.Lock,
	own(Lock{subjects.NewLock}),
	variant("do", "the recipe of package recipes, by its Do", Lock{subjects.NewDoLock}),
	variant("acl", "the recipe of package recipes, with an ACL", Lock{subjects.NewACLLock}),
	Subject{Name: GoZookeeper, About: "the lock that comes with the client library", workload: Lock{subjects.GoZookeeperLock}},
	planted("check-then-create", "exclusion", "", "looks whether anybody holds the lock, then makes its own znode and believes it", Lock{broken.CheckThenCreate}),
	planted("ignores-expiry", "lost", "expire/1500ms", "goes on holding after its session has died", Lock{broken.IgnoresExpiry}).besides("exclusion", "tokens", "fencing", "grant"),
	planted("missing-is-first", "grant", "expire:waiter/1500ms", "takes its own znode's absence from the line for the head of it", Lock{broken.MissingIsFirst}).besides("exclusion", "progress"),
	planted("stale-unlock", "own-znodes", "expire:holder/400ms", "deletes its znode by its path, whosever it is by now", Lock{broken.StaleUnlock}).besides("exclusion"),
	planted("token-of-its-own", "tokens", "", "each client counts its fencing tokens by itself", Lock{broken.TokenOfItsOwn}).besides("fencing"),
)

// Name is the name of the model.
func (Lock) Name() string { return models.Lock.Name }

// InProcesses returns the same workload with subjects in the clients' own processes.
func (Lock) InProcesses() Workload { return Lock{New: subjects.RemoteLock} }

// Maker serves the subjects to another process.
func (w Lock) Maker() subjects.Maker { return subjects.ServeLock(w.New) }

// Start makes the locks.
func (w Lock) Start(ctx context.Context, env *Env) (Run, error) {
	return newHoldRun(ctx, env, time.Millisecond, 20*time.Millisecond, func(c *subjects.Client, path string) (*holder, error) {
		l, err := w.New(c, path)
		if err = given(l, err); err != nil {
			return nil, err
		}
		return newHolder(l, l.Lock, l.Unlock), nil
	})
}
