// Package hadoopase is Hadoop's ActiveStandbyElector: an ephemeral znode, and callbacks for each change.
package hadoopase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:   "hadoopase",
	Program:  "Apache Hadoop, ActiveStandbyElector",
	File:     "apache/hadoop, hadoop-common-project/hadoop-common/src/main/java/org/apache/hadoop/ha/ActiveStandbyElector.java",
	Version:  "3.x; commit 00e37c8e (after October 2023) has the same lines",
	LeftOut:  "The elector writes its bread crumb, but fences no other elector. What becomes active or standby is left out.",
	Promises: "At most one elector is active. An active elector becomes neutral when its client notices that it is disconnected.",
	NotPromised: "An elector may stay active until its client notices that. If the connection breaks silently, that takes up to two thirds of the " +
		"session timeout. Hadoop fences such an elector before the next one becomes active.",
	Right: "If a create gets no answer, the elector asks which session owns the znode. It becomes neutral as soon as it is disconnected, and " +
		"closes its session when it quits or fails. A persistent znode names the elector that the next one has to fence.",
	AsIs: workloads.Election{New: New},
}

const maxRetries = 3

type state int

const (
	initial state = iota
	active
	standby
	neutral
)

type elector struct {
	c       *subjects.Client
	dir     string
	data    []byte
	calls   chan func() // everything runs on one goroutine, in place of synchronized
	stop    chan struct{}
	zk      *port.Own
	state   state
	want    bool
	creates int
	stats   int
	pending *port.Own
	onState func(state)
}

func newElector(c *subjects.Client, dir, id string, onState func(state)) *elector {
	e := &elector{c: c, dir: dir, data: []byte(id), calls: make(chan func(), 1000), stop: make(chan struct{}), onState: onState}
	c.BeforeEnd(func(context.Context) { close(e.stop) })
	go func() {
		for {
			select {
			case f := <-e.calls:
				f()
			case <-e.stop:
				return
			}
		}
	}()
	return e
}

func (e *elector) set(s state) {
	if e.state != s {
		e.state = s
		e.onState(s)
	}
}

func (e *elector) lockPath() string { return e.dir + "/ActiveStandbyElectorLock" }
func (e *elector) crumb() string    { return e.dir + "/ActiveBreadCrumb" }

func (e *elector) join() {
	if e.zk == nil && !e.connect() {
		e.fatal()
		return
	}
	e.creates, e.want = 0, true
	e.create()
}

func (e *elector) connect() bool {
	for range maxRetries {
		ctx, cancel := context.WithTimeout(context.Background(), e.c.Timeout)
		var o *port.Own
		o, err := port.Dial(ctx, e.c, false, func(s zk.State) {
			e.calls <- func() { e.event(o, s) }
		})
		cancel()
		if err == nil {
			e.zk = o
			return true
		}
		select {
		case <-time.After(5 * time.Second):
		case <-e.stop:
			return false
		}
	}
	return false
}

func (e *elector) terminate() {
	if e.zk != nil {
		o := e.zk
		e.zk, e.want = nil, false
		o.Close()
	}
}

func (e *elector) fatal() { e.state = initial; e.terminate(); e.onState(initial) }

func (e *elector) rejoin(pause time.Duration) {
	e.terminate()
	time.Sleep(pause)
	e.join()
}

func (e *elector) event(o *port.Own, s zk.State) {
	if o != e.zk {
		return
	}
	switch s {
	case zk.StateHasSession:
		if e.want {
			e.monitor()
		}
	case zk.StateDisconnected:
		e.set(neutral)
	case zk.StateExpired:
		e.set(neutral)
		e.rejoin(0)
	}
}

func (e *elector) create() {
	o := e.zk
	go func() {
		_, err := o.Conn.Create(e.lockPath(), e.data, port.Eph, port.ACL)
		e.calls <- func() { e.created(o, err) }
	}()
}

func retry(err error) bool { return port.ConnectionLoss(err) }

func (e *elector) created(o *port.Own, err error) {
	if o != e.zk {
		return
	}
	switch {
	case err == nil:
		if e.becomeActive() {
			e.monitor()
		} else {
			e.rejoin(time.Second)
		}
	case errors.Is(err, zk.ErrNodeExists):
		if e.creates == 0 {
			e.set(standby)
		}
		e.monitor()
	case retry(err):
		if e.creates < maxRetries {
			e.creates++
			e.create()
			return
		}
		e.fatal()
	case errors.Is(err, zk.ErrSessionExpired):
	default:
		e.fatal()
	}
}

