package recipes

import (
	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// This file is what a contender in several lines has more than one in a single line: its
// znodes are made and removed by one multi each.

// newContender is one that has no znodes yet.
func (q line) newContender(z *client.Session) *contender {
	c := &contender{Node: znodes.Node{ID: znodes.NewID()}, session: z}
	for range q.beside {
		c.beside = append(c.beside, &contender{Node: c.Node, session: z})
	}
	return c
}

// each calls f for q and c, and then for the lines beside, until it fails.
func (q line) each(c *contender, f func(q line, c *contender) error) error {
	err := f(q, c)
	for i := 0; i < len(q.beside) && err == nil; i++ {
		err = f(q.beside[i], c.beside[i])
	}
	return err
}

// znodes are the paths of all of c's.
func (q line) znodes(c *contender) []string {
	paths := []string{znodes.Join(q.folder, c.Name)}
	for i, beside := range q.beside {
		paths = append(paths, znodes.Join(beside.folder, c.beside[i].Name))
	}
	return paths
}

// sendBeside is send for several lines.
func (q line) sendBeside(id string, data []byte) (paths []string, err error) {
	ops := []any{q.createRequest(id, data)}
	for _, beside := range q.beside {
		ops = append(ops, beside.createRequest(id, data))
	}
	results, err := q.Client.Conn.Multi(ops...)
	for _, r := range results {
		paths = append(paths, r.String)
	}
	return paths, err
}

func (q line) createRequest(id string, data []byte) *zk.CreateRequest {
	return &zk.CreateRequest{Path: q.prefix(id), Data: data, Flags: zk.FlagEphemeral | zk.FlagSequence}
}

// disturbed reports whether something has happened to one of c's znodes. What is told of
// a watch comes before every view that shows what follows (Programmer's Guide, What
// ZooKeeper Guarantees about Watches): if it says no, all of them were there when the
// last line was read.
func (q line) disturbed(c *contender) bool {
	return q.each(c, func(_ line, c *contender) error {
		if client.Fired(c.changed) {
			return failures.ErrRemoved
		}
		return nil
	}) != nil
}
