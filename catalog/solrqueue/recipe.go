// Package solrqueue is the distributed queue of Solr: an item is a persistent sequential znode, and a client that takes
// the first one reads and deletes it.
package solrqueue

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "solrqueue",
	Program: "Apache Solr, ZkDistributedQueue",
	File:    "apache/solr, solr/core/src/java/org/apache/solr/cloud/ZkDistributedQueue.java",
	Version: "commit 2322f46a (after October 2024)",
	LeftOut: "The port has offer, take and poll. It leaves out other ways to look at items, the bound of the size, and the statistics. Solr's " +
		"client repeats requests that got no answer; the port does so five times, with growing pauses.",
	Promises:    "Items come out in order, each to one consumer. The source says that several consumers get correct results, but inefficiently.",
	NotPromised: "If the caller gets an error, the operation may have succeeded or not.",
	AsIs:        workloads.Queue{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.Repeats,
		Happens: "The reply to a create is lost, the client repeats it, and the item comes out twice. The reply to a delete is lost, and the " +
			"repeated delete finds no znode. The client concludes that another client took the item, and no client gets it.",
		Breaks: []string{"integrity", "loss", "order"},
		Fault:  "a lost reply",
		Mend: "offer sends its create once, and take its delete. If no answer comes, the caller gets the error, and decides. After any error the " +
			"client reads the names again that it keeps in memory, so that it skips no item.",
		Mended: workloads.Queue{New: newMended},
	},
}

// Queue is the queue of one client. Everything that depends on mended differs from the source.
type Queue struct {
	c      *subjects.Client
	dir    string
	mended bool
	known  []string // names of items, read earlier
	dirty  bool     // there may be other items
	watch  <-chan zk.Event
}

// New returns the queue of a client.
func New(c *subjects.Client, path string) (subjects.Queue, error) {
	return &Queue{c: c, dir: path, dirty: true}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string) (subjects.Queue, error) {
	return &Queue{c: c, dir: path, dirty: true, mended: true}, port.Ensure(c, path)
}

// write sends a request that changes something.
func (q *Queue) write(ctx context.Context, request func() error) error {
	if q.mended {
		return request()
	}
	return port.Again(ctx, request)
}

// IsItem reports whether a child is an item.
func (q *Queue) IsItem(child string) bool { return len(port.WithPrefix([]string{child}, "qn-")) > 0 }

// Put is the source's offer.
func (q *Queue) Put(ctx context.Context, item []byte) error {
	err := q.write(ctx, func() error {
		_, err := q.c.Conn.Create(q.dir+"/qn-", item, zk.FlagSequence, port.ACL)
		return err
	})
	if err == nil {
		q.dirty = true
	}
	return err
}

// first removes the first name from the cached list and returns it; "" if there is none.
func (q *Queue) first(ctx context.Context) (string, error) {
	select {
	case <-q.watch:
		q.dirty, q.watch = true, nil
	default:
	}
	if len(q.known) == 0 {
		if !q.dirty {
			return "", nil
		}
		names, err := q.children(ctx)
		if err != nil {
			return "", err
		}
		q.known = port.WithPrefix(names, "qn-")
		slices.Sort(q.known)
		q.dirty = false
		if len(q.known) == 0 {
			return "", nil
		}
	}
	name := q.known[0]
	q.known = q.known[1:]
	return name, nil
}

// children lists the names, and sets a watch if there is none.
func (q *Queue) children(ctx context.Context) (names []string, err error) {
	err = port.Again(ctx, func() (err error) {
		if q.watch != nil {
			names, _, err = q.c.Conn.Children(q.dir)
			return err
		}
		var watch <-chan zk.Event
		if names, _, watch, err = q.c.Conn.ChildrenW(q.dir); err == nil {
			q.watch = watch
		}
		return err
	})
	return names, err
}

func (q *Queue) removeFirst(ctx context.Context) (item []byte, err error) {
	for {
		name, err := q.first(ctx)
		if name == "" || err != nil {
			return nil, err
		}
		err = port.Again(ctx, func() (err error) { item, _, err = q.c.Conn.Get(q.dir + "/" + name); return err })
		if err == nil {
			err = q.write(ctx, func() error { return q.c.Conn.Delete(q.dir+"/"+name, -1) })
		}
		if err == nil {
			return item, nil
		}
		noNode := errors.Is(err, zk.ErrNoNode) // another client deleted it
		if noNode || q.mended {
			q.known, q.dirty = nil, true
		}
		if !noNode {
			return nil, err
		}
	}
}

// Take waits for an item.
func (q *Queue) Take(ctx context.Context) ([]byte, error) {
	for {
		item, err := q.removeFirst(ctx)
		if item != nil || err != nil {
			return item, err
		}
		select {
		case <-q.watch:
			q.dirty, q.watch = true, nil
		case <-ctx.Done():
			return nil, port.Ended(ctx)
		}
	}
}
