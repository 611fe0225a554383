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

// defectiveDelayQueue is a [defectivePriorityQueue] whose priorities are due times, in milliseconds
// since 1970, with something wrong in which items may come out, or how it waits for them.
type defectiveDelayQueue struct{ *defectivePriorityQueue }

// newDefectiveDelayQueue makes one that gives out what is due.
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

// IgnoresDue is a delay queue that gives out the item that is due first, be it due or not.
// Property "not-early" finds it, with a single client, too.
func IgnoresDue(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	return newDefectiveDelayQueue(c, path, byNumbers, func(int) bool { return true })
}

// DueInSeconds is a delay queue that compares times in whole seconds: an item comes out when
// the second begins in which it is due. Property "not-early" finds it, with a single
// client, too.
func DueInSeconds(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	return newDefectiveDelayQueue(c, path, byNumbers, func(ms int) bool { return int64(ms)/1000 <= time.Now().Unix() })
}

// AnyDue is a delay queue that gives out the oldest of the items that are due. Property
// "due-order" finds it, with a single client, too.
func AnyDue(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	return newDefectiveDelayQueue(c, path, func(a, b string) int {
		_, m := numbersOf(a)
		_, n := numbersOf(b)
		return cmp.Compare(m, n)
	}, isDue)
}

// DelayNoFence is a delay queue that says that it is strict, and reads its lists from a
// server that may lag. Property "strict" finds it where one does.
func DelayNoFence(c *subjects.Client, path string) (subjects.DelayQueue, error) {
	q, err := newDefectiveDelayQueue(c, path, byNumbers, isDue)
	return strictDelay{q}, err
}

type strictDelay struct{ defectiveDelayQueue }

// IsStrict is part of [subjects.Strict].
func (strictDelay) IsStrict() {}

// SleepsOnce is a delay queue whose take sleeps until the first item of its list is due:
// what comes meanwhile and is due earlier has to wait. Property "progress" finds it where that
// happens for long.
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
