package recipes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// ErrNoTail: there are folders, but the znode that names the last folder of a long queue is missing,
// or holds no number. To repair the queue, stop all clients, and create the znode with the number of
// the last folder.
var ErrNoTail error = failures.Conclusion("the tail of the queue names no folder")

// LongQueue is a [Queue] for any number of items. What Queue says about lost replies and unknown
// outcomes holds here, too.
//
// The items are in folders, children <number> of the path, with about a thousand items each. No list
// is longer than that: a consumer lists one folder, and then takes the items of the list. The child
// "tail" holds the number of the last folder. Producers put items into the last folder only, in a
// multi that checks "tail". So a folder is complete once there is a next one. A consumer removes a
// complete folder that is empty. Items come out in the order in which they were put in, across
// folders, too.
//
// Cost: Put makes a write, and a read once in a while, more often the fuller the folder is. Take
// makes a read and a write. When all items of its list are gone, it makes three more reads, and a
// write if there is a folder to remove. The number of items does not matter (BenchmarkTake).
//
// A LongQueue and a Queue do not see each other's items. A LongQueue is safe for concurrent use.
type LongQueue struct {
	*items

	tailMu sync.Mutex
	tail   *tail // as last read; nil: not read yet, or it has moved on
}

// NewLongQueue returns the long queue at path.
func NewLongQueue(c *Client, path string) *LongQueue {
	return NewLongQueueOf(c, path, folderItems)
}

// NewLongQueueOf returns the long queue at path with about most items in each folder, 1 to
// [MaxItems]. Clients of one queue may have different numbers: the number of the producer counts.
func NewLongQueueOf(c *Client, path string, most int) *LongQueue {
	q := &LongQueue{items: newItems(c, path, "long", untilEmpty, nodesInFolder)}
	q.room.most = min(max(most, 1), MaxItems)
	return q
}

// folderItems is how many items a folder has at a time: more items go into the next folder.
// Producers that put at once can put in a few more.
const folderItems = 1000

// tailNode is the child of a long queue's path that names its last folder.
const tailNode = "tail"

// tail is the last folder.
type tail struct {
	in      *client.Session // the session in which it was read
	folder  int
	version int32 // version of the tail znode
}

func folderName(n int) string { return fmt.Sprintf("%010d", n) }

// nodesInFolder picks the items of one folder. It adds the folder to their names.
func nodesInFolder(names []string) []znodes.Node {
	var list []znodes.Node
	for _, name := range names {
		_, child, _ := strings.Cut(name, "/")
		if n, ok := znodes.Parse(child, kindItem); ok {
			n.Name = name
			list = append(list, n)
		}
	}
	slices.SortFunc(list, znodes.Compare)
	return list
}

// Put adds an item at the end. An error with NoEffect means that the item was not added and never
// will be: [ErrTooLarge], [ErrNoTail], [ErrClosed], the error of ctx, or what a server refused.
// [ErrUnknown], with the reason, means that it may have been added.
func (q *LongQueue) Put(ctx context.Context, item []byte) error {
	if len(item) > MaxItem {
		return q.r.Definite("put", ErrTooLarge)
	}
	name, data := znodes.NewID()+"-"+kindItem+"-", slices.Clone(item)
	built := 0
	return q.r.Attempts(ctx, "put", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		t, err := q.target(ctx, z)
		if err != nil {
			return calls.NotApplied, err
		}
		o, err := q.markers.Write(ctx, z,
			&zk.CheckVersionRequest{Path: znodes.Join(q.r.Path, tailNode), Version: t.version},
			&zk.CreateRequest{Path: znodes.Join(q.folder(t.folder), name), Data: data, Flags: zk.FlagSequence})
		moved := errors.Is(err, zk.ErrBadVersion)
		if o != calls.NotApplied || !moved && !errors.Is(err, zk.ErrNoNode) {
			return o, err
		}
		q.setTail(nil)
		if built++; moved || built < client.MaxRecreate { // else another client removes it again and again
			err = nil
		}
		if !moved && err == nil {
			err = q.restore(ctx, z, t)
		}
		return calls.NotApplied, err
	})
}

