package subjects

import (
	"context"
	"errors"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Cache is a client's copy of a subtree. Clients change the subtree by plain writes. Znodes
// are named by their paths below the root, "a/b"; the root itself is models.CacheRoot. The
// constructor does not create the root: like the other znodes, the copy shows it once a
// client has put it.
type Cache interface {
	// Put creates a znode, or sets its data. It does not create parents. Each value is put only
	// once, even if that fails, and one client puts all values of a subtree.
	Put(ctx context.Context, node, value string) error
	// Remove deletes a znode unless it has children. It is no error if the znode is already
	// gone. The client that puts also removes. After an error it may be called again.
	Remove(ctx context.Context, node string) error
	// Look returns what the copy shows once it was complete; if current is true, once it
	// shows everything that was changed before the call. A [NeverCurrent] cache is never
	// asked for a current copy. After an error it is called again.
	Look(ctx context.Context, current bool) (models.Copy, error)
}

// NeverCurrent is a cache that cannot say when its copy is current. It is never asked for a
// current copy, and the property current is not checked.
type NeverCurrent interface{ NeverCurrent() }

// NewCache returns zklab's own cache, recipes.Cache.
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

// cachedName returns the name of a path in the subtree of root.
func cachedName(root, path string) string {
	if path == root {
		return models.CacheRoot
	}
	return strings.TrimPrefix(path, root+"/")
}

// PlainWrites implements Put and Remove of a [Cache], for subjects to embed: they change the
// subtree below Root by one request, or by two if a znode is created or deleted meanwhile.
// They are safe for concurrent use, as Conn is.
type PlainWrites struct {
	Conn *zk.Conn
	Root string
}

// Path returns the path of a znode of the subtree.
func (w PlainWrites) Path(node string) string {
	if node == models.CacheRoot {
		return w.Root
	}
	return w.Root + "/" + node
}

// Put implements Put of a [Cache].
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

// Remove implements Remove of a [Cache].
func (w PlainWrites) Remove(_ context.Context, node string) error {
	err := w.Conn.Delete(w.Path(node), -1)
	if errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	return plainly(err)
}

// plainly marks errors with which a server refused a request as without effect.
func plainly(err error) error {
	for _, refusal := range []error{zk.ErrNoNode, zk.ErrNotEmpty, zk.ErrNoAuth} {
		if errors.Is(err, refusal) {
			return WithoutEffect(err)
		}
	}
	return err
}
