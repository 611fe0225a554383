package styles

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// subtree reads and writes the subtree below a path.
type subtree struct {
	base
	looks base
}

func subtreeAt(c *subjects.Client, path string, from connection) subtree {
	t := subtree{base: at(c, path, from)}
	t.looks = t.base
	t.looks.gate = newGate()
	return t
}

func (t *subtree) of(node string) string {
	if node == models.CacheRoot {
		return t.path
	}
	return t.path + "/" + node
}

func (t *subtree) Put(ctx context.Context, node, value string) error {
	return t.do(ctx, func() error {
		s, err := t.session(ctx)
		if err != nil {
			return subjects.WithoutEffect(err)
		}
		return setOrCreate(ctx, s, t.of(node), value)
	})
}

func (t *subtree) Remove(ctx context.Context, node string) error {
	return t.do(ctx, func() error {
		s, err := t.session(ctx)
		if err != nil {
			return subjects.WithoutEffect(err)
		}
		err = s.remove(t.of(node))
		if errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		return told(err)
	})
}

// read reads the whole subtree.
func (t *subtree) read(s *session) (models.Copy, error) {
	all := models.Copy{Nodes: map[string]string{}}
	return all, t.readFrom(s, models.CacheRoot, all.Nodes)
}

func (t *subtree) readFrom(s *session, node string, into map[string]string) error {
	data, _, err := s.get(t.of(node))
	if errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	if err != nil {
		return err
	}
	into[node] = string(data)
	children, err := s.children(t.of(node))
	if errors.Is(err, zk.ErrNoNode) {
		return nil // it has been deleted since; the next look shows that
	}
	if err != nil {
		return err
	}
	for _, child := range children {
		name := child
		if node != models.CacheRoot {
			name = node + "/" + child
		}
		if err := t.readFrom(s, name, into); err != nil {
			return err
		}
	}
	return nil
}

// readCache is a cache that reads the subtree whenever it is asked, after a fence, on its own
// connection.
type readCache struct{ subtree }

func newReadCache(c *subjects.Client, path string) (subjects.Cache, error) {
	return &readCache{subtreeAt(c, path, apart)}, nil
}

// Look implements subjects.Cache. Every copy is current.
func (t *readCache) Look(ctx context.Context, _ bool) (models.Copy, error) {
	return reading(ctx, &t.looks, func() (all models.Copy, err error) {
		err = t.until(ctx, again, func(s *session) (bool, error) {
			if err := s.fence(); err != nil {
				return false, err
			}
			all, err = t.read(s)
			return err == nil, err
		})
		return all, err
	})
}

// polledCache is a cache that a goroutine reads again from time to time. In each new session the goroutine
// begins with a fence, so that the copy does not go back.
type polledCache struct {
	subtree
	stop context.CancelFunc

	mu    sync.Mutex
	now   models.Copy
	first chan struct{} // closed when the first copy is complete
}

func newPolledCache(c *subjects.Client, path string) (subjects.Cache, error) {
	ctx, stop := context.WithCancel(context.Background())
	t := &polledCache{subtree: subtreeAt(c, path, borrowed), stop: stop, first: make(chan struct{})}
	var once sync.Once
	c.BeforeEnd(func(context.Context) { once.Do(stop) })
	go t.follow(ctx)
	return t, nil
}

// NeverCurrent implements subjects.NeverCurrent.
func (*polledCache) NeverCurrent() {}

// Close ends the goroutine.
func (t *polledCache) Close(ctx context.Context) error {
	t.stop()
	return t.subtree.Close(ctx)
}

func (t *polledCache) follow(ctx context.Context) {
	var in *session
	_ = t.until(ctx, 40*time.Millisecond, func(s *session) (bool, error) {
		if s != in {
			if err := s.fence(); err != nil {
				return false, err
			}
			in = s
		}
		if all, err := t.read(s); err == nil {
			t.show(all)
		}
		return false, nil
	})
}

func (t *polledCache) show(all models.Copy) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = all
	select {
	case <-t.first:
	default:
		close(t.first)
	}
}

// Look implements subjects.Cache.
func (t *polledCache) Look(ctx context.Context, _ bool) (models.Copy, error) {
	select {
	case <-t.first:
	case <-ctx.Done():
		return models.Copy{}, subjects.WithoutEffect(context.Cause(ctx))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now, nil
}
