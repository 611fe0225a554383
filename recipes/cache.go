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

// MaxCached is how many znodes a [Cache] can hold: it waits for two watches on each.
const MaxCached = 10000

// ErrTooMany: the subtree has more znodes than a cache can hold, [MaxCached].
var ErrTooMany error = failures.Conclusion("too many znodes for a cache")

// Cache is a local copy of a znode and all that is below it, which follows what others
// change there. It reads only: it makes no znode, and where the one at its path does not
// exist, the copy has nothing until it does.
//
// What it guarantees: each znode of the copy is as it was on a server at some time, or is
// missing as it was then, and that time never goes back: not when a znode, or the whole
// subtree, is deleted and made again, nor over reconnects and the ends of sessions. Each
// change comes to the copy, if no later one to the same znode comes first, once a server
// answers: no wait relies on watches alone. After [Cache.Sync] the copy shows all that was
// changed before that call.
//
// What it cannot: two znodes of the copy need not be of one time, a parent can show a child
// earlier or later than that can be read. A change of the ACL alone is not seen. Where
// there is a znode that this client may not read, the copy does not follow while that is so:
// it is never current, and Current and Sync say why.
//
// What it costs: two requests for each znode at first, after each reconnect, in each Sync,
// and once in a session time-out; two for each change otherwise. No more than a few are under
// way at a time. All its methods are safe for concurrent use; those without a context never
// wait for a server.
type Cache struct {
	r *calls.Recipe

	mu     sync.Mutex
	begun  bool // somebody follows
	copy   map[string]*cached
	absent <-chan zk.Event // the watch on the root, where that is not
	state  CacheState
	news   chan struct{} // closed and replaced when any of these changes
	asked  []*syncing    // those that wait for a round
	wake   chan zk.Event // closed and replaced by a Sync
}

// syncing is one call that waits for a round that began after it.
type syncing struct {
	done bool  // the round has ended
	err  error // with which
}

// Znode is one of a cache's copy.
type Znode struct {
	Path string
	Data []byte  // not to be changed
	Stat zk.Stat // when it was read
}

// cached is a znode, its children, and what tells that either has changed. It is replaced,
// not changed.
type cached struct {
	Znode
	names         []string // sorted
	data, listing <-chan zk.Event
}

// CacheState says how a cache's copy stands to what the servers have.
type CacheState int

const (
	// CacheEmpty: the copy was never complete.
	CacheEmpty CacheState = iota
	// CacheBehind: the copy was complete once, and is about to be so again: something was
	// changed, or the connection is, or was, lost.
	CacheBehind
	// CacheCurrent: the copy has all that this client has been told of. Its server may lag
	// behind others, what may not needs a Sync.
	CacheCurrent
)

// String says it in a word.
func (s CacheState) String() string {
	switch s {
	case CacheBehind:
		return "behind"
	case CacheCurrent:
		return "current"
	}
	return "empty"
}

// NewCache returns a cache of the subtree at path, which cannot be "/". It begins to follow with the first call
// of Start, Current, Sync or Changes.
func NewCache(c *Client, path string) *Cache {
	return &Cache{
		r: calls.New(c.client, path), copy: map[string]*cached{},
		news: make(chan struct{}), wake: make(chan zk.Event),
	}
}

// Start has the cache follow, in the background, until Close. Its error has no effect, and is
// [ErrClosed], or that the path is none.
func (c *Cache) Start() error {
	_, end, err := c.r.Start(context.Background())
	if err != nil {
		return c.r.Definite("start", err)
	}
	defer end()
	c.begin()
	return nil
}

// begin has somebody follow. It is called in a call, so that Close waits for it.
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
		ctx, cancel := context.WithCancel(c.r.Client.WithTurn(c.r.Client.Context))
		defer cancel()
		defer context.AfterFunc(c.r.Context, cancel)()
		c.follow(ctx)
	}()
}

// Current waits until the copy has been complete once. Its errors have no effect: [ErrClosed],
// [ErrTooMany], the error of ctx, or what a server refused.
func (c *Cache) Current(ctx context.Context) error {
	return c.await(ctx, "current", func() bool { return c.state != CacheEmpty })
}

// Sync waits until the copy shows all that was changed before the call, by whomever. Its
// errors are those of Current.
func (c *Cache) Sync(ctx context.Context) error {
	return c.await(ctx, "sync", func() bool { return false })
}

// await waits until the copy is as it should be, or was read anew from the beginning.
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
	defer c.settle(mine) // who gave up asks for no round any more
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

// ask asks for a Sync. c.mu must be held.
func (c *Cache) ask() *syncing {
	mine := new(syncing)
	c.asked = append(c.asked, mine)
	close(c.wake)
	c.wake = make(chan zk.Event)
	return mine
}

// awaitNews waits for the next news. c.mu must be held, and is not while it waits.
func (c *Cache) awaitNews(ctx context.Context) error {
	news := c.news
	c.mu.Unlock()
	defer c.mu.Lock()
	return c.r.Client.AwaitOne(ctx, news)
}

// tell wakes all who wait for news. c.mu must be held.
func (c *Cache) tell() {
	close(c.news)
	c.news = make(chan struct{})
}

// State says how the copy stands to what the servers have.
func (c *Cache) State() CacheState {
	up := c.r.Client.Usable()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == CacheCurrent && (!up || c.r.Context.Err() != nil || c.anyFired()) {
		return CacheBehind
	}
	return c.state
}

// Get returns the copy of a znode; false if there is none.
func (c *Cache) Get(path string) (Znode, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.copy[path]; n != nil {
		return n.Znode, true
	}
	return Znode{}, false
}

// Children returns the names of those children of a znode that the copy has, sorted; false if
// it does not have the znode.
func (c *Cache) Children(path string) ([]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.copy[path]
	if n == nil {
		return nil, false
	}
	return slices.DeleteFunc(slices.Clone(n.names), func(name string) bool { return c.copy[znodes.Join(path, name)] == nil }), true
}

// All goes through the copy as it is when the loop begins, in order of paths.
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

// snapshot is the copy, and what closes when there is news of it.
func (c *Cache) snapshot() (map[string]*Znode, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]*Znode, len(c.copy))
	for path, n := range c.copy {
		all[path] = &n.Znode
	}
	return all, c.news
}

// CacheChange is what became of one znode of a cache's copy.
type CacheChange struct {
	Path    string
	Was, Is *Znode // nil: there was none, or there is none now; not to be changed
}

// Changes tells of each znode of the copy, as of one that came, and then of each change to
// the copy, until ctx ends or the loop does. What happens to a znode between two steps is
// told as one: of one that was deleted and made again meanwhile, Was and Is have another
// Czxid. Znodes that came are told after their parents, those that went before them. What is
// told of a znode never goes back.
//
// The last step has an error, which has no effect: [ErrClosed] or the error of ctx.
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

// changesBetween are the changes from one copy to another: what went, from below, and then
// what came or is another.
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

// Close ends the calls that wait, and follows no more. The copy stays as it is. Closing again
// is fine; the error is that of ctx, if it ends first.
func (c *Cache) Close(ctx context.Context) error {
	c.r.StopCalls()
	return c.r.Drain(ctx, "close cache")
}
