package styles

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// shelf is a folder of items, which the queues of all kinds use. An item is a znode. Its name begins with its
// rank, a number that is lowest for the best item, and is used only once.
type shelf struct {
	base
	strict bool // each list is fenced, and made again when another client was faster
	known  map[string]item
}

type item struct {
	name  string
	rank  int64
	czxid int64
	data  []byte
}

// theItem is part of the name of each item, and of no other znode.
const theItem = "-item-"

// IsItem implements subjects.Itemizer.
func (*shelf) IsItem(child string) bool { return strings.Contains(child, theItem) }

// ItemNames implements subjects.ItemNamer.
func (*shelf) ItemNames() string { return theItem }

func shelfAt(c *subjects.Client, path string, from connection) shelf {
	return shelf{base: at(c, path, from), known: map[string]item{}}
}

// put makes an item. If the answer is lost, it looks whether the item is there.
func (q *shelf) put(ctx context.Context, rank string, data []byte) error {
	return q.do(ctx, func() error {
		s, err := q.session(ctx)
		if err != nil {
			return subjects.WithoutEffect(err)
		}
		if err := q.folder(s); err != nil {
			return subjects.WithoutEffect(err) // the folder is not an item
		}
		path := q.path + "/" + rank + theItem + q.life.name(s)
		_, err = s.create(path, data, 0)
		if err == nil || refused(err) {
			return told(err)
		}
		for ctx.Err() == nil {
			s, unclear := q.session(ctx)
			if unclear != nil {
				break
			}
			st, unclear := s.stat(path)
			if unclear == nil && st != nil {
				return nil
			}
			if unclear == nil {
				break // another client may have taken it
			}
			_ = pause(ctx, again)
		}
		return err
	})
}

// list returns the items, the best one first. Those that go meanwhile are missing, or are an error of a
// strict queue: better ones may have come before they went.
func (q *shelf) list(s *session, rank func(text string) (int64, bool)) (all []item, err error) {
	children, err := s.children(q.path)
	if err != nil {
		return nil, err
	}
	known := map[string]item{}
	for _, child := range children {
		text, name, is := strings.Cut(child, theItem)
		_, _, ours := seatOf(name)
		number, ranked := rank(text)
		if !is || !ours || !ranked {
			continue
		}
		it, seen := q.known[child] // a name is used once, so nothing about it changes
		if !seen {
			data, st, err := s.get(q.path + "/" + child)
			if errors.Is(err, zk.ErrNoNode) && !q.strict {
				continue
			}
			if err != nil {
				return nil, err
			}
			it = item{child, number, st.Czxid, data}
		}
		known[child] = it
		all = append(all, it)
	}
	q.known = known
	slices.SortFunc(all, func(a, b item) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.czxid, b.czxid)) })
	return all, nil
}

// take takes the first item that is due by calling remove, which deletes its znode. It continues with
// another item only if a server reported that the znode is gone.
func (q *shelf) take(ctx context.Context, rank func(string) (int64, bool), due func(rank int64) bool, remove func(*session, item) error) ([]byte, error) {
	return within(ctx, &q.base, func() (data []byte, err error) {
		for {
			taken, err := q.takeOne(ctx, rank, due, remove)
			if taken != nil || err != nil {
				return taken, err
			}
			if err := pause(ctx, 15*time.Millisecond); err != nil {
				return nil, subjects.WithoutEffect(err)
			}
		}
	}, nil)
}

func (q *shelf) takeOne(ctx context.Context, rank func(string) (int64, bool), due func(int64) bool, remove func(*session, item) error) ([]byte, error) {
	s, err := q.session(ctx)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	if q.strict && s.fence() != nil {
		return nil, nil
	}
	all, err := q.list(s, rank)
	if err != nil {
		return nil, nil // the folder does not exist, or may not be read
	}
	for _, it := range all {
		if !due(it.rank) {
			break
		}
		if ctx.Err() != nil {
			return nil, subjects.WithoutEffect(context.Cause(ctx))
		}
		err := remove(s, it)
		switch {
		case err == nil:
			return append([]byte{}, it.data...), nil
		case errors.Is(err, zk.ErrNoNode) && !q.strict:
			continue
		case refused(err):
			return nil, nil
		default:
			return nil, err
		}
	}
	return nil, nil
}

// plainly deletes an item.
func (q *shelf) plainly(s *session, it item) error { return s.remove(q.path + "/" + it.name) }

func unranked(text string) (int64, bool) { return 0, text == "q" }

func always(int64) bool { return true }

// orderedQueue is a queue whose items are ordered by their czxid. It polls, on a connection of its own.
type orderedQueue struct{ shelf }

func newOrderedQueue(c *subjects.Client, path string) (subjects.Queue, error) {
	return &orderedQueue{shelfAt(c, path, apart)}, nil
}

func (q *orderedQueue) Put(ctx context.Context, data []byte) error { return q.put(ctx, "q", data) }

func (q *orderedQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, unranked, always, q.plainly)
}

// receiptQueue is a queue whose consumers delete an item and create a receipt for it in one multi. If
// the answer is lost, the receipt tells. A process that starts removes the receipts of its seat.
type receiptQueue struct {
	shelf
	clean bool
}

func newReceiptQueue(c *subjects.Client, path string) (subjects.Queue, error) {
	return &receiptQueue{shelf: shelfAt(c, path, borrowed)}, nil
}

func (q *receiptQueue) Put(ctx context.Context, data []byte) error { return q.put(ctx, "q", data) }

func (q *receiptQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, unranked, always, q.against)
}

// against takes an item against a receipt.
func (q *receiptQueue) against(s *session, it item) error {
	if !q.clean {
		q.clean = q.life.discard(s, q.path) == nil
	}
	path := q.path + "/" + receipt + q.life.name(s)
	_, err := s.multi(&zk.DeleteRequest{Path: q.path + "/" + it.name, Version: -1}, &zk.CreateRequest{Path: path, Acl: everyone})
	if err != nil && refused(err) {
		return err
	}
	if err != nil && !q.life.found(s, path) {
		return err // it may still be carried out
	}
	_ = s.remove(path) // if that fails, the next process of this seat does it
	return nil
}
