package external

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Leftover is the znode of a run that is under way, or that could not remove it. Which
// of the two it is, cannot be known from here.
type Leftover struct {
	Path  string
	Begun time.Time // UTC
}

// Leftovers finds the znodes of runs in an ensemble, oldest first, through the first
// server that answers. It reads only; Commands are not used.
func Leftovers(ctx context.Context, c Config) ([]Leftover, error) {
	if err := validate(c.Servers, c.Chroot); err != nil {
		return nil, err
	}
	e, err := c.reached()
	if err != nil {
		return nil, err
	}
	var last error
	for _, addr := range c.Servers {
		found, err := e.leftovers(ctx, addr, c.Chroot+ensemble.RunsFolder)
		if err == nil {
			return found, nil
		}
		last = fmt.Errorf("server at %s: %w", addr, err)
	}
	return nil, e.guessed(ctx, last)
}

func (e *cluster) leftovers(ctx context.Context, addr, folder string) ([]Leftover, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	conn, err := zkclient.Connect(ctx, zkclient.Config{Session: wire.Session{Timeout: shortSession}, Dial: zkclient.To(e.dial, addr)})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, wire.GetChildren, &wire.ReadRequest{Path: folder})
	if err != nil || reply.Header.Err == wire.NoNode {
		return nil, err
	}
	if reply.Header.Err != wire.OK {
		return nil, fmt.Errorf("read %s: %w", folder, reply.Header.Err)
	}
	children, err := wire.DecodeChildrenReply(wire.GetChildren, reply.Record)
	if err != nil {
		return nil, err
	}
	var found []Leftover
	for _, name := range children.Children {
		if begun, ok := ensemble.RunStarted(name); ok {
			found = append(found, Leftover{folder + "/" + name, begun})
		}
	}
	slices.SortFunc(found, func(a, b Leftover) int { return strings.Compare(a.Path, b.Path) })
	_, err = conn.Do(ctx, wire.CloseSession, nil)
	return found, err
}
