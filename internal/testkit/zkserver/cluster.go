package zkserver

import (
	"context"
	"fmt"
	"sync"
)

// Ensemble is the part of an ensemble that a [Host] needs. No server runs at
// first. Servers are numbered from 1.
type Ensemble interface {
	Start(ctx context.Context, id int) error
	Kill(ctx context.Context, id int) error
	Close() error
}

// Cluster describes the ensemble to make: with as many servers as it has addresses, or a standalone
// one.
type Cluster struct {
	Settings
	Addrs []string // for clients, by id - 1
}

// cluster is an ensemble, or will be one when all its servers were asked for.
type cluster struct {
	servers []sync.Mutex // held while the server with this index + 1 is run

	mu       sync.Mutex
	addrs    []string // empty where a server was not asked for yet
	complete chan struct{}
	ensemble Ensemble
	err      error // why it could not be made
}

func newCluster(size int) *cluster {
	return &cluster{servers: make([]sync.Mutex, size), addrs: make([]string, size), complete: make(chan struct{})}
}

// join asks for a server. The last one of a cluster makes the ensemble.
func (c *cluster) join(ctx context.Context, server config, make New) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	addr := &c.addrs[server.id-1]
	switch {
	case *addr == server.addr:
		return nil
	case *addr != "":
		return fmt.Errorf("server %d was at %s before, and cannot move to %s", server.id, *addr, server.addr)
	}
	*addr = server.addr
	for _, a := range c.addrs {
		if a == "" {
			return nil
		}
	}
	c.ensemble, c.err = make(ctx, Cluster{Settings: server.Settings, Addrs: c.addrs})
	close(c.complete)
	return nil
}

// run runs a server until done is closed, and calls started when it has started.
func (c *cluster) run(ctx context.Context, id int, done <-chan struct{}, started func()) error {
	select {
	case <-c.complete:
	case <-done:
		return nil
	}
	if c.err != nil {
		return c.err
	}
	if err := c.ensemble.Start(ctx, id); err != nil {
		return err
	}
	started()
	<-done
	err := c.ensemble.Kill(context.WithoutCancel(ctx), id)
	noticed(c.addrs[id-1])
	return err
}

func (c *cluster) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ensemble == nil {
		return nil
	}
	return c.ensemble.Close()
}
