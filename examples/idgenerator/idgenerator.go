// Package idgenerator is an example of a recipe that zklab does not know: clients that take numbers from one
// znode. Its test declares what the recipe promises, and puts it under faults.
package idgenerator

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-zookeeper/zk"
)

// Generator hands out 1, 2, 3, … to many clients, without gaps. The znode has the last number.
type Generator struct {
	conn     *zk.Conn
	path     string
	careless bool // a mistake, for the test: the write does not check the version
}

// New creates the znode, unless another client has done so.
func New(conn *zk.Conn, path string) (*Generator, error) {
	_, err := conn.Create(path, []byte("0"), 0, zk.WorldACL(zk.PermAll))
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return &Generator{conn: conn, path: path}, nil
}

// newCareless returns a generator with the mistake.
func newCareless(conn *zk.Conn, path string) (*Generator, error) {
	g, err := New(conn, path)
	if err == nil {
		g.careless = true
	}
	return g, err
}

// Next returns the next number. After an error, the number may be used up.
func (g *Generator) Next(ctx context.Context) (int64, error) {
	for ctx.Err() == nil {
		last, version, err := g.read()
		if err != nil {
			return 0, err
		}
		if g.careless {
			version = -1
		}
		_, err = g.conn.Set(g.path, strconv.AppendInt(nil, last+1, 10), version)
		if !errors.Is(err, zk.ErrBadVersion) { // another client was faster
			return last + 1, err
		}
	}
	return 0, ctx.Err()
}

// Last returns the last number, as one server knows it.
func (g *Generator) Last(context.Context) (int64, error) {
	last, _, err := g.read()
	return last, err
}

func (g *Generator) read() (last int64, version int32, err error) {
	data, stat, err := g.conn.Get(g.path)
	if err != nil {
		return 0, 0, err
	}
	last, err = strconv.ParseInt(string(data), 10, 64)
	return last, stat.Version, err
}
