// Package patroni is the leader race of Patroni: an ephemeral znode with the name of the member, on kazoo's client.
package patroni

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "patroni",
	Program: "Patroni, leader race",
	File:    "patroni/patroni, patroni/dcs/zookeeper.py, with the loop of ha.py in short",
	Version: "commit 023b0882 (September 2023, after 3.1.0); commit de6b22c8 (July 2026, after 4.1.0) has the same lines",
	LeftOut: "Of the cluster's view, the port reads only the leader, in each round. A round is every 0.2 seconds, not 10. Left out are Postgres, " +
		"and a watchdog that would stop a leader that has lost its znode.",
	Promises:    "One member leads at a time; a leader that has lost its znode sees that in its next round.",
	NotPromised: "A leader may continue until its next round.",
	AsIs:        workloads.Election{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.LooksThenActs,
		Happens: "A restarted member finds a leader's znode with its own name, from its earlier session, and deletes the path. Between the read and " +
			"the delete, that session ends and another member becomes leader. The delete has no condition and deletes that member's znode: two " +
			"members lead.",
		Breaks: []string{"exclusion", "own-znodes"},
		Fault:  "a new session before the servers have ended the one before",
		Mend: "The member does not delete the znode of its earlier session. It waits until the servers do; for up to one session timeout nobody " +
			"leads. (A version in the delete would not help: the znode of the other member has the same version, 0.)",
		Mended: workloads.Election{New: newMended},
	},
}

const loopWait = 200 * time.Millisecond

// Election is the member of one client.
type Election struct {
	c        *subjects.Client
	path, id string
	mended   bool
	session  *port.Own
	lost     chan struct{}
}

// New returns the member of a client.
func New(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, path: path + "/leader", id: "member" + id}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, path: path + "/leader", id: "member" + id, mended: true}, port.Ensure(c, path)
}

// retry is kazoo's KazooRetry with a deadline.
func (e *Election) retry(ctx context.Context, request func() error) (err error) {
	end := time.Now().Add(5 * time.Second)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if err = request(); !port.ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) || time.Now().Add(pause).After(end) {
			return err
		}
		if !port.Wait(ctx, pause) {
			return ctx.Err()
		}
	}
}

// Campaign runs the loop of a replica that wants to lead.
func (e *Election) Campaign(ctx context.Context) (err error) {
	for ctx.Err() == nil {
		if e.session == nil || e.session.Expired() { // kazoo opens another session by itself
			if e.session, err = port.Dial(ctx, e.c, false, nil); err != nil {
				return err
			}
		}
		if e.round(ctx) {
			e.watch()
			return nil
		}
		port.Wait(ctx, loopWait)
	}
	return ctx.Err()
}

// round loads the view of the cluster and acts on it. It reports whether the member leads.
func (e *Election) round(ctx context.Context) bool {
	conn := e.session.Conn
	var data []byte
	var stat *zk.Stat
	err := e.retry(ctx, func() (err error) { data, stat, err = conn.Get(e.path); return err })
	switch {
	case errors.Is(err, zk.ErrNoNode): // attempt_to_acquire_leader
		return e.create(ctx)
	case err != nil || string(data) != e.id:
		return false
	case stat.EphemeralOwner == conn.SessionID():
		return true
	case e.mended:
		return false
	}
	// update_leader
	err = e.retry(ctx, func() error { return conn.Delete(e.path, -1) })
	return (err == nil || errors.Is(err, zk.ErrNoNode)) && e.create(ctx)
}

func (e *Election) create(ctx context.Context) bool {
	return e.retry(ctx, func() error {
		_, err := e.session.Conn.Create(e.path, []byte(e.id), port.Eph, port.ACL)
		return err
	}) == nil
}

// watch is the loop of a leader: it reads the znode again and again.
func (e *Election) watch() {
	lost, session := make(chan struct{}), e.session
	e.lost = lost
	go func() {
		defer close(lost)
		for {
			select {
			case <-time.After(loopWait):
			case <-session.Dead:
				return
			}
			data, _, err := session.Conn.Get(e.path)
			if err == nil && string(data) != e.id || errors.Is(err, zk.ErrNoNode) {
				return
			}
		}
	}()
}

// Resign is the source's _delete_leader: it closes the session.
func (e *Election) Resign(context.Context) error {
	if e.session != nil {
		e.session.Close()
	}
	e.session = nil
	return nil
}

// Lost returns a channel that is closed when the leader sees that it no longer leads.
func (e *Election) Lost() <-chan struct{} { return e.lost }
