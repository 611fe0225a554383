package broken

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// defectiveDelayQueue is a [defectivePriorityQueue] whose priorities are due times, in
// milliseconds since 1970, with a defect in which items may be taken, or in how it waits
// for them.
type defectiveDelayQueue struct{ *defectivePriorityQueue }

// newDefectiveDelayQueue makes a queue that gives out due items.
func newDefectiveDelayQueue(c *subjects.Client, path string, first func(a, b string) int, isDue func(ms int) bool) (defectiveDelayQueue, error) {
	q, err := newDefectivePriorityQueue(c, path, first)
	if err != nil {
		return defectiveDelayQueue{}, err
	}
	all := q.list
	q.list = func() ([]string, error) {
		names, err := all()
		return slices.DeleteFunc(names, func(name string) bool { return !isDue(dueOf(name)) }), err
	}
	return defectiveDelayQueue{q}, nil
}

func dueOf(name string) (ms int) {
	ms, _ = numbersOf(name)
	return ms
}

func isDue(ms int) bool { return int64(ms) <= time.Now().UnixMilli() }

func (q defectiveDelayQueue) Put(_ context.Context, due time.Time, item []byte) error {
	_, err := q.conn.Create(fmt.Sprintf("%s/item-%d-", q.path, due.UnixMilli()), item, zk.FlagSequence, openACL)
	return err
}

// IgnoresDue returns a delay queue that gives out the item that is due first, even before it is
// due. Property "not-early" finds it, even with a single client.
func IgnoresDue(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	return newDefectiveDelayQueue(c, path, byNumbers, func(int) bool { return true })
}

// DueInSeconds returns a delay queue that compares times in whole seconds: an item comes out at the
// beginning of the second in which it is due. Property "not-early" finds it, even with a single
// client.
func DueInSeconds(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	return newDefectiveDelayQueue(c, path, byNumbers, func(ms int) bool { return int64(ms)/1000 <= time.Now().Unix() })
}

// AnyDue returns a delay queue that gives out the oldest of the due items. Property "due-order"
// finds it, even with a single client.
func AnyDue(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	return newDefectiveDelayQueue(c, path, func(a, b string) int {
		_, m := numbersOf(a)
		_, n := numbersOf(b)
		return cmp.Compare(m, n)
	}, isDue)
}

// SleepsOnce returns a delay queue whose Take sleeps until the first item of its list is due: an
// item that is put meanwhile and is due earlier has to wait. Property "progress" finds it when that
// takes long.
func SleepsOnce(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	q, err := newDefectiveDelayQueue(c, path, byNumbers, isDue)
	return sleepsOnce{q}, err
}

type sleepsOnce struct{ defectiveDelayQueue }

func (q sleepsOnce) Take(ctx context.Context) ([]byte, error) {
	names, _, err := q.conn.Children(q.path)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "item-") })
	if len(names) > 0 {
		t := time.NewTimer(time.Until(time.UnixMilli(int64(dueOf(slices.MinFunc(names, byNumbers))))))
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, subjects.WithoutEffect(context.Cause(ctx))
		}
	}
	return q.defectiveDelayQueue.Take(ctx)
}
