// Package prometheus puts Prometheus' own tree cache under zklab's test, beside the recipe that was written after it.
package prometheus

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"

	"github.com/prometheus/prometheus/util/treecache"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// Cache is a tree cache, and the copy that its events make, as the discovery of server sets makes one.
type Cache struct {
	subjects.PlainWrites
	end func()

	mu    sync.Mutex
	nodes map[string]string
}

// New returns the cache of a client.
func New(c *subjects.Client, path string) (subjects.Cache, error) {
	events := make(chan treecache.ZookeeperTreeCacheEvent)
	t := &Cache{PlainWrites: subjects.PlainWrites{Conn: c.Conn, Root: path}, nodes: map[string]string{}}
	tree := treecache.NewZookeeperTreeCache(c.Conn, path, events, slog.New(slog.DiscardHandler))
	t.end = sync.OnceFunc(tree.Stop)
	c.BeforeEnd(func(context.Context) { t.end() })
	go func() {
		for e := range events {
			t.tell(e)
		}
	}()
	return t, nil
}

func (t *Cache) tell(e treecache.ZookeeperTreeCacheEvent) {
	name := strings.TrimPrefix(strings.TrimPrefix(e.Path, t.Root), "/")
	if name == "" {
		name = models.CacheRoot
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Data == nil {
		delete(t.nodes, name)
	} else {
		t.nodes[name] = string(*e.Data)
	}
}

// NeverCurrent says that the cache does not know whether it is current.
func (*Cache) NeverCurrent() {}

// Look returns the copy.
func (t *Cache) Look(context.Context, bool) (models.Copy, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return models.Copy{Nodes: maps.Clone(t.nodes)}, nil
}

// Close stops the cache.
func (t *Cache) Close(context.Context) error { t.end(); return nil }
