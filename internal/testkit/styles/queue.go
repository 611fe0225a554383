package styles

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/subjects"
)

// shelf is a folder of items, which the queues of all kinds use. An item is a znode. Its name begins with its
// rank, a number that is lowest for the best item, and is used only once. Each list is fenced, and made again when
// another client was faster.
type shelf struct {
	base
	known map[string]item
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

// list returns the items, the best one first. It is an error if one goes meanwhile: better ones may have come before.
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

// take takes the first item that is due.
func (q *shelf) take(ctx context.Context, rank func(string) (int64, bool), due func(rank int64) bool) ([]byte, error) {
	return within(ctx, &q.base, func() (data []byte, err error) {
		for {
			taken, err := q.takeOne(ctx, rank, due)
			if taken != nil || err != nil {
				return taken, err
			}
			if err := pause(ctx, 15*time.Millisecond); err != nil {
				return nil, subjects.WithoutEffect(err)
			}
		}
	}, nil)
}

func (q *shelf) takeOne(ctx context.Context, rank func(string) (int64, bool), due func(int64) bool) ([]byte, error) {
	s, err := q.session(ctx)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	if s.fence() != nil {
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
		err := s.remove(q.path + "/" + it.name)
		switch {
		case err == nil:
			return append([]byte{}, it.data...), nil
		case refused(err):
			return nil, nil
		default:
			return nil, err
		}
	}
	return nil, nil
}

func always(int64) bool { return true }
