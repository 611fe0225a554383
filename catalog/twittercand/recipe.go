// Package twittercand is the candidate of Twitter's commons, on which elections of Aurora and Marathon were built:
// the member of a group with the lowest number leads.
package twittercand

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "twittercand",
	Program: "Twitter commons, Candidate",
	File:    "twitter-archive/commons, src/java/com/twitter/common/zookeeper/CandidateImpl.java, with Group.java",
	Version: "commit 17019221 (May 2013)",
	LeftOut: "Methods of the source take no context; in the port, an abandoned call runs on, and its effect is then undone. Judges other than the " +
		"lowest number are left out.",
	Promises:    "One candidate leads at a time, and is told when it does not lead any more. When it goes, another one leads.",
	NotPromised: "A leader may continue until it learns that its session has ended.",
	AsIs:        workloads.Election{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.Repeats,
		Happens: "The reply to the create of a member's znode is lost, and the candidate joins again. It now has two znodes, and knows only the " +
			"second. The first one wins the election, but its candidate waits for the second one to win: no candidate leads while that session " +
			"lives.",
		Breaks: []string{"progress"},
		Fault:  "a lost reply",
		Mend: "A candidate that reads the members also asks who owns the znodes before its own, and deletes those of its own session. It also " +
			"looks each second, and compares each list with its own znode, even if the list is the same as the last one. When it withdraws, it " +
			"deletes all znodes of its session, and repeats that until it has succeeded.",
		Mended: workloads.Election{New: newMended},
	},
}

var member = regexp.MustCompile(`^member_[0-9]+$`)

// candidate is a membership in the group, and its watch.
type candidate struct {
	c         *subjects.Client
	hub       *port.Hub
	path      string
	mended    bool
	node      string
	mu        chan struct{} // synchronized
	cancelled bool
	elected   chan struct{}
	lost      chan struct{}
	leads     bool
	stop      chan struct{}
}

// until is the source's doUntilSuccess, with an exponential backoff.
func (x *candidate) until(request func() error) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := request()
		if !port.ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) || !x.hub.Pause(pause) {
			return err
		}
	}
}

// join joins once more if the watch fails. Callers hold mu.
func (x *candidate) join() error {
	return x.until(func() error {
		if x.cancelled {
			return nil
		}
		node, err := x.c.Conn.Create(x.path+"/member_", []byte("data"), port.EphSeq, port.ACL)
		if err != nil {
			return err
		}
		x.node = node
		_, _, gone, err := x.c.Conn.ExistsW(node)
		if err != nil {
			return err
		}
		go x.joinAgain(gone)
		return nil
	})
}

func (x *candidate) joinAgain(gone <-chan zk.Event) {
	select {
	case e := <-gone:
		if e.Type == zk.EventNodeDeleted || e.Type == zk.EventNotWatching {
			x.defeat()
			x.mu <- struct{}{}
			_ = x.join()
			<-x.mu
		}
	case <-x.stop:
	case <-x.hub.Ended:
	}
}

func (x *candidate) defeat() {
	select {
	case <-x.lost:
	default:
		if x.leads {
			close(x.lost)
		}
	}
}

// members reads the members in their order.
func (x *candidate) members() (names []string, changed <-chan zk.Event, err error) {
	err = x.until(func() (err error) { names, _, changed, err = x.c.Conn.ChildrenW(x.path); return err })
	names = slices.DeleteFunc(names, func(n string) bool { return !member.MatchString(n) })
	slices.Sort(names)
	if at := slices.Index(names, port.Base(x.node)); x.mended && at > 0 {
		err = x.until(func() error { return x.deleteOurs(names[:at]) }) // their going wakes the watch
	}
	return names, changed, err
}

// deleteOurs deletes those of the members that this session made.
func (x *candidate) deleteOurs(names []string) error {
	for _, name := range names {
		path := x.path + "/" + name
		there, stat, err := x.c.Conn.Exists(path)
		if err == nil && there && stat.EphemeralOwner == x.c.Conn.SessionID() {
			err = x.c.Conn.Delete(path, -1)
		}
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
	return nil
}

// deleteAll deletes all members that this session made.
func (x *candidate) deleteAll() error {
	if _, err := x.c.Conn.Sync(x.path); err != nil {
		return err
	}
	names, _, err := x.c.Conn.Children(x.path)
	if err != nil {
		return err
	}
	return x.deleteOurs(slices.DeleteFunc(names, func(n string) bool { return !member.MatchString(n) }))
}

func (x *candidate) watch() {
	var last []string
	for {
		names, changed, err := x.members()
		if err != nil && !x.mended {
			return
		}
		if mine := port.Base(x.node); (x.mended || !slices.Equal(names, last)) && slices.Contains(names, mine) {
			if names[0] == mine {
				x.leads = true
				select {
				case x.elected <- struct{}{}:
				default:
				}
			} else if x.leads {
				x.defeat()
			}
		}
		last = names
		select {
		case <-changed:
		case <-x.later():
		case <-x.stop:
			return
		case <-x.hub.Ended:
			return
		}
	}
}

// later returns the time at which a mended candidate looks again: a server sends no event to a client that may not read the znode.
func (x *candidate) later() <-chan time.Time {
	if x.mended {
		return time.After(time.Second)
	}
	return nil
}

func (x *candidate) cancel() error {
	x.mu <- struct{}{}
	defer func() { <-x.mu }()
	if x.cancelled {
		return nil
	}
	if x.mended {
		x.cancelled = true
		close(x.stop)
		for x.deleteAll() != nil && x.hub.Pause(100*time.Millisecond) {
		}
		return nil
	}
	err := x.until(func() error { return x.c.Conn.Delete(x.node, -1) })
	if errors.Is(err, zk.ErrNoNode) {
		err = nil
	}
	x.cancelled = true
	close(x.stop)
	return err
}

// Election is the candidate of one client.
type Election struct {
	c         *subjects.Client
	path      string
	mended    bool
	candidate *candidate
	calls     subjects.Blocking
}

// New returns the election of a client.
func New(c *subjects.Client, path, _ string) (subjects.Election, error) {
	return &Election{c: c, path: path}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path, _ string) (subjects.Election, error) {
	return &Election{c: c, path: path, mended: true}, port.Ensure(c, path)
}

// Campaign is offerLeadership, and the wait for onElected.
func (e *Election) Campaign(ctx context.Context) error {
	x := &candidate{
		c: e.c, hub: port.HubOf(e.c), path: e.path, mended: e.mended, mu: make(chan struct{}, 1),
		elected: make(chan struct{}, 1), lost: make(chan struct{}), stop: make(chan struct{}),
	}
	err := e.calls.Do(ctx, func() error {
		x.mu <- struct{}{}
		err := x.join()
		<-x.mu
		if err != nil {
			return err
		}
		go x.watch()
		select {
		case <-x.elected:
			return nil
		case <-ctx.Done():
			_ = x.cancel()
			return ctx.Err()
		case <-x.hub.Ended:
			return context.Canceled
		}
	}, x.cancel)
	if err == nil {
		e.candidate = x
	}
	return err
}

// Resign is the command that the source passes to onElected.
func (e *Election) Resign(ctx context.Context) error {
	return e.calls.Do(ctx, func() error { return e.candidate.cancel() }, nil)
}

// Lost is the source's onDefeated.
func (e *Election) Lost() <-chan struct{} { return e.candidate.lost }
