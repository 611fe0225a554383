package contend

import (
	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// This file has what a contender in several lines needs and one in a single line does not: one
// multi creates all its znodes, and one multi removes them.

// NewContender returns a contender that has no znodes yet.
func (q Line) NewContender(z *client.Session) *Contender {
	c := &Contender{Node: znodes.Node{ID: znodes.NewID()}, Session: z}
	for range q.Beside {
		c.beside = append(c.beside, &Contender{Node: c.Node, Session: z})
	}
	return c
}

// each calls f for q and c, and then for the lines beside, until f fails.
func (q Line) each(c *Contender, f func(q Line, c *Contender) error) error {
	err := f(q, c)
	for i := 0; i < len(q.Beside) && err == nil; i++ {
		err = f(q.Beside[i], c.beside[i])
	}
	return err
}

// znodes returns the paths of all znodes of c.
func (q Line) znodes(c *Contender) []string {
	paths := []string{znodes.Join(q.Folder, c.Name)}
	for i, beside := range q.Beside {
		paths = append(paths, znodes.Join(beside.Folder, c.beside[i].Name))
	}
	return paths
}

// sendBeside is like send, for several lines.
func (q Line) sendBeside(id string, data []byte) (paths []string, err error) {
	ops := []any{q.createRequest(id, data)}
	for _, beside := range q.Beside {
		ops = append(ops, beside.createRequest(id, data))
	}
	results, err := q.Client.Conn.Multi(ops...)
	for _, r := range results {
		paths = append(paths, r.String)
	}
	return paths, err
}

func (q Line) createRequest(id string, data []byte) *zk.CreateRequest {
	return &zk.CreateRequest{Path: q.prefix(id), Data: data, Flags: zk.FlagEphemeral | zk.FlagSequence}
}

// disturbed reports whether something has happened to one of c's znodes. A watch event comes before
// every view that shows later changes (Programmer's Guide, What ZooKeeper Guarantees about
// Watches). So if disturbed returns false, all znodes of c existed when the last line was read.
func (q Line) disturbed(c *Contender) bool {
	return q.each(c, func(_ Line, c *Contender) error {
		if client.Fired(c.Changed) {
			return failures.ErrRemoved
		}
		return nil
	}) != nil
}
