package subjects

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes"
)

// Group is a group of members. Each member is in the group for as long as its client lives. It may be a
// [Snapshots].
type Group interface {
	// Join makes this client a member under a name that no other client has. It is called by a
	// client that is not a member. The client stays a member when its session expires and it
	// gets a new one. After an error the client is not a member, what the call left behind is
	// removed, and Join is called again, with another name. A process that was started again
	// may join under the name that it had before: what is left of the earlier membership
	// belongs to a session that ends, and does not make it a member.
	Join(ctx context.Context, member string) error
	// Leave ends the membership. Even after an error this client is no longer a member, unless the
	// error reports that the call had no effect ([NoEffect]): then it is still one, and Leave may
	// be called again. Only members call Leave, even after the session has ended.
	Leave(ctx context.Context) error
	// Members returns the names of all members. They may be old, but not older than what the
	// client's session has seen. Clients that are not members also call it. After an error any
	// call may follow.
	Members(ctx context.Context) ([]string, error)
	// Changed waits until the members differ from those that it returned last (none before
	// the first call), and returns them. The returned members are never older than those.
	// Clients that are not members also call it. After an error, such as the end of ctx, it
	// is called again.
	Changed(ctx context.Context) ([]string, error)
}

// Snapshots is a [Group] or a [Service] each list of which (Members, Lookup) is the whole group as
// it was at one moment, not a list whose members were read one by one. The moments of a session's
// lists follow each other. Without it the property snapshots is not checked. It is checked against
// the transaction log, and only if each member is a znode whose data is the member's name.
type Snapshots interface{ Snapshots() }

// NewGroup returns zklab's own group, recipes.Group.
func NewGroup(c *Client, path string) (Group, error) {
	return ofRecipe(c, func(cl *recipes.Client) Group { return newOwnGroup(recipes.NewGroup(cl, path)) })
}

// ownGroup follows the changes of a group from the first call of Changed on.
type ownGroup struct {
	*recipes.Group
	ctx  context.Context
	stop context.CancelFunc
	once sync.Once
	done chan struct{} // closed when follow has returned

	mu      sync.Mutex
	now     []string
	changed chan struct{} // closed and replaced with every change
	told    []string      // what Changed returned last
}

func newOwnGroup(g *recipes.Group) *ownGroup {
	ctx, stop := context.WithCancel(context.Background())
	return &ownGroup{Group: g, ctx: ctx, stop: stop, done: make(chan struct{}), changed: make(chan struct{})}
}

// Snapshots implements [Snapshots].
func (*ownGroup) Snapshots() {}

func (g *ownGroup) Join(ctx context.Context, member string) error {
	return g.Group.Join(ctx, []byte(member))
}

func (g *ownGroup) Members(ctx context.Context) ([]string, error) {
	members, err := g.Group.Members(ctx)
	return namesOf(members), err
}

func (g *ownGroup) Changed(ctx context.Context) ([]string, error) {
	g.once.Do(func() { go g.follow() })
	for {
		g.mu.Lock()
		now, changed := g.now, g.changed
		g.mu.Unlock()
		if !slices.Equal(now, g.told) {
			g.told = now
			return now, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, WithoutEffect(context.Cause(ctx))
		}
	}
}

// follow continues after an error, such as a missing permission, until the group is closed.
func (g *ownGroup) follow() {
	defer close(g.done)
	for g.ctx.Err() == nil {
		for change, err := range g.Changes(g.ctx) {
			switch {
			case err == nil:
				g.tell(namesOf(change.Members))
			case errors.Is(err, recipes.ErrClosed):
				return
			}
		}
		_ = await.Sleep(g.ctx, 50*time.Millisecond)
	}
}

func (g *ownGroup) tell(now []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = now
	close(g.changed)
	g.changed = make(chan struct{})
}

// Close also stops follow.
func (g *ownGroup) Close(ctx context.Context) error {
	g.stop()
	g.once.Do(func() { close(g.done) })
	<-g.done
	return g.Group.Close(ctx)
}

// namesOf returns the names of members without duplicates: a member that joins again after
// an expiry may be listed twice for a moment.
func namesOf(members []recipes.Member) []string {
	names := []string{}
	for _, m := range members {
		names = append(names, string(m.Data))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
