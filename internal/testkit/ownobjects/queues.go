package ownobjects

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// basket has an item in each sequential znode. A wrong line takes the newest item, and a wrong heap an item
// that another client has just taken.
type basket struct {
	*seat
	heap, wrong bool
}

func (b *basket) Put(_ context.Context, item int64) error {
	now, done, err := b.session()
	if err != nil {
		return err
	}
	defer done()
	_, err = now.Conn.Create(b.path+"/item-", strconv.AppendInt(nil, item, 10), zk.FlagSequence, everyone)
	return err
}

func (b *basket) Take(ctx context.Context) (*int64, error) {
	now, done, err := b.session()
	if err != nil {
		return nil, err
	}
	defer done()
	for ctx.Err() == nil {
		item, there, err := b.takeOf(now.Conn)
		if err != nil || item != nil || !there {
			return item, err
		}
	}
	return nil, subjects.WithoutEffect(context.Cause(ctx))
}

// takeOf takes one of the present items.
func (b *basket) takeOf(conn *zk.Conn) (item *int64, there bool, err error) {
	if _, err := conn.Multi(&zk.CheckVersionRequest{Path: b.path, Version: -1}); err != nil { // so that no read is old
		return nil, false, subjects.WithoutEffect(err)
	}
	names, _, err := conn.Children(b.path)
	if err != nil {
		return nil, false, subjects.WithoutEffect(err)
	}
	if slices.Sort(names); b.wrong && !b.heap {
		slices.Reverse(names)
	}
	for _, name := range names {
		data, _, err := conn.Get(b.path + "/" + name)
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, true, subjects.WithoutEffect(err)
		}
		if err = conn.Delete(b.path+"/"+name, -1); errors.Is(err, zk.ErrNoNode) && !(b.wrong && b.heap) {
			continue
		}
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			return nil, true, err
		}
		n, err := strconv.ParseInt(string(data), 10, 64)
		return &n, true, err
	}
	return nil, len(names) > 0, nil
}

// lines declares queues that give items out in order.
func lines(life Life, wrong bool) Declared { return queues("own-line", life, false, wrong) }

// heaps declares queues that give items out in any order.
func heaps(life Life, wrong bool) Declared { return queues("own-heap", life, true, wrong) }

func queues(name string, life Life, heap, wrong bool) Declared {
	put, take := object.Give("put", (*basket).Put, object.Unique), object.Ask("take", (*basket).Take)
	rule := object.Queue(put, take)
	if heap {
		rule.Unordered()
	}
	return object.Object[*basket]{
		Name: name, Operations: []object.Operation[*basket]{put, take}, Rules: []object.Rule{rule},
		New: seated(life, "", func(s *seat) *basket { return &basket{s, heap, wrong} }),
	}
}