func (e *elector) monitor() { e.stats = 0; e.stat() }

func (e *elector) stat() {
	if e.pending == e.zk {
		return
	}
	e.pending = e.zk
	o := e.zk
	go func() {
		ok, stat, ch, err := o.Conn.ExistsW(e.lockPath())
		if err == nil && ch != nil {
			go func() {
				select {
				case ev := <-ch:
					if ev.Type == zk.EventNotWatching {
						return
					}
					e.calls <- func() { e.changed(o, ev) }
				case <-e.stop:
				}
			}()
		}
		e.calls <- func() { e.statted(o, ok, stat, err) }
	}()
}

func (e *elector) statted(o *port.Own, ok bool, stat *zk.Stat, err error) {
	if o != e.zk {
		return
	}
	e.pending = nil
	switch {
	case err == nil && ok:
		if stat.EphemeralOwner == o.ID {
			if !e.becomeActive() {
				e.rejoin(time.Second)
			}
		} else {
			e.set(standby)
		}
	case err == nil:
		e.set(neutral)
		e.join()
	case retry(err):
		if e.stats < maxRetries {
			e.stats++
			e.stat()
			return
		}
		e.fatal()
	case errors.Is(err, zk.ErrSessionExpired):
	default:
		e.fatal()
	}
}

func (e *elector) changed(o *port.Own, ev zk.Event) {
	if o != e.zk {
		return
	}
	if ev.Type == zk.EventNodeDeleted {
		if e.state == active {
			e.set(neutral)
		}
		e.join()
		return
	}
	e.monitor()
}

func (e *elector) again(f func() error) (err error) {
	for range maxRetries {
		if err = f(); !retry(err) {
			return err
		}
	}
	return err
}

func (e *elector) becomeActive() bool {
	if e.state == active {
		return true
	}
	var stat *zk.Stat
	err := e.again(func() (err error) { _, stat, err = e.zk.Conn.Get(e.crumb()); return err })
	switch {
	case errors.Is(err, zk.ErrNoNode):
		err = e.again(func() error { _, err := e.zk.Conn.Create(e.crumb(), e.data, 0, port.ACL); return err })
	case err == nil:
		err = e.again(func() error { _, err := e.zk.Conn.Set(e.crumb(), e.data, stat.Version); return err })
	}
	if err != nil {
		return false
	}
	e.set(active)
	return true
}

func (e *elector) quit() {
	if e.state == active {
		if data, stat, err := e.zk.Conn.Get(e.crumb()); err == nil && string(data) == string(e.data) {
			_ = e.again(func() error { return e.zk.Conn.Delete(e.crumb(), stat.Version) })
		}
	}
	e.state = initial
	e.terminate()
}

// Election is the application.
type Election struct {
	e      *elector
	states chan state
	lost   chan struct{}
}

func New(c *subjects.Client, path, id string) (subjects.Election, error) {
	a := &Election{states: make(chan state, 10000)}
	a.e = newElector(c, path, fmt.Sprint("node ", id), func(s state) { a.states <- s })
	return a, port.Ensure(c, path)
}

func (a *Election) do(f func()) {
	done := make(chan struct{})
	select {
	case a.e.calls <- func() { f(); close(done) }:
		select {
		case <-done:
		case <-a.e.stop:
		}
	case <-a.e.stop:
	}
}

func (a *Election) Campaign(ctx context.Context) error {
	for len(a.states) > 0 {
		<-a.states
	}
	a.e.calls <- a.e.join
	for {
		select {
		case s := <-a.states:
			if s == active {
				lost := make(chan struct{})
				a.lost = lost
				go func() {
					select {
					case <-a.states:
					case <-a.e.stop:
					}
					close(lost)
				}()
				return nil
			}
			if s == initial {
				return errors.New("fatal error")
			}
		case <-ctx.Done():
			a.do(a.e.quit)
			return ctx.Err()
		}
	}
}

func (a *Election) Resign(context.Context) error {
	a.do(a.e.quit)
	select {
	case a.states <- initial: // ends the goroutine that watches for the loss
	default:
	}
	return nil
}

func (a *Election) Lost() <-chan struct{} { return a.lost }
