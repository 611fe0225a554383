// Package kafkaelector is the election of the controller in Kafka before 1.0: an ephemeral znode with the number of the
// broker, and a subscription of zkclient's to it.
package kafkaelector

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "kafkaelector",
	Program: "Apache Kafka 0.10, election of the controller",
	File:    "apache/kafka, core/src/main/scala/kafka/server/ZookeeperLeaderElector.scala, with ZKCheckedEphemeral and the controller's listener of its session",
	Version: "0.10 (released in 2016; commit 034fc6a7)",
	LeftOut: "The port has only the election, not what a controller does. A controller resigns when its caller asks for it; in Kafka it resigns " +
		"when its state is wrong, or when it could not become controller.",
	Promises: "One broker is controller at a time, and a broker is told when it is no longer controller.",
	NotPromised: "A controller may continue for a moment after the end of its session; it is told then. Kafka also numbers its controllers, so that " +
		"brokers can refuse an old one; the port does not.",
	AsIs: workloads.Election{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.WhoseZnode,
		Happens: "The session of a controller ends. Before the controller learns of that, it resigns. zkclient repeats the delete in its new " +
			"session, without asking who created the znode that is there by then. It deletes the znode of its successor, and a third broker becomes controller beside that one.",
		Breaks: []string{"exclusion", "own-znodes"},
		Fault:  "a session that expires",
		Mend: "A new controller creates its znode in a multi that also sets the data of a second znode, which raises the version of that one. It " +
			"resigns in a multi that checks this version. (Kafka has done so since KAFKA-6082, with the znode of its controllers' numbers. " +
			"Kafka 4 no longer uses ZooKeeper.) A broker leads if its session owns the znode, whatever the data says. Until it is closed, it " +
			"looks again each second.",
		Mended: workloads.Election{New: newMended},
	},
}

// elector is ZookeeperLeaderElector. Mended, it knows which znode is its own.
type elector struct {
	c        *subjects.Client
	hub      *port.Hub
	path, id string
	mended   bool
	epoch    int32         // mended: the version of the znode of epochs in which it leads
	closed   bool          // mended: it stands for no election any more
	won      atomic.Bool   // it was elected
	mu       chan struct{} // controllerLock
	leader   string        // "" for none
	elected  chan struct{}
	lost     chan struct{}
	stop     chan struct{}
	sub      *port.Subscription
	once     sync.Once
}

func (e *elector) leads() bool { return e.leader == e.id }

func (e *elector) epochs() string { return e.path + "-epoch" }

func (e *elector) controller() string {
	var data []byte
	if e.hub.Retry(func() (err error) { data, _, err = e.c.Conn.Get(e.path); return err }) != nil {
		return ""
	}
	return string(data)
}

// create is the source's ZKCheckedEphemeral: after a lost reply it asks which session owns the znode.
func (e *elector) create() error {
	session := e.c.Conn.SessionID()
	for {
		_, err := e.c.Conn.Create(e.path, []byte(e.id), port.Eph, port.ACL)
		if errors.Is(err, zk.ErrNodeExists) {
			var stat *zk.Stat
			if _, stat, err = e.c.Conn.Get(e.path); err == nil && stat.EphemeralOwner != session {
				return zk.ErrNodeExists
			}
		}
		if !port.ConnectionLoss(err) && !errors.Is(err, zk.ErrNoNode) || !e.hub.Pause(10*time.Millisecond) {
			return err
		}
	}
}

// createOnce creates the znode and begins an epoch.
func (e *elector) createOnce() error {
	_, epoch, err := e.c.Conn.Exists(e.epochs())
	if err != nil {
		return err
	}
	_, err = e.c.Conn.Multi(
		&zk.CreateRequest{Path: e.path, Data: []byte(e.id), Acl: port.ACL, Flags: port.Eph},
		&zk.SetDataRequest{Path: e.epochs(), Version: epoch.Version},
	)
	if err == nil {
		e.epoch = epoch.Version + 1
	}
	return err
}

// owns reports whether the session owns the znode; zk.ErrNoNode if there is none. The epoch is read first, so it is not later
// than that znode.
func (e *elector) owns() (owns bool, err error) {
	err = e.hub.Retry(func() error {
		_, epoch, err := e.c.Conn.Exists(e.epochs())
		if err != nil {
			return err
		}
		there, stat, err := e.c.Conn.Exists(e.path)
		if err == nil && !there {
			return zk.ErrNoNode
		}
		if owns = err == nil && stat.EphemeralOwner == e.c.Conn.SessionID(); owns {
			e.epoch = epoch.Version
		}
		return err
	})
	return owns, err
}

func (e *elector) elect() {
	if e.mended {
		if !e.closed {
			e.electByOwner()
		}
		return
	}
	if e.leader = e.controller(); e.leader != "" {
		return
	}
	err := e.create()
	switch {
	case err == nil:
		e.win()
	case errors.Is(err, zk.ErrNodeExists):
		e.leader = e.controller()
	default:
		e.resign()
	}
}

