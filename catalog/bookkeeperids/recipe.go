// Package bookkeeperids is how BookKeeper numbers ledgers: by the sequence numbers of ephemeral znodes, which are deleted at once.
package bookkeeperids

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
	Folder:  "bookkeeperids",
	Program: "Apache BookKeeper, ZkLedgerIdGenerator",
	File:    "apache/bookkeeper, bookkeeper-server/src/main/java/org/apache/bookkeeper/meta/ZkLedgerIdGenerator.java",
	Version: "commit a3ec40b1 (April 2026)",
	LeftOut: "The longer numbers of LongZkLedgerIdGenerator, which begin when these are used up, are left out. BookKeeper's client repeats requests that got no answer, " +
		"also in the next session; the port does so five times.",
	Promises:    "No number is given to two ledgers.",
	NotPromised: "Numbers need not be in order, and some may be missing.",
	Right: "The servers count. A repeated create gets a new number, and losing the first number does no harm. Nothing deletes the parent, " +
		"which holds the counter, and the generator refuses the numbers at the end of the counter.",
	AsIs: generators(New),
}

// Generator is the source's ZkLedgerIdGenerator.
type Generator struct {
	c    *subjects.Client
	path string
}

// New returns the generator of a client.
func New(c *subjects.Client, path string) (*Generator, error) {
	return &Generator{c: c, path: path}, nil
}

// Next is generateLedgerId.
func (g *Generator) Next(ctx context.Context) (id int64, err error) {
	var name string
	for {
		err = port.Again(ctx, func() (err error) { name, err = g.c.Conn.Create(g.path+"/ID-", nil, port.EphSeq, port.ACL); return err })
		if !errors.Is(err, zk.ErrNoNode) {
			break
		}
		err = port.Again(ctx, func() error { _, err := g.c.Conn.Create(g.path, nil, 0, port.ACL); return err })
		if err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return 0, err
		}
	}
	if err != nil {
		return 0, err
	}
	go func() { _ = port.Again(context.Background(), func() error { return g.c.Conn.Delete(name, -1) }) }()
	id, err = strconv.ParseInt(name[len(g.path+"/ID-"):], 10, 64)
	if err == nil && (id < 0 || id >= 1<<31-1) {
		err = errors.New("the numbers are used up")
	}
	return id, err
}

func generators(construct func(*subjects.Client, string) (*Generator, error)) workloads.Workload {
	next := object.Ask("next", (*Generator).Next)
	return object.Object[*Generator]{
		Name: "ledger-id", New: construct,
		Operations: []object.Operation[*Generator]{next},
		Rules:      []object.Rule{object.Distinct(next)},
	}.Workload()
}