// restore creates the last folder if another client has removed it and it is still the last one.
// Nothing else would create it again.
func (q *LongQueue) restore(ctx context.Context, z *client.Session, last *tail) error {
	_, err := client.Retry(ctx, q.r.Client, z, client.Write, func() ([]zk.MultiResponse, error) {
		return q.r.Client.Conn.Multi(
			&zk.CheckVersionRequest{Path: znodes.Join(q.r.Path, tailNode), Version: last.version},
			&zk.CreateRequest{Path: q.folder(last.folder)})
	})
	if errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

func (q *LongQueue) folder(n int) string { return znodes.Join(q.r.Path, folderName(n)) }

// target returns the folder to put into: the last one, or the next if the last one is full.
func (q *LongQueue) target(ctx context.Context, z *client.Session) (*tail, error) {
	t, err := q.present(ctx, z)
	if err != nil || q.room.take() {
		return t, err
	}
	n, err := q.r.Client.NumChildren(ctx, z, q.folder(t.folder))
	if err != nil || q.room.found(n) {
		return t, err
	}
	_, err = client.Retry(ctx, q.r.Client, z, client.Write, func() ([]zk.MultiResponse, error) {
		return q.r.Client.Conn.Multi(
			&zk.SetDataRequest{Path: znodes.Join(q.r.Path, tailNode), Data: []byte(strconv.Itoa(t.folder + 1)), Version: t.version},
			&zk.CreateRequest{Path: q.folder(t.folder + 1)})
	})
	q.setTail(nil)
	if err != nil && !errors.Is(err, zk.ErrBadVersion) && !errors.Is(err, zk.ErrNoNode) {
		return nil, err
	}
	return q.present(ctx, z) // which also shows if another client made the next folder, or removed the tail
}

// present returns the tail as far as this client knows.
func (q *LongQueue) present(ctx context.Context, z *client.Session) (*tail, error) {
	q.tailMu.Lock()
	t := q.tail
	q.tailMu.Unlock()
	if t != nil && t.in == z {
		return t, nil
	}
	t, _, err := q.readTail(ctx, z)
	if err == nil {
		q.setTail(t)
	}
	return t, err
}

func (q *LongQueue) setTail(t *tail) {
	q.tailMu.Lock()
	defer q.tailMu.Unlock()
	q.tail = t
}

// readTail reads the tail and makes sure that there is a watch on it. It creates the tail, and the
// first folder, if there is none.
func (q *LongQueue) readTail(ctx context.Context, z *client.Session) (*tail, <-chan zk.Event, error) {
	path := znodes.Join(q.r.Path, tailNode)
	for range client.MaxRecreate {
		v, err := q.r.Client.GetW(ctx, z, path)
		if err == nil {
			n, err := strconv.Atoi(string(v.Data))
			if err != nil {
				return nil, nil, fmt.Errorf("%w: it holds %.32q", ErrNoTail, v.Data)
			}
			return &tail{z, n, v.Stat.Version}, v.Changed, nil
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return nil, nil, err
		}
		if err := q.r.Client.EnsurePath(ctx, z, q.r.Path); err != nil {
			return nil, nil, err
		}
		if missing, err := q.tailMissing(ctx, z); err != nil || !missing {
			if err != nil {
				return nil, nil, err
			}
			continue
		}
		_, err = client.Retry(ctx, q.r.Client, z, client.Write, func() ([]zk.MultiResponse, error) {
			return q.r.Client.Conn.Multi(
				&zk.CreateRequest{Path: path, Data: []byte("0")},
				&zk.CreateRequest{Path: q.folder(0)})
		})
		if err != nil && !errors.Is(err, zk.ErrNodeExists) && !errors.Is(err, zk.ErrNoNode) {
			return nil, nil, err
		}
	}
	return nil, nil, zk.ErrNoNode
}

// tailMissing reports whether to create the tail. If there are folders but no tail, another client
// has removed the tail. A new one would be wrong: its version could equal one that a producer has
// read from the old tail, which named another folder.
func (q *LongQueue) tailMissing(ctx context.Context, z *client.Session) (bool, error) {
	names, err := q.r.Client.FreshChildren(ctx, z, q.r.Path)
	if err != nil || slices.Contains(names, tailNode) {
		return false, err
	}
	if folders := foldersOf(names); len(folders) > 0 {
		return false, fmt.Errorf("%w: it is missing, the last folder is %d", ErrNoTail, folders[len(folders)-1])
	}
	return true, nil
}

// Take removes the first item and returns it. It waits for an item until ctx ends. An error with
// NoEffect means that no item was taken: [ErrNoTail], [ErrClosed], the error of ctx, or what a
// server refused. [ErrUnknown], with the reason, means that an item may have been taken.
func (q *LongQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "take", func(ctx context.Context, z *client.Session, t *itemTake) (wait func() error, err error) {
		event := q.r.Client.NextEvent()
		last, changed, err := q.fill(ctx, z, t.Watches(z))
		if err != nil || last == nil {
			return nil, err
		}
		return func() error {
			defer t.Woken(changed...)
			return q.r.Client.Wait(ctx, z, event, changed...)
		}, nil
	})
}

// TryTake is Take without waiting. It fails with [ErrEmpty] (NoEffect) if there was a moment during
// the call at which the queue was empty, and otherwise as Take does.
func (q *LongQueue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try take", func(ctx context.Context, z *client.Session, _ *itemTake) (wait func() error, err error) {
		if _, err := q.r.Client.QuorumSync(ctx, z, q.r.Path); err != nil {
			return nil, err
		}
		last, _, err := q.fill(ctx, z, false)
		if err != nil || last == nil {
			return nil, err
		}
		// The last folder was empty when it was listed. If it is the last one now, it was the last
		// one then.
		if now, _, err := q.readTail(ctx, z); err != nil || *now != *last {
			return nil, err
		}
		return nil, ErrEmpty
	})
}

