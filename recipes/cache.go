package recipes

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// MaxCached is how many znodes a [Cache] can hold. A Cache has two watches on each.
const MaxCached = 10000

// ErrTooMany: the subtree has more znodes than a cache can hold ([MaxCached]).
var ErrTooMany error = failures.Conclusion("too many znodes for a cache")

// Cache is a local copy of a znode and of all znodes below it. It follows the changes that clients
// make there. It only reads: it creates no znode. While the znode at its path does not exist, the
// copy is empty.
//
// Guarantees: each znode of the copy is as it was on a server at some time, or is missing as it was
// missing then. That time never goes back: not if a znode or the whole subtree is deleted and
// created again, and not across reconnects and sessions. Each change reaches the copy once a server
// answers, unless a later change to the same znode reaches it first: no wait relies on watches
// alone. After [Cache.Sync] the copy shows all changes that were made before that call.
//
// Limits: two znodes of the copy need not be from the same time, so a parent can list a child before
// or after the child can be read. The cache does not see changes of ACLs alone. While there is a
// znode that the client may not read, the copy does not follow: it is not current, and Current and
// Sync return the reason.
//
// Cost: two requests for each znode at the beginning, after each reconnect, in each Sync, and once
// in a session timeout; two requests for each change. At most 16 requests are under way at a time.
// All methods are safe for concurrent use. Methods without a context never wait for a server.
type Cache struct {
	r *calls.Recipe

	mu     sync.Mutex
	begun  bool // a goroutine follows
	copy   map[string]*cached
	absent <-chan zk.Event // the watch on the root, if the root does not exist
	state  CacheState
	news   chan struct{} // closed and replaced when any of these changes
	asked  []*syncing    // the calls that wait for a round
	wake   chan zk.Event // closed and replaced by a Sync
}

// syncing is a call that waits for a round that began after it.
type syncing struct {
	done bool  // the round has ended
	err  error // the error with which it ended
}

// Znode is a znode of a cache's copy.
type Znode struct {
	Path string
	Data []byte  // do not change it
	Stat zk.Stat // as of when it was read
}

// cached is a znode, its children, and the watches that tell that either has changed. It is
// replaced, not changed.
type cached struct {
	Znode
	names         []string // sorted
	data, listing <-chan zk.Event
}

// CacheState says how a cache's copy compares with the znodes on the servers.
type CacheState int

const (
	// CacheEmpty: the copy was never complete.
	CacheEmpty CacheState = iota
	// CacheBehind: the copy was complete once, and the cache is reading changes, or the connection
	// is or was lost.
	CacheBehind
	// CacheCurrent: the copy has all changes that this client was told of. Its server may lag behind
	// others; call Sync where that matters.
	CacheCurrent
)

// String returns "empty", "behind" or "current".
func (s CacheState) String() string {
	switch s {
	case CacheBehind:
		return "behind"
	case CacheCurrent:
		return "current"
	}
	return "empty"
}

// NewCache returns a cache of the subtree at path, which cannot be "/". The cache begins to follow
// with the first call of Start, Current, Sync or Changes.
func NewCache(c *Client, path string) *Cache {
	return &Cache{
		r: calls.New(c.client, path), copy: map[string]*cached{},
		news: make(chan struct{}), wake: make(chan zk.Event),
	}
}

// Start makes the cache follow in the background, until Close. NoEffect is true for its errors:
// [ErrClosed], or [zk.ErrInvalidPath].
func (c *Cache) Start() error {
	_, end, err := c.r.Start(context.Background())
	if err != nil {
		return c.r.Definite("start", err)
	}
	defer end()
	c.begin()
	return nil
}

// begin starts the goroutine that follows. It is called in a call, so that Close waits for the
// goroutine.
func (c *Cache) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return
	}
	c.begun = true
	c.r.Calls.Add()
	go func() {
		defer c.r.Calls.Done()
		ctx, cancel := context.WithCancel(c.r.Client.WithJitter(c.r.Client.Context))
		defer cancel()
		defer context.AfterFunc(c.r.Context, cancel)()
		c.follow(ctx)
	}()
}

// Current waits until the copy has been complete once. NoEffect is true for its errors:
// [ErrClosed], [ErrTooMany], the error of ctx, or what a server refused.
func (c *Cache) Current(ctx context.Context) error {
	return c.await(ctx, "current", func() bool { return c.state != CacheEmpty })
}

// Sync waits until the copy shows all changes that any client made before the call. NoEffect is
// true for its errors: [ErrClosed], [ErrTooMany], the error of ctx, or what a server refused.
func (c *Cache) Sync(ctx context.Context) error {
	return c.await(ctx, "sync", func() bool { return false })
}

