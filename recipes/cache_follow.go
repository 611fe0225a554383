package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// This file is how a cache follows.
//
// Only follow writes the copy, and what it writes is what a server showed, each time later
// than all before: a session's views never go back (Programmer's Guide, Consistency
// Guarantees: single system image), and those of the next session begin with a QuorumSync.
// Znodes of one depth are read at once, deeper ones when those are done: so a list that
// takes a znode away is always of a later view than the znode.

// cacheReads is how many requests of a cache are under way at a time, at most.
const cacheReads = 16

// follow keeps the copy up to date until ctx ends, which the session's value ends, too.
func (c *Cache) follow(ctx context.Context) {
	var b client.Backoff
	for {
		z, err := c.r.Client.Begin(ctx)
		if err != nil {
			return
		}
		_ = c.followIn(ctx, z, &b) // who waits has been told of what was refused
		c.stands(CacheBehind)
		if ctx.Err() != nil {
			return
		}
		b.Pause(ctx)
	}
}

// followIn follows in z until that ends, or a server refuses something.
func (c *Cache) followIn(ctx context.Context, z *client.Session, b *client.Backoff) error {
	for anew := true; ; {
		event := c.r.Client.NextEvent()
		sync := c.pending()
		anew = anew || len(sync.asked) > 0
		err := c.round(ctx, z, anew)
		if err != nil && (failures.Stopped(err) || calls.Retryable(err)) {
			return err // it will be tried again for those who wait
		}
		c.answer(sync.asked, err)
		if err != nil {
			return err
		}
		*b = client.Backoff{}
		if err := c.r.Client.Wait(ctx, z, event, append(c.watched(), sync.more)...); err != nil {
			return err
		}
		// After a reconnect, or a while, it does not matter what the watches say.
		reconnected := client.IsClosed(event)
		changed := c.dirty()
		if reconnected || len(changed) > 0 {
			c.stands(CacheBehind)
		}
		anew = reconnected || len(changed) == 0
	}
}

// synced are the Syncs that are not answered, and what closes when there is one more.
type synced struct {
	asked []*syncing
	more  <-chan zk.Event
}

func (c *Cache) pending() synced {
	c.mu.Lock()
	defer c.mu.Unlock()
	return synced{c.asked, c.wake}
}

// answer answers those who wait for a round, which has ended with err: the first of those that
// are asked. Each has its own answer, as by the time that it looks the next round may have ended.
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

// settle says that some do not wait for a round any more. Whoever calls it has the mutex.
func (c *Cache) settle(asked ...*syncing) {
	for _, s := range asked {
		s.done = true
	}
	c.asked = slices.DeleteFunc(slices.Clone(c.asked), func(s *syncing) bool { return s.done })
}

// stands notes how the copy stands, if it ever was complete.
func (c *Cache) stands(s CacheState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != CacheEmpty && c.state != s {
		c.state = s
		c.tell()
	}
}

// round reads what has changed; or all, from a time on when the round had begun.
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

// shallowest takes out the paths of the least depth.
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

// readAll reads znodes of one depth, and returns which children are to be read then.
func (c *Cache) readAll(ctx context.Context, z *client.Session, paths []string, anew bool) (deeper []string, err error) {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cacheReads)
	for _, path := range paths {
		if !c.listed(path) { // what is above it has gone
			continue
		}
		ctx := c.r.Client.WithTurn(ctx)
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

// readOne reads a znode and its children's names into the copy, with watches on both, and
// returns which children have to be read, too.
func (c *Cache) readOne(ctx context.Context, z *client.Session, path string, anew bool) ([]string, error) {
	for {
		n, err := c.cached(ctx, z, path)
		if err == nil {
			return c.keep(n, anew)
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return nil, err
		}
		if path != c.r.Path { // the watch on its parent tells when it is there again
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

// keep puts a znode into the copy, and takes out the children that it has no more. One that
// was made again has none of the children that it had, though some may have the same names.
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
			c.state = CacheBehind // until that was read, too
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

// drop takes a znode, and all below it, out of the copy.
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

// remove is drop. c.mu must be held.
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

// listed says that a path is the root, or a child of a znode in the copy.
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

// watched are all watches.
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

// dirty are the paths of those whose watches have fired.
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

// anyFired says that some are dirty. c.mu must be held.
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
