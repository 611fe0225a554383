package recipes

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// Contender is a place in the line of a [Lock], an [RWLock], a [Semaphore] or an [Election], as an
// observer sees it.
type Contender struct {
	Recipe  string    // "lock", "rwlock", "semaphore" or "election"
	Path    string    // of its znode
	Session int64     // the session that owns the znode
	Token   int64     // the fencing token of its hold: the creation zxid of the znode
	Since   time.Time // when it lined up, by the clock of the leader of the ensemble
	Data    []byte    // of the znode; for a candidate, its id
	Writer  bool      // it wants to write (RWLock)
	Holds   bool      // it holds the lock, has a lease, or leads
	// Behind is the path of the nearest contender that it waits for, or "" if it holds. It may also
	// have to wait for others ahead of that one.
	Behind string

	turn   Turn
	yields bool // it is a writer that only reads from now on (see [RWLock.Downgrade])
}

// Contenders lists the line of the lock, read-write lock, semaphore or election at a path: holders
// and waiters, in order. The list has each contender that lined up before the call and has not left
// since. It is empty if there is no znode. Contenders reads the znodes one after the other.
//
// NoEffect is true for its errors: [ErrClosed], the error of ctx, or what a server refused.
func Contenders(ctx context.Context, c *Client, path string) ([]Contender, error) {
	return contenders(ctx, calls.New(c.client, path), "")
}

// ContenderNames lists the names of the znodes that stand in line at a path, in order. It makes one
// read, where [Contenders] reads each znode. So the list includes znodes that are not ephemeral and
// only look like contenders. NoEffect is true for its errors: [ErrClosed], the error of ctx, or
// what a server refused.
func ContenderNames(ctx context.Context, c *Client, path string) (names []Name, err error) {
	r := calls.New(c.client, path)
	err = r.Attempts(ctx, "list contenders", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		all, err := r.Client.FreshChildren(ctx, z, r.Path)
		names = contending(all, "")
		return calls.AppliedUnless(err)
	})
	return names, err
}

// contenders lists the contenders of one recipe; "" stands for any.
func contenders(ctx context.Context, r *calls.Recipe, of string) (all []Contender, err error) {
	err = r.Attempts(ctx, "list contenders", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		all, err = readContenders(ctx, r, z, of)
		return calls.AppliedUnless(err)
	})
	return all, err
}

func readContenders(ctx context.Context, r *calls.Recipe, z *client.Session, of string) (all []Contender, err error) {
	names, err := r.Client.FreshChildren(ctx, z, r.Path)
	if err != nil {
		return nil, err
	}
	line := contending(names, of)
	places := 1
	if slices.ContainsFunc(line, func(n Name) bool { return n.Turn == Some }) {
		if places, err = leases(ctx, r, z); err != nil {
			return nil, err
		}
	}
	for _, n := range line {
		v, err := r.Client.Get(ctx, z, znodes.Join(r.Path, n.node.Name))
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue // it has left the line
		case err != nil:
			return nil, err
		case v.Stat.EphemeralOwner == 0:
			continue // it only looks like a contender
		}
		all = append(all, Contender{
			Recipe: n.Recipe, Path: znodes.Join(r.Path, n.node.Name), Session: v.Stat.EphemeralOwner, Token: v.Stat.Czxid,
			Since: time.UnixMilli(v.Stat.Ctime), Data: v.Data, Writer: n.Writer,
			turn: n.Turn, yields: n.Writer && contend.Says(v.Data, contend.WordRead),
		})
	}
	for i := range all {
		all[i].place(all[:i], places)
	}
	return all, nil
}

// contending returns the names of contenders, in the order of their lines.
func contending(names []string, of string) (all []Name) {
	for _, name := range names {
		n, ok := ParseName(name)
		if ok && (n.Turn == First || n.Turn == Some || n.Turn == Shared) && (of == "" || n.Recipe == of) {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, CompareNames)
	return all
}

// leases returns how many contenders of a semaphore hold at a time.
func leases(ctx context.Context, r *calls.Recipe, z *client.Session) (int, error) {
	v, err := r.Client.Get(ctx, z, r.Path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(v.Data))
	if err != nil {
		return 1, nil // no client has written a number yet
	}
	return n, nil
}

// place sets Holds and Behind of a contender, given the contenders that lined up before it.
func (c *Contender) place(before []Contender, places int) {
	var ahead []string
	for _, o := range before {
		if o.Recipe == c.Recipe && (c.turn != Shared || c.Writer && !c.yields || o.Writer && !o.yields) {
			ahead = append(ahead, o.Path)
		}
	}
	if c.turn != Some {
		places = 1
	}
	if c.Holds = len(ahead) < places; !c.Holds {
		c.Behind = ahead[len(ahead)-1]
	}
}

// holdingOrNot returns the contenders of one recipe that hold, or those that wait.
func holdingOrNot(ctx context.Context, x *contend.Exclusive, recipe string, hold bool) ([]Contender, error) {
	all, err := contenders(ctx, calls.New(x.Client, x.Path), recipe)
	return slices.DeleteFunc(all, func(c Contender) bool { return c.Holds != hold }), err
}

// holder returns the contender that holds.
func holder(ctx context.Context, x *contend.Exclusive, recipe string) (c Contender, held bool, err error) {
	all, err := holdingOrNot(ctx, x, recipe, true)
	if err != nil || len(all) == 0 {
		return Contender{}, false, err
	}
	return all[0], true, nil
}

// Holder returns the contender that holds the lock; held is false if none does. See [Contenders].
func (l *Lock) Holder(ctx context.Context) (c Contender, held bool, err error) {
	return holder(ctx, l.x, "lock")
}

// Waiters returns the contenders that wait for the lock, in order. See [Contenders].
func (l *Lock) Waiters(ctx context.Context) ([]Contender, error) {
	return holdingOrNot(ctx, l.x, "lock", false)
}

// Holder returns the candidate that leads; held is false if none does. See [Contenders].
func (e *Election) Holder(ctx context.Context) (c Contender, held bool, err error) {
	return holder(ctx, e.x, "election")
}

// Waiters returns the candidates that wait, in the order in which they will lead. See [Contenders].
func (e *Election) Waiters(ctx context.Context) ([]Contender, error) {
	return holdingOrNot(ctx, e.x, "election", false)
}

// Holders returns the contenders that have a lease. See [Contenders].
func (s *Semaphore) Holders(ctx context.Context) ([]Contender, error) {
	return holdingOrNot(ctx, s.x, "semaphore", true)
}

// Waiters returns the contenders that wait for a lease, in order. See [Contenders].
func (s *Semaphore) Waiters(ctx context.Context) ([]Contender, error) {
	return holdingOrNot(ctx, s.x, "semaphore", false)
}

// Holders returns the readers, or the writer, that hold the lock. See [Contenders].
func (l *RWLock) Holders(ctx context.Context) ([]Contender, error) {
	return holdingOrNot(ctx, l.x, "rwlock", true)
}

// Waiters returns the readers and writers that wait for the lock, in order. See [Contenders].
func (l *RWLock) Waiters(ctx context.Context) ([]Contender, error) {
	return holdingOrNot(ctx, l.x, "rwlock", false)
}
