// Package accumulonames is how servers of Accumulo name files: a server takes the next block of numbers by a conditional
// write, and gives them out one by one.
package accumulonames

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "accumulonames",
	Program: "Apache Accumulo, UniqueNameAllocator",
	File: "apache/accumulo, server/base/src/main/java/org/apache/accumulo/server/tablets/UniqueNameAllocator.java, " +
		"with mutateExisting of ZooReaderWriter",
	Version: "commit 4ce75117 (June 2025), which is the last one of the file in August 2026",
	LeftOut: "A block has 3 numbers, not 100 to 200, so that blocks end more often. A call takes one name. Accumulo repeats requests that got no answer ten " +
		"times, and the port five times.",
	Promises:    "No name is given out twice, as long as the instance lives.",
	NotPromised: "Names need not be in order, and some may be missing.",
	Right: "The server records a block after the conditional write has succeeded, not before it as Kafka does. After a lost reply it repeats " +
		"the read and the write: it takes the next block, and the first one is never used. Nothing deletes the znode, so its versions never " +
		"start again at 0.",
	AsIs: allocators(New),
}

const batch = 3

// Allocator is the source's UniqueNameAllocator.
type Allocator struct {
	c             *subjects.Client
	path          string
	next, claimed int64 // claimed is the end of the block
}

// New returns the allocator of a client. The znode is made when an instance of Accumulo is.
func New(c *subjects.Client, path string) (*Allocator, error) {
	_, err := c.Conn.Create(path, []byte("0"), 0, port.ACL)
	if errors.Is(err, zk.ErrNodeExists) {
		err = nil
	}
	return &Allocator{c: c, path: path}, err
}

// Next is the source's getNextName.
func (a *Allocator) Next(ctx context.Context) (string, error) {
	if a.next+1 > a.claimed {
		end, err := a.claim(ctx)
		if err != nil {
			return "", err
		}
		a.claimed, a.next = end, end-batch
	}
	a.next++
	return strconv.FormatInt(a.next-1, 36), nil
}

// claim is mutateExisting: the read and the write are repeated together.
func (a *Allocator) claim(ctx context.Context) (end int64, err error) {
	for {
		err = port.Again(ctx, func() error {
			data, stat, err := a.c.Conn.Get(a.path)
			if err != nil {
				return err
			}
			last, err := strconv.ParseInt(string(data), 36, 64)
			if err != nil {
				return err
			}
			end = last + batch
			_, err = a.c.Conn.Set(a.path, []byte(strconv.FormatInt(end, 36)), stat.Version)
			return err
		})
		if !errors.Is(err, zk.ErrBadVersion) {
			return end, err
		}
	}
}

func allocators(construct func(*subjects.Client, string) (*Allocator, error)) workloads.Workload {
	next := object.Ask("next", (*Allocator).Next)
	return object.Object[*Allocator]{
		Name: "unique-name", New: construct,
		Operations: []object.Operation[*Allocator]{next},
		Rules:      []object.Rule{object.Distinct(next)},
	}.Workload()
}
