// Package hbaseclaim is how region servers of HBase claim the replication queues of dead ones: one transaction moves the
// znodes of a queue below the znode of the claimer.
package hbaseclaim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "hbaseclaim",
	Program: "Apache HBase, claim of a dead server's replication queue",
	File:    "apache/hbase, hbase-replication/src/main/java/org/apache/hadoop/hbase/replication/ZKReplicationQueueStorage.java, claimQueue",
	Version: "2.x (commit 00095a2e, of unknown date, with lines from before November 2020)",
	LeftOut: "Each dead server has one queue with one log. What decides to claim a queue, and what replicates it, is left out. HBase's " +
		"RecoverableZooKeeper repeats requests that got no answer; the port does so five times.",
	Promises:    "Each queue of a dead server is claimed by one live server, which knows that it has it.",
	NotPromised: "Queues have no order.",
	AsIs:        queues(New),
	Wrong: &entry.Wrong{
		Mistake: entry.Repeats,
		Happens: "The multi that moves the queue succeeds, but its reply is lost. The repeated multi is refused, because the znodes are already " +
			"there. The server concludes that another server has the queue: the queue stays below the server's own znode, and no server " +
			"replicates it.",
		Breaks: []string{"loss"},
		Fault:  "a lost reply",
		Mend:   "After a refusal, the server looks whether the queue is below its own znode, where only it can have put it.",
		Mended: queues(newMended),
	},
}

// Storage is the storage of queues, for one server.
type Storage struct {
	c      *subjects.Client
	path   string
	me     string
	mended bool
}

// New returns the storage of a client.
func New(c *subjects.Client, path string) (*Storage, error) {
	s := &Storage{c: c, path: path, me: fmt.Sprintf("%s/rs%d", path, c.ID)}
	return s, errors.Join(port.Ensure(c, path), port.Ensure(c, s.me))
}

func newMended(c *subjects.Client, path string) (*Storage, error) {
	s, err := New(c, path)
	s.mended = true
	return s, err
}

// Put models a server that dies: it leaves a queue with one log.
func (s *Storage) Put(_ context.Context, log int64) error {
	dead := fmt.Sprintf("%s/dead%d", s.path, log)
	_, err := s.c.Conn.Multi(
		&zk.CreateRequest{Path: dead, Acl: port.ACL},
		&zk.CreateRequest{Path: dead + "/1", Acl: port.ACL},
		&zk.CreateRequest{Path: dead + "/1/wal", Data: fmt.Append(nil, log), Acl: port.ACL},
	)
	return err
}

func refused(err error) bool {
	return errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrNodeExists) || errors.Is(err, zk.ErrNotEmpty) || errors.Is(err, zk.ErrBadVersion)
}

// claim is the source's claimQueue. It returns nil if another server has the queue.
func (s *Storage) claim(ctx context.Context, server string) (*int64, error) {
	old, now := s.path+"/"+server+"/1", s.me+"/1-"+server
	var logs []string
	err := port.Again(ctx, func() (err error) { logs, _, err = s.c.Conn.Children(old); return err })
	if errors.Is(err, zk.ErrNoNode) || err == nil && len(logs) == 0 {
		err := port.Again(ctx, func() error { return s.c.Conn.Delete(old, -1) })
		if errors.Is(err, zk.ErrNoNode) {
			err = nil
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	var data []byte
	if err = port.Again(ctx, func() (err error) { data, _, err = s.c.Conn.Get(old + "/wal"); return err }); err == nil {
		err = s.move(ctx, old, now, data)
	}
	if refused(err) {
		return nil, nil // another server has it
	}
	if err != nil {
		return nil, err
	}
	var log int64
	_, err = fmt.Sscan(string(data), &log)
	return &log, err
}

func (s *Storage) move(ctx context.Context, old, now string, data []byte) error {
	err := port.Again(ctx, func() error {
		_, err := s.c.Conn.Multi(
			&zk.CreateRequest{Path: now, Acl: port.ACL},
			&zk.CreateRequest{Path: now + "/wal", Data: data, Acl: port.ACL},
			&zk.DeleteRequest{Path: old + "/wal", Version: -1},
			&zk.DeleteRequest{Path: old, Version: -1},
		)
		return err
	})
	if !s.mended || !refused(err) {
		return err
	}
	refusal, there := err, false
	if err := port.Again(ctx, func() (err error) { there, _, err = s.c.Conn.Exists(now); return err }); err != nil || there {
		return err
	}
	return refusal
}

// Take claims the queue of a dead server.
func (s *Storage) Take(ctx context.Context) (*int64, error) {
	var servers []string
	if err := port.Again(ctx, func() (err error) { servers, _, err = s.c.Conn.Children(s.path); return err }); err != nil {
		return nil, err
	}
	for _, server := range servers {
		if !strings.HasPrefix(server, "dead") {
			continue
		}
		log, err := s.claim(ctx, server)
		if err == nil || log != nil { // the znode of a dead server goes with its last queue
			_ = s.c.Conn.Delete(s.path+"/"+server, -1)
		}
		if log != nil || err != nil {
			return log, err
		}
	}
	return nil, nil
}

func queues(construct func(*subjects.Client, string) (*Storage, error)) workloads.Workload {
	put, take := object.Give("put", (*Storage).Put, object.Unique), object.Ask("take", (*Storage).Take)
	return object.Object[*Storage]{
		Name: "replication-queue", New: construct,
		Operations: []object.Operation[*Storage]{put, take},
		Rules:      []object.Rule{object.Queue(put, take).Unordered()},
	}.Workload()
}
