package broken

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// SaysCurrentEarly returns a cache that claims that its copy is current whenever it is complete.
// Property "current" finds it whenever a client looks right after a change.
func SaysCurrentEarly(c *subjects.Client, path string) (subjects.Cache, error) {
	right, err := subjects.NewCache(c, path)
	return earlyCache{right}, err
}

type earlyCache struct{ subjects.Cache }

func (c earlyCache) Look(ctx context.Context, _ bool) (models.Copy, error) {
	return c.Cache.Look(ctx, false)
}

// WriteThrough returns a cache that shows its own client's puts at once, even if they fail.
// Property "valid" finds it when a put fails.
func WriteThrough(c *subjects.Client, path string) (subjects.Cache, error) {
	right, err := subjects.NewCache(c, path)
	return &throughCache{Cache: right, own: map[string]string{}}, err
}

type throughCache struct {
	subjects.Cache
	mu  sync.Mutex
	own map[string]string // what was put, and not looked at since
}

func (c *throughCache) Put(ctx context.Context, node, value string) error {
	c.mu.Lock()
	c.own[node] = value
	c.mu.Unlock()
	return c.Cache.Put(ctx, node, value)
}

func (c *throughCache) Look(ctx context.Context, current bool) (models.Copy, error) {
	shown, err := c.Cache.Look(ctx, current)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		maps.Copy(shown.Nodes, c.own)
		clear(c.own)
	}
	return shown, err
}

// Misfiles returns a cache that shows what is below the child "a" also below the root. Property
// "valid" finds it whenever there is such a znode: no client put what is shown there.
func Misfiles(c *subjects.Client, path string) (subjects.Cache, error) {
	right, err := subjects.NewCache(c, path)
	return misfilingCache{right}, err
}

type misfilingCache struct{ subjects.Cache }

func (c misfilingCache) Look(ctx context.Context, current bool) (models.Copy, error) {
	shown, err := c.Cache.Look(ctx, current)
	for node, value := range maps.Clone(shown.Nodes) {
		if name, below := strings.CutPrefix(node, "a/"); below {
			shown.Nodes[name] = value
		}
	}
	return shown, err
}

// IgnoresRecreate returns a cache that ignores a znode that is created again after it was deleted.
// Property "converge" finds it when that happens.
func IgnoresRecreate(c *subjects.Client, path string) (subjects.Cache, error) {
	right, err := subjects.NewCache(c, path)
	return &deadCache{Cache: right, seen: map[string]bool{}, dead: map[string]bool{}}, err
}

type deadCache struct {
	subjects.Cache
	mu         sync.Mutex
	seen, dead map[string]bool
}

func (c *deadCache) Look(ctx context.Context, current bool) (models.Copy, error) {
	shown, err := c.Cache.Look(ctx, current)
	if err != nil {
		return shown, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for node := range c.seen {
		if _, there := shown.Nodes[node]; !there {
			c.dead[node] = true
		}
	}
	for node := range shown.Nodes {
		c.seen[node] = true
		if c.dead[node] {
			delete(shown.Nodes, node)
		}
	}
	return shown, nil
}

// LosesSubtree returns a cache that starts again in a new session with the root only; below the
// root it relies on watches that are gone. Property "order" finds it when a session ends.
func LosesSubtree(c *subjects.Client, path string) (subjects.Cache, error) {
	right, err := subjects.NewCache(c, path)
	return &rootCache{Cache: right, conn: c.Conn, path: path}, err
}

type rootCache struct {
	subjects.Cache
	conn *zk.Conn
	path string

	mu      sync.Mutex
	session int64
	lost    bool
}

func (c *rootCache) Look(ctx context.Context, current bool) (models.Copy, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.conn.SessionID()
	c.lost = c.lost || c.session != 0 && now != 0 && c.session != now
	if now != 0 {
		c.session = now
	}
	shown, err := c.Cache.Look(ctx, current)
	if err == nil && c.lost {
		maps.DeleteFunc(shown.Nodes, func(node, _ string) bool { return node != models.CacheRoot })
	}
	return shown, err
}
