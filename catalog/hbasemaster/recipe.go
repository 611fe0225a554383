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
	Version: "commit 07739e11",
	LeftOut: "Backup masters, and the file that tells start scripts of the znode, are left out. A client that campaigns is a new master process with a new start code; " +
		"a master that loses its session aborts in HBase, and its client goes on here as the next one.",
	Promises:    "One master is active at a time.",
	NotPromised: "An active master may go on until it learns that its session has ended.",
	AsIs:        workloads.Election{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.Repeats,
		Happens: "A master that stops deletes its znode, the reply is lost, and another one becomes master. The repeated delete has no condition and hits the " +
			"znode of that one, and a third becomes master beside it.",
		Breaks: []string{"exclusion", "own-znodes"},
		Fault:  "a lost reply to a delete",
		Mend: "A master raises the version of the parent in the transaction that creates its znode, and deletes it in a transaction that checks this version. " +
			"A znode that an earlier start of the same host left is not deleted, but goes with its session.",
	},
}

// Election is the master of one client.
type Election struct {
	c        *subjects.Client
	path, id string
	h        *port.Handle
	name     string
	starts   int
}

// New returns the master of a client.
func New(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, path: path + "/master", id: id}, port.Ensure(c, path)
}

// again is the source's RecoverableZooKeeper: three retries, the first after a second.
func again(request func(retrying bool) error) (err error) {
	for i := range 4 {
		if err = request(i > 0); !port.ConnectionLoss(err) || i == 3 {
			return err
		}
		time.Sleep(time.Duration(1<<i) * time.Second)
	}
	return err
}

// create succeeds if an earlier try has created the znode.
func (e *Election) create() error {
	return again(func(retrying bool) error {
		_, err := e.h.Create(e.path, []byte(e.name), port.Eph)
		if !errors.Is(err, zk.ErrNodeExists) || !retrying {
			return err
		}
		if mine, err2 := e.isMine(); err2 == nil && mine {
			return nil
		}
		return err
	})
}

func (e *Election) isMine() (bool, error) {
	data, _, err := e.h.Get(e.path)
	return string(data) == e.name, err
}

// Campaign is the source's blockUntilBecomingActiveMaster, in a new process.
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
		err := again(func(bool) (err error) { data, _, changed, err = e.h.GetW(e.path); return err })
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case err != nil:
			_ = e.stop()
			return err
		}
		if strings.Split(string(data), ",")[0] == "host"+e.id { // "Hurry along the expiration of the znode."
			if err := e.delete(); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
			continue
		}
		select {
		case <-changed:
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
	err := again(func(bool) (err error) { mine, err = e.isMine(); return err })
	if err != nil || !mine {
		return err
	}
	return e.delete()
}

func (e *Election) delete() error {
	return again(func(bool) error { return e.h.Delete(e.path, -1) })
}

// Resign is the source's stop.
func (e *Election) Resign(context.Context) error {
	if err := e.stop(); !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	return nil
}
