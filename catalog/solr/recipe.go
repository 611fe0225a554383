// Package solr is the election of a shard's leader in Solr: candidates stand in line, and the first one makes the leader's znode
// when the old one has gone.
package solr

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "solr",
	Program: "Apache Solr, election of a shard's leader",
	File:    "apache/solr, solr/core/src/java/org/apache/solr/cloud/LeaderElector.java, with the leader's znode of ShardLeaderElectionContextBase",
	Version: "commit 07286c09 (2022 or later)",
	LeftOut: "What a leader does before it takes over (recovery, the state of the replicas) is left out. Pauses are shorter. A candidate whose " +
		"caller gives up no longer waits for the old leader's znode to go; Solr waits for a minute.",
	Promises:    "One replica leads a shard at a time, and when it goes, another one takes over.",
	NotPromised: "A leader may continue until it learns that its session has ended.",
	AsIs:        workloads.Election{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.Repeats,
		Happens: "The multi that creates the leader's znode succeeds, but its reply is lost. The repeated multi finds the candidate's own znode. The " +
			"candidate takes it for an old leader's and gives up without deleting it: no replica leads while its session lives.",
		Breaks: []string{"progress"},
		Fault:  "a lost reply",
		Mend: "A candidate that finds a leader's znode asks which session owns it. If it is the candidate's own session, it leads. Its " +
			"epoch is the version of the parent, which it read just before it looked at the znode.",
		Mended: workloads.Election{New: newMended},
	},
}

var seqs = regexp.MustCompile(`-n_(\d+)$`)

// Election is a candidate.
type Election struct {
	c        *subjects.Client
	path, id string
	mended   bool
	h        *port.Handle
	place    string // its znode in line
	parent   int32  // the version of the leader's parent; -1 if it does not lead
}

// New returns the candidate of a client.
func New(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, path: path, id: id}, ensure(c, path)
}

func newMended(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, path: path, id: id, mended: true}, ensure(c, path)
}

func ensure(c *subjects.Client, path string) error {
	return errors.Join(port.Ensure(c, path), port.Ensure(c, path+"/election"), port.Ensure(c, path+"/leaders"))
}

// retry is the source's ZkCmdExecutor: it goes on for one and a half session timeouts.
func (e *Election) retry(request func() error) (err error) {
	for i := range 8 {
		if err = request(); !port.ConnectionLoss(err) || !e.h.Hub.Pause(time.Duration(i)*e.c.Timeout/16) {
			return err
		}
	}
	return err
}

