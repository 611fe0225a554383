package workloads

import (
	"context"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// This file has the bursts of the session workload.

// kinds are the bursts, with how often they come.
var kinds = []struct {
	weight int
	f      string
	of     func(s *sessionClient, folder, key string) []request
	reads  bool
}{
	{20, models.FPipeline, (*sessionClient).pipeline, false},
	{20, models.FReads, (*sessionClient).reads, true},
	{18, models.FWatch, (*sessionClient).watch, true},
	{12, models.FTogether, (*sessionClient).together, false},
	{8, models.FEphemerals, (*sessionClient).ephemerals, false},
	{9, models.FSequence, (*sessionClient).sequence, false},
	{6, models.FSyncRead, (*sessionClient).syncRead, true},
	{5, models.FFencedRead, (*sessionClient).fencedRead, true},
	{5, models.FConflict, (*sessionClient).conflict, false},
	{6, models.FRights, (*sessionClient).rights, false},
	{6, models.FLifetimes, (*sessionClient).lifetimes, false},
}

var totalWeight = func() (n int) {
	for _, k := range kinds {
		n += k.weight
	}
	return n
}()

func (s *sessionClient) someBurst(key string) burst {
	n := s.rng.IntN(totalWeight)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return burst{f: k.f, key: key, requests: k.of(s, s.run.env.Path(key), key), reads: k.reads}
		}
	}
	panic("unreachable")
}

// pipeline writes to the client's own znode, to shared ones, and to its own znode again.
func (s *sessionClient) pipeline(folder, _ string) (all []request) {
	own := ownZnode(folder, s.ID)
	for range 2 + s.rng.IntN(3) {
		if s.rng.IntN(5) < 2 {
			all = append(all, s.someWrite(folder))
			continue
		}
		all = append(all, s.setOrCreate(own))
	}
	return append(all, get(own))
}

// setOrCreate writes to a znode that may not exist yet; mostly it does.
func (s *sessionClient) setOrCreate(path string) request {
	if _, ok := s.version(path); ok {
		return s.set(path, -1)
	}
	return s.create(path, 0)
}

// someWrite changes a shared znode.
func (s *sessionClient) someWrite(folder string) request {
	path := s.someShared(folder)
	switch s.rng.IntN(8) {
	case 0:
		return remove(path, -1)
	case 1, 2:
		return s.create(path, 0)
	case 3, 4:
		if v, ok := s.version(path); ok { // it may be outdated
			return s.set(path, v)
		}
	}
	return s.set(path, -1)
}

func (s *sessionClient) someShared(folder string) string {
	return sharedZnode(folder, s.rng.IntN(sharedZnodes))
}

// reads reads what others write: the two znodes that change together, or any.
func (s *sessionClient) reads(folder, _ string) (all []request) {
	if s.rng.IntN(2) == 0 {
		all = []request{get(folder + firstPart), get(folder + secondPart)}
		if s.rng.IntN(2) == 0 {
			all = append(all, exists(folder+thirdPart))
		}
		if s.rng.IntN(2) == 0 {
			slices.Reverse(all)
		}
		return all
	}
	for range 1 + s.rng.IntN(3) {
		all = append(all, s.someRead(folder))
	}
	return all
}

func (s *sessionClient) someRead(folder string) request {
	other := s.rng.IntN(len(s.run.env.Clients))
	switch s.rng.IntN(8) {
	case 0:
		return get(ownZnode(folder, other))
	case 1, 2:
		return exists(ephemeralZnode(folder, other))
	case 3:
		return children(folder + sequencePart)
	case 4:
		return children(folder + ephemeralPart)
	case 5:
		return exists(s.someShared(folder))
	}
	return s.getVersion(s.someShared(folder))
}

