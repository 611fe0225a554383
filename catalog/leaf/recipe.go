// Package leaf is how Leaf numbers its workers: by the sequence numbers of persistent znodes, one for each address.
package leaf

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "leaf",
	Program: "Leaf (snowflake), numbers of workers",
	File:    "Meituan-Dianping/Leaf, leaf-core/src/main/java/com/sankuai/inf/leaf/snowflake/SnowflakeZookeeperHolder.java",
	Version: "commit 03cd4f98 (August 2020)",
	LeftOut: "The port has only init. It leaves out the time that workers write into their znodes, and the file that keeps a worker's number for " +
		"the case that ZooKeeper cannot be reached.",
	Promises:    "Workers with different addresses have different numbers. Identifiers are made of them.",
	NotPromised: "A worker may get another number when it is started again.",
	AsIs:        holders(New),
	Wrong: &entry.Wrong{
		Mistake: entry.LooksThenActs,
		Happens: "Two workers start first, and both find no parent. Curator creates the parent for one of them, and finds it for the other one; " +
			"their znodes get the numbers 0 and 1. But a worker that found no parent takes 0, whatever number its znode got. So both are 0, and " +
			"make the same identifiers.",
		Breaks: []string{"unique"},
		Fault:  "two workers that start at once, and no fault",
		Mend:   "In this case, too, a worker takes the number in the answer to its create.",
		Mended: holders(newMended),
	},
}

// Holder is the source's SnowflakeZookeeperHolder.
type Holder struct {
	c             *subjects.Client
	path, address string
	mended        bool
}

// Worker is a worker with its number.
type Worker struct {
	Address string
	ID      int
}

// New returns the holder of a client.
func New(c *subjects.Client, path string) (*Holder, error) {
	return &Holder{c: c, path: path + "/forever", address: fmt.Sprintf("10.0.0.%d:80", c.ID)}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string) (*Holder, error) {
	h, err := New(c, path)
	h.mended = true
	return h, err
}

func (h *Holder) createNode(ctx context.Context) (name string, err error) {
	err = port.Again(ctx, func() (err error) {
		if _, err := h.c.Conn.Create(h.path, nil, 0, port.ACL); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		name, err = h.c.Conn.Create(h.path+"/"+h.address+"-", []byte("{}"), zk.FlagSequence, port.ACL)
		return err
	})
	return name, err
}

// Init starts a worker.
func (h *Holder) Init(ctx context.Context) (w Worker, err error) {
	w.Address = h.address
	var there bool
	if err = port.Again(ctx, func() (err error) { there, _, err = h.c.Conn.Exists(h.path); return err }); err != nil {
		return w, err
	}
	if !there && !h.mended {
		_, err = h.createNode(ctx)
		return w, err // its number stays 0
	}
	w.ID = -1
	if there {
		if w.ID, err = h.known(ctx); err != nil {
			return w, err
		}
	}
	if w.ID < 0 {
		name, err := h.createNode(ctx)
		w.ID = port.Seq(name)
		return w, err
	}
	return w, nil
}

// known returns the number that the address already has; -1 for none.
func (h *Holder) known(ctx context.Context) (id int, err error) {
	var names []string
	if err = port.Again(ctx, func() (err error) { names, _, err = h.c.Conn.Children(h.path); return err }); err != nil {
		return -1, err
	}
	id = -1
	for _, name := range names {
		if address, _, ok := strings.Cut(name, "-"); ok && address == h.address {
			id = port.Seq(name)
		}
	}
	return id, nil
}

var (
	start  = object.Ask("init", (*Holder).Init)
	unique = object.Property("unique", "no two addresses have one number", func(k *object.Key) (found []object.Finding) {
		first, address := map[int]*object.Did{}, map[int]string{}
		for call, v := range object.Of(k, start) {
			if other := first[v.Got.ID]; other != nil && address[v.Got.ID] != v.Got.Address {
				found = append(found, object.Finding{Why: "two addresses have one number", Show: []*object.Did{other, call}})
			}
			first[v.Got.ID], address[v.Got.ID] = call, v.Got.Address
		}
		return found
	})
)

func holders(construct func(*subjects.Client, string) (*Holder, error)) workloads.Workload {
	return object.Object[*Holder]{
		Name: "leaf-worker", New: construct,
		Operations: []object.Operation[*Holder]{start},
		Rules:      []object.Rule{unique},
	}.Workload()
}
