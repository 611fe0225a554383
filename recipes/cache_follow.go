package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// This file follows the znodes of a cache.
//
// Only follow writes the copy. It writes what a server showed, each time later than before: the
// views of a session never go back (Programmer's Guide, Consistency Guarantees: single system
// image), and the views of the next session begin with a QuorumSync. follow reads the znodes of one
// depth at the same time, and deeper ones after that: so a list that removes a znode is always of a
// later view than the znode.

// cacheReads is how many requests of a cache are under way at a time, at most.
const cacheReads = 16

// follow keeps the copy up to date until ctx ends. ctx also ends with the client.
func (c *Cache) follow(ctx context.Context) {
	var b client.Backoff
	for {
		z, err := c.r.Client.Begin(ctx)
		if err != nil {
			return
		}
		_ = c.followIn(ctx, z, &b) // the callers that wait have been told of a refusal
		c.stands(CacheBehind)
		if ctx.Err() != nil {
			return
		}
		b.Pause(ctx)
	}
}

// followIn follows in z until z ends, or a server refuses a request.
func (c *Cache) followIn(ctx context.Context, z *client.Session, b *client.Backoff) error {
	for anew := true; ; {
		event := c.r.Client.NextEvent()
		sync := c.pending()
		anew = anew || len(sync.asked) > 0
		err := c.round(ctx, z, anew)
		if err != nil && (failures.Stopped(err) || calls.Retryable(err)) {
			return err // it is tried again for the calls that wait
		}
		c.answer(sync.asked, err)
		if err != nil {
			return err
		}
		*b = client.Backoff{}
		if err := c.r.Client.Wait(ctx, z, event, append(c.watched(), sync.more)...); err != nil {
			return err
		}
		// After a reconnect, or a while, read everything, whatever the watches say.
		reconnected := await.Closed(event)
		changed := c.dirty()
		if reconnected || len(changed) > 0 {
			c.stands(CacheBehind)
		}
		anew = reconnected || len(changed) == 0
	}
}

// synced has the Syncs that have no answer yet, and a channel that closes when there is one more.
type synced struct {
	asked []*syncing
	more  <-chan zk.Event
}

func (c *Cache) pending() synced {
	c.mu.Lock()
	defer c.mu.Unlock()
	return synced{c.asked, c.wake}
}

// answer ends the calls that waited for a round, which has ended with err. Each call keeps its own
// answer: the next round may have ended by the time the call looks.
func (c *Cache) answer(asked []*syncing, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range asked {
		s.err = err
	}
	c.settle(asked...)
	if err == nil {
		c.state = CacheCurrent // State looks whether a watch has fired since
	}
	c.tell()
}

// settle removes calls that no longer wait for a round. c.mu must be held.
func (c *Cache) settle(asked ...*syncing) {
	for _, s := range asked {
		s.done = true
	}
	c.asked = slices.DeleteFunc(slices.Clone(c.asked), func(s *syncing) bool { return s.done })
}

// stands sets the state of the copy, if it has ever been complete.
func (c *Cache) stands(s CacheState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != CacheEmpty && c.state != s {
		c.state = s
		c.tell()
	}
}

// round reads what has changed. If anew is true, it reads everything, at a time after the round
// began.
func (c *Cache) round(ctx context.Context, z *client.Session, anew bool) error {
	todo := c.dirty()
	if anew {
		if _, err := c.r.Client.QuorumSync(ctx, z, c.r.Path); err != nil {
			return err
		}
		todo = map[string]bool{c.r.Path: true}
	}
	for len(todo) > 0 {
		deeper, err := c.readAll(ctx, z, shallowest(todo), anew)
		if err != nil {
			return err
		}
		for _, path := range deeper {
			todo[path] = true
		}
	}
	return nil
}