func (e *elector) win() {
	e.leader = e.id
	e.won.Store(true)
	select {
	case e.elected <- struct{}{}:
	default:
	}
}

// electByOwner is elect for the mended elector: the owner of the znode counts, not its data.
func (e *elector) electByOwner() {
	owns, err := e.owns()
	switch {
	case owns:
		e.win()
		return
	case err != nil && !errors.Is(err, zk.ErrNoNode):
		return
	case e.leads():
		e.leader = ""
		e.defeated()
	}
	if err != nil && e.createOnce() == nil {
		e.win()
	}
}

func (e *elector) resign() {
	e.leader = ""
	_ = e.hub.Retry(func() error {
		if !e.mended {
			return e.c.Conn.Delete(e.path, -1)
		}
		_, err := e.c.Conn.Multi(
			&zk.CheckVersionRequest{Path: e.epochs(), Version: e.epoch},
			&zk.DeleteRequest{Path: e.path, Version: -1},
		)
		if errors.Is(err, zk.ErrNoAuth) {
			err = zk.ErrConnectionClosed // again
		}
		return err
	})
}

// defeated is the source's onResigningAsLeader.
func (e *elector) defeated() { e.once.Do(func() { close(e.lost) }) }

func (e *elector) startup() {
	e.mu <- struct{}{}
	defer func() { <-e.mu }()
	e.sub = e.hub.SubscribeData(e.c.Conn, e.path, e.changed, e.deleted)
	go e.followSession()
	if e.mended {
		go e.lookAgain()
		go e.tellLoss()
	}
	e.elect()
}

func (e *elector) changed(data []byte) {
	e.mu <- struct{}{}
	led := e.leads()
	if e.mended {
		e.elect()
	} else {
		e.leader = string(data)
	}
	lost := led && !e.leads()
	<-e.mu
	if lost {
		e.defeated()
	}
}

func (e *elector) deleted() {
	e.mu <- struct{}{}
	defer func() { <-e.mu }()
	if e.leads() && !e.mended {
		e.defeated()
	}
	e.elect()
}

// followSession is the source's SessionExpirationListener.
func (e *elector) followSession() {
	events, cancel := e.hub.Subscribe()
	defer cancel()
	expired := false
	for {
		select {
		case event := <-events:
			expired = expired || event.State == zk.StateExpired
			if expired && event.State == zk.StateHasSession {
				expired = false
				e.defeated()
				e.mu <- struct{}{}
				e.elect()
				<-e.mu
			}
		case <-e.stop:
			return
		case <-e.hub.Ended:
			return
		}
	}
}

// lookAgain looks each second: after a request without an answer, and since a server sends no event to a client that may not read the znode.
func (e *elector) lookAgain() {
	for {
		select {
		case <-time.After(time.Second):
			e.mu <- struct{}{}
			e.elect()
			<-e.mu
		case <-e.stop:
			return
		case <-e.hub.Ended:
			return
		}
	}
}

// tellLoss tells a leader at once that its session has expired.
func (e *elector) tellLoss() {
	for {
		select {
		case <-e.hub.Dead():
			if e.won.Load() {
				e.defeated()
				return
			}
		case <-e.stop:
			return
		case <-e.hub.Ended:
			return
		}
	}
}

func (e *elector) close() { e.sub.Stop(); close(e.stop) }

// end resigns, if the elector leads.
func (e *elector) end() {
	e.mu <- struct{}{}
	e.closed = true
	ours := e.leads()
	if e.mended && !ours {
		ours, _ = e.owns()
	}
	if ours {
		e.resign()
	}
	<-e.mu
}

// Election is the election of one client.
type Election struct {
	c        *subjects.Client
	path, id string
	mended   bool
	elector  *elector
	calls    subjects.Blocking
}

// New returns the election of a client.
func New(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, path: path, id: id}, nil
}

func newMended(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &Election{c: c, path: path, id: id, mended: true}, port.Ensure(c, path+"-epoch")
}

// Campaign models a controller that starts and becomes leader.
func (a *Election) Campaign(ctx context.Context) error {
	e := &elector{
		c: a.c, hub: port.HubOf(a.c), path: a.path, id: a.id, mended: a.mended, mu: make(chan struct{}, 1),
		elected: make(chan struct{}, 1), lost: make(chan struct{}), stop: make(chan struct{}),
	}
	end := func() {
		e.close()
		e.end()
	}
	err := a.calls.Do(ctx, func() error {
		e.startup()
		select {
		case <-e.elected:
			return nil
		case <-ctx.Done():
			end()
			return ctx.Err()
		case <-e.hub.Ended:
			return context.Canceled
		}
	}, func() error { end(); return nil })
	if err == nil {
		a.elector = e
	}
	return err
}

// Resign resigns, unless the elector was defeated.
func (a *Election) Resign(ctx context.Context) error {
	e := a.elector
	e.close()
	return a.calls.Do(ctx, func() error {
		e.end()
		return nil
	}, nil)
}

// Lost returns a channel that is closed when the controller was defeated.
func (a *Election) Lost() <-chan struct{} { return a.elector.lost }