// await waits until enough returns true, or a round that began after this call has ended.
func (c *Cache) await(ctx context.Context, op string, enough func() bool) error {
	ctx, end, err := c.r.Start(ctx)
	if err != nil {
		return c.r.Definite(op, err)
	}
	defer end()
	c.begin()
	c.mu.Lock()
	defer c.mu.Unlock()
	if enough() {
		return nil
	}
	mine := c.ask()
	defer c.settle(mine) // a call that gave up no longer asks for a round
	for !mine.done {
		if err := c.awaitNews(ctx); err != nil {
			return c.r.Definite(op, err)
		}
		if enough() {
			return nil
		}
	}
	if mine.err != nil {
		return c.r.Definite(op, mine.err)
	}
	return nil
}

// ask registers a call that waits for a round. c.mu must be held.
func (c *Cache) ask() *syncing {
	mine := new(syncing)
	c.asked = append(c.asked, mine)
	close(c.wake)
	c.wake = make(chan zk.Event)
	return mine
}

// awaitNews waits for the next news. c.mu must be held; awaitNews releases it while it waits.
func (c *Cache) awaitNews(ctx context.Context) error {
	news := c.news
	c.mu.Unlock()
	defer c.mu.Lock()
	return c.r.Client.AwaitOne(ctx, news)
}

// tell wakes all goroutines that wait for news. c.mu must be held.
func (c *Cache) tell() {
	close(c.news)
	c.news = make(chan struct{})
}

// State returns how the copy compares with the znodes on the servers.
func (c *Cache) State() CacheState {
	up := c.r.Client.Usable()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == CacheCurrent && (!up || c.r.Context.Err() != nil || c.anyFired()) {
		return CacheBehind
	}
	return c.state
}

// Get returns the copy of a znode. It returns false if the copy does not have the znode.
func (c *Cache) Get(path string) (Znode, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.copy[path]; n != nil {
		return n.Znode, true
	}
	return Znode{}, false
}

// Children returns the names of the children of a znode that the copy has, sorted. It returns false
// if the copy does not have the znode itself.
func (c *Cache) Children(path string) ([]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.copy[path]
	if n == nil {
		return nil, false
	}
	return slices.DeleteFunc(slices.Clone(n.names), func(name string) bool { return c.copy[znodes.Join(path, name)] == nil }), true
}

// All returns the znodes of the copy as it is when the loop begins, sorted by path.
func (c *Cache) All() iter.Seq2[string, Znode] {
	return func(yield func(string, Znode) bool) {
		all, _ := c.snapshot()
		for _, path := range slices.Sorted(maps.Keys(all)) {
			if !yield(path, *all[path]) {
				return
			}
		}
	}
}

// snapshot returns the copy, and a channel that closes when the copy changes.
func (c *Cache) snapshot() (map[string]*Znode, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]*Znode, len(c.copy))
	for path, n := range c.copy {
		all[path] = &n.Znode
	}
	return all, c.news
}

// CacheChange is a change of one znode of a cache's copy.
type CacheChange struct {
	Path    string
	Was, Is *Znode // before and after; nil if the copy did not, or does not, have it. Do not change them
}

// Changes returns each znode of the copy as a new one, and then each change to the copy, until ctx
// ends or the loop does. Several changes to a znode between two steps come as one: if a znode was
// deleted and created again, Was and Is have different Czxids. New znodes come after their parents,
// deleted ones before them. Changes never returns an earlier state of a znode after a later one.
//
// The last step has an error, for which NoEffect is true: [ErrClosed] or the error of ctx.
func (c *Cache) Changes(ctx context.Context) iter.Seq2[CacheChange, error] {
	return func(yield func(CacheChange, error) bool) {
		if err := c.Start(); err != nil {
			yield(CacheChange{}, err)
			return
		}
		told := map[string]*Znode{}
		for {
			now, news := c.snapshot()
			for _, change := range changesBetween(told, now) {
				if !yield(change, nil) {
					return
				}
			}
			told = now
			if err := c.awaitChange(ctx, news); err != nil {
				yield(CacheChange{}, err)
				return
			}
		}
	}
}

func (c *Cache) awaitChange(ctx context.Context, news <-chan struct{}) error {
	ctx, end, err := c.r.Start(ctx)
	if err == nil {
		defer end()
		err = c.r.Client.AwaitOne(ctx, news)
	}
	if err != nil {
		return c.r.Definite("changes", err)
	}
	return nil
}

// changesBetween returns the changes from one copy to another: first the deleted znodes, the
// deepest first, and then the new and the changed znodes.
func changesBetween(was, is map[string]*Znode) (changes []CacheChange) {
	for _, path := range slices.Backward(slices.Sorted(maps.Keys(was))) {
		if is[path] == nil {
			changes = append(changes, CacheChange{Path: path, Was: was[path]})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(is)) {
		if was[path] == nil || was[path].Stat.Mzxid != is[path].Stat.Mzxid {
			changes = append(changes, CacheChange{Path: path, Was: was[path], Is: is[path]})
		}
	}
	return changes
}

// Close ends calls that wait, and stops following. The copy stays as it is. Close returns the error
// of ctx if ctx ends first. You may call Close again.
func (c *Cache) Close(ctx context.Context) error {
	c.r.StopCalls()
	return c.r.Drain(ctx, "close cache")
}
