package subjects

import (
	"context"
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes"
)

// NewHerdLock returns zklab's own lock, whose waiters also all watch the holder and read the line
// again when it goes. It keeps every promise, but each release wakes all waiters: the herd
// effect, which the recipe itself avoids (ZooKeeper Recipes, "Locks").
func NewHerdLock(c *Client, path string) (Lock, error) {
	return ofRecipe(c, func(cl *recipes.Client) Lock {
		return &herdLock{recipeLock: recipes.NewLock(cl, path), conn: c.Conn, path: path}
	})
}

type herdLock struct {
	*recipeLock
	conn *zk.Conn
	path string
}

func (l *herdLock) Lock(ctx context.Context) error {
	waiting, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { l.watchHolders(waiting) })
	defer watching.Wait()
	defer cancel()
	return l.recipeLock.Lock(ctx)
}

// watchHolders watches one holder after the other until ctx ends.
func (l *herdLock) watchHolders(ctx context.Context) {
	for ctx.Err() == nil {
		gone, err := await.Within(ctx, l.watchHolder)
		if err != nil || gone == nil {
			_ = await.Sleep(ctx, tryAgain)
			continue
		}
		select {
		case <-gone:
		case <-ctx.Done():
		}
	}
}

// watchHolder watches the first in line. It returns nil if there is no line.
func (l *herdLock) watchHolder() (gone <-chan zk.Event, err error) {
	names, _, err := l.conn.Children(l.path)
	if err != nil {
		return nil, err
	}
	var first recipes.Name
	holder := ""
	for _, name := range names {
		n, ok := recipes.ParseName(name)
		if ok && n.Recipe == models.Lock.Name && (holder == "" || recipes.CompareNames(n, first) < 0) {
			first, holder = n, name
		}
	}
	if holder == "" {
		return nil, nil
	}
	_, _, gone, err = l.conn.GetW(l.path + "/" + holder)
	return gone, err
}
