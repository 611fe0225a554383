package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/zk/wire"
)

// FullDisk leaves no room on the disks of servers. At the next transaction that it cannot
// write, a leader stops leading, and sometimes its process ends. A follower's process lives
// on and serves no client (ErrNotServing; seen on 3.9.3). Filling one follower's disk would
// affect at most that follower's own clients, since the others commit without it. The zero
// value fills the leader's disk.
type FullDisk struct {
	Nodes Nodes // Leader, Majority or All
}

var fullDiskWords = words{list: []string{string(Leader), string(Majority), string(All)}}

var _ = declare(kinds.FullDisk, ofServers(Kind{
	About: "fills the disks of servers",
	guide: []row{{"", "their disks are full. The ensemble must be started for this", "a write that gets no answer", "space is freed, and they serve"}},
	words: fullDiskWords,
}, func(n Nodes) Fault { return FullDisk{n} }, Leader, Majority))

// Kind returns "full-disk".
func (FullDisk) Kind() string { return kinds.FullDisk.Name }

// Spec returns full-disk, or full-disk:<nodes>.
func (f FullDisk) Spec() string { return spec(kinds.FullDisk, string(f.Nodes)) }

// Needs asks for an ensemble that was started with disks that can be filled.
func (FullDisk) Needs() ensemble.Ability { return ensemble.CanFillDisk }

// Available checks that the servers' disks can be filled.
func (f FullDisk) Available(s Setting) error {
	if err := everyServer[ensemble.DiskFiller](s.Ensemble, "%s ensembles cannot fill servers' disks"); err != nil {
		return err
	}
	if n := f.Nodes.or(Leader); fullDiskWords.wrong(string(n)) != nil {
		return fmt.Errorf("full-disk:%s would affect no client: give leader, majority or all", n)
	}
	return lacks(s.Ensemble, ensemble.CanFillDisk)
}

// Inject fills the disks.
func (f FullDisk) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.Nodes.or(Leader)
	servers, release, err := f.Nodes.take(ctx, t, rng, "server")
	if err != nil {
		return nil, err
	}
	e := &filled{target: t, servers: servers, claims: claimsOf("server", servers), effect: t.hit(f.Spec(), servers, release)}
	if e.probes, err = openProbes(ctx, t.Ensemble, servers); err != nil {
		return nil, undo(ctx, e, fmt.Errorf("with room on the disks: %w: %w", err, ErrNoTarget))
	}
	for _, s := range servers {
		if err := s.(ensemble.DiskFiller).FillDisk(ctx); err != nil {
			return nil, undo(ctx, e, fmt.Errorf("fill the disk of server %d: %w", s.ID(), err))
		}
	}
	return e, nil
}

// filled are servers whose disks are full.
type filled struct {
	effect
	target  *Target
	servers []ensemble.Server
	claims  []string
	probes  probes // one through each, opened before
}

// Verify writes through each server until it accepts no more.
func (e *filled) Verify(ctx context.Context) error {
	if e.healed {
		return errors.New("there is room on the disks again")
	}
	return together(e.probes, func(p *probe) error { return p.chokes(ctx) })
}

const (
	// mouthful is the size of one write in bytes. Servers reserve room for their logs in
	// advance, up to 64 MB (preAllocSize), and all of it has to be used up.
	mouthful = 256 << 10
	// fillPatience bounds the writing.
	fillPatience = 10 * time.Second
)

// chokes writes until a server leaves a write unanswered, or closes the connection.
func (p *probe) chokes(ctx context.Context) error {
	path := fmt.Sprintf("/zklab-full-disk-%d", p.server.ID())
	if !p.answers(ctx, wire.Create, ephemeral(path)) {
		return ctx.Err()
	}
	set := &wire.SetDataRequest{Path: path, Data: make([]byte, mouthful), Version: -1}
	for end := time.Now().Add(fillPatience); time.Now().Before(end); {
		if !p.answers(ctx, wire.SetData, set) {
			return ctx.Err()
		}
	}
	return fmt.Errorf("server %d goes on to write although its disk is full", p.server.ID())
}

// answers reports whether a request is answered in time.
func (p *probe) answers(ctx context.Context, op wire.Op, req any) bool {
	ctx, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	_, err := p.conn.Do(ctx, op, req)
	return err == nil
}

// Heal makes room again and waits until the servers serve.
func (e *filled) Heal(ctx context.Context) error {
	if e.healed {
		return nil
	}
	err := inTurn(e.servers, func(s ensemble.Server) error {
		return onServer("make room on the disk of server %d", s, s.(ensemble.DiskFiller).FreeDisk(ctx))
	})
	if err != nil {
		return err
	}
	e.healed = true
	defer e.release()
	e.probes.close()
	return e.target.awaitAll(ctx, e.servers, e.claims...)
}
