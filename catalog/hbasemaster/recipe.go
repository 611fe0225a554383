// Package hbasemaster is the election of the master in HBase: an ephemeral znode with the master's host and start.
package hbasemaster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "hbasemaster",
	Program: "Apache HBase, election of the master",
	File:    "apache/hbase, hbase-server/src/main/java/org/apache/hadoop/hbase/master/ActiveMasterManager.java, with RecoverableZooKeeper",
	Version: "commit 07739e11 (2022, before 2.4.12)",
	LeftOut: "Backup masters are left out, and so is the file that tells start scripts the znode. Each campaign stands for a new master process " +
		"with a new start code. A master of HBase aborts when it loses its session; in the port its client continues as the next process.",
	Promises:    "One master is active at a time.",
	NotPromised: "An active master may continue until it learns that its session has ended.",
	AsIs:        workloads.Election{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.Repeats,
		Happens: "A master that stops deletes its znode, and the reply is lost. Another master becomes active. The repeated delete has no condition, " +
			"so it deletes the znode of that master, and a third one becomes active beside it.",
		Breaks: []string{"exclusion", "own-znodes"},
		Fault:  "a lost reply to a delete",
		Mend: "A master creates its znode in a multi that also sets the parent's data, unchanged: that raises the parent's version, which a " +
			"create alone does not. (Nothing deletes the parent.) It deletes the znode in a multi that checks this version. If it finds a znode, it asks which session owns " +
			"it: if it is the master's own session, it is active; a znode of an earlier process goes with its session. It repeats requests that " +
			"got no answer until the session has ended, so a master that stops leaves nothing behind.",
		Mended: workloads.Election{New: newMended},
	},
}

// Election is the master of one client.
type Election struct {
	c            *subjects.Client
	parent, path string
	id           string
	mended       bool
	version      int32 // mended: of the parent, since this session created the znode
	h            *port.Handle
	name         string
	starts       int
}

// New returns the master of a client.
func New(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, parent: path, path: path + "/master", id: id}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, parent: path, path: path + "/master", id: id, mended: true}, port.Ensure(c, path)
}

// again is RecoverableZooKeeper: three retries, from a second on; mended, retries until the session has ended.
func (e *Election) again(request func(retrying bool) error) error {
	for i := 0; ; i++ {
		err := request(i > 0)
		if !port.ConnectionLoss(err) || i == 3 && !e.mended || !e.h.Hub.Pause(time.Duration(1<<min(i, 2))*time.Second) {
			return err
		}
	}
}

// create succeeds if an earlier try has created the znode.
func (e *Election) create() error {
	return e.again(func(retrying bool) error {
		err := e.createOnce()
		if !errors.Is(err, zk.ErrNodeExists) || !retrying && !e.mended {
			return err
		}
		mine, err2 := e.isMine()
		switch {
		case err2 == nil && mine:
			return nil
		case err2 != nil && e.mended:
			return err2
		}
		return err
	})
}

func (e *Election) createOnce() error {
	if !e.mended {
		_, err := e.h.Create(e.path, []byte(e.name), port.Eph)
		return err
	}
	_, parent, err := e.h.Exists(e.parent)
	if err != nil {
		return err
	}
	_, err = e.h.Multi(
		&zk.CreateRequest{Path: e.path, Data: []byte(e.name), Acl: port.ACL, Flags: port.Eph},
		&zk.SetDataRequest{Path: e.parent, Version: parent.Version},
	)
	if errors.Is(err, zk.ErrBadVersion) {
		return zk.ErrNodeExists // another master was faster
	}
	e.version = parent.Version + 1
	return err
}

// isMine reports whether the znode is this master's; mended, whether it is this session's.
func (e *Election) isMine() (bool, error) {
	if e.mended {
		return e.isOurs()
	}
	data, _, err := e.h.Get(e.path)
	return string(data) == e.name, err
}

// isOurs reads the version of the parent before the znode, so it is not later than that znode.
func (e *Election) isOurs() (bool, error) {
	if err := e.h.Do(func(c *zk.Conn) error { _, err := c.Sync(e.parent); return err }); err != nil {
		return false, err
	}
	_, parent, err := e.h.Exists(e.parent)
	if err != nil {
		return false, err
	}
	e.version = parent.Version
	there, stat, err := e.h.Exists(e.path)
	return there && stat.EphemeralOwner == e.h.Session, err
}

// Campaign is blockUntilBecomingActiveMaster of a new process.
func (e *Election) Campaign(ctx context.Context) (err error) {
	if e.h, err = port.Bind(ctx, e.c); err != nil {
		return err
	}
	e.starts++
	e.name = fmt.Sprintf("host%s,%d-%x", e.id, e.starts, e.h.Session)
	for {
		if err := e.create(); err == nil {
			return nil
		} else if !errors.Is(err, zk.ErrNodeExists) {
			_ = e.stop()
			return err // abort
		}
		var data []byte
		var changed <-chan zk.Event
		err := e.again(func(bool) (err error) { data, _, changed, err = e.h.GetW(e.path); return err })
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case err != nil:
			_ = e.stop()
			return err
		}
		if !e.mended && strings.Split(string(data), ",")[0] == "host"+e.id { // "Hurry along the expiration of the znode."
			if err := e.delete(); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
			continue
		}
		var later <-chan time.Time
		if e.mended { // a server sends no event to a client that may not read the znode
			later = time.After(time.Second)
		}
		select {
		case <-changed:
		case <-later:
		case <-e.h.Dead:
			return zk.ErrSessionExpired
		case <-ctx.Done():
			_ = e.stop()
			return ctx.Err()
		}
	}
}

// stop deletes the znode if it has this master's name.
func (e *Election) stop() error {
	mine := false
	err := e.again(func(bool) (err error) { mine, err = e.isMine(); return err })
	if err != nil || !mine {
		return err
	}
	return e.delete()
}

func (e *Election) delete() error {
	if !e.mended {
		return e.again(func(bool) error { return e.h.Delete(e.path, -1) })
	}
	err := e.again(func(bool) error {
		_, err := e.h.Multi(
			&zk.CheckVersionRequest{Path: e.parent, Version: e.version},
			&zk.DeleteRequest{Path: e.path, Version: -1},
		)
		return err
	})
	if errors.Is(err, zk.ErrBadVersion) {
		return zk.ErrNoNode // this one's has gone, and another master is there
	}
	return err
}

// Resign is the source's stop.
func (e *Election) Resign(context.Context) error {
	if err := e.stop(); !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	return nil
}