func seq(name string) int {
	found := seqs.FindStringSubmatch(name)
	if found == nil {
		return -1
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// prefix returns the prefix of the names of the candidate's znodes in line.
func (e *Election) prefix() string { return fmt.Sprintf("%d-core_node%s-", e.h.Session, e.id) }

// join creates another znode after a lost reply, whether or not it finds the first one; check deletes
// surplus znodes.
func (e *Election) join() error {
	for tries := 0; ; {
		place, err := e.h.Create(e.path+"/election/"+e.prefix()+"n_", nil, port.EphSeq)
		if err == nil {
			e.place = place
			return nil
		}
		if !port.ConnectionLoss(err) {
			return err
		}
		names, err := e.children()
		if err != nil {
			return err
		}
		if len(port.WithPrefix(names, e.prefix())) == 0 {
			if tries++; tries > 20 {
				return errors.New("server error")
			}
			e.h.Hub.Pause(50 * time.Millisecond)
		}
	}
}

func (e *Election) children() (names []string, err error) {
	err = e.retry(func() (err error) { names, err = e.h.Children(e.path + "/election"); return err })
	names = slices.DeleteFunc(names, func(n string) bool { return seq(n) < 0 })
	slices.SortFunc(names, func(a, b string) int { return seq(a) - seq(b) })
	return names, err
}

// check is the source's checkIfIamLeader. It reports whether the candidate leads; if not, it returns a watch
// of the candidate before it.
func (e *Election) check(ctx context.Context) (leads bool, before <-chan zk.Event, err error) {
	for {
		names, err := e.children()
		if err != nil {
			return false, nil, err
		}
		mine := port.Base(e.place)
		if !slices.Contains(names, mine) {
			return false, nil, errors.New("our node is no longer in line")
		}
		if names, err = e.withoutDuplicates(names, mine); err != nil {
			return false, nil, err
		}
		if names[0] == mine {
			return true, nil, e.lead(ctx)
		}
		watch := names[slices.Index(names, mine)-1]
		err = e.retry(func() (err error) { _, _, before, err = e.h.GetW(e.path + "/election/" + watch); return err })
		if err == nil || errors.Is(err, zk.ErrSessionExpired) {
			return false, before, err
		}
		if !e.h.Hub.Pause(time.Millisecond) { // the previous candidate is gone, or there was another error: try once more
			return false, nil, err
		}
	}
}

func (e *Election) withoutDuplicates(names []string, mine string) ([]string, error) {
	for _, name := range port.WithPrefix(names, e.prefix()) {
		if name == mine {
			continue
		}
		err := e.retry(func() error { return e.h.Delete(e.path+"/election/"+name, -1) })
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			return nil, err
		}
		names = slices.DeleteFunc(names, func(other string) bool { return other == name })
	}
	return names, nil
}

// lead is the source's runLeaderProcess: it waits until the old leader's znode is gone.
func (e *Election) lead(ctx context.Context) error {
	for end := time.Now().Add(60 * time.Second); ; {
		exists, err := e.makeLeader()
		if err == nil {
			return nil
		}
		if exists && e.mended {
			if leads, err := e.owns(); leads || err != nil {
				return err
			}
		}
		if !exists || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(500 * time.Millisecond): // 5 s there
		case <-e.h.Dead:
			return zk.ErrSessionExpired
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// makeLeader creates the leader's znode. If that fails, exists reports whether there is one.
func (e *Election) makeLeader() (exists bool, err error) {
	var done []zk.MultiResponse
	err = e.retry(func() (err error) {
		done, err = e.h.Multi(
			&zk.CheckVersionRequest{Path: e.place, Version: -1},
			&zk.CreateRequest{Path: e.path + "/leaders/leader", Data: []byte(e.id), Acl: port.ACL, Flags: port.Eph},
			&zk.SetDataRequest{Path: e.path + "/leaders", Version: -1},
		)
		return err
	})
	if err == nil {
		e.parent = done[2].Stat.Version
	}
	return errors.Is(err, zk.ErrNodeExists) || len(done) > 1 && errors.Is(done[1].Error, zk.ErrNodeExists), err
}

// owns reports whether the leader's znode is this session's. The version is read first, so it is not later than that znode.
func (e *Election) owns() (bool, error) {
	var parent, leader *zk.Stat
	there := false
	err := e.retry(func() (err error) {
		if _, parent, err = e.h.Exists(e.path + "/leaders"); err == nil {
			there, leader, err = e.h.Exists(e.path + "/leaders/leader")
		}
		return err
	})
	if err != nil || !there || leader.EphemeralOwner != e.h.Session {
		return false, err
	}
	e.parent = parent.Version
	return true, nil
}

func (e *Election) cancel() error {
	err := e.retry(func() error { return e.h.Delete(e.place, -1) })
	if errors.Is(err, zk.ErrNoNode) {
		err = nil
	}
	if e.parent < 0 {
		return err
	}
	version := e.parent
	e.parent = -1
	err2 := e.retry(func() error {
		_, err := e.h.Conn.Multi(
			&zk.CheckVersionRequest{Path: e.path + "/leaders", Version: version},
			&zk.DeleteRequest{Path: e.path + "/leaders/leader", Version: -1},
		)
		return err
	})
	if err == nil && port.ConnectionLoss(err2) {
		err = err2
	}
	return err
}

// Campaign joins the line and waits until it leads.
func (e *Election) Campaign(ctx context.Context) (err error) {
	if e.h, err = port.Bind(ctx, e.c); err != nil {
		return err
	}
	e.parent, e.place = -1, ""
	if err := e.join(); err != nil {
		return err
	}
	leads, before, err := e.check(ctx)
	for err == nil && !leads {
		select {
		case <-before:
			leads, before, err = e.check(ctx)
		case <-e.h.Dead:
			return zk.ErrSessionExpired
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		_ = e.cancel()
	}
	return err
}

// Resign leaves the line and deletes the leader's znode.
func (e *Election) Resign(context.Context) error { return e.cancel() }
