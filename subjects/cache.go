package subjects

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Cache is a client's copy of a subtree, and how clients change that: by plain writes. Znodes
// are named by their paths below the root, "a/b", and the root is models.CacheRoot. It is shown like the others
// once somebody has put it; the constructor does not make it.
type Cache interface {
	// Put makes a znode, or sets its data. It makes nothing above it.
	Put(ctx context.Context, node, value string) error
	// Remove deletes a znode, which may have gone already, but not one that has children.
	Remove(ctx context.Context, node string) error
	// Look gives what the copy shows once it was complete; or, if it is to be current, once
	// it shows all that was changed before the call. A cache that is [NeverCurrent] is not asked for that.
	Look(ctx context.Context, current bool) (models.Copy, error)
}

// NeverCurrent is a cache that cannot say when its copy is current: it is never asked for a current one, and the
// property current is left out.
type NeverCurrent interface{ NeverCurrent() }

// OfferNeverCurrent is what a program offers whose cache is [NeverCurrent].
const OfferNeverCurrent = "never-current"

// NewCache is zklab's own cache, recipes.Cache.
func NewCache(c *Client, path string) (Cache, error) {
	return ofRecipe(c, func(cl *recipes.Client) Cache {
		return ownCache{recipes.NewCache(cl, path), PlainWrites{c.Conn, path}, path}
	})
}

type ownCache struct {
	*recipes.Cache
	PlainWrites
	path string
}

func (c ownCache) Look(ctx context.Context, current bool) (models.Copy, error) {
	wait := c.Current
	if current {
		wait = c.Sync
	}
	shown := models.Copy{Nodes: map[string]string{}}
	if err := wait(ctx); err != nil {
		return shown, err
	}
	for path, n := range c.All() {
		shown.Nodes[cachedName(c.path, path)] = string(n.Data)
	}
	return shown, nil
}

// cachedName is what a path is called in the subtree of root.
func cachedName(root, path string) string {
	if path == root {
		return models.CacheRoot
	}
	return strings.TrimPrefix(path, root+"/")
}

// PlainWrites change a subtree by one request, or two where a znode comes or goes meanwhile.
type PlainWrites struct {
	Conn *zk.Conn
	Root string
}

// Path is that of a znode of the subtree.
func (w PlainWrites) Path(node string) string {
	if node == models.CacheRoot {
		return w.Root
	}
	return w.Root + "/" + node
}

// Put is that of a Cache.
func (w PlainWrites) Put(ctx context.Context, node, value string) error {
	for ctx.Err() == nil {
		_, err := w.Conn.Set(w.Path(node), []byte(value), -1)
		if !errors.Is(err, zk.ErrNoNode) {
			return plainly(err)
		}
		_, err = w.Conn.Create(w.Path(node), []byte(value), 0, zk.WorldACL(zk.PermAll))
		if !errors.Is(err, zk.ErrNodeExists) {
			return plainly(err)
		}
	}
	return WithoutEffect(context.Cause(ctx))
}

// Remove is that of a Cache.
func (w PlainWrites) Remove(_ context.Context, node string) error {
	err := w.Conn.Delete(w.Path(node), -1)
	if errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	return plainly(err)
}

// plainly says of what a server refused that it had no effect.
func plainly(err error) error {
	for _, refusal := range []error{zk.ErrNoNode, zk.ErrNotEmpty, zk.ErrNoAuth} {
		if errors.Is(err, refusal) {
			return WithoutEffect(err)
		}
	}
	return err
}

// ServeCache serves caches to another process.
func ServeCache(make func(c *Client, path string) (Cache, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		cache, err := make(c, path)
		if err != nil {
			return nil, err
		}
		s := &Served{Subject: cache, Operations: map[string]Operation{
			models.FPut: taking(func(ctx context.Context, v models.CachedNode) (any, error) {
				return nil, cache.Put(ctx, v.Node, v.Value)
			}),
			models.FRemove: taking(func(ctx context.Context, v models.CachedNode) (any, error) {
				return nil, cache.Remove(ctx, v.Node)
			}),
			models.FLook: taking(func(ctx context.Context, v models.Looking) (any, error) { return cache.Look(ctx, v.Current) }),
		}}
		if _, ok := Offered[NeverCurrent](cache); ok {
			s.Offers = append(s.Offers, OfferNeverCurrent)
		}
		return s, nil
	}
}

// RemoteCache is the cache of the program that the client runs as.
func RemoteCache(c *Client, path string) (Cache, error) {
	o, err := c.remote(models.Cache.Name, path, nil, OfferNeverCurrent)
	if err != nil {
		return nil, err
	}
	if o.Offers(OfferNeverCurrent) {
		return remoteNeverCurrent{remoteCache{o}}, nil
	}
	return remoteCache{o}, nil
}

type remoteCache struct{ Object }

type remoteNeverCurrent struct{ remoteCache }

// NeverCurrent is part of [NeverCurrent].
func (remoteNeverCurrent) NeverCurrent() {}

func (c remoteCache) Put(ctx context.Context, node, value string) error {
	return c.Call(ctx, models.FPut, models.CachedNode{Node: node, Value: value}, nil)
}

func (c remoteCache) Remove(ctx context.Context, node string) error {
	return c.Call(ctx, models.FRemove, models.CachedNode{Node: node}, nil)
}

func (c remoteCache) Look(ctx context.Context, current bool) (shown models.Copy, err error) {
	err = c.Call(ctx, models.FLook, models.Looking{Current: current}, &shown)
	return shown, err
}