// watch sets watches of all kinds, and reads the same znodes right after: others change
// them all the time.
func (s *sessionClient) watch(folder, _ string) (all []request) {
	path := s.someShared(folder)
	parent := folder
	if s.rng.IntN(2) == 0 {
		path = ephemeralZnode(folder, s.rng.IntN(len(s.run.env.Clients)))
		parent = folder + ephemeralPart
	}
	switch s.rng.IntN(6) {
	case 0:
		return []request{getW(path), get(path)}
	case 1:
		return []request{existsW(path), exists(path)}
	case 2:
		return []request{childrenW(parent), children(parent)}
	case 3:
		return []request{childrenW(folder + sequencePart), s.someRead(folder)}
	case 4: // several watches that one change fires
		return []request{getW(path), existsW(path), childrenW(parent)}
	}
	// Several watches that one multi fires.
	return []request{getW(folder + firstPart), getW(folder + secondPart), existsW(folder + thirdPart)}
}

// together returns a multi that changes znodes that clients read together. Some of these multis
// fail.
func (s *sessionClient) together(folder, _ string) []request {
	open := zk.WorldACL(zk.PermAll)
	data := s.data()
	set := func(part string) any { return &zk.SetDataRequest{Path: folder + part, Data: data, Version: -1} }
	ops := []any{set(firstPart), set(secondPart)}
	switch s.rng.IntN(6) {
	case 0:
		ops = append(ops, &zk.CreateRequest{Path: folder + thirdPart, Data: data, Acl: open})
	case 1:
		ops = append(ops, &zk.DeleteRequest{Path: folder + thirdPart, Version: -1})
	case 2:
		ops = append(ops, &zk.CheckVersionRequest{Path: folder + firstPart, Version: 1 << 30})
	}
	return []request{multi(ops...)}
}

// ephemerals creates and deletes this client's ephemerals, and reads those of others.
func (s *sessionClient) ephemerals(folder, _ string) []request {
	own := ephemeralZnode(folder, s.ID)
	other := ephemeralZnode(folder, s.rng.IntN(len(s.run.env.Clients)))
	switch s.rng.IntN(4) {
	case 0:
		return []request{remove(own, -1), exists(other)}
	case 1:
		return []request{s.create(own, zk.FlagEphemeral), exists(other), children(folder + ephemeralPart)}
	}
	return []request{s.create(own, zk.FlagEphemeral), exists(own), exists(other)}
}

// sequence creates sequential znodes, and deletes the oldest of its own. Now and then it
// recreates their parent, unless another client creates a child meanwhile.
func (s *sessionClient) sequence(folder, key string) (all []request) {
	parent := folder + sequencePart
	if s.rng.IntN(20) == 0 {
		return []request{recreate(parent)}
	}
	for range 1 + s.rng.IntN(3) {
		all = append(all, s.createNext(parent, key))
	}
	for _, path := range s.old(key) {
		all = append(all, remove(path, -1))
	}
	if s.rng.IntN(3) == 0 {
		all = append(all, children(parent))
	}
	return all
}

// sequenceLength is how many sequential znodes a client leaves under one parent.
const sequenceLength = 3

// old returns the client's surplus sequential znodes, a few at a time.
func (s *sessionClient) old(key string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(max(0, len(s.made[key])-sequenceLength), 4)
	old := slices.Clone(s.made[key][:n])
	s.made[key] = slices.Delete(s.made[key], 0, n)
	return old
}

// syncRead returns a sync and a read, which must show what was written before the sync.
func (s *sessionClient) syncRead(folder, _ string) []request {
	path := s.someShared(folder)
	if s.rng.IntN(2) == 0 {
		path = folder + firstPart
	}
	return []request{syncTo(path), get(path)}
}

func (s *sessionClient) fencedRead(folder, _ string) []request {
	path := s.someShared(folder)
	return []request{func(conn *zk.Conn) error { return zkconn.NoopWrite(context.Background(), conn, folder) }, get(path)}
}

// conflict makes requests that must be refused.
func (s *sessionClient) conflict(folder, _ string) []request {
	const never = 1 << 30 // no version gets that high
	path := s.someShared(folder)
	return []request{
		s.set(path, never), remove(path, never), s.create(folder+ephemeralPart, 0), remove(folder+"/nothing", -1), get(path),
	}
}
