package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
)

// leaky is the library's lock, except that each acquire leaves an ephemeral znode beside the lock's folder.
type leaky struct {
	inner subjects.Lock
	conn  *zk.Conn
	path  string
}

func (l leaky) Lock(ctx context.Context) error {
	if err := l.inner.Lock(ctx); err != nil {
		return err
	}
	_, err := l.conn.Create(l.path+"-mark-", nil, zk.FlagEphemeral|zk.FlagSequence, zk.WorldACL(zk.PermAll))
	return err
}

func (l leaky) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }

// leakyProgram is an adapter that serves a leaky lock.
func leakyProgram() {
	err := adapter.Serve(context.Background(), os.Stdin, os.Stdout, adapter.Subjects{
		Name: "leaky",
		Recipes: map[string]subjects.Maker{"lock": contracts.ServeOn(contracts.Locks, func(c *subjects.Client, path string) (subjects.Lock, error) {
			inner, err := subjects.NewLock(c, path)
			return leaky{inner, c.Conn, path}, err
		})},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(usage.ExitFailed)
	}
}