// fill lists the first folder that has items. If there is none, it returns the last folder. If
// watch is true, it sets watches that fire when the last folder has items, or there is a next one.
func (q *LongQueue) fill(ctx context.Context, z *client.Session, watch bool) (empty *tail, changed []<-chan zk.Event, err error) {
	last, moved, err := q.readTail(ctx, z)
	if err != nil {
		return nil, nil, err
	}
	folders, err := q.folders(ctx, z)
	for _, n := range folders {
		if err != nil {
			return nil, nil, err
		}
		// Read this after the tail: then the folder is complete if there is a next one.
		children, err := q.r.Client.Listed(ctx, z, q.folder(n), watch)
		if errors.Is(err, zk.ErrNoNode) { // another client removed it
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		ready, _ := q.setAhead(z, inFolder(n, children.Names))
		switch {
		case ready > 0:
			return nil, nil, nil
		case n == last.folder:
			return last, []<-chan zk.Event{moved, children.Changed}, nil
		case n < last.folder && len(children.Names) == 0:
			if _, err := q.r.Client.Remove(ctx, z, q.folder(n)); err != nil && !errors.Is(err, zk.ErrNotEmpty) {
				return nil, nil, err
			}
		}
	}
	if err == nil { // the last folder came, or went, in the meantime
		err = q.restore(ctx, z, last)
	}
	return nil, nil, cmp.Or(err, calls.ErrAgain)
}

// Peek returns the first item as it was at some time during the call, and leaves it in the queue:
// another client may have taken it by now. NoEffect is true for its errors: [ErrEmpty] if there was
// no item, [ErrNoTail], [ErrClosed], the error of ctx, or what a server refused.
func (q *LongQueue) Peek(ctx context.Context) (item []byte, err error) {
	err = q.r.Attempts(ctx, "peek", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		if exists, err := q.r.Client.QuorumSync(ctx, z, q.r.Path); err != nil || !exists {
			return calls.NotApplied, cmp.Or(err, error(ErrEmpty))
		}
		last, _, err := q.readTail(ctx, z)
		if err != nil {
			return calls.NotApplied, err
		}
		first, err := q.firstOf(ctx, z)
		switch {
		case err != nil:
			return calls.NotApplied, err
		case first == "":
			if now, _, err := q.readTail(ctx, z); err != nil || *now != *last {
				return calls.NotApplied, err
			}
			return calls.NotApplied, ErrEmpty
		}
		v, err := q.r.Client.Get(ctx, z, znodes.Join(q.r.Path, first))
		if errors.Is(err, zk.ErrNoNode) { // taken in the meantime
			return calls.NotApplied, nil
		}
		item = v.Data
		return calls.AppliedUnless(err)
	})
	return item, err
}

// firstOf returns the first item, or "" if there was none in any folder. Each folder that comes
// before another one in the list is complete when it is read.
func (q *LongQueue) firstOf(ctx context.Context, z *client.Session) (string, error) {
	folders, err := q.folders(ctx, z)
	for _, n := range folders {
		names, err := q.r.Client.Children(ctx, z, q.folder(n))
		if err != nil {
			return "", err
		}
		if list := nodesInFolder(inFolder(n, names)); len(list) > 0 {
			return list[0].Name, nil
		}
	}
	return "", err
}

func inFolder(n int, names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = folderName(n) + "/" + name
	}
	return all
}

// folders returns the numbers of the folders, the first one first.
func (q *LongQueue) folders(ctx context.Context, z *client.Session) ([]int, error) {
	names, err := q.r.Client.Children(ctx, z, q.r.Path)
	return foldersOf(names), err
}

func foldersOf(names []string) (all []int) {
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil && n >= 0 && folderName(n) == name {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// Len returns the sum of the items in all folders. It counts one folder after the other during the
// call: while other clients put and take, there may never have been that many items at one moment.
// NoEffect is true for its errors: [ErrClosed], the error of ctx, or what a server refused.
func (q *LongQueue) Len(ctx context.Context) (n int, err error) {
	err = q.r.Attempts(ctx, "len", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		n = 0
		if exists, err := q.r.Client.QuorumSync(ctx, z, q.r.Path); err != nil || !exists {
			return calls.AppliedUnless(err)
		}
		folders, err := q.folders(ctx, z)
		for _, f := range folders {
			in, err := q.r.Client.NumChildren(ctx, z, q.folder(f))
			if err != nil {
				return calls.NotApplied, err
			}
			n += in
		}
		return calls.AppliedUnless(err)
	})
	return n, err
}

// Close ends calls that wait. It then waits until the tree has no znodes of this value but items and
// their folders. If ctx ends first, Close returns its error, and the clean-up goes on. If you call
// Close again, it waits again.
func (q *LongQueue) Close(ctx context.Context) error { return q.close(ctx, "close long queue") }
