package styles

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// twoSessionQueue is a queue whose client has two sessions at one time: it puts in one, and takes in the
// other one. When one is over, the next call opens another one.
type twoSessionQueue struct {
	*connected
	puts, takes *zk.Conn
}

func newTwoSessionQueue(c *subjects.Client, path string) (subjects.Queue, error) {
	s, err := connect(c, path)
	return &twoSessionQueue{connected: s}, err
}

// IsItem implements subjects.Itemizer.
func (*twoSessionQueue) IsItem(child string) bool { return strings.HasPrefix(child, "n-") }

// lasting opens another session if the present one is over.
func (s *connected) lasting(now **zk.Conn) (err error) {
	s.mu.Lock()
	open := s.open[*now]
	s.mu.Unlock()
	if !open {
		*now, _, err = s.session(context.Background())
	}
	return err
}

func (q *twoSessionQueue) Put(_ context.Context, data []byte) error {
	if err := q.lasting(&q.puts); err != nil {
		return subjects.WithoutEffect(err)
	}
	_, err := q.puts.Create(q.path+"/n-", data, zk.FlagSequence, everyone)
	return told(err)
}

func (q *twoSessionQueue) Take(ctx context.Context) ([]byte, error) {
	for {
		if err := q.lasting(&q.takes); err != nil {
			return nil, subjects.WithoutEffect(err)
		}
		items, _, changed, err := q.takes.ChildrenW(q.path)
		if err != nil {
			return nil, subjects.WithoutEffect(err)
		}
		items = slices.DeleteFunc(items, func(child string) bool { return !q.IsItem(child) })
		slices.Sort(items)
		for _, item := range items {
			data, err := q.take(q.path + "/" + item)
			if !errors.Is(err, zk.ErrNoNode) {
				return data, err
			}
		}
		select {
		case <-changed:
		case <-time.After(time.Second): // an event is a hint
		case <-ctx.Done():
			return nil, subjects.WithoutEffect(context.Cause(ctx))
		}
	}
}

// take returns zk.ErrNoNode if another consumer took the item.
func (q *twoSessionQueue) take(path string) ([]byte, error) {
	data, _, err := q.takes.Get(path)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	return data, told(q.takes.Delete(path, -1))
}
