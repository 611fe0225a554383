// Sharedfile is a text with a read-write lock: many processes can read it at the same time, but only one at a
// time can change it. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var hold = flag.Duration("hold", 3*time.Second, "how long to read, or to write")

func main() {
	program.Main(program.About{
		Path: "/sharedfile", Usage: "[flags] read | write TEXT",
		Args: func(args []string) bool {
			return len(args) == 1 && args[0] == "read" || len(args) == 2 && args[0] == "write"
		},
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	f := file{p, p.Path + "/text"}
	lock := recipes.NewRWLock(p.Client, p.Path+"/lock")
	defer p.Close(lock)
	do, use := lock.RDo, f.read
	if p.Args[0] == "write" {
		do, use = lock.Do, f.write
	}
	for {
		err := do(p.Traced(ctx, p.Args[0]), use)
		if !errors.Is(err, recipes.ErrLost) || ctx.Err() != nil {
			return err
		}
		p.Say("lost the lock")
	}
}

type file struct {
	*program.Program
	path string
}

// read reads the text, which no process can change until read ends.
func (f file) read(ctx context.Context) error {
	text, _, err := f.Client.Get(ctx, f.path)
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	f.Say("reads %q", text)
	if err := program.Sleep(ctx, *hold); err != nil {
		return err
	}
	f.Say("has read")
	return nil
}

// write appends to the text, while no process reads it. The servers refuse the write once the lock is lost.
// If the outcome is unknown, write writes again, which does no harm as long as the lock is held.
func (f file) write(ctx context.Context) error {
	f.Say("may write, nobody reads")
	if err := program.Sleep(ctx, *hold); err != nil {
		return err
	}
	for {
		err := f.Client.Multi(ctx, &zk.SetDataRequest{Path: f.path, Data: []byte(f.Args[1]), Version: -1})
		if errors.Is(err, zk.ErrNoNode) {
			err = f.Client.Multi(ctx, &zk.CreateRequest{Path: f.path, Data: []byte(f.Args[1])})
		}
		if err == nil {
			f.Say("has written %q", f.Args[1])
		}
		if !errors.Is(err, recipes.ErrUnknown) || ctx.Err() != nil {
			return err
		}
	}
}