// shallowest removes the paths of the least depth from todo, and returns them.
func shallowest(todo map[string]bool) (paths []string) {
	least := -1
	for path := range todo {
		if d := strings.Count(path, "/"); least < 0 || d < least {
			least = d
		}
	}
	for path := range todo {
		if strings.Count(path, "/") == least {
			paths = append(paths, path)
			delete(todo, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// readAll reads znodes of one depth, and returns the children to read next.
func (c *Cache) readAll(ctx context.Context, z *client.Session, paths []string, anew bool) (deeper []string, err error) {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cacheReads)
	for _, path := range paths {
		if !c.listed(path) { // its parent has gone
			continue
		}
		ctx := c.r.Client.WithJitter(ctx)
		group.Go(func() error {
			children, err := c.readOne(ctx, z, path, anew)
			mu.Lock()
			defer mu.Unlock()
			deeper = append(deeper, children...)
			return err
		})
	}
	return deeper, group.Wait()
}

// readOne reads a znode and its children's names into the copy, with watches on both, and returns
// the children to read.
func (c *Cache) readOne(ctx context.Context, z *client.Session, path string, anew bool) ([]string, error) {
	for {
		n, err := c.cached(ctx, z, path)
		if err == nil {
			return c.keep(n, anew)
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return nil, err
		}
		if path != c.r.Path { // the watch on its parent fires when it exists again
			c.drop(path)
			return nil, nil
		}
		v, err := c.r.Client.ExistsW(ctx, z, path)
		if err != nil {
			return nil, err
		}
		if v.Stat == nil {
			c.dropRoot(v.Changed)
			return nil, nil
		}
	}
}

// cached reads a znode with watches.
func (c *Cache) cached(ctx context.Context, z *client.Session, path string) (*cached, error) {
	v, err := c.r.Client.GetW(ctx, z, path)
	if err != nil {
		return nil, err
	}
	l, err := c.r.Client.ChildrenW(ctx, z, path)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(slices.Values(l.Names))
	return &cached{Znode{path, v.Data, *v.Stat}, names, v.Changed, l.Changed}, nil
}

// keep puts a znode into the copy, and removes the children that the znode no longer has. A znode
// that was created again has none of its former children, though some may have the same names.
func (c *Cache) keep(n *cached, anew bool) (deeper []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.copy[n.Path]
	if was == nil && len(c.copy) >= MaxCached {
		return nil, ErrTooMany
	}
	if was != nil {
		for _, name := range was.names {
			if _, still := slices.BinarySearch(n.names, name); !still {
				c.remove(znodes.Join(n.Path, name))
			}
		}
		anew = anew || was.Stat.Czxid != n.Stat.Czxid
	}
	c.copy[n.Path], c.absent = n, c.absentUnless(n.Path)
	if was == nil || was.Stat.Mzxid != n.Stat.Mzxid || !slices.Equal(was.names, n.names) {
		c.tell()
	}
	for _, name := range n.names {
		child := znodes.Join(n.Path, name)
		if c.copy[child] == nil && c.state == CacheCurrent {
			c.state = CacheBehind // until the child has also been read
		}
		if anew || c.copy[child] == nil {
			deeper = append(deeper, child)
		}
	}
	return deeper, nil
}

func (c *Cache) absentUnless(path string) <-chan zk.Event {
	if path == c.r.Path {
		return nil
	}
	return c.absent
}

// drop removes a znode, and all znodes below it, from the copy.
func (c *Cache) drop(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(path)
}

func (c *Cache) dropRoot(absent <-chan zk.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.absent = absent
	c.remove(c.r.Path)
}

// remove does what drop does. c.mu must be held.
func (c *Cache) remove(path string) {
	n := c.copy[path]
	if n == nil {
		return
	}
	for _, name := range n.names {
		c.remove(znodes.Join(path, name))
	}
	delete(c.copy, path)
	c.tell()
}

// listed reports whether a path is the root, or a child of a znode in the copy.
func (c *Cache) listed(path string) bool {
	if path == c.r.Path {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	up := c.copy[znodes.Parent(path)]
	if up == nil {
		return false
	}
	_, found := slices.BinarySearch(up.names, znodes.Base(path))
	return found
}

// watched returns all watches.
func (c *Cache) watched() []<-chan zk.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]<-chan zk.Event, 0, 2*len(c.copy)+2)
	all = append(all, c.absent)
	for _, n := range c.copy {
		all = append(all, n.data, n.listing)
	}
	return all
}

// dirty returns the paths of the znodes whose watches have fired.
func (c *Cache) dirty() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	paths := map[string]bool{}
	if c.absent != nil && client.Fired(c.absent) {
		paths[c.r.Path] = true
	}
	for path, n := range c.copy {
		if client.Fired(n.data) || client.Fired(n.listing) {
			paths[path] = true
		}
	}
	return paths
}

// anyFired reports whether a watch has fired. c.mu must be held.
func (c *Cache) anyFired() bool {
	if c.absent != nil && client.Fired(c.absent) {
		return true
	}
	for _, n := range c.copy {
		if client.Fired(n.data) || client.Fired(n.listing) {
			return true
		}
	}
	return false
}
